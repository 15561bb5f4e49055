import assert from 'node:assert/strict';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { ByteWriter } from '../../src/core/bytes.js';
import type { ClusterError } from '../../src/core/errors.js';

const codec = createMsgpackCodec();

describe('raw values', () => {
  it('leave as MessagePack that every build reads, and come back as bytes of every length', () => {
    const encoder = codec.createEncoder(new Set(codec.capabilities));
    const decoder = codec.createDecoder();
    for (const length of [0, 1, 255, 256, 2048, 4096, 4097, 65_535, 65_536, 100_000]) {
      const value = Uint8Array.from({ length }, (_, index) => (index * 7 + length) % 256);
      for (const given of [value, Buffer.from(value)]) {
        const record = new ByteWriter(16);
        record.u8(0xee);
        encoder.encodeInto?.(given, record);
        const { length: end } = record;
        // One form byte, one token and the length come before the bytes.
        const head = length < 256 ? 3 : length < 65_536 ? 4 : 6;
        assert.equal(end, 1 + head + length);
        assert.equal(encoder.needed, 0);
        const got = decoder.decode(record.buffer, 1, end);
        assert.ok(got instanceof Uint8Array);
        assert.deepEqual(Uint8Array.from(got), value);
        assert.deepEqual(Uint8Array.from(codec.decode(record.view().slice(1)) as Uint8Array), value);
      }
    }
  });

  it('are copies: what comes later into the same memory does not change them', () => {
    const decoder = codec.createDecoder();
    const received = Uint8Array.from([0, 0xc4, 2, 1, 2, 0, 0xc4, 2, 3, 4]);
    const first = decoder.decode(received, 0, 5);
    const second = decoder.decode(received, 5, 10);
    received.fill(9);
    assert.deepEqual([first, second], [Uint8Array.from([1, 2]), Uint8Array.from([3, 4])]);
    // Views of memory that was lent as a Buffer, whose slice would copy nothing.
    const lent = Buffer.concat([Uint8Array.from([0, 0xc5, 0x40, 0]), Buffer.alloc(0x4000, 5)]);
    const long = decoder.decode(lent, 0, lent.length) as Uint8Array;
    lent.fill(0);
    assert.ok(long.every((byte) => byte === 5));
  });

  it('of a class of their own are left to the general way', () => {
    class Frame extends Uint8Array {}
    const encoder = codec.createEncoder(new Set(codec.capabilities));
    const record = new ByteWriter(16);
    encoder.encodeInto?.(new Frame([1, 2, 3]), record);
    assert.notEqual(record.buffer[0], 0);
  });

  it('are refused when their length is not that of the value', () => {
    const decoder = codec.createDecoder();
    const malformed = [
      [0, 0xc4],
      [0, 0xc4, 1],
      [0, 0xc4, 1, 5, 6],
      [0, 0xc4, 200, 5, 6],
      [0, 0xc5, 0],
      [0, 0xc5, 0, 1, 7, 7],
      [0, 0xc6, 0xff, 0xff, 0xff, 0xff, 1],
      [0, 0xc6, 0, 0, 0, 2, 1],
    ];
    for (const bytes of malformed) {
      assert.throws(
        () => decoder.decode(Uint8Array.from(bytes), 0, bytes.length),
        (error) => (error as ClusterError).code === 'invalid-value',
        bytes.join(' '),
      );
    }
  });
});
