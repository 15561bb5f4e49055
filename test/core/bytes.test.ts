import assert from 'node:assert/strict';
import { ByteReader, ByteWriter, sameBytes } from '../../src/core/bytes.js';

describe('ByteWriter', () => {
  it('lets a caller store bytes itself, between those that it writes', () => {
    const writer = new ByteWriter(4);
    writer.u8(1);
    const at = writer.open(100);
    writer.buffer[at] = 2;
    writer.buffer[at + 1] = 3;
    writer.close(at + 2);
    writer.varint(300);
    assert.deepEqual([...writer.take()], [1, 2, 3, 0xac, 0x02]);
    assert.equal(new ByteReader(writer.view(), 3).varint(), 300);
  });

  it('fills in the length of a block, however long it became', () => {
    for (const length of [0, 1, 127, 128, 0x3fff, 0x4000, 0x20_0000]) {
      const writer = new ByteWriter(8);
      writer.u8(7);
      const start = writer.beginBlock();
      const block = Uint8Array.from({ length }, (_, index) => index);
      writer.bytes(block);
      writer.endBlock(start);
      writer.u8(9);
      const reader = new ByteReader(writer.view());
      assert.equal(reader.u8(), 7);
      assert.ok(sameBytes(reader.block(length), block));
      assert.deepEqual([reader.u8(), reader.ok, reader.remaining], [9, true, 0]);
    }
  });

  it('refuses a varint that is no whole number from 0 to 2^53 - 1', () => {
    const writer = new ByteWriter(8);
    for (const value of [Infinity, NaN, -1, 1.5, 2 ** 53]) assert.throws(() => writer.varint(value), RangeError);
    assert.equal(writer.length, 0);
    for (const value of [0, 127, 128, Number.MAX_SAFE_INTEGER]) {
      writer.reset();
      writer.varint(value);
      assert.equal(new ByteReader(writer.view()).varint(), value);
    }
  });

  it('copies a range', () => {
    const writer = new ByteWriter(2);
    writer.range(Uint8Array.of(1, 2, 3, 4), 1, 3);
    assert.deepEqual([...writer.take()], [2, 3]);
  });
});
