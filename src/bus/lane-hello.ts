import { ByteReader, ByteWriter } from '../core/bytes.js';
import { wireVersionMin } from '../core/limits.js';

/** What a peer says as it opens a lane. */
export interface LaneHello {
  /** Empty for the shared lane, else the subscription's. */
  readonly key: string;
  readonly windowId: number;
  /** It has sent in this window before, on another connection. */
  readonly hasSent: boolean;
}

/** Writes it as the metadata of the lane's channel. */
export function writeHello(wireVersion: number, { windowId, key, hasSent }: LaneHello): Uint8Array {
  const metadata = new ByteWriter(32);
  metadata.u8(wireVersion);
  metadata.varint(windowId);
  metadata.text(key);
  metadata.u8(hasSent ? 1 : 0);
  return metadata.take();
}

/** Reads it; `undefined` for what no peer of ours sends. */
export function readHello(metadata: Uint8Array): LaneHello | undefined {
  const reader = new ByteReader(metadata);
  const version = reader.u8();
  const windowId = reader.varint();
  const key = reader.text(32);
  if (!reader.ok || version < wireVersionMin) return undefined;
  // An earlier build ends here, and never says that it has sent anything.
  return { key, windowId, hasSent: reader.remaining > 0 && reader.u8() === 1 };
}
