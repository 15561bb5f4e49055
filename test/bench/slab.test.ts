import assert from 'node:assert/strict';
import { FrameReader } from '../../bench/limit/slab.js';

describe('the frame reader of the limit', () => {
  it('leaves frames as they are until the promises that they settle have run', () => {
    const seen: Uint8Array[] = [];
    const reader = new FrameReader((_id, bytes, start, end) => void seen.push(bytes.subarray(start, end)));
    const sent = Array.from({ length: 40 }, (_, index) => frame(index, 20_000));
    const stream = Buffer.concat(sent);
    for (let at = 0; at < stream.length;) {
      const buffer = reader.onread.buffer();
      const count = Math.min(buffer.length, 131_072, stream.length - at);
      stream.copy(buffer, 0, at, at + count);
      const before = seen.length;
      reader.onread.callback(count);
      // Node asks for the next buffer inside the read; promises run behind it.
      reader.onread.buffer();
      for (const [offset, bytes] of seen.slice(before).entries()) {
        assert.ok(sent[before + offset]?.subarray(8).equals(bytes), `frame ${before + offset}`);
      }
      at += count;
    }
    assert.equal(seen.length, sent.length);
  });
});

function frame(id: number, length: number): Buffer {
  const bytes = Buffer.alloc(8 + length, id + 1);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(id, 4);
  return bytes;
}
