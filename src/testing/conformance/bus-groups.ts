import assert from 'node:assert/strict';
import type { BusEvent, BusSubscription } from '../../spi/bus.js';
import { hasCode, sum, type HallCases } from './bus-hall.js';

/** What groups must do, wherever their members are. */
export const groupCases: HallCases = {
  'gives each event of a random group to exactly one member, and some to each': async (hall) => {
    const counts = await hall.serveOnce('random');
    assert.equal(counts.includes(0), false, counts.join(' '));
  },

  'gives each event of a local-first group to exactly one member, at the node that publishes if it has one': async (
    hall,
  ) => {
    const counts = await hall.serveOnce('local-first');
    if (hall.isCluster) assert.deepEqual(counts, [60, 0, 0]);
  },

  'gives each event of an oldest group to the same member': async (hall) => {
    assert.deepEqual(await hall.serveOnce('oldest'), [60, 0, 0]);
  },

  'gives each event of a hashed group to exactly one member, and some to each': async (hall) => {
    const counts = await hall.serveOnce('hashed');
    assert.equal(counts.includes(0), false, counts.join(' '));
  },

  'gives each event of a least-in-flight group to exactly one member': async (hall) => {
    await hall.serveOnce('least-in-flight');
  },

  'keeps the oldest member of a group through joins, and takes the next when it leaves': async (hall) => {
    const got: number[] = [];
    const group = { name: 'o', strategy: 'oldest' } as const;
    const join = (index: 0 | 1 | 2): Promise<BusSubscription> =>
      hall.subscribe(index, '/o', () => void got.push(index), { group });
    const winners = async (): Promise<readonly number[]> => {
      got.length = 0;
      for (const index of [0, 1, 2] as const) hall.publish(index, '/o');
      await hall.until(() => got.length === 3);
      await hall.rest();
      return got;
    };
    const oldest = await join(0);
    assert.deepEqual(await winners(), [0, 0, 0]);
    await join(1);
    await join(2);
    assert.deepEqual(await winners(), [0, 0, 0]);
    oldest.stop();
    // Peers hear of it in the order in which it happened.
    await hall.collect(0, ['/later']);
    assert.deepEqual(await winners(), [1, 1, 1]);
  },

  'respects the choice of a group although the node also hosts a subscription outside it': async (hall) => {
    const plain = [await hall.collect(1, ['/h/*']), await hall.collect(2, ['/h/*'])];
    const counts = await hall.group('h', 'random');
    for (let index = 0; index < 50; index += 1) hall.publish(0, `/h/${index}`);
    await hall.until(() => sum(counts) === 50 && plain.every((got) => got.length === 50));
    await hall.rest();
    assert.equal(sum(counts), 50);
  },

  'keeps a key at one member of a hashed group': async (hall) => {
    const owners = new Map<unknown, Set<number>>();
    for (const index of [0, 1, 2] as const) {
      const group = { name: 'keys', strategy: 'hashed' } as const;
      await hall.subscribe(index, '/k/*', (event) => addTo(owners, event.value, index), { group });
    }
    for (let index = 0; index < 90; index += 1) {
      const key = `key-${index % 9}`;
      hall.doors[index % 3 === 0 ? 1 : 0].publish(`/k/${index}`, key, { key });
    }
    await hall.until(() => owners.size === 9);
    await hall.rest();
    for (const [key, members] of owners) assert.equal(members.size, 1, String(key));
  },

  'moves to a new member of a hashed group its own share of the keys, and no other': async (hall) => {
    const owners = new Map<unknown, number>();
    let handled = 0;
    const join = async (index: 0 | 1 | 2): Promise<void> => {
      const take = (event: BusEvent): void => {
        owners.set(event.value, index);
        handled += 1;
      };
      await hall.subscribe(index, '/n', take, { group: { name: 'n', strategy: 'hashed' } });
    };
    const publishAll = async (): Promise<ReadonlyMap<unknown, number>> => {
      handled = 0;
      for (let key = 0; key < 300; key += 1) hall.doors[0].publish('/n', key, { key: `key-${key}` });
      await hall.until(() => handled === 300);
      return new Map(owners);
    };
    await join(0);
    await join(1);
    const before = await publishAll();
    assert.deepEqual(await publishAll(), before);
    await join(2);
    const moved = [...(await publishAll())].filter(([key, owner]) => before.get(key) !== owner);
    assert.ok(moved.every(([, owner]) => owner === 2));
    // A third, give or take six times the standard deviation.
    assert.ok(moved.length > 50 && moved.length < 150, String(moved.length));
  },

  'refuses another strategy for a group that exists': async (hall) => {
    const group = { name: 'one', strategy: 'oldest' } as const;
    await hall.subscribe(1, '/x', () => undefined, { group });
    const other = { group: { name: 'one', strategy: 'random' } } as const;
    assert.throws(() => hall.doors[0].subscribe('/y', () => undefined, other), hasCode('group-conflict'));
  },
};

function addTo(owners: Map<unknown, Set<number>>, key: unknown, member: number): void {
  const members = owners.get(key) ?? new Set();
  members.add(member);
  owners.set(key, members);
}
