import assert from 'node:assert/strict';
import { SendBuffer, SlabPool } from '../../../src/protocol/rsocket/send-buffer.js';
import { concat } from './engine-pair.js';

describe('send buffer', () => {
  it('gives room to what is longer than a slab, in order with the rest', () => {
    const written: Uint8Array[] = [];
    const target = { bufferedBytes: 0, write: (bytes: Uint8Array): void => void written.push(bytes.slice()) };
    const pool = new SlabPool(100);
    const buffer = new SendBuffer(target, pool);
    const lengths = [10, 250, 10, 99, 100, 101, 1000, 1];
    for (const isStalled of [true, false]) {
      target.bufferedBytes = isStalled ? 1 : 0;
      for (const [index, length] of lengths.entries()) {
        const at = buffer.reserve(length);
        buffer.slab.fill(index, at, at + length);
        assert.ok(at + length <= buffer.slab.length);
      }
    }
    buffer.flush();
    buffer.drained();
    const once = lengths.flatMap((length, index) => Array.from({ length }, () => index));
    assert.deepEqual([...concat(written)], [...once, ...once]);
    for (let count = 0; count < 10; count += 1) assert.equal(pool.take().length, 100, 'the pool keeps its own only');
  });

  it('hands short frames over at 16 KiB, and long ones when the slab is full', () => {
    const writes = (frameBytes: number, count: number): number[] => {
      const written: number[] = [];
      const target = { bufferedBytes: 0, write: (bytes: Uint8Array): void => void written.push(bytes.length) };
      const buffer = new SendBuffer(target, new SlabPool());
      for (let index = 0; index < count; index += 1) buffer.reserve(frameBytes);
      buffer.flush();
      return written;
    };
    assert.deepEqual(writes(8000, 8), [24_000, 24_000, 16_000]);
    assert.deepEqual(writes(16_896, 4), [50_688, 16_896]);
  });
});
