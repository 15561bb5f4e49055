import assert from 'node:assert/strict';
import { createRawCodec } from '../../../src/cluster/rpc/raw-codec.js';
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

  it('takes bytes and nothing else', () => {
    const codec = createRawCodec();
    assert.equal(codec.encode(undefined).length, 0);
    assert.throws(
      () => codec.encode('text'),
      (error) => error instanceof ClusterError && error.code === 'invalid-value',
    );
  });
});
