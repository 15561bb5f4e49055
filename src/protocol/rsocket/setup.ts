import { bytesToText, textToBytes } from '../../core/text.js';
import { ByteReader, emptyBytes } from '../../core/bytes.js';
import {
  connectionErrorCodes,
  flagLease,
  flagMetadata,
  flagResume,
  headerBytes,
  int31Max,
  typeSetup,
  writeBytes,
  writePrefix,
  writeU24,
  writeU32,
} from './frame.js';

/** What SETUP says (Setup Frame). */
export interface Setup {
  readonly keepAliveMs: number;
  readonly lifetimeMs: number;
  readonly metadataMime: string;
  readonly dataMime: string;
  /** The client will honour leases. */
  readonly isLeased: boolean;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

/** Why a SETUP cannot be taken, as its ERROR says. */
export interface SetupRefusal {
  readonly code: number;
  readonly text: string;
}

/** Returns SETUP with its length field. The MIME types are ASCII of at most 255 characters. */
export function encodeSetup(setup: Setup): Uint8Array {
  const metadataMime = textToBytes(setup.metadataMime);
  const dataMime = textToBytes(setup.dataMime);
  const hasMetadata = setup.metadata.length > 0;
  const frameBytes =
    headerBytes + 12 + 2 + metadataMime.length + dataMime.length + (hasMetadata ? 3 + setup.metadata.length : 0);
  const bytes = new Uint8Array(3 + frameBytes + setup.data.length);
  const flags = (hasMetadata ? flagMetadata : 0) | (setup.isLeased ? flagLease : 0);
  let at = writePrefix(bytes, 0, frameBytes + setup.data.length, 0, (typeSetup << 10) | flags);
  at = writeU32(bytes, at, majorVersion << 16);
  at = writeU32(bytes, at, setup.keepAliveMs);
  at = writeU32(bytes, at, setup.lifetimeMs);
  for (const mime of [metadataMime, dataMime]) {
    bytes[at] = mime.length;
    at = writeBytes(bytes, at + 1, mime);
  }
  if (hasMetadata) at = writeBytes(bytes, writeU24(bytes, at, setup.metadata.length), setup.metadata);
  writeBytes(bytes, at, setup.data);
  return bytes;
}

/** Reads a SETUP frame; metadata and data are copied. */
export function decodeSetup(bytes: Uint8Array): Setup | SetupRefusal {
  const reader = new ByteReader(bytes);
  reader.u32();
  const flags = reader.u16() & 0x3ff;
  const major = reader.u16();
  reader.u16();
  const keepAliveMs = reader.u32();
  const lifetimeMs = reader.u32();
  if (reader.ok && major !== majorVersion) return unsupported('only RSocket 1.x is spoken here');
  // "A server that does not support resuming operation must reject the SETUP with an ERROR" (Setup Frame, note).
  if (reader.ok && (flags & flagResume) !== 0) return unsupported('resume is not supported');
  const metadataMime = bytesToText(reader.bytes(reader.u8()));
  const dataMime = bytesToText(reader.bytes(reader.u8()));
  const metadata = (flags & flagMetadata) === 0 ? emptyBytes : reader.bytes(reader.u24()).slice();
  const data = reader.rest().slice();
  // Both times MUST be above 0 and are signed (Setup Frame).
  const isTimed = keepAliveMs > 0 && keepAliveMs <= int31Max && lifetimeMs > 0 && lifetimeMs <= int31Max;
  if (!reader.ok || !isTimed) return { code: connectionErrorCodes.invalidSetup, text: 'malformed SETUP' };
  const isLeased = (flags & flagLease) !== 0;
  return { keepAliveMs, lifetimeMs, metadataMime, dataMime, isLeased, metadata, data };
}

/** Says whether a decoded SETUP was refused. */
export function isSetupRefusal(result: Setup | SetupRefusal): result is SetupRefusal {
  return 'code' in result;
}

const majorVersion = 1;

function unsupported(text: string): SetupRefusal {
  return { code: connectionErrorCodes.unsupportedSetup, text };
}
