import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type FrameAnswer, PacketFramer } from '../../../src/device/network/packet-framer.js';

describe('a packet framer', () => {
  it('gives the same packets however the bytes are cut', () => {
    const packets = fc.array(
      fc.record({ type: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 300 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }), (list, cuts) => {
        const whole = list.map(({ type, body }) => frame(type, body));
        const framer = new PacketFramer(300);
        const got: Uint8Array[] = [];
        for (const piece of cut(join(whole), cuts)) {
          assert.equal(framer.push(piece, keep(got)), 'more');
        }
        assert.deepEqual(got, whole);
        assert.equal(framer.heldBytes, 0);
      }),
    );
  });

  it('keeps what comes while it waits, in order', () => {
    const packets = [1, 2, 3, 4, 5].map((type) => frame(type, Uint8Array.of(type)));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (cuts) => {
        const framer = new PacketFramer(10);
        const got: Uint8Array[] = [];
        const take = keep(got, 'wait');
        for (const piece of cut(join(packets), cuts)) {
          if (framer.push(piece, take) === 'waiting' && got.length % 2 === 0) framer.proceed(take);
        }
        for (let round = 0; round < 10; round += 1) framer.proceed(take);
        assert.deepEqual(got, packets);
      }),
    );
  });

  it('takes the largest length and refuses one more, before it holds anything', () => {
    const got: Uint8Array[] = [];
    assert.equal(new PacketFramer(200).push(frame(3, new Uint8Array(200)), keep(got)), 'more');
    const framer = new PacketFramer(199);
    assert.equal(framer.push(frame(3, new Uint8Array(200)).subarray(0, 3), keep(got)), 'too-large');
    assert.equal(framer.heldBytes, 0);
    assert.equal(got.length, 1);
  });

  it('refuses a length of five bytes', () => {
    assert.equal(new PacketFramer(1e9).push(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80, 1), keep([])), 'malformed');
  });

  it('stops when it is told to', () => {
    const got: Uint8Array[] = [];
    const two = join([frame(1, Uint8Array.of(1)), frame(2, Uint8Array.of(2))]);
    assert.equal(new PacketFramer(10).push(two, keep(got, 'stop')), 'stopped');
    assert.equal(got.length, 1);
  });
});

function keep(into: Uint8Array[], answer: FrameAnswer = 'more'): (packet: Uint8Array) => FrameAnswer {
  return (packet) => {
    into.push(Uint8Array.from(packet));
    return answer;
  };
}

function frame(type: number, body: Uint8Array): Uint8Array {
  const length = body.length < 0x80 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Uint8Array.from([type, ...length, ...body]);
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
