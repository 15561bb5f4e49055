import { ClusterError } from './errors.js';
import { topicAlternativesMax, topicDoubleStarsMax, topicLengthMax, topicSegmentsMax } from './limits.js';
import { describeGiven } from './options.js';

/**
 * Topic syntax. A topic is a path, `/device/boiler/7/temperature`. A pattern may also use, for a whole segment:
 * `*` (one segment), `**` (zero or more, anywhere), `{name}` (one, captured), `a,b` (alternatives); MQTT's `+` and a final `#`
 * are read as `*` and `**`. A missing leading slash is added and one trailing slash is dropped; an empty segment is an error.
 */

/** One plain pattern: alternatives are already expanded. */
export interface TopicPattern {
  /** `*` and `**` stand for themselves, everything else is literal. */
  readonly segments: readonly string[];
  /** Names of `{name}` segments by their index in `segments`; captured segments are `*` there. */
  readonly captures: readonly TopicCapture[];
  /** The normal form: equal patterns have equal texts, whatever their captures are called. */
  readonly text: string;
  /** True when no segment is a wildcard: the pattern is one topic. */
  readonly exact: boolean;
}

/** A named segment of a pattern. */
export interface TopicCapture {
  readonly name: string;
  readonly index: number;
}

/** Returns the normal form of a plain topic; throws `invalid-topic` for a wildcard or a malformed path. */
export function normalizeTopic(topic: string): string {
  assertText('a topic', topic);
  const wrong = findTopicFault(topic);
  if (wrong !== undefined) {
    throw new ClusterError('invalid-topic', `topic ${JSON.stringify(topic.slice(0, 120))}: ${wrong}`);
  }
  return addSlash(topic);
}

/** Returns what is wrong with a plain topic, or `undefined` when it may be published on. */
export function findTopicFault(topic: string): string | undefined {
  if (topic.length > topicLengthMax) return `it is longer than ${topicLengthMax} characters`;
  let segments = 1;
  let segmentStart = topic.charCodeAt(0) === slash ? 1 : 0;
  const end = topic.length > 1 && topic.charCodeAt(topic.length - 1) === slash ? topic.length - 1 : topic.length;
  for (let index = segmentStart; index < end; index += 1) {
    const code = topic.charCodeAt(index);
    if (code === slash) {
      if (index === segmentStart) return 'it has an empty segment';
      segments += 1;
      segmentStart = index + 1;
    } else if (isWildcardCode(code)) {
      return `it has the wildcard ${String.fromCharCode(code)}; only patterns may`;
    } else if (code < 0x20 || code === 0x7f) {
      return 'it has a control character';
    }
  }
  if (segmentStart >= end) return 'it has an empty segment';
  return segments > topicSegmentsMax ? `it has more than ${topicSegmentsMax} segments` : undefined;
}

/** Reads a pattern into its alternatives; throws `invalid-topic` and says which segment is wrong and why. */
export function parsePattern(text: string): readonly TopicPattern[] {
  assertText('a pattern', text);
  if (findTopicFault(text) === undefined) return [new ExactPattern(addSlash(text))];
  const fail = (why: string): never => {
    throw new ClusterError('invalid-topic', `pattern ${JSON.stringify(text.slice(0, 120))}: ${why}`);
  };
  if (text.length > topicLengthMax) fail(`it is longer than ${topicLengthMax} characters`);
  // A run of ** says no more than one of them, and a final # is one more.
  const raw = trimSlashes(text)
    .split('/')
    .filter((segment, index, all) => !(isDouble(segment, index, all) && all[index - 1] === '**'));
  if (raw.length > topicSegmentsMax) fail(`it has more than ${topicSegmentsMax} segments`);
  const captures: TopicCapture[] = [];
  const choices = raw.map((segment, index) => parseSegment(segment, { index, last: raw.length - 1, captures, fail }));
  if (new Set(captures.map((capture) => capture.name)).size !== captures.length) fail('two captures share one name');
  const doubles = choices.filter((choice) => choice[0] === '**').length;
  if (doubles > topicDoubleStarsMax) fail(`it has more than ${topicDoubleStarsMax} times **`);
  const count = choices.reduce((product, choice) => product * choice.length, 1);
  if (count > topicAlternativesMax) fail(`its alternatives make more than ${topicAlternativesMax} patterns`);
  return expand(choices).map((segments) => {
    const exact = !segments.some((segment) => segment === '*' || segment === '**');
    return { segments, captures, text: `/${segments.join('/')}`, exact };
  });
}

/** A pattern that is one topic. A million of them are held at once, so it keeps its text alone and splits it when asked. */
export class ExactPattern implements TopicPattern {
  readonly text: string;

  /** `text` is a topic in its normal form. */
  constructor(text: string) {
    this.text = text;
  }

  get segments(): readonly string[] {
    return topicToSegments(this.text);
  }

  get captures(): readonly TopicCapture[] {
    return noCaptures;
  }

  get exact(): boolean {
    return true;
  }
}

const noCaptures: readonly TopicCapture[] = [];

