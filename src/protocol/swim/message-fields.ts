import type { ByteReader, ByteWriter } from '../../core/bytes.js';
import { isNodeName } from '../../core/ids.js';
import { memberMetadataBytesMax, nodeNameBytesMax } from '../../core/limits.js';
import type { MemberStatus } from '../../spi/membership.js';
import type { MemberLife } from './catalogue.js';
import { leafBitsMax } from './member-table.js';
import type { Claim, KnownLife, NumberedDigest, SyncMessage } from './messages.js';

/** Fields that several parts share. A reader that meets one out of range fails for good, so the part is malformed. */

/** Highest incarnation; a member that reaches it starts a new epoch. Nothing but malice gets there. */
export const incarnationMax = 0x7fff_ffff;

/** Most tables whose digests ride on acknowledgements. */
export const attachedTablesMax = 16;

/** Longest `host:port`: a DNS name of 253, brackets and a port. */
const addressBytesMax = 261;

/** Name and epoch. */
export function writeId(writer: ByteWriter, name: string, epoch: number): void {
  writer.text(name);
  writeEpoch(writer, epoch);
}

/** Seven bytes hold any safe integer; epochs are too long for a varint to be shorter. */
export function writeEpoch(writer: ByteWriter, epoch: number): void {
  writer.u24(Math.floor(epoch / 0x1_0000_0000));
  writer.u32(epoch >>> 0);
}

/** Reads what `writeEpoch` wrote; -1 when it is beyond the safe integers. */
export function readEpoch(reader: ByteReader): number {
  const epoch = reader.u24() * 0x1_0000_0000 + reader.u32();
  if (epoch > Number.MAX_SAFE_INTEGER) spoil(reader);
  return epoch;
}

/** Reads a node name; anything else spoils the reader. */
export function readName(reader: ByteReader): string {
  const name = reader.text(nodeNameBytesMax);
  if (!isNodeName(name)) spoil(reader);
  return name;
}

/** Reads `host:port`; anything else spoils the reader. */
export function readAddress(reader: ByteReader): string {
  const address = reader.text(addressBytesMax);
  if (!/^[\x21-\x7e]+:\d{1,5}$/.test(address)) spoil(reader);
  return address;
}

/** Reads an incarnation. */
export function readIncarnation(reader: ByteReader): number {
  const incarnation = reader.varint();
  if (incarnation > incarnationMax) spoil(reader);
  return incarnation;
}

/** Reads what `failed` and `suspect` share. */
export function readClaim(reader: ByteReader): Claim {
  return {
    name: readName(reader),
    epoch: readEpoch(reader),
    incarnation: readIncarnation(reader),
    from: readName(reader),
  };
}

/** Writes what `failed` and `suspect` share. */
export function writeClaim(writer: ByteWriter, claim: Claim): void {
  writeId(writer, claim.name, claim.epoch);
  writer.varint(claim.incarnation);
  writer.text(claim.from);
}

/** Writes a life with its incarnation. */
export function writeLife(writer: ByteWriter, life: MemberLife, incarnation: number): void {
  writeId(writer, life.name, life.epoch);
  writer.varint(incarnation);
  writer.text(life.address);
  writer.u8(life.wireMin);
  writer.u8(life.wireMax);
  writer.varint(life.metadataVersion);
  if (life.metadataVersion === 0) return;
  writer.u32(life.metadataHash);
  writer.varint(life.metadataBytes);
}

/** Reads what `writeLife` wrote. */
export function readRecord(reader: ByteReader): { life: MemberLife; incarnation: number } {
  const name = readName(reader);
  const epoch = readEpoch(reader);
  const incarnation = readIncarnation(reader);
  const address = readAddress(reader);
  const wireMin = reader.u8();
  const wireMax = reader.u8();
  const metadataVersion = readIncarnation(reader);
  const metadataHash = metadataVersion === 0 ? 0 : reader.u32();
  const metadataBytes = metadataVersion === 0 ? 0 : reader.varint();
  if (metadataBytes > memberMetadataBytesMax || metadataVersion > incarnation || wireMin > wireMax) spoil(reader);
  return {
    life: { name, epoch, address, wireMin, wireMax, metadataVersion, metadataHash, metadataBytes },
    incarnation,
  };
}

/** Writes the digests of attached tables. */
export function writeTables(writer: ByteWriter, tables: readonly NumberedDigest[]): void {
  writer.u8(tables.length);
  for (const digest of tables) {
    writer.u16(digest.table);
    writer.varint(digest.revision);
    writer.u32(digest.hash);
  }
}

/** Reads what `writeTables` wrote. */
export function readTables(reader: ByteReader): readonly NumberedDigest[] {
  const count = reader.u8();
  if (count === 0) return noTables;
  if (count > attachedTablesMax) spoil(reader);
  const tables: NumberedDigest[] = [];
  for (let left = count; left > 0 && reader.ok; left -= 1) {
    tables.push({ table: reader.u16(), revision: reader.varint(), hash: reader.u32() });
  }
  return tables;
}

const noTables: readonly NumberedDigest[] = [];
const statuses: readonly MemberStatus[] = ['alive', 'suspect', 'failed', 'left'];

/** Writes what is known of a name. */
export function writeKnown(writer: ByteWriter, known: KnownLife | undefined): void {
  writer.u8(known === undefined ? 0 : 1 + statuses.indexOf(known.status));
  if (known === undefined) return;
  writeEpoch(writer, known.epoch);
  writer.varint(known.incarnation);
  writer.text(known.address);
}

/** Reads what `writeKnown` wrote. */
export function readKnown(reader: ByteReader): KnownLife | undefined {
  const code = reader.u8();
  if (code === 0) return undefined;
  const status = statuses[code - 1];
  if (status === undefined) {
    spoil(reader);
    return undefined;
  }
  return {
    status,
    epoch: readEpoch(reader),
    incarnation: readIncarnation(reader),
    address: readAddress(reader),
  };
}

/** Reads the leaves of a pull. */
export function readSync(reader: ByteReader): SyncMessage | undefined {
  const bits = reader.u8();
  if (bits > leafBitsMax || reader.remaining < 4 << bits) return undefined;
  const leaves: number[] = [];
  for (let left = 1 << bits; left > 0; left -= 1) leaves.push(reader.u32());
  return { kind: 'sync', bits, leaves };
}

/** Makes the reader fail for good, as a field out of range does. */
function spoil(reader: ByteReader): void {
  reader.bytes(reader.remaining + 1);
}
