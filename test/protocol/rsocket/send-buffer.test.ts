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

  const writes = (...lengths: readonly number[]): number[] => {
    const written: number[] = [];
    const target = { bufferedBytes: 0, write: (bytes: Uint8Array): void => void written.push(bytes.length) };
    const buffer = new SendBuffer(target, new SlabPool());
    for (const length of lengths) buffer.reserve(length);
    buffer.flush();
    return written;
  };
  const times = (count: number, length: number): number[] => Array.from({ length: count }, () => length);

  it('hands frames of some KiB over at 16 KiB, and long ones when the slab is full', () => {
    assert.deepEqual(writes(...times(8, 8000)), [24_000, 24_000, 16_000]);
    assert.deepEqual(writes(...times(4, 16_896)), [50_688, 16_896]);
  });

  it('hands short frames over at 32,000 bytes, so that a thousand calls are a few writes', () => {
    assert.deepEqual(writes(...times(64, 128)), [8192]);
    assert.deepEqual(writes(...times(1000, 128)), [32_000, 32_000, 32_000, 32_000]);
    assert.deepEqual(writes(...times(9, 4000)), [32_000, 4000]);
  });

  it('looks at the frame that comes next where lengths are mixed', () => {
    assert.deepEqual(writes(...times(200, 100), 8000), [20_000, 8000]);
    assert.deepEqual(writes(8000, 8000, 8000, ...times(100, 100)), [32_000, 2000]);
    assert.deepEqual(writes(...times(200, 100), 16_896), [36_896]);
  });

  it('fills the slab while five links or more have something to hand over', () => {
    const pool = new SlabPool();
    const buffers = Array.from({ length: 5 }, () => {
      const written: number[] = [];
      const target = { bufferedBytes: 0, write: (bytes: Uint8Array): void => void written.push(bytes.length) };
      return { buffer: new SendBuffer(target, pool), written };
    });
    const writeAll = (count: number): readonly (readonly number[])[] => {
      for (let frame = 0; frame < 4; frame += 1) for (const { buffer } of buffers.slice(0, count)) buffer.reserve(8000);
      for (const { buffer } of buffers) buffer.flush();
      assert.equal(pool.buffersWaiting, 0);
      return buffers.map(({ written }) => written.splice(0));
    };
    assert.deepEqual(
      writeAll(5),
      Array.from({ length: 5 }, () => [32_000]),
    );
    assert.deepEqual(writeAll(4)[0], [24_000, 8000]);
    for (const { buffer } of buffers.slice(0, 4)) buffer.reserve(8000);
    buffers[3]?.buffer.clear();
    assert.equal(pool.buffersWaiting, 3, 'what is forgotten does not wait');
  });
});
