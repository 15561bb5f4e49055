import { ClusterError } from '../core/errors.js';
import { headersBytesMax, headersMax, waitMaxMs } from '../core/limits.js';
import { utf8Length } from '../core/text.js';
import type { ConfirmOptions, PublishOptions, RequestManyOptions } from '../spi/bus.js';

/**
 * Checks what a caller, or a guest through this node, gave with an event: nothing may leave that its receivers refuse. Throws
 * `invalid-options`, and `too-large` for what is beyond a bound of `core/limits.ts`.
 */
export function checkPublishOptions({ key, headers, ttlMs }: PublishOptions): void {
  if (ttlMs !== undefined) checkMs('ttlMs', ttlMs);
  if (key !== undefined) checkKey(key);
  if (headers !== undefined) checkHeaders(headers);
}

/** The same for a request. */
export function checkRequestOptions(options: RequestManyOptions): void {
  const { timeoutMs, stallMs, answersMax } = options;
  checkPublishOptions(options);
  if (timeoutMs !== undefined) checkMs('timeoutMs', timeoutMs);
  if (stallMs !== undefined) checkMs('stallMs', stallMs);
  if (answersMax !== undefined && !(answersMax >= 1)) fail('answersMax', answersMax, 'it must be at least 1');
}

/** The same for a confirmed publish; `checkPublishOptions` is for the event itself. */
export function checkConfirmOptions({ level, timeoutMs }: ConfirmOptions): void {
  if (!levels.has(level)) fail('level', level, `it must be one of ${[...levels].join(', ')}`);
  if (timeoutMs !== undefined) checkMs('timeoutMs', timeoutMs);
}

const levels: ReadonlySet<string> = new Set<ConfirmOptions['level']>(['written', 'delivered', 'handled']);

function checkMs(option: string, ms: number): void {
  // A guest may send anything, so the type is asked for as well.
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= waitMaxMs)) fail(option, ms, `it must be 0 to ${waitMaxMs}`);
}

function checkKey(key: string): void {
  if (typeof key !== 'string') fail('key', key, 'it must be a text');
  if (!isWithin(key)) throw new ClusterError('too-large', `key: it takes more than ${headersBytesMax} bytes`);
}

function isWithin(text: string): boolean {
  // Three bytes a UTF-16 unit bounds UTF-8, so most are not counted.
  return text.length * 3 <= headersBytesMax || utf8Length(text) <= headersBytesMax;
}

function checkHeaders(headers: Readonly<Record<string, string>> | null): void {
  if (typeof headers !== 'object' || headers === null) fail('headers', headers, 'they must be an object of texts');
  let count = 0;
  let bytes = 0;
  for (const [name, text] of Object.entries(headers)) {
    if (typeof text !== 'string') fail(`headers.${name}`, text, 'it must be a text');
    count += 1;
    bytes += utf8Length(name) + utf8Length(text);
  }
  if (count > headersMax) {
    throw new ClusterError('too-large', `headers: there are ${count}, at most ${headersMax} may be`);
  }
  if (bytes > headersBytesMax) {
    throw new ClusterError('too-large', `headers: they take ${bytes} bytes, at most ${headersBytesMax} may be`);
  }
}

function fail(option: string, value: unknown, why: string): never {
  throw new ClusterError('invalid-options', `${option}: ${why}, not ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === 'number'
    ? String(value)
    : typeof value === 'string'
      ? `'${value.slice(0, 40)}'`
      : typeof value;
}
