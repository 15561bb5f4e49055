/** What the benches carry: a device event as an object, or plain bytes; both made from a fixed pool so that runs agree. */
import { isDeepStrictEqual } from 'node:util';

/** `iot` is the device event; a number is that many bytes. */
export type Payload = 'iot' | number;

/** How a contender carries plain bytes: JSON systems get a text of the same length, which suits them better. */
export type BytesAs = 'bytes' | 'text';

/** A device event: about 230 bytes as JSON. */
export interface IotEvent {
  deviceId: string;
  productId: string;
  /** Milliseconds since the epoch in the pool; a publisher that measures delay writes microseconds of its clock here. */
  time: number;
  properties: {
    temperature: number;
    humidity: number;
    pressure: number;
    battery: number;
    signal: number;
    state: string;
    firmware: string;
  };
  headers: { traceId: string; gateway: string };
}

/** More than any window, so that an object in flight is never written again. Windows reach 8,192; the pool is larger. */
export const poolSize = 16_384;

const epochMs = 1_767_225_600_000;
const states = ['running', 'standby', 'warning', 'stopped'] as const;

/** The device event of a given index; the same index gives an equal event in every process. */
export function iotEvent(index: number): IotEvent {
  const step = index % poolSize;
  return {
    deviceId: `dev-${(100_000 + step).toString()}`,
    productId: `pump-${(step % 7).toString()}`,
    time: epochMs + step,
    properties: {
      temperature: 20 + (step % 100) / 8,
      humidity: 40 + (step % 50) / 4,
      pressure: 1013.25 - (step % 9) / 16,
      battery: 100 - (step % 60),
      signal: -40 - (step % 50),
      state: states[step % states.length] ?? 'running',
      firmware: '2.4.1',
    },
    headers: { traceId: (0x1000_0000 + step).toString(16), gateway: 'gw-01' },
  };
}

/** Bytes of a given length whose content depends on the index. */
export function bytesOf(length: number, index: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length).fill(97 + (index % 26));
  if (length >= 4) bytes.writeUInt32LE(index, 0);
  return bytes;
}

/** Text of a given length, one byte a character. */
export function textOf(length: number, index: number): string {
  return index.toString(36).padStart(Math.min(length, 8), '0').padEnd(length, 'x').slice(0, length);
}

/** The values that a run cycles through. Large payloads get few, so that the pool stays below 64 MiB. */
export function makePool(payload: Payload, bytesAs: BytesAs): unknown[] {
  if (payload === 'iot') return Array.from({ length: poolSize }, (_, index) => iotEvent(index));
  const count = Math.max(2, Math.min(poolSize, Math.floor(2 ** 24 / payload)));
  return Array.from({ length: count }, (_, index) =>
    bytesAs === 'text' ? textOf(payload, index) : bytesOf(payload, index),
  );
}

/** Says whether an answer equals what was sent; bytes may come back as another view. `time` of an event may differ when told so. */
export function isSame(sent: unknown, got: unknown, timeMayDiffer = false): boolean {
  if (sent instanceof Uint8Array) {
    return got instanceof Uint8Array && Buffer.compare(sent, got) === 0;
  }
  if (typeof sent !== 'object' || sent === null) return sent === got;
  if (typeof got !== 'object' || got === null) return false;
  const left: object = timeMayDiffer ? { ...sent, time: 0 } : { ...sent };
  const right: object = timeMayDiffer ? { ...got, time: 0 } : { ...got };
  return isDeepStrictEqual(left, right);
}

/** Reads `iot` or a number of bytes such as `100`, `1KiB` or `15MiB`. */
export function parsePayload(text: string): Payload {
  if (text === 'iot') return 'iot';
  const match = /^(\d+)\s*(B|KiB|MiB)?$/.exec(text);
  if (match === null) throw new RangeError(`payload ${text}: expected iot, 100, 1KiB or 15MiB`);
  const unit = match[2] === 'MiB' ? 2 ** 20 : match[2] === 'KiB' ? 2 ** 10 : 1;
  return Number(match[1]) * unit;
}

/** The payload as tables show it: `100 B`, `1 KiB`, `iot`. */
export function payloadText(payload: Payload): string {
  if (payload === 'iot') return 'iot';
  if (payload >= 2 ** 20) return `${(payload / 2 ** 20).toString()} MiB`;
  return payload >= 2 ** 10 ? `${(payload / 2 ** 10).toString()} KiB` : `${payload.toString()} B`;
}
