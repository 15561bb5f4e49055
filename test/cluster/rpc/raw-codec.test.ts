import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createRawCodec, decodeData } from '../../../src/cluster/rpc/raw-codec.js';
import { PayloadView } from '../../../src/core/payload-view.js';
import { ClusterError } from '../../../src/core/errors.js';

describe('raw codec', () => {
  it('copies what it decodes, whatever the length, and never twice to one place', () => {
    const codec = createRawCodec();
    const lent = new Uint8Array(4096);
    const copies = [0, 1, 100, 1023, 1024, 1025, 4096, 1000, 1000, 1000, 1000].map((length, index) => {
      lent.fill(index + 1);
      return codec.decode(lent.subarray(0, length));
    });
    lent.fill(0xff);
    for (const [index, copy] of copies.entries()) {
      assert.ok(copy instanceof Uint8Array);
      assert.ok(copy.every((byte) => byte === index + 1));
    }
  });

  it('gives each value of a chunk its own bytes, which stay when the chunk is used again', () => {
    const codec = createRawCodec();
    const views = [new PayloadView(), new PayloadView()];
    const memory = new Uint8Array(20_000);
    const values = fc.array(fc.tuple(fc.nat(30), fc.oneof(fc.nat(200), fc.nat(1500))), { maxLength: 40 });
    const reads = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.nat(3), values), { maxLength: 12 });
    let fill = 0;
    fc.assert(
      fc.property(reads, (all) => {
        const copies: { readonly copy: Uint8Array; readonly fill: number }[] = [];
        for (const [isOther, isWhole, offset, parts] of all) {
          const [first, second] = views;
          const view = (isOther ? second : first) ?? new PayloadView();
          // One object for every chunk: only the number says that its content is another one.
          const chunk = isWhole ? memory : memory.subarray(offset);
          view.chunk = chunk;
          view.chunkNumber += 1;
          let at = 0;
          for (const [gap, length] of parts) {
            if (at + gap + length > chunk.length) break;
            fill = (fill + 1) & 0xff;
            at += gap;
            chunk.fill(fill, at, at + length);
            at += length;
          }
          let start = 0;
          for (const [gap, length] of parts) {
            if (start + gap + length > chunk.length) break;
            start += gap;
            const copy = decodeData(codec, view.set(chunk, start, start, start + length));
            assert.ok(copy instanceof Uint8Array);
            assert.equal(copy.length, length);
            copies.push({ copy, fill: chunk[start] ?? 0 });
            start += length;
          }
          memory.fill(0xff);
        }
        for (const { copy, fill: byte } of copies) assert.ok(copy.every((each) => each === byte));
        // Nobody's bytes are in two values: each is written in turn, and keeps what was written.
        for (const [index, { copy }] of copies.entries()) copy.fill(index & 0xff);
        for (const [index, { copy }] of copies.entries()) assert.ok(copy.every((each) => each === (index & 0xff)));
      }),
    );
  });

  it('takes bytes and nothing else', () => {
    const codec = createRawCodec();
    assert.equal(codec.encode(undefined).length, 0);
    assert.throws(
      () => codec.encode('text'),
      (error) => error instanceof ClusterError && error.code === 'invalid-value',
    );
  });
});
