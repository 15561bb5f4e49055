import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteQueue } from '../../../src/cluster/transport/byte-queue.js';

describe('byte queue', () => {
  it('gives the bytes that were pushed, in order, whatever the pieces', () => {
    const step = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ push: bytes, take: 0 })),
      fc.nat(30).map((take) => ({ push: undefined, take })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new ByteQueue();
        const model: number[] = [];
        for (const { push, take } of steps) {
          if (push === undefined) {
            const count = Math.min(take, queue.length);
            const target = new Uint8Array(count);
            queue.takeInto(target, count);
            assert.deepEqual([...target], model.splice(0, count));
          } else {
            queue.push(push);
            model.push(...push);
          }
          assert.equal(queue.length, model.length);
        }
      }),
    );
  });

  it('does not keep what was taken, though the queue never runs empty', () => {
    const queue = new ByteQueue();
    const target = new Uint8Array(1);
    queue.push(Uint8Array.of(0));
    for (let count = 1; count < 10_000; count += 1) {
      queue.push(Uint8Array.of(count));
      queue.takeInto(target, 1);
      assert.equal(target[0], (count - 1) & 0xff);
    }
    assert.equal(queue.length, 1);
    queue.clear();
    assert.equal(queue.length, 0);
    assert.throws(() => queue.takeInto(target, 1), TypeError);
  });
});
