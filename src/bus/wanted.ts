import { ClusterError } from '../core/errors.js';
import { checkOptionNames, optionError } from '../core/options.js';
import { ExactPattern, matchesSegments, parsePattern, topicToSegments, type TopicPattern } from '../core/topic.js';
import type { OnlyValues } from '../spi/bus.js';

/** What one subscription wants: its patterns, and the set that narrows them. Immutable; an update makes another. */
export interface Wanted {
  readonly patterns: readonly TopicPattern[];
  readonly only: OnlyValues | undefined;
  readonly hasCaptures: boolean;
  /** The patterns that match a topic, as texts. */
  matching(topic: string): readonly string[];
  /** The exact answer for one topic; the index asks it when `only` narrows, and a queue after an update. */
  wants(topic: string): boolean;
}

/** Reads what a caller of subscribe wants; throws `invalid-topic`. */
export function createWanted(patterns: string | readonly string[], only?: OnlyValues): Wanted {
  const texts = typeof patterns === 'string' ? [patterns] : patterns;
  // A program in JavaScript may give anything; what is wrong must fail here and not in every publish that meets it.
  if (!Array.isArray(texts) || texts.length === 0 || texts.some((text) => typeof text !== 'string')) {
    throw new ClusterError('invalid-topic', 'what is subscribed must be a pattern or a list of patterns');
  }
  if (only !== undefined) checkOnly(only);
  const parsed = uniquePatterns(texts.flatMap((text) => parsePattern(text)));
  const [first] = parsed;
  return parsed.length === 1 && first?.exact === true && only === undefined
    ? new OneTopic(first.text)
    : new Patterns(parsed, only);
}

function checkOnly(only: OnlyValues): void {
  checkOptionNames(only, onlyNames, 'only');
  if (typeof only.capture !== 'string') {
    throw optionError('only.capture', 'give the name of a captured segment', only.capture);
  }
  const values: unknown = only.values;
  const isSet = typeof values === 'object' && values !== null && 'has' in values && Symbol.iterator in values;
  if (!isSet) throw optionError('only.values', 'give a Set of texts', values);
}

const onlyNames: ReadonlySet<string> = new Set(['capture', 'values']);

/** One topic and nothing else, as most subscriptions are where there are a million: its text is all that is kept. */
class OneTopic implements Wanted {
  readonly #topic: string;

  constructor(topic: string) {
    this.#topic = topic;
  }

  get patterns(): readonly TopicPattern[] {
    return [new ExactPattern(this.#topic)];
  }

  get only(): undefined {
    return undefined;
  }

  get hasCaptures(): boolean {
    return false;
  }

  matching(topic: string): readonly string[] {
    return this.wants(topic) ? [topic] : [];
  }

  wants(topic: string): boolean {
    return topic === this.#topic;
  }
}

/** Anything else. */
class Patterns implements Wanted {
  readonly patterns: readonly TopicPattern[];
  readonly only: OnlyValues | undefined;
  readonly hasCaptures: boolean;

  constructor(patterns: readonly TopicPattern[], only: OnlyValues | undefined) {
    this.patterns = patterns;
    this.only = only;
    this.hasCaptures = this.patterns.some((pattern) => pattern.captures.length > 0);
    if (only !== undefined) for (const pattern of this.patterns) captureIndexOf(pattern, only.capture);
  }

  matching(topic: string): readonly string[] {
    const segments = topicToSegments(topic);
    return this.patterns.filter((pattern) => matchesSegments(pattern.segments, segments)).map(({ text }) => text);
  }

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

/** One of equal texts: the first, with its captures. */
function uniquePatterns(patterns: readonly TopicPattern[]): readonly TopicPattern[] {
  if (patterns.length === 1) return patterns;
  const byText = new Map<string, TopicPattern>();
  for (const pattern of patterns) if (!byText.has(pattern.text)) byText.set(pattern.text, pattern);
  return [...byText.values()];
}