/** The textbook matcher: the definition that every index must agree with. Both sides are split into segments. */
export function matchesSegments(
  pattern: readonly string[],
  topic: readonly string[],
  patternAt = 0,
  topicAt = 0,
): boolean {
  const segment = pattern[patternAt];
  if (segment === undefined) return topicAt === topic.length;
  if (segment === '**') {
    for (let skip = topicAt; skip <= topic.length; skip += 1) {
      if (matchesSegments(pattern, topic, patternAt + 1, skip)) return true;
    }
    return false;
  }
  if (topicAt >= topic.length) return false;
  return (segment === '*' || segment === topic[topicAt]) && matchesSegments(pattern, topic, patternAt + 1, topicAt + 1);
}

/** Splits a normal-form topic or pattern into its segments. */
export function topicToSegments(topic: string): string[] {
  return topic.slice(1).split('/');
}

/** Reads the captured segments of a topic that matches the pattern; empty when it does not match or captures nothing. */
export function readCaptures(pattern: TopicPattern, topic: string): Readonly<Record<string, string>> {
  if (pattern.captures.length === 0) return {};
  const segments = topicToSegments(topic);
  const places = placeSegments(pattern.segments, segments, 0, 0);
  if (places === undefined) return {};
  return Object.fromEntries(
    pattern.captures.map((capture) => [capture.name, segments[places[capture.index] ?? -1] ?? '']),
  );
}

/**
 * Makes one safe segment of a name from outside: a device id, an MQTT level, a user's word. Whatever has a meaning in topics
 * becomes `%XX` of its UTF-8 bytes, so two names never meet in one segment. `segmentToText` is its inverse.
 */
export function topicSegment(name: string): string {
  assertText('a name for a segment', name);
  if (name === '') return '%';
  return name.replaceAll(
    /[/*{},+#%\u0000-\u001f\u007f]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Returns the name that `topicSegment` made this segment of. */
export function segmentToText(segment: string): string {
  assertText('a segment', segment);
  if (segment === '%') return '';
  return segment.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A program in JavaScript may give anything. */
function assertText(what: string, given: unknown): void {
  if (typeof given !== 'string') {
    throw new ClusterError('invalid-topic', `${what} is a text, not ${describeGiven(given)}`);
  }
}

const slash = 0x2f;

function isWildcardCode(code: number): boolean {
  // * + # { } ,
  return code === 0x2a || code === 0x2b || code === 0x23 || code === 0x7b || code === 0x7d || code === 0x2c;
}

function addSlash(topic: string): string {
  const isNormal = topic.charCodeAt(0) === slash && topic.charCodeAt(topic.length - 1) !== slash;
  return isNormal ? topic : `/${trimSlashes(topic)}`;
}

function trimSlashes(text: string): string {
  const start = text.startsWith('/') ? 1 : 0;
  const end = text.length > 1 && text.endsWith('/') ? text.length - 1 : text.length;
  return text.slice(start, Math.max(start, end));
}

/** Where in a pattern a segment stands, and what it may add to or complain with. */
interface SegmentContext {
  readonly index: number;
  readonly last: number;
  readonly captures: TopicCapture[];
  readonly fail: (why: string) => never;
}

/** One of the two spellings of `**`. */
function isDouble(segment: string, index: number, all: readonly string[]): boolean {
  return segment === '**' || (segment === '#' && index === all.length - 1);
}

function parseSegment(segment: string, context: SegmentContext): readonly string[] {
  const { index, last, captures, fail } = context;
  const at = `segment ${index + 1}`;
  if (segment === '') return fail(`${at} is empty`);
  if (segment === '*' || segment === '+') return ['*'];
  if (segment === '**') return ['**'];
  if (segment === '#') return index === last ? ['**'] : fail(`${at}: # is allowed at the end only; use **`);
  const capture = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(segment);
  if (capture !== null) {
    captures.push({ name: capture[1] ?? '', index });
    return ['*'];
  }
  const choices = segment.split(',');
  for (const choice of choices) {
    if (choice === '') fail(`${at} has an empty alternative`);
    if (/[*+#{}]/.test(choice)) fail(`${at} (${choice}) mixes a wildcard with text; a wildcard is a whole segment`);
    if (/[\u0000-\u001f\u007f]/.test(choice)) fail(`${at} has a control character`);
  }
  return [...new Set(choices)];
}

function expand(choices: readonly (readonly string[])[]): string[][] {
  return choices.reduce<string[][]>(
    (paths, choice) => paths.flatMap((path) => choice.map((segment) => [...path, segment])),
    [[]],
  );
}

/** Where each pattern segment matched, or `undefined`. `**` matches as little as it can, so captures are the earliest. */
function placeSegments(
  pattern: readonly string[],
  topic: readonly string[],
  patternAt: number,
  topicAt: number,
): number[] | undefined {
  const segment = pattern[patternAt];
  if (segment === undefined) return topicAt === topic.length ? [] : undefined;
  if (segment === '**') {
    for (let skip = topicAt; skip <= topic.length; skip += 1) {
      const rest = placeSegments(pattern, topic, patternAt + 1, skip);
      if (rest !== undefined) return [topicAt, ...rest];
    }
    return undefined;
  }
  if (topicAt >= topic.length || (segment !== '*' && segment !== topic[topicAt])) return undefined;
  const rest = placeSegments(pattern, topic, patternAt + 1, topicAt + 1);
  return rest === undefined ? undefined : [topicAt, ...rest];
}
