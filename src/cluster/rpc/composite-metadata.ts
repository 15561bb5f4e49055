/**
 * Composite metadata of stock RSocket clients (Composite Metadata Extension v0, Routing Metadata Extension v0, Per Stream Data MIME
 * Types Extension v0): entries of `u8 1 + 7-bit well-known id | u8 length - 1, ASCII text`, `u24 length`, content.
 */
import { ByteReader } from '../../core/bytes.js';
import type { Route } from './call-metadata.js';

/** What a stock client said about its request. */
export interface StockRequest {
  readonly route: Route;
  /** Media type of the data, when it said so. */
  readonly dataType: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Most entries that are looked at. */
const entriesMax = 32;

const routingType = 'message/x.rsocket.routing.v0';
const dataTypeType = 'message/x.rsocket.mime-type.v0';
/** W3C headers as stock clients send them: one entry each, named for the header. */
const headerTypes: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage']);

/** Well-known ids that occur here (Well-known MIME Types). */
const wellKnown: Readonly<Record<number, string>> = {
  0x01: 'application/cbor',
  0x05: 'application/json',
  0x06: 'application/octet-stream',
  0x7a: dataTypeType,
  0x7e: routingType,
};

/** Reads composite metadata; `undefined` when it is malformed or has no route. */
export function readCompositeMetadata(bytes: Uint8Array): StockRequest | undefined {
  const reader = new ByteReader(bytes);
  let route: Route | undefined;
  let dataType: string | undefined;
  let headers: Record<string, string> | undefined;
  for (let count = 0; reader.remaining > 0; count += 1) {
    const type = readType(reader);
    const content = reader.bytes(reader.u24());
    if (!reader.ok || count >= entriesMax) return undefined;
    if (type === routingType) route ??= readRoute(content);
    else if (type === dataTypeType) dataType ??= readType(new ByteReader(content));
    else if (headerTypes.has(type)) headers = { ...headers, [type]: latin1(content) };
  }
  return route === undefined ? undefined : { route, dataType, headers };
}

/** The first tag of the routing metadata: `service/method`, `service/instance/method` or `service.method`. */
function readRoute(content: Uint8Array): Route | undefined {
  const reader = new ByteReader(content);
  const tag = latin1(reader.bytes(reader.u8()));
  if (!reader.ok) return undefined;
  const words = tag.split('/').filter((word) => word !== '');
  const [first = '', second = '', third] = words;
  if (third !== undefined) return { service: first, instanceId: second, method: third };
  if (second !== '') return { service: first, instanceId: '', method: second };
  const dot = first.lastIndexOf('.');
  return dot <= 0 ? undefined : { service: first.slice(0, dot), instanceId: '', method: first.slice(dot + 1) };
}

function readType(reader: ByteReader): string {
  const head = reader.u8();
  if (head >= 0x80) return wellKnown[head & 0x7f] ?? `well-known ${head & 0x7f}`;
  return latin1(reader.bytes(head + 1));
}

/** Routes and media types are ASCII; a byte beyond it makes a name that nothing is called. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
