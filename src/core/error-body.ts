import { ClusterError, type ErrorCode, isErrorCode, withoutCode } from './errors.js';
import { bytesToText, textToBytes } from './text.js';

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

const causesMax = 8;
const textMax = 2048;
const stackMax = 8192;
const detailsMax = 16_384;
/** Longest error body that is read; beyond it the code alone counts. */
const bodyMax = 131_072;

/** Writes an error, bounded; what cannot be JSON is left out, because an error must always be sendable. */
export function writeErrorBody(error: ClusterError, origin: ErrorOrigin): Uint8Array {
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
  return textToBytes(JSON.stringify(body));
}

/** The body of an error that a connection makes itself, before anybody who has an origin is asked. */
export function plainErrorBody(code: ErrorCode, message: string): Uint8Array {
  return textToBytes(JSON.stringify({ code, message }));
}

/** What is known of an error that a peer sent, beside its body. */
export interface ErrorFrame {
  readonly data: Uint8Array;
  /** Who sent it, when the body does not say. */
  readonly node: string;
  /** Whether a handler was entered. */
  readonly ran: boolean;
  /** For a body that names no code of this build's list. */
  readonly code: ErrorCode;
}

/** Reads an error that a peer sent. Whatever is malformed is left out; bytes that are no such body are the message. */
export function readErrorBody({ data, node, ran, code }: ErrorFrame): ClusterError {
  const body = data.length > bodyMax ? {} : parseBody(data);
  const { code: word } = body;
  const text = toText(body['message']).slice(0, textMax) || 'the other side failed';
  const at = typeof body['node'] === 'string' ? body['node'].slice(0, 64) : node;
  const known = typeof word === 'string' && isErrorCode(word) ? word : code;
  return new ClusterError(known, `${text} (at ${at})`, {
    node: at,
    ran,
    details: body['details'],
    cause: buildCauses(body),
  });
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
    // A user's error may have anything in place of a text.
    const plain = { name: toText(cause.name), message: toText(cause.message).slice(0, textMax) };
    causes.push(exposeStacks ? { ...plain, stack: toText(cause.stack) } : plain);
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
