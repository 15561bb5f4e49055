import assert from 'node:assert/strict';
import { after } from '../../src/core/clock.js';
import { ClusterError } from '../../src/core/errors.js';
import type { BusSubscription, GroupStrategy, SubscribeOptions } from '../../src/spi/bus.js';
import { TestCluster } from './three-nodes.js';

const strategies: readonly GroupStrategy[] = ['random', 'local-first', 'oldest', 'hashed', 'least-in-flight'];

describe('bus/lossless groups', function losslessGroups() {
  this.timeout(20_000);

  for (const strategy of strategies) {
    it(`lose nothing of sources that wait, serve each event once and keep its order (${strategy})`, async () => {
      const cluster = new TestCluster();
      await cluster.add('a', 'b', 'c');
      const got = new Map<string, string[]>();
      const members: BusSubscription[] = [];
      for (const name of ['b', 'b', 'c']) {
        const member = await join(cluster, name, { strategy, handleMs: members.length * 2 }, (value) => {
          const [source = ''] = value.split(' ');
          const key = `${source} at ${members.indexOf(member)}`;
          got.set(key, [...(got.get(key) ?? []), value]);
        });
        members.push(member);
      }
      const reports = Promise.all(
        ['a', 'b', 'c'].map((name) => cluster.bus(name).publishFrom('/g', count(name, 400), { key: `key of ${name}` })),
      );
      const receipts = await cluster.sim.settle(reports, 60_000);
      const all = (): readonly string[] => [...got.values()].flat();
      await cluster.sim.runUntil(() => all().length >= 1200, 60_000);
      await cluster.sim.runAsync(500);
      assert.equal(new Set(all()).size, 1200);
      assert.equal(all().length, 1200);
      for (const values of got.values()) assert.deepEqual(values, values.toSorted());
      for (const { receipt } of receipts) assert.deepEqual([receipt.groups, receipt.dropped], [400, 0]);
      for (const { stats } of members) assert.equal(stats.dropped, 0);
      await cluster.stop();
    });
  }

  it('hold up neither the shared lane nor another member when one stands still, and tell what they refuse', async () => {
    const cluster = new TestCluster(1, { ownLaneEventsMax: 20 });
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    const plain: unknown[] = [];
    const stuck = await join(cluster, 'b', { strategy: 'hashed', handleMs: 1e9 }, () => undefined);
    await join(cluster, 'c', { strategy: 'hashed', handleMs: 0 }, (value) => void got.push(value));
    const other = cluster.bus('b').subscribe('/plain', (event) => void plain.push(event.value));
    await cluster.sim.settle(other.ready({ scope: 'cluster' }), 1000);
    const bus = cluster.bus('a');
    let refused = 0;
    for (let index = 0; index < 500; index += 1) {
      refused += bus.publish('/g', `a ${index}`, { key: `key-${index}` }).dropped;
      bus.publish('/plain', index);
      await cluster.sim.runAsync(1);
    }
    await cluster.sim.runAsync(500);
    assert.equal(plain.length, 500);
    assert.ok(refused > 50 && got.length > 50, `${refused} refused, ${got.length} at c`);
    assert.equal(stuck.stats.dropped, 0);
    // What is neither refused nor handled waits: with the member that stands still, or for it here, and then it is told.
    let told = 0;
    bus.onUndelivered(({ count: lost }) => void (told += lost));
    const taken = stuck.stats.received;
    stuck.stop();
    await cluster.sim.runAsync(2000);
    assert.equal(taken + told, 500 - refused - got.length);
    assert.ok(told > 0);
    await cluster.stop();
  });

  for (const strategy of ['random', 'local-first', 'least-in-flight'] as const) {
    it(`pass a member by that stands still (${strategy})`, async () => {
      const cluster = new TestCluster();
      await cluster.add('a', 'b', 'c');
      let got = 0;
      const stuck = await join(cluster, 'b', { strategy, handleMs: 1e9 }, () => undefined);
      await join(cluster, 'c', { strategy, handleMs: 0 }, () => void (got += 1));
      for (const name of ['a', 'b']) {
        const published = cluster.bus(name).publishFrom('/g', count(name, 3000));
        assert.equal((await cluster.sim.settle(published, 60_000)).receipt.dropped, 0);
      }
      await cluster.sim.runAsync(500);
      const waiting = ['a', 'b']
        .flatMap((name) => cluster.bus(name).links())
        .reduce((sum, link) => sum + link.inFlight, 0);
      assert.equal(got + stuck.stats.received + waiting, 6000);
      await cluster.stop();
    });
  }

  it('have one member for a key, whoever publishes, when a node has several', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const owners = new Map<string, Set<number>>();
    for (const index of [0, 1, 2, 3]) {
      await join(cluster, index < 3 ? 'b' : 'c', { strategy: 'hashed', handleMs: 0 }, (key) => {
        owners.set(key, (owners.get(key) ?? new Set()).add(index));
      });
    }
    for (let key = 0; key < 100; key += 1) {
      for (const name of ['a', 'b', 'c']) cluster.bus(name).publish('/g', `${key}`, { key: `${key}` });
      await cluster.sim.runAsync(5);
    }
    await cluster.sim.runAsync(100);
    assert.equal(owners.size, 100);
    for (const [key, members] of owners) assert.equal(members.size, 1, key);
    assert.equal(new Set([...owners.values()].flatMap((members) => [...members])).size, 4);
    await cluster.stop();
  });

  it('tell the publisher of what was on its way to a member that stopped', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const stuck = await join(cluster, 'b', { strategy: 'random', handleMs: 1e9 }, () => undefined);
    let told = 0;
    cluster.bus('a').onUndelivered(({ count: lost }) => void (told += lost));
    let accepted = 0;
    for (let index = 0; index < 200; index += 1) accepted += 1 - cluster.bus('a').publish('/g', index).dropped;
    await cluster.sim.runAsync(500);
    stuck.stop();
    await cluster.sim.runAsync(500);
    // The one in its handler is done with; the queue counts as dropped.
    assert.equal(told + 1 + stuck.stats.dropped, accepted);
    assert.ok(told > 0, `${told} told`);
    await cluster.stop();
  });

  it('let a confirmed publish choose again when the chosen member has stopped', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    const first = await join(cluster, 'b', { strategy: 'oldest', handleMs: 0 }, () => void got.push('b'));
    await join(cluster, 'c', { strategy: 'oldest', handleMs: 0 }, () => void got.push('c'));
    const confirmed = cluster.bus('a').publishConfirmed('/g', 1, { level: 'handled' });
    first.stop();
    const report = await cluster.sim.settle(confirmed, 6000);
    assert.deepEqual(got, ['c']);
    assert.deepEqual(report.confirmed, ['c']);
    await cluster.stop();
  });

  it('are explained by the lanes of their members', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    await join(cluster, 'b', { strategy: 'oldest', handleMs: 0 }, () => undefined);
    const { nodes, groups } = cluster.bus('a').explain('/g');
    assert.deepEqual(nodes[0]?.because.toSorted(), ['/g', 'lossless lane 0 of group g: /g']);
    assert.equal(groups[0]?.winner, 'b');
    await cluster.stop();
  });
});

