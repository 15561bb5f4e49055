/**
 * Messages of the `table` channel. The writer of a part opens the channel; rows flow from it, answers flow back.
 *
 *     every message   u8 version, u8 kind, text table
 *     1 changes       varint from, varint through, then rows: u8 1 text key block value | u8 2 text key
 *     2 snapshot      varint base, varint index, u16 last (0 or 1), then rows: text key block value
 *     3 held          varint revision
 *     4 pull          varint revision, u8 full (1: send a snapshot whatever the log holds)
 *
 * `changes` bring a reader that is at `from` to `through`. Chunks of one snapshot count `index` up from 0; after the last one the
 * reader is at `base`, and the changes since `base` follow.
 */
import type { ByteReader, ByteWriter } from '../../core/bytes.js';
import { wireVersionMin } from '../../core/limits.js';
import { tableNameBytesMax } from './table-limits.js';

/** Kinds of messages, as on the wire. */
export const tableMessages = { changes: 1, snapshot: 2, held: 3, pull: 4 } as const;

/** What happened to a row in `changes`. */
export const rowOps = { set: 1, remove: 2 } as const;

/** Begins a message; the version is the link's. */
export function writeHead(writer: ByteWriter, version: number, kind: number, table: string): void {
  writer.reset();
  writer.u8(version);
  writer.u8(kind);
  writer.text(table);
}

/** The head of a message; `undefined` when it is malformed or above the link's version. A kind of a later build is returned as it is. */
export function readHead(
  reader: ByteReader,
  wireVersion: number,
): { readonly kind: number; readonly table: string } | undefined {
  const version = reader.u8();
  const kind = reader.u8();
  const table = reader.text(tableNameBytesMax);
  return reader.ok && version >= wireVersionMin && version <= wireVersion ? { kind, table } : undefined;
}
