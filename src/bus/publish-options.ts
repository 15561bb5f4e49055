import { ClusterError } from '../core/errors.js';
import { headersBytesMax, headersMax, waitMaxMs } from '../core/limits.js';
import { checkNumber, checkOptionNames, checkWord, optionError } from '../core/options.js';
import { utf8Length } from '../core/text.js';
import type { ConfirmOptions, PublishOptions } from '../spi/bus.js';
import type { BusRequestManyOptions, BusRequestOptions } from './event-bus.js';
import type { PublishFromOptions } from './publish-from.js';

/**
 * Checks what a caller, or a guest through this node, gave with an event: nothing may leave that its receivers refuse. Throws
 * `invalid-options`, and `too-large` for what is beyond a bound of `core/limits.ts`.
 */
export function checkPublishOptions(options: PublishOptions): void {
  checkOptionNames(options, publishNames, 'publish');
  checkEventOptions(options);
}

/** The same for what a hook made of the options, which of a confirmed publish have more names. */
export function checkHookedOptions(options: PublishOptions): void {
  checkOptionNames(options, confirmNames, 'publish');
  checkEventOptions(options);
}

/** The same for a request. */
export function checkRequestOptions(options: BusRequestOptions): void {
  checkOptionNames(options, requestNames, 'request');
  checkAskOptions(options);
}

/** The same for a request of many answers. */
export function checkRequestManyOptions(options: BusRequestManyOptions): void {
  checkOptionNames(options, requestManyNames, 'requestMany');
  const { stallMs, answersMax } = options;
  checkAskOptions(options);
  if (stallMs !== undefined) checkNumber('stallMs', stallMs, 0, waitMaxMs);
  if (answersMax !== undefined && !(typeof answersMax === 'number' && answersMax >= 1)) {
    throw optionError('answersMax', 'give a number of at least 1', answersMax);
  }
}

/** The same for a confirmed publish. */
export function checkConfirmOptions(options: ConfirmOptions): void {
  checkOptionNames(options, confirmNames, 'publishConfirmed');
  const { level, timeoutMs } = options;
  checkWord('level', level, levels);
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, waitMaxMs);
  checkEventOptions(options);
}

/** The same for a source; its own policy is checked where it is used. */
export function checkPublishFromOptions(options: PublishFromOptions): void {
  checkOptionNames(options, publishFromNames, 'publishFrom');
  checkEventOptions(options);
}

const eventNames: readonly (keyof PublishOptions)[] = ['key', 'headers', 'ttlMs'];
const askNames: readonly (keyof BusRequestOptions)[] = [...eventNames, 'timeoutMs', 'signal', 'cancel'];
const publishNames: ReadonlySet<string> = new Set<keyof PublishOptions>(eventNames);
const confirmNames: ReadonlySet<string> = new Set<keyof ConfirmOptions>([...eventNames, 'level', 'timeoutMs']);
const requestNames: ReadonlySet<string> = new Set<keyof BusRequestOptions>(askNames);
const requestManyNames: ReadonlySet<string> = new Set<keyof BusRequestManyOptions>([
  ...askNames,
  'answersMax',
  'stallMs',
]);
const publishFromNames: ReadonlySet<string> = new Set<keyof PublishFromOptions>([
  ...eventNames,
  'overflow',
  'queueMax',
]);

const levels: ReadonlySet<string> = new Set<ConfirmOptions['level']>(['written', 'delivered', 'handled']);

function checkEventOptions({ key, headers, ttlMs }: PublishOptions): void {
  if (ttlMs !== undefined) checkNumber('ttlMs', ttlMs, 0, waitMaxMs);
  if (key !== undefined) checkKey(key);
  if (headers !== undefined) checkHeaders(headers);
}

function checkAskOptions(options: BusRequestOptions): void {
  const { timeoutMs, signal } = options;
  const cancel: unknown = options.cancel;
  checkEventOptions(options);
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, waitMaxMs);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw optionError('signal', 'give an AbortSignal', signal);
  }
  if (cancel === undefined) return;
  // The name that a caller of `fetch` would not think of; what such a caller has goes under the other one.
  if (typeof cancel !== 'object' || cancel === null || !('listen' in cancel)) {
    throw optionError('cancel', 'give a CancelToken here, or an AbortSignal as signal', cancel);
  }
}

function checkKey(key: string): void {
  if (typeof key !== 'string') throw optionError('key', 'give a text', key);
  if (!isWithin(key)) throw new ClusterError('too-large', `key: it takes more than ${headersBytesMax} bytes`);
}

function isWithin(text: string): boolean {
  // Three bytes a UTF-16 unit bounds UTF-8, so most are not counted.
  return text.length * 3 <= headersBytesMax || utf8Length(text) <= headersBytesMax;
}

function checkHeaders(headers: Readonly<Record<string, string>> | null): void {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw optionError('headers', 'give an object of texts', headers);
  }
  let count = 0;
  let bytes = 0;
  for (const [name, text] of Object.entries(headers)) {
    if (typeof text !== 'string') throw optionError(`headers.${name}`, 'give a text', text);
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