describe('bus/groups', () => {
  it('refuse lossless members beside others on one node, and take them when those are gone', async () => {
    const cluster = new TestCluster();
    await cluster.add('a');
    const bus = cluster.bus('a');
    const group = { name: 'g', strategy: 'random' } as const;
    const isConflict = (error: unknown): boolean => error instanceof ClusterError && error.code === 'group-conflict';
    const lossy = bus.subscribe('/g', () => undefined, { group });
    assert.throws(() => bus.subscribe('/g', () => undefined, { group, overflow: 'block' }), isConflict);
    bus.subscribe('/g', () => undefined, { group, overflow: 'block', broker: false }).stop();
    lossy.stop();
    bus.subscribe('/g', () => undefined, { group, overflow: 'block' });
    assert.throws(() => bus.subscribe('/g', () => undefined, { group }), isConflict);
    assert.equal(bus.subscriptions().length, 1);
    await cluster.stop();
  });

  it('refuse a set of values, by which other nodes cannot choose a member', async () => {
    const cluster = new TestCluster();
    await cluster.add('a');
    const bus = cluster.bus('a');
    const group = { name: 'g', strategy: 'random' } as const;
    const only = { capture: 'id', values: new Set(['1']) };
    const isRefusal = (error: unknown): boolean =>
      error instanceof ClusterError && error.code === 'invalid-options' && error.message.includes('only:');
    assert.throws(() => bus.subscribe('/d/{id}', () => undefined, { group, only }), isRefusal);
    assert.throws(() => bus.respond('/d/{id}', () => 1, { group, only }), isRefusal);
    const subscription = bus.subscribe('/d/{id}', () => undefined, { group });
    assert.throws(() => subscription.update('/d/{id}', only), isRefusal);
    const local = bus.subscribe('/d/{id}', () => undefined, { group, only, broker: false });
    assert.equal(local.stats.received, 0);
    await cluster.stop();
  });

  it('give the least busy node the next event', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    for (const name of ['b', 'c']) {
      const group = { name: 'g', strategy: 'least-in-flight' } as const;
      const subscription = cluster.bus(name).subscribe('/g', () => void got.push(name), { group });
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    }
    cluster.hub.congest('a', 'b', true);
    // At first both have nothing under way; from then on b has, and never less than c.
    for (let index = 0; index < 100; index += 1) {
      cluster.bus('a').publish('/g', index);
      await cluster.sim.runAsync(200);
    }
    assert.ok(got.length >= 98, `${got.length} at c`);
    await cluster.stop();
  });

  it('refuse one lossless subscription more than peers open lanes for, and take it when another stopped', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const bus = cluster.bus('b');
    const subscribe = (topic: string): BusSubscription => bus.subscribe(topic, () => undefined, { overflow: 'block' });
    const all = Array.from({ length: 1024 }, (_, index) => subscribe(`/t/${index}`));
    assert.throws(
      () => subscribe('/t/more'),
      (error: unknown) => error instanceof ClusterError && error.code === 'too-large',
    );
    all[0]?.stop();
    const last = subscribe('/t/more');
    await cluster.sim.settle(last.ready({ scope: 'cluster' }), 5000);
    cluster.bus('a').publish('/t/more', 1);
    cluster.bus('a').publish('/t/1023', 1);
    await cluster.sim.runUntil(() => last.stats.received + (all[1023]?.stats.received ?? 0) === 2, 1000);
    assert.deepEqual([last.stats.received, all[1023]?.stats.received], [1, 1]);
    await cluster.stop();
  });
});

interface MemberOptions {
  readonly strategy: GroupStrategy;
  readonly handleMs: number;
}

async function join(
  cluster: TestCluster,
  name: string,
  { strategy, handleMs }: MemberOptions,
  handle: (value: string) => void,
): Promise<BusSubscription> {
  const { sim } = cluster;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      sim.setTimer(after(sim.now(), handleMs), resolve);
    });
  const options: SubscribeOptions = {
    group: { name: 'g', strategy },
    overflow: 'block',
    queueMax: 16,
    concurrencyMax: 1,
  };
  const subscription = cluster.bus(name).subscribe(
    '/g',
    (event) => {
      handle(String(event.value));
      return handleMs === 0 ? undefined : pause();
    },
    options,
  );
  await sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
  return subscription;
}

async function* count(source: string, events: number): AsyncGenerator<string> {
  for (let index = 0; index < events; index += 1) {
    await Promise.resolve();
    yield `${source} ${String(index).padStart(5, '0')}`;
  }
}
