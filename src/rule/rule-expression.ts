import { Environment } from '@marcbachmann/cel-js';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { RuleMessage } from '../spi/rule.js';
import type { PlacedText, ReportFault } from './rule-fault.js';

/** An expression that was read and checked; throws `handler-failed` when a message does not have what it asks for. */
export type Expression = (message: RuleMessage) => unknown;

/** What an expression must give. */
export type ExpressionType = 'anything' | 'condition';

/**
 * Reads the expressions of one rule: Common Expression Language, by a library. Known are `value`, `topic`, `headers`, `source`,
 * `nowMs`, and what the rule's patterns capture, each by its name. Numbers of a message are doubles there, whole literals are
 * integers; the language would not let them meet, so the four operations between them are added here.
 */
export class ExpressionCompiler {
  readonly #environment: Environment;
  readonly #report: ReportFault;
  readonly #clock: Clock;
  readonly #names: readonly string[];

  /** `captures` are names that every pattern of the rule captures. */
  constructor(captures: readonly string[], clock: Clock, report: ReportFault) {
    this.#report = report;
    this.#clock = clock;
    this.#names = [...builtinNames, ...captures];
    this.#environment = createEnvironment();
    for (const name of captures) this.#environment.registerVariable(name, 'string');
  }

  /** Returns the expression, or reports what is wrong with it, and where, and returns `undefined`. */
  compile(placed: PlacedText, type: ExpressionType = 'anything'): Expression | undefined {
    const { text } = placed;
    const { valid, error, type: found = 'dyn' } = this.#environment.check(text);
    if (!valid) {
      const { range, code = '', summary = 'something else' } = error ?? {};
      this.#report(placed.place(range?.start ?? 0), this.#expectedFor(code), summary);
      return undefined;
    }
    if (type === 'condition' && found !== 'bool' && found !== 'dyn') {
      this.#report(placed.place(0), 'a condition, which is true or false', `an expression that gives ${found}`);
      return undefined;
    }
    const run = this.#environment.parse(text);
    const clock = this.#clock;
    return (message) => {
      try {
        const result: unknown = run(toContext(message, clock));
        return toData(result, 0);
      } catch (error_) {
        throw new ClusterError('handler-failed', `${text}: ${errorText(error_)}`, { cause: error_ });
      }
    };
  }

  #expectedFor(code: string): string {
    if (code !== 'unknown_variable') return 'an expression';
    return `one of ${this.#names.join(', ')} (a text is written with quotes of its own: '"text"')`;
  }
}

/** Names that a pattern may not capture, because expressions know them already. */
export const builtinNames: readonly string[] = ['value', 'topic', 'headers', 'source', 'nowMs'];

function createEnvironment(): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 2000, maxDepth: 64 },
  })
    .registerVariable('value', 'dyn')
    .registerVariable('topic', 'string')
    .registerVariable('headers', 'map<string, string>')
    .registerVariable('source', 'string')
    .registerVariable('nowMs', 'double');
  for (const [sign, calculate] of Object.entries(mixedOperators)) {
    environment.registerOperator(`double ${sign} int: double`, calculate);
    environment.registerOperator(`int ${sign} double: double`, calculate);
  }
  return environment;
}

const mixedOperators: Readonly<Record<string, (left: number | bigint, right: number | bigint) => number>> = {
  '+': (left, right) => Number(left) + Number(right),
  '-': (left, right) => Number(left) - Number(right),
  '*': (left, right) => Number(left) * Number(right),
  '/': (left, right) => Number(left) / Number(right),
};

function toContext(message: RuleMessage, clock: Clock): Record<string, unknown> {
  const { value, topic, headers, source, captures } = message;
  return { ...captures, value, topic, headers, source, nowMs: clock.wallMs() };
}

/** Integers of the language become numbers where they fit, so that a rule's output is plain data. Copies only what changes. */
function toData(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > dataDepthMax) throw new ClusterError('too-large', `a value nested deeper than ${dataDepthMax}`);
  if (Array.isArray(value)) {
    const items = value.map((item) => toData(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return fromClass(value, depth);
  const entries = Object.entries(value);
  const made = entries.map(([name, field]) => [name, toData(field, depth + 1)] as const);
  return made.some(([, field], index) => field !== entries[index]?.[1]) ? Object.fromEntries(made) : value;
}

/** The language's unsigned integers and maps; dates and bytes are data as they are. */
function fromClass(value: object, depth: number): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, field]) => [String(name), toData(field, depth + 1)]));
  }
  const plain: unknown = value.valueOf();
  return typeof plain === 'bigint' ? toData(plain, depth) : value;
}

const dataDepthMax = 64;

/** The library's message shows the source over several lines; its first says what is wrong. */
function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
