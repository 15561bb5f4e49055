import { unreachable } from '../../core/assert.js';
import { type ByteReader, ByteWriter } from '../../core/bytes.js';
import { hashText } from '../../core/hash.js';
import { memberMetadataBytesMax, spreadBytesMax, spreadTopicBytesMax } from '../../core/limits.js';
import {
  readAddress,
  readClaim,
  readEpoch,
  readIncarnation,
  readKnown,
  readName,
  readRecord,
  readSync,
  readTables,
  writeClaim,
  writeId,
  writeKnown,
  writeLife,
  writeTables,
} from './message-fields.js';
import type { SwimMessage } from './messages.js';

/**
 * A part is `kind: u8, length: varint, body`. A reader skips kinds that it does not know, and bytes behind the fields it knows, by
 * the length. Names are UTF-8 with a length, epochs take 7 bytes, other whole numbers are LEB128, hashes 4 bytes.
 */

/** Appends one part. */
export function encodePart(writer: ByteWriter, message: SwimMessage): void {
  scratch.reset();
  encodeBody(scratch, message);
  writer.u8(kindNumbers[message.kind] ?? 0);
  writer.block(scratch.view());
}

/** Encodes one part by itself, for a queue. */
export function partToBytes(message: SwimMessage): Uint8Array {
  const writer = new ByteWriter(96);
  encodePart(writer, message);
  return writer.take();
}

/** The 16 bits that stand for a table's name. */
export function tableNumber(name: string): number {
  return hashText(name) & 0xffff;
}

/**
 * Reads the body of a part. `'unknown'`: a kind of a later build. `'malformed'`: fields are missing or out of range. Byte fields are
 * views of the datagram.
 */
export function decodePart(kindNumber: number, reader: ByteReader): SwimMessage | 'unknown' | 'malformed' {
  const probe = probeKinds[kindNumber - 1];
  const news = newsKinds[kindNumber - 1 - probeKinds.length];
  const table = tableKinds[kindNumber - 1 - probeKinds.length - newsKinds.length];
  const user = userKinds[kindNumber - 1 - probeKinds.length - newsKinds.length - tableKinds.length];
  let message: SwimMessage | undefined;
  if (probe !== undefined) message = decodeProbe(probe, reader);
  else if (news !== undefined) message = decodeNews(news, reader);
  else if (table !== undefined) message = decodeTable(table, reader);
  else if (user !== undefined) message = decodeUser(user, reader);
  else return 'unknown';
  return reader.ok && message !== undefined ? message : 'malformed';
}

// Bodies are at most a datagram long and encoded one at a time, so one scratch serves every machine.
const scratch = new ByteWriter(1500);

/** The order is the wire's: a kind's number is its place, counted from 1. */
const probeKinds = ['ping', 'ack', 'ask', 'nack', 'gone'] as const;
const newsKinds = ['alive', 'record', 'suspect', 'failed', 'left'] as const;
const tableKinds = ['join', 'welcome', 'sync', 'sync-end', 'metadata-wanted', 'metadata', 'pad'] as const;
const userKinds = ['spread', 'direct'] as const;

type ProbeKind = (typeof probeKinds)[number];
type NewsKind = (typeof newsKinds)[number];
type TableKind = (typeof tableKinds)[number];
type UserKind = (typeof userKinds)[number];
type OfKind<Kind extends SwimMessage['kind']> = Extract<SwimMessage, { kind: Kind }>;

const kindNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  [...probeKinds, ...newsKinds, ...tableKinds, ...userKinds].map((kind, index) => [kind, index + 1]),
);

function encodeBody(writer: ByteWriter, message: SwimMessage): void {
  if (isProbe(message)) return encodeProbe(writer, message);
  if (isNews(message)) return encodeNews(writer, message);
  if (message.kind !== 'spread' && message.kind !== 'direct') return encodeTable(writer, message);
  if (message.kind === 'spread') {
    writeId(writer, message.name, message.epoch);
    writer.varint(message.number);
  }
  writer.text(message.topic);
  writer.block(message.bytes);
}

function isProbe(message: SwimMessage): message is OfKind<ProbeKind> {
  return (kindNumbers[message.kind] ?? 0) <= probeKinds.length;
}

function isNews(message: SwimMessage): message is OfKind<NewsKind> {
  return (kindNumbers[message.kind] ?? 0) <= probeKinds.length + newsKinds.length;
}

function encodeProbe(writer: ByteWriter, message: OfKind<ProbeKind>): void {
  writer.varint(message.seq);
  switch (message.kind) {
    case 'ping':
    case 'gone':
      return writeId(writer, message.name, message.epoch);
    case 'ack':
      writer.varint(message.count);
      writer.u32(message.hash);
      writer.varint(message.lagMs);
      return writeTables(writer, message.tables);
    case 'ask':
      writeId(writer, message.name, message.epoch);
      writer.text(message.address);
      return writer.varint(message.nackMs);
    case 'nack':
  }
}

