import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type Live, LiveList } from '../../../src/cluster/rpc/live-list.js';

class Item implements Live<Item> {
  liveNext: Item | undefined;
  livePrevious: Item | undefined;
  isLive = false;
}

describe('live list', () => {
  it('holds what a Set would, in the same order, and leaves no links behind', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(7)), { maxLength: 100 }), (steps) => {
        const items = Array.from({ length: 8 }, () => new Item());
        const list = new LiveList<Item>();
        const set = new Set<Item>();
        for (const [isAdded, index] of steps) {
          const item = items[index] ?? new Item();
          if (isAdded) list.add(item);
          else list.delete(item);
          if (isAdded) set.add(item);
          else set.delete(item);
          assert.equal(list.size, set.size);
        }
        assert.ok(list.all().every((item, index) => item === [...set][index]));
        for (const item of list.all()) list.delete(item);
        for (const item of items) assert.deepEqual([item.liveNext, item.livePrevious], [undefined, undefined]);
      }),
    );
  });
});
