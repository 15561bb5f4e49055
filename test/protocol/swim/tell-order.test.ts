import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { SeededRandom } from '../../../src/core/random.js';
import { TellOrder } from '../../../src/protocol/swim/tell-order.js';
import { Bench } from './bench.js';

describe('the order in which members are told', () => {
  it('comes to each once before it comes to any twice, however many at once', () => {
    const shapes = fc.record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      capacity: fc.integer({ min: 1, max: 70 }),
      count: fc.integer({ min: 1, max: 7 }),
      absent: fc.integer({ min: 2, max: 9 }),
    });
    fc.assert(
      fc.property(shapes, ({ seed, capacity, count, absent }) => {
        const isWanted = (slot: number): boolean => slot % absent !== 1;
        const wanted = Array.from({ length: capacity }, (_, slot) => slot).filter(isWanted).length;
        const order = new TellOrder(new SeededRandom(seed));
        const picked: number[] = [];
        const told: number[] = [];
        for (let round = 0; round < 20; round += 1) {
          order.pick({ capacity, count }, isWanted, picked);
          assert.equal(picked.length, Math.min(count, wanted));
          told.push(...picked);
        }
        for (let at = 0; at + wanted <= told.length; at += 1) {
          assert.equal(new Set(told.slice(at, at + wanted)).size, wanted);
        }
      }),
    );
  });

  it('takes in whom the table grew by', () => {
    const order = new TellOrder(new SeededRandom(3));
    const picked: number[] = [];
    order.pick({ capacity: 4, count: 3 }, () => true, picked);
    const seen = new Set<number>();
    for (let round = 0; round < 10; round += 1) {
      order.pick({ capacity: 30, count: 3 }, () => true, picked);
      for (const slot of picked) seen.add(slot);
    }
    assert.equal(seen.size, 30);
  });

  it('differs from node to node', () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const picked: number[] = [];
      new TellOrder(new SeededRandom(seed)).pick({ capacity: 16, count: 16 }, () => true, picked);
      orders.add(picked.join());
    }
    assert.ok(orders.size > 15, `${orders.size} orders`);
  });

  it('lets one of five nodes tell the four others within two rounds', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const bench = Bench.up(['a', 'b', 'c', 'd'], { probePeriodMs: 600_000 }, seed);
      bench.run(3000);
      bench.clear();
      const claim = { name: 'b', epoch: 100, incarnation: 0, from: 'a', refused: false };
      bench.receive('a', [{ kind: 'suspect', ...claim }]);
      const told = new Set<string>();
      bench.run(250, () => {
        for (const { to, parts } of bench.sent) {
          if (parts.some((part) => part.kind === 'suspect' && part.from === 'a')) told.add(to);
        }
      });
      assert.equal(told.size, 4, `seed ${seed}: ${[...told].join()}`);
    }
  });
});