function encodeNews(writer: ByteWriter, message: OfKind<NewsKind>): void {
  switch (message.kind) {
    case 'alive':
    case 'record':
      return writeLife(writer, message.life, message.incarnation);
    case 'suspect':
    case 'failed':
      writeClaim(writer, message);
      if (message.kind === 'suspect') writer.u8(message.refused ? 1 : 0);
      return;
    case 'left':
      writeId(writer, message.name, message.epoch);
      writer.varint(message.incarnation);
  }
}

function encodeTable(writer: ByteWriter, message: OfKind<TableKind>): void {
  switch (message.kind) {
    case 'join':
      writer.u32(message.nonce);
      return writeLife(writer, message.life, message.incarnation);
    case 'welcome':
      writer.u32(message.nonce);
      writer.varint(message.count);
      writer.u32(message.hash);
      return writeKnown(writer, message.known);
    case 'sync':
      writer.u8(message.bits);
      for (const hash of message.leaves) writer.u32(hash);
      return;
    case 'sync-end':
      writer.varint(message.count);
      writer.u32(message.hash);
      return writer.u8(message.truncated ? 1 : 0);
    case 'metadata-wanted':
    case 'metadata':
      writeId(writer, message.name, message.epoch);
      writer.varint(message.version);
      writer.varint(message.offset);
      if (message.kind === 'metadata') writer.block(message.bytes);
      return;
    case 'pad':
      for (let index = 0; index < message.bytes; index += 1) writer.u8(0);
  }
}

function decodeProbe(kind: ProbeKind, reader: ByteReader): SwimMessage {
  const seq = reader.varint();
  switch (kind) {
    case 'ping':
    case 'gone':
      return { kind, seq, name: readName(reader), epoch: readEpoch(reader) };
    case 'ack': {
      const head = { count: reader.varint(), hash: reader.u32(), lagMs: reader.varint() };
      return { kind, seq, ...head, tables: readTables(reader) };
    }
    case 'ask': {
      const target = {
        name: readName(reader),
        epoch: readEpoch(reader),
        address: readAddress(reader),
      };
      return { kind, seq, ...target, nackMs: reader.varint() };
    }
    case 'nack':
      return { kind, seq };
    default:
      return unreachable(kind);
  }
}

function decodeNews(kind: NewsKind, reader: ByteReader): SwimMessage {
  switch (kind) {
    case 'alive':
    case 'record': {
      const { life, incarnation } = readRecord(reader);
      return { kind, life, incarnation };
    }
    case 'suspect': {
      const { name, epoch, incarnation, from } = readClaim(reader);
      return { kind, name, epoch, incarnation, from, refused: (reader.u8() & 1) === 1 };
    }
    case 'failed': {
      const { name, epoch, incarnation, from } = readClaim(reader);
      return { kind, name, epoch, incarnation, from };
    }
    case 'left':
      return {
        kind,
        name: readName(reader),
        epoch: readEpoch(reader),
        incarnation: readIncarnation(reader),
      };
    default:
      return unreachable(kind);
  }
}

function decodeUser(kind: UserKind, reader: ByteReader): SwimMessage {
  const origin =
    kind === 'spread'
      ? { kind, name: readName(reader), epoch: readEpoch(reader), number: reader.varint() }
      : ({ kind } as const);
  return { ...origin, topic: reader.text(spreadTopicBytesMax), bytes: reader.block(spreadBytesMax) };
}

function decodeTable(kind: TableKind, reader: ByteReader): SwimMessage | undefined {
  switch (kind) {
    case 'join':
      return { kind, nonce: reader.u32(), ...readRecord(reader) };
    case 'welcome':
      return {
        kind,
        nonce: reader.u32(),
        count: reader.varint(),
        hash: reader.u32(),
        known: readKnown(reader),
      };
    case 'sync':
      return readSync(reader);
    case 'sync-end':
      return {
        kind,
        count: reader.varint(),
        hash: reader.u32(),
        truncated: (reader.u8() & 1) === 1,
      };
    case 'metadata-wanted':
    case 'metadata': {
      const id = { name: readName(reader), epoch: readEpoch(reader) };
      const range = { version: readIncarnation(reader), offset: reader.varint() };
      if (kind === 'metadata-wanted') return { kind, ...id, ...range };
      return { kind, ...id, ...range, bytes: reader.block(memberMetadataBytesMax) };
    }
    case 'pad':
      return { kind, bytes: reader.remaining };
    default:
      return unreachable(kind);
  }
}
