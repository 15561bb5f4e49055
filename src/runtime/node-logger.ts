import type { Clock } from '../core/clock.js';
import type { LogFields, Logger } from '../core/logger.js';
import { checkOptionNames, checkWord } from '../core/options.js';
import { NodeClock } from './node-clock.js';

/** How much is logged: each level includes the ones before it. */
export type LogLevel = 'error' | 'info' | 'debug';

/** How a `JsonLogger` writes. */
export interface JsonLoggerOptions {
  /** @defaultValue the machine's */
  readonly clock?: Pick<Clock, 'wallMs'>;
  /** @defaultValue 'info' */
  readonly level?: LogLevel;
  /** Gets each line with its line end. @defaultValue standard error, so that standard output stays free for results */
  readonly write?: (line: string) => void;
  /** Fields of every line: the node's name. */
  readonly fields?: LogFields;
}

/** One JSON object a line: `time`, `level`, `text`, then the fields. A field that cannot be written never costs the line. */
export class JsonLogger implements Logger {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #rank: number;
  readonly #write: (line: string) => void;
  readonly #fields: LogFields;

  constructor(options: JsonLoggerOptions = {}) {
    checkOptionNames(options, names, 'JsonLogger');
    this.#clock = options.clock ?? new NodeClock();
    const { level = 'info' } = options;
    checkWord('level', level, new Set(Object.keys(ranks)));
    this.#rank = ranks[level];
    this.#write = options.write ?? ((line) => void process.stderr.write(line));
    this.#fields = options.fields ?? {};
  }

  error(text: string, fields?: LogFields): void {
    this.#log('error', text, fields);
  }

  info(text: string, fields?: LogFields): void {
    this.#log('info', text, fields);
  }

  debug(text: string, fields?: LogFields): void {
    this.#log('debug', text, fields);
  }

  #log(level: LogLevel, text: string, fields: LogFields | undefined): void {
    if (ranks[level] > this.#rank) return;
    const line: Record<string, unknown> = {
      time: new Date(this.#clock.wallMs()).toISOString(),
      level,
      text,
    };
    for (const [name, value] of Object.entries({ ...this.#fields, ...fields })) {
      if (value !== undefined) line[name in line ? `field.${name}` : name] = toLoggable(value);
    }
    this.#write(`${JSON.stringify(line)}\n`);
  }
}

const names: ReadonlySet<string> = new Set<keyof JsonLoggerOptions>(['clock', 'level', 'write', 'fields']);

const ranks: Readonly<Record<LogLevel, number>> = { error: 0, info: 1, debug: 2 };

/** What JSON can carry of a value; cycles, bigints and errors do not end a process that only wanted to log. */
function toLoggable(value: unknown): unknown {
  try {
    const text = toJson(value);
    return text === undefined ? String(value) : JSON.parse(text);
  } catch (cause) {
    return `unwritable: ${cause instanceof Error ? cause.message.split('\n')[0] : 'unknown'}`;
  }
}

/** `undefined` for a function or symbol, which the declared type of `stringify` leaves out. */
function toJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) => simplify(inner));
}

function simplify(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (!(value instanceof Error)) return value;
  const code = 'code' in value ? { code: value.code } : {};
  const cause = value.cause === undefined ? {} : { cause: value.cause };
  return { message: value.message, ...code, stack: value.stack, ...cause };
}
