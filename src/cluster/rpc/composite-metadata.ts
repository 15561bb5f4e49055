/**
 * Composite metadata of stock RSocket clients (Composite Metadata Extension v0, Routing Metadata Extension v0, Per Stream Data MIME
 * Types Extension v0): entries of `u8 1 + 7-bit well-known id | u8 length - 1, ASCII text`, `u24 length`, content.
 */
import { ByteReader, ByteWriter } from '../../core/bytes.js';
import { headersBytesMax } from '../../core/limits.js';
import { bytesToText, textToBytes } from '../../core/text.js';
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
/** Well-known ids that occur here (Well-known MIME Types). */
const wellKnown: Readonly<Record<number, string>> = {
  0x01: 'application/cbor',
  0x05: 'application/json',
  0x06: 'application/octet-stream',
  0x7a: dataTypeType,
  0x7e: routingType,
};

const wellKnownIds: ReadonlyMap<string, number> = new Map(
  Object.entries(wellKnown).map(([id, type]) => [type, Number(id)]),
);

/** Longest name of a media type. */
const nameBytesMax = 128;

/** Reads composite metadata; `undefined` when it is malformed or has no route. */
export function readCompositeMetadata(bytes: Uint8Array): StockRequest | undefined {
  const reader = new ByteReader(bytes);
  let route: Route | undefined;
  let dataType: string | undefined;
  const headers = new Map<string, string>();
  for (let count = 0; reader.remaining > 0; count += 1) {
    const type = readType(reader);
    const content = reader.bytes(reader.u24());
    if (!reader.ok || count >= entriesMax) return undefined;
    if (type === routingType) route ??= readRoute(content);
    else if (type === dataTypeType) dataType ??= readType(new ByteReader(content));
    else if (isHeader(type) && content.length <= headersBytesMax) headers.set(type, bytesToText(content));
  }
  if (route === undefined) return undefined;
  return { route, dataType, headers: headers.size === 0 ? undefined : Object.fromEntries(headers) };
}

/** Writes composite metadata: the route, the media type of the data, and an entry for each header. */
export function writeCompositeMetadata(request: Omit<StockRequest, 'route'> & { readonly tag: string }): Uint8Array {
  const writer = new ByteWriter(128);
  const tag = textToBytes(request.tag);
  writeType(writer, routingType);
  writer.u24(tag.length + 1);
  writer.u8(tag.length);
  writer.bytes(tag);
  if (request.dataType !== undefined) {
    const inner = new ByteWriter(32);
    writeType(inner, request.dataType);
    writeType(writer, dataTypeType);
    writer.u24(inner.length);
    writer.bytes(inner.view());
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (!isHeader(name)) continue;
    const content = textToBytes(value);
    writeType(writer, name);
    writer.u24(content.length);
    writer.bytes(content);
  }
  return writer.take();
}

/** Headers, W3C's among them, are entries named for the header; a media type has a slash. */
function isHeader(type: string): boolean {
  return type.length <= nameBytesMax && /^[!-.0-~]+$/.test(type);
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

function writeType(writer: ByteWriter, type: string): void {
  const known = wellKnownIds.get(type);
  if (known !== undefined) {
    writer.u8(0x80 | known);
    return;
  }
  const name = textToBytes(type);
  writer.u8(name.length - 1);
  writer.bytes(name);
}

/** Routes and media types are ASCII; a byte beyond it makes a name that nothing is called. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
