import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Confirming } from '../../src/bus/outlet.js';
import { PendingConfirms, type Owed } from '../../src/bus/pending-confirms.js';

describe('bus/pending-confirms', () => {
  it('answers as a map in the order of its numbers does, whatever ends when', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), by: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), by: fc.nat(600) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('all' as const), by: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 700, size: 'max' }), (steps) => {
        const pending = new PendingConfirms();
        const model = new Map<number, Owed>();
        let last = 0;
        for (const { kind, by } of steps) {
          if (kind === 'push') {
            last += by;
            const one = owed(last);
            pending.push(one);
            model.set(last, one);
          } else if (kind === 'end') {
            const found = pending.find(by);
            assert.equal(found, model.get(by));
            if (found !== undefined) assert.ok(pending.end(found));
            model.delete(by);
          } else if (steps.length % 7 === 0) {
            assert.equal(pending.takeAll().length, model.size);
            model.clear();
            last = 0;
          }
          assert.equal(pending.size, model.size);
          assert.equal(pending.first(), model.values().next().value);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('ends each once, and lets go of who waited', () => {
    const pending = new PendingConfirms();
    const one = owed(1);
    const { confirming } = one;
    pending.push(one);
    assert.equal(pending.end(one), confirming);
    assert.deepEqual([pending.end(one), one.confirming, pending.size], [undefined, undefined, 0]);
    assert.equal(pending.first(), undefined);
  });

  it('keeps its memory in proportion to what is not over, behind one that never ends', () => {
    const pending = new PendingConfirms();
    const slow = owed(1);
    pending.push(slow);
    for (let number = 2; number < 5000; number += 1) {
      const quick = owed(number);
      pending.push(quick);
      pending.end(quick);
    }
    assert.equal(pending.first(), slow);
    assert.equal(pending.find(4999), undefined);
    assert.ok(pending.placesHeld < 600, `${pending.placesHeld} places`);
  });
});

function owed(number: number): Owed {
  const confirming: Confirming = {
    level: 'handled',
    settle: () => undefined,
    resent: () => undefined,
    whenOver: () => undefined,
  };
  return { number, copy: { node: 'b', won: [] }, confirming };
}
