import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import { MemberCatalogue } from '../../../src/protocol/swim/catalogue.js';
import { leafBitsMax, MemberTable } from '../../../src/protocol/swim/member-table.js';
import { permute, pickSlots, ProbeOrder } from '../../../src/protocol/swim/probe-order.js';
import { Ring } from '../../../src/protocol/swim/ring.js';
import { life } from './bench.js';

const now = toMonotonicMs(0);

describe('the ring', () => {
  it('gives each member one follower, and closes over all that live', () => {
    const table = new MemberTable(new MemberCatalogue());
    const slots = Array.from({ length: 40 }, (_, index) => table.put(life(`n${index}`), 0));
    const rings = new Map(slots.map((slot) => [slot, new Ring(table)]));
    const walk = (from: number): number[] => {
      const seen = [from];
      for (let at = rings.get(from)?.follower(from) ?? -1; at !== from && seen.length < 50;) {
        seen.push(at);
        at = rings.get(at)?.follower(at) ?? -1;
      }
      return seen.toSorted((left, right) => left - right);
    };
    assert.deepEqual(walk(0), slots);
    table.mark(3, 'failed', 0, now);
    table.mark(4, 'left', 0, now);
    assert.deepEqual(
      walk(0),
      slots.filter((slot) => slot !== 3 && slot !== 4),
    );
  });

  it('has no follower for a member that is alone', () => {
    const table = new MemberTable(new MemberCatalogue());
    assert.equal(new Ring(table).follower(table.put(life('a'), 0)), -1);
  });
});

describe('the member table', () => {
  it('has the same digest for the same members, whatever way they came', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const step = fc.record({
      name: fc.constantFrom(...names),
      change: fc.constantFrom('put', 'suspect', 'failed', 'forget'),
      incarnation: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new MemberTable(new MemberCatalogue());
        for (const { name, change, incarnation } of steps) {
          const slot = table.findSlot(name);
          if (change === 'put') table.put(life(name), incarnation);
          else if (slot >= 0 && change === 'forget') table.forget(slot);
          else if (slot >= 0 && change !== 'forget') table.mark(slot, change, incarnation, now);
        }
        const fresh = new MemberTable(new MemberCatalogue());
        for (const name of names) {
          const slot = table.findSlot(name);
          if (slot >= 0 && table.isLive(slot)) fresh.put(table.lifeOf(slot), table.incarnationOf(slot));
        }
        assert.equal(table.hash, fresh.hash);
        assert.equal(table.liveCount, fresh.liveCount);
        for (let bits = 0; bits <= leafBitsMax; bits += 1) {
          let all = 0;
          for (let leaf = 0; leaf < 1 << bits; leaf += 1) {
            assert.equal(table.leafHash(leaf, bits), fresh.leafHash(leaf, bits));
            all ^= table.leafHash(leaf, bits);
          }
          assert.equal(all >>> 0, table.hash);
        }
      }),
    );
  });

  it('gives slots and lives back, so that names that come and go do not pile up', () => {
    const catalogue = new MemberCatalogue();
    const table = new MemberTable(catalogue);
    for (let round = 0; round < 1000; round += 1) {
      const slot = table.put(life(`pod-${round}`), 0);
      table.mark(slot, 'failed', 0, now);
      table.forget(slot);
    }
    assert.equal(catalogue.capacity, 1);
  });

  it('shares a catalogue without sharing beliefs', () => {
    const catalogue = new MemberCatalogue();
    const [left, right] = [new MemberTable(catalogue), new MemberTable(catalogue)];
    left.put(life('a'), 0);
    right.put(life('b'), 0);
    right.put(life('a', 200, 'elsewhere:1'), 4);
    assert.equal(left.lifeOf(left.findSlot('a')).epoch, 100);
    assert.equal(right.lifeOf(right.findSlot('a')).address, 'elsewhere:1');
    assert.equal(left.findSlot('b'), -1);
    const copy = new MemberTable(catalogue);
    copy.copyFrom(right);
    assert.equal(copy.hash, right.hash);
    copy.mark(copy.findSlot('a'), 'failed', 4, now);
    copy.forget(copy.findSlot('a'));
    assert.equal(right.lifeOf(right.findSlot('a')).epoch, 200);
  });
});

describe('the probe order', () => {
  it('permutes every slot to exactly one place', () => {
    for (const bits of [2, 4, 8, 10]) {
      const seen = new Set<number>();
      for (let value = 0; value < 1 << bits; value += 1) seen.add(permute(value, bits, 12_345));
      assert.equal(seen.size, 1 << bits);
    }
  });

  it('visits every wanted slot once a round, and in another order each round', () => {
    const order = new ProbeOrder(new SeededRandom(1));
    const rounds: string[] = [];
    const wanted = (slot: number): boolean => slot % 3 !== 0;
    // The first round begins with the first call; 16 slots up to 13 give 8 wanted ones each time.
    for (let round = 0; round < 4; round += 1) {
      const visited = Array.from({ length: 8 }, () => order.next(13, wanted));
      assert.deepEqual(
        visited.toSorted((left, right) => left - right),
        [1, 2, 4, 5, 7, 8, 10, 11],
      );
      rounds.push(visited.join(' '));
    }
    assert.ok(new Set(rounds).size > 1);
  });

  it('finds the only wanted slot of many, and nothing when none is wanted', () => {
    const order = new ProbeOrder(new SeededRandom(2));
    assert.equal(
      order.next(5000, (slot) => slot === 4321),
      4321,
    );
    assert.equal(
      order.next(5000, () => false),
      -1,
    );
    const into: number[] = [];
    const from = { capacity: 5000, count: 3 };
    assert.equal(
      pickSlots(new SeededRandom(3), from, (slot) => slot === 17, into),
      1,
    );
    assert.deepEqual(into, [17]);
    assert.equal(
      pickSlots(new SeededRandom(3), from, () => true, into),
      3,
    );
    assert.equal(new Set(into).size, 3);
  });
});
