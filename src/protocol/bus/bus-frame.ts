import { ByteReader, type ByteWriter } from '../../core/bytes.js';
import { headersBytesMax, headersMax, topicLengthMax, wireVersionMin } from '../../core/limits.js';

/**
 * What a bus lane carries: frames of records. A frame is one item of the lane's stream.
 *
 *     frame  := version u8, record*
 *     record := kind u8, length varint, body
 *
 * A kind that a build does not know is skipped by its length and counted. From the sender of events:
 *
 *     base        number varint                       the events that follow are number, number + 1, ...
 *     topic       id varint, text                     names a topic for this epoch of the sender
 *     definition  index varint, bytes                 of the lane codec
 *     event       body                                see writeEventHead, and the value
 *     won         count varint, group text*, body     an event and the groups that the receiver's node won
 *     final       number varint                       nothing comes after this number
 *
 * and back:
 *
 *     resume      known u8, received varint           the first record of the answering side
 *     ack         number varint                       cumulative
 *     handled     number varint, code u8              what came of a confirmed event, or of one that a group lost, see `handledCode`
 */
export const recordKind = {
  base: 1,
  topic: 2,
  definition: 3,
  event: 4,
  won: 5,
  final: 6,
  resume: 7,
  ack: 8,
  handled: 9,
} as const;

/** What came of an event whose sender waits for its handlers. */
export const handledCode = {
  done: 0,
  /** A handler threw, or a policy dropped it. */
  failed: 1,
  /** Nobody here wanted it any more: no handler ran, and the groups that it was for may choose again. */
  refused: 2,
  /** Some of the groups that it was for had no member here any more, and others got it: it may not be sent again as a whole. */
  partial: 3,
} as const;

/** What a frame begins with: the wire version of its link. */
export function beginFrame(writer: ByteWriter, wireVersion: number): void {
  writer.reset();
  writer.u8(wireVersion);
}

/** Writes a record whose body is one number. */
export function writeNumberRecord(writer: ByteWriter, kind: number, number: number): void {
  writer.u8(kind);
  writer.varint(varintBytes(number));
  writer.varint(number);
}

/** Writes a record around a ready body. */
export function writeRecord(writer: ByteWriter, kind: number, body: Uint8Array): void {
  writer.u8(kind);
  writer.block(body);
}

/** Reads a frame record by record; stops and says false at the first malformed one. Unknown kinds are skipped and counted. */
export function readFrame(bytes: Uint8Array, start: number, end: number, out: RecordEffects): boolean {
  const reader = new ByteReader(bytes, start, end);
  const version = reader.u8();
  // A later build speaks to us as the link's hello settled it; anything else we might misread.
  if (version < wireVersionMin || version > out.wireVersion) return false;
  while (reader.remaining > 0) {
    const kind = reader.u8();
    const length = reader.varint();
    if (!reader.ok || length > reader.remaining) return false;
    const bodyStart = reader.offset;
    reader.skip(length);
    if (kind === 0 || kind > recordKind.handled) out.unknown(kind);
    else if (!out.record(kind, bytes, bodyStart, bodyStart + length)) return false;
  }
  return true;
}

/** Gets the records of a frame. */
export interface RecordEffects {
  /** The wire version of the link that the frame came over. */
  readonly wireVersion: number;
  /** One record of a known kind; the bytes are lent. False: it is malformed, and the frame is given up. */
  record(kind: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** A kind of a later build was skipped. */
  unknown(kind: number): void;
}

/** An event as it travels, the same bytes to every node. */
export interface EventHead {
  /** Its number in the sending epoch, or 0 when the text is here. */
  readonly topicId: number;
  readonly topic: string;
  readonly broadcast: boolean;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly key: string | undefined;
  readonly ttlMs: number | undefined;
  /** 0: cumulative acknowledgement is enough; 1: acknowledge at once; 2: say when all handlers are done. */
  readonly confirm: number;
}

/** Writes the head of an event without options; its value follows. */
export function writePlainHead(writer: ByteWriter, topicId: number, topic: string): void {
  writer.u8(0);
  writer.varint(topicId);
  if (topicId === 0) writer.text(topic);
}

/** Writes the head of an event; its value follows. */
export function writeEventHead(writer: ByteWriter, head: EventHead): void {
  const headers = head.headers === undefined ? noEntries : Object.entries(head.headers);
  const flags =
    (headers.length > 0 ? flagHeaders : 0) +
    (head.key === undefined ? 0 : flagKey) +
    (head.ttlMs === undefined ? 0 : flagTtl) +
    (head.broadcast ? flagBroadcast : 0) +
    head.confirm * flagConfirm;
  writer.u8(flags);
  writer.varint(head.topicId);
  if (head.topicId === 0) writer.text(head.topic);
  if (headers.length > 0) {
    writer.varint(headers.length);
    for (const [name, text] of headers) {
      writer.text(name);
      writer.text(text);
    }
  }
  if (head.key !== undefined) writer.text(head.key);
  if (head.ttlMs !== undefined) writer.varint(Math.max(0, Math.ceil(head.ttlMs)));
}

/** Reads what `writeEventHead` wrote; `undefined` when malformed. The value lies from `reader.offset` to its end. */
export function readEventHead(reader: ByteReader): EventHead | undefined {
  const flags = reader.u8();
  const topicId = reader.varint();
  const topic = topicId === 0 ? reader.text(topicLengthMax * 3) : '';
  const headers = (flags & flagHeaders) === 0 ? undefined : readHeaders(reader);
  const key = (flags & flagKey) === 0 ? undefined : reader.text(headersBytesMax);
  const ttlMs = (flags & flagTtl) === 0 ? undefined : reader.varint();
  if (!reader.ok) return undefined;
  const confirm = Math.floor(flags / flagConfirm) % 4;
  return { topicId, topic, broadcast: (flags & flagBroadcast) !== 0, headers, key, ttlMs, confirm };
}

/** Reads headers as a null-prototype record, so that no name means anything; malformed ones make the reader not `ok`. */
export function readHeaders(reader: ByteReader): Readonly<Record<string, string>> {
  const count = reader.varint();
  const headers: [string, string][] = [];
  if (count > headersMax) reader.fail();
  for (let index = 0; index < count && reader.ok; index += 1) {
    headers.push([reader.text(headersBytesMax), reader.text(headersBytesMax)]);
  }
  return Object.fromEntries(headers.filter(([name]) => name !== '__proto__'));
}

const noEntries: readonly (readonly [string, string])[] = [];

const flagHeaders = 1;
const flagKey = 2;
const flagTtl = 4;
const flagBroadcast = 8;
const flagConfirm = 16;

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
