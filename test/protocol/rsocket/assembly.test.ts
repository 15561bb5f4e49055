import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { PayloadView } from '../../../src/core/payload-view.js';
import { Assembly } from '../../../src/protocol/rsocket/assembly.js';
import { SlabPool } from '../../../src/protocol/rsocket/send-buffer.js';

const nothing = new Uint8Array(0);

describe('assembly', () => {
  it('joins fragments of any lengths into bytes that are the receiver’s own', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.array(fc.nat(9000), { minLength: 1, maxLength: 20 }), (metadataBytes, lengths) => {
        const pool = new SlabPool(4096, 8);
        const assembly = new Assembly(pool, 0);
        const metadata = new Uint8Array(metadataBytes).fill(0xee);
        const expected: number[] = [];
        for (const [index, length] of lengths.entries()) {
          const data = new Uint8Array(length).fill(index + 1);
          expected.push(...data);
          assert.ok(assembly.add(PayloadView.of(index === 0 ? metadata : nothing, data)));
        }
        const view = assembly.show(new PayloadView());
        // What the pool lends next must not be part of what was handed out.
        for (let count = 0; count < 9; count += 1) pool.take().fill(0xff);
        assert.deepEqual([view.isOwned, view.metadata()], [true, metadata]);
        assert.deepEqual(view.data(), Uint8Array.from(expected));
      }),
    );
  });

  it('refuses metadata behind data', () => {
    const assembly = new Assembly(new SlabPool(), 0);
    assert.ok(assembly.add(PayloadView.of(nothing, Uint8Array.of(1))));
    assert.ok(!assembly.add(PayloadView.of(Uint8Array.of(2), nothing)));
  });

  it('holds no more than a kilobyte for a fragment of one byte', () => {
    const pool = new SlabPool();
    let taken = 0;
    pool.take = () => new Uint8Array((taken += 1));
    new Assembly(pool, 0).add(PayloadView.of(nothing, Uint8Array.of(1)));
    assert.equal(taken, 0);
  });
});
