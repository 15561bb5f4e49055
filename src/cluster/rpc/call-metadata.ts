/**
 * Metadata of a call between nodes, about ten bytes once the route is known:
 *
 *     u8 version, u8 flags, varint route
 *     [define]    text service, text instance id, text method       the receiver stores them as `route`, if it is not 0
 *     varint remainingMs                                            0: no deadline
 *     [depth]     varint depth
 *     [headers]   varint count, (text, text) each
 *
 * A route is defined by each request until one that defined it was answered: a long request may arrive after a short one that was
 * sent later, so before that a number alone could be unknown. Trace context and baggage are headers.
 */
import type { ByteReader, ByteWriter } from '../../core/bytes.js';
import { headersBytesMax, headersMax, serviceNameBytesMax, wireVersionMin } from '../../core/limits.js';

/** Where a call goes inside a node. */
export interface Route {
  readonly service: string;
  /** Empty: whichever instance of the service that node has. */
  readonly instanceId: string;
  readonly method: string;
}

/** What travels with a call beside its input. */
export interface CallHead {
  /** 0 without a deadline. */
  readonly remainingMs: number;
  readonly depth: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Routes that one link remembers in one direction; beyond it each call names its route. */
export const routesMax = 4096;

/** The request names its route. */
export const flagDefine = 1;
const flagDepth = 2;
const flagHeaders = 4;
/** Alone: no call, but definitions of the codec in the data; see `link-values.ts`. A build that does not know it answers `invalid`. */
export const flagDefinitions = 8;

/** Writes the metadata of a call; `route` is named when `define` says so, in the link's wire version. */
export function writeCallMetadata(
  writer: ByteWriter,
  route: { readonly number: number; readonly define: Route | undefined; readonly version: number },
  head: CallHead,
): void {
  const { define } = route;
  const hasHeaders = head.headers !== undefined;
  writer.reset();
  writer.u8(route.version);
  writer.u8((define ? flagDefine : 0) | (head.depth > 1 ? flagDepth : 0) | (hasHeaders ? flagHeaders : 0));
  writer.varint(route.number);
  if (define !== undefined) {
    writer.text(define.service);
    writer.text(define.instanceId);
    writer.text(define.method);
  }
  writer.varint(head.remainingMs);
  if (head.depth > 1) writer.varint(head.depth);
  if (head.headers === undefined) return;
  const entries = Object.entries(head.headers);
  writer.varint(entries.length);
  for (const [key, value] of entries) {
    writer.text(key);
    writer.text(value);
  }
}

/** The head of a call that came, and where it goes. */
export interface RoutedHead extends CallHead {
  readonly route: Route;
}

/**
 * Reads the metadata of a call and learns its route; `undefined` when it is malformed, of a version above the link's, or names an
 * unknown route.
 */
export function readCallMetadata(
  reader: ByteReader,
  known: Map<number, Route>,
  linkVersion: number,
): RoutedHead | undefined {
  const version = reader.u8();
  const flags = reader.u8();
  const number = reader.varint();
  const route = (flags & flagDefine) === 0 ? known.get(number) : readRoute(reader);
  const remainingMs = reader.varint();
  const depth = (flags & flagDepth) === 0 ? 1 : reader.varint();
  const headers = (flags & flagHeaders) === 0 ? undefined : readHeaders(reader);
  if (!reader.ok || version < wireVersionMin || version > linkVersion || route === undefined) return undefined;
  if ((flags & flagDefine) !== 0 && number > 0 && number <= routesMax) known.set(number, route);
  return { route, remainingMs, depth, headers };
}

function readRoute(reader: ByteReader): Route {
  const service = reader.text(serviceNameBytesMax);
  const instanceId = reader.text(serviceNameBytesMax);
  const method = reader.text(serviceNameBytesMax);
  return { service, instanceId, method };
}

/** At most `headersMax` headers in `headersBytesMax`; more makes the whole metadata malformed by reading past its end. */
function readHeaders(reader: ByteReader): Readonly<Record<string, string>> {
  const count = reader.varint();
  // Their lengths, of one or two bytes each, are not counted by whoever wrote them.
  const end = reader.remaining - headersBytesMax - 4 * headersMax;
  const headers: Record<string, string> = {};
  if (count > headersMax) reader.bytes(reader.remaining + 1);
  for (let index = 0; index < count && reader.ok; index += 1) {
    const key = reader.text(headersBytesMax);
    const value = reader.text(headersBytesMax);
    // A name that would reach the prototype is not a header.
    if (key !== '__proto__') headers[key] = value;
    if (reader.remaining < end) reader.bytes(reader.remaining + 1);
  }
  return headers;
}
