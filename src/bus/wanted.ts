import { ClusterError } from '../core/errors.js';
import { matchesSegments, parsePattern, topicToSegments, type TopicPattern } from '../core/topic.js';
import type { OnlyValues } from '../spi/bus.js';

/** What one subscription wants: its patterns, and the set that narrows them. Immutable; an update makes another. */
export class Wanted {
  readonly patterns: readonly TopicPattern[];
  readonly only: OnlyValues | undefined;
  readonly hasCaptures: boolean;

  /** Throws `invalid-topic`. */
  constructor(patterns: string | readonly string[], only?: OnlyValues) {
    const texts = typeof patterns === 'string' ? [patterns] : patterns;
    this.patterns = uniquePatterns(texts.flatMap((text) => parsePattern(text))).map(compact);
    this.only = only;
    this.hasCaptures = this.patterns.some((pattern) => pattern.captures.length > 0);
    if (only !== undefined) for (const pattern of this.patterns) captureIndexOf(pattern, only.capture);
  }

  /** The patterns that match a topic, as texts. */
  matching(topic: string): readonly string[] {
    const segments = topicToSegments(topic);
    return this.patterns.filter((pattern) => matchesSegments(pattern.segments, segments)).map(({ text }) => text);
  }

  /** The exact answer for one topic; the index asks it when `only` narrows, and a queue after an update. */
  wants(topic: string): boolean {
    const segments = topicToSegments(topic);
    const only = this.only;
    for (const pattern of this.patterns) {
      if (!matchesSegments(pattern.segments, segments)) continue;
      if (only === undefined) return true;
      if (only.values.has(segments[captureIndexOf(pattern, only.capture)] ?? '')) return true;
    }
    return false;
  }
}

/** Where a pattern captures `name`; throws `invalid-topic` when it does not, or behind a `**`. */
export function captureIndexOf(pattern: TopicPattern, name: string): number {
  const capture = pattern.captures.find((other) => other.name === name);
  if (capture === undefined) {
    throw new ClusterError('invalid-topic', `pattern ${pattern.text} does not capture {${name}}, which \`only\` names`);
  }
  if (pattern.segments.indexOf('**') !== -1 && pattern.segments.indexOf('**') < capture.index) {
    throw new ClusterError('invalid-topic', `pattern ${pattern.text} has ** before {${name}}, which \`only\` names`);
  }
  return capture.index;
}

/** A pattern that is one topic. A million of them are held at once, so it keeps its text alone and splits it when asked. */
class ExactPattern implements TopicPattern {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get segments(): readonly string[] {
    return topicToSegments(this.text);
  }

  get captures(): TopicPattern['captures'] {
    return noCaptures;
  }

  get exact(): boolean {
    return true;
  }
}

const noCaptures: TopicPattern['captures'] = [];

function compact(pattern: TopicPattern): TopicPattern {
  return pattern.exact ? new ExactPattern(pattern.text) : pattern;
}

/** One of equal texts: the first, with its captures. */
function uniquePatterns(patterns: readonly TopicPattern[]): readonly TopicPattern[] {
  if (patterns.length === 1) return patterns;
  const byText = new Map<string, TopicPattern>();
  for (const pattern of patterns) if (!byText.has(pattern.text)) byText.set(pattern.text, pattern);
  return [...byText.values()];
}
