import { ClusterError, type ErrorCode, isErrorCode } from '../../core/errors.js';
import { bytesToText, textToBytes } from '../../core/text.js';
import { streamErrorCodes } from '../../spi/links.js';

/**
 * Errors on the wire: JSON in the data of an RSocket ERROR frame, readable by any client.
 * `{ code, message, node, details?, stack?, causes?: [{ name, message, stack? }] }`
 */

/** What the serving side says of itself when it fails a call. */
export interface ErrorOrigin {
  readonly node: string;
  /** Whether `stack` may leave this process. */
  readonly exposeStacks: boolean;
}

/** An error as it is sent: the RSocket code says whether it ran. */
export interface ErrorMessage {
  readonly code: number;
  readonly data: Uint8Array;
}

const causesMax = 8;
const textMax = 2048;
const stackMax = 8192;
const detailsMax = 16_384;
/** Longest error body that is read; beyond it the code alone counts. */
const bodyMax = 131_072;

/** Writes an error. `ran` is false only when no handler was entered. */
export function writeError(error: ClusterError, ran: boolean, origin: ErrorOrigin): ErrorMessage {
  const body: Record<string, unknown> = {
    code: error.code,
    message: withoutCode(error.message).slice(0, textMax),
    node: error.node ?? origin.node,
  };
  const details = toJson(error.details);
  if (details !== undefined) body['details'] = details;
  if (origin.exposeStacks && error.stack !== undefined) body['stack'] = error.stack.slice(0, stackMax);
  const causes = readCauses(error.cause, origin.exposeStacks);
  if (causes.length > 0) body['causes'] = causes;
  return { code: streamCodeOf(error.code, ran), data: textToBytes(JSON.stringify(body)) };
}

/** Reads an error that a peer sent. Whatever is malformed becomes a plain `remote` or `not-executed`. */
export function readError(message: ErrorMessage, node: string): ClusterError {
  const refused = message.code === streamErrorCodes.rejected || message.code === streamErrorCodes.invalid;
  const body = message.data.length > bodyMax ? {} : parseBody(message.data);
  const text = typeof body['message'] === 'string' ? body['message'].slice(0, textMax) : 'the other side failed';
  const at = typeof body['node'] === 'string' ? body['node'].slice(0, 64) : node;
  return new ClusterError(codeOf(body['code'], message.code), `${text} (at ${at})`, {
    node: at,
    details: body['details'],
    cause: refused ? undefined : buildCauses(body),
  });
}

function codeOf(word: unknown, streamCode: number): ErrorCode {
  if (typeof word === 'string' && isErrorCode(word)) return word;
  switch (streamCode) {
    case streamErrorCodes.rejected:
      return 'not-executed';
    case streamErrorCodes.invalid:
      return 'invalid-value';
    case streamErrorCodes.canceled:
      return 'cancelled';
    default:
      return 'remote';
  }
}

function streamCodeOf(code: ErrorCode, ran: boolean): number {
  if (ran) return code === 'cancelled' ? streamErrorCodes.canceled : streamErrorCodes.applicationError;
  return code === 'invalid-value' ? streamErrorCodes.invalid : streamErrorCodes.rejected;
}

function withoutCode(message: string): string {
  return message.replace(/^\[[a-z-]+\] /, '');
}

/** The details if they are JSON and small, else nothing: an error must always be sendable. */
function toJson(details: unknown): unknown {
  if (details === undefined) return undefined;
  try {
    const text = JSON.stringify(details);
    return text.length > detailsMax ? undefined : details;
  } catch {
    // A cycle or a bigint: the error itself still has to cross.
    return undefined;
  }
}

interface Cause {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

function readCauses(first: unknown, exposeStacks: boolean): readonly Cause[] {
  const causes: Cause[] = [];
  for (let cause = first; cause instanceof Error && causes.length < causesMax; cause = cause.cause) {
    const plain = { name: cause.name, message: cause.message.slice(0, textMax) };
    causes.push(exposeStacks ? { ...plain, stack: cause.stack?.slice(0, stackMax) ?? '' } : plain);
  }
  return causes;
}

/** A chain of plain errors, the outermost first, that shows what the other side had. */
function buildCauses(body: Readonly<Record<string, unknown>>): Error | undefined {
  const listed: readonly unknown[] = Array.isArray(body['causes']) ? body['causes'].slice(0, causesMax) : [];
  const own = typeof body['stack'] === 'string' ? [{ name: 'RemoteError', message: '', stack: body['stack'] }] : [];
  return [...own, ...listed].toReversed().reduce<Error | undefined>((inner, item) => {
    const part = isRecord(item) ? item : {};
    const error = new Error(toText(part['message']), inner === undefined ? undefined : { cause: inner });
    error.name = toText(part['name']) || 'Error';
    error.stack = toText(part['stack']) || `${error.name}: ${error.message}`;
    return error;
  }, undefined);
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, stackMax) : '';
}

function parseBody(data: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(bytesToText(data));
    return isRecord(body) ? body : {};
  } catch {
    // Not JSON: a stock responder sends plain text.
    return { message: bytesToText(data.subarray(0, textMax)) };
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
