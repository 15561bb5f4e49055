import assert from 'node:assert/strict';
import type { Undelivered } from '../../src/bus/event-bus.js';
import { ClusterError } from '../../src/core/errors.js';
import type { BusEvent, Gap } from '../../src/spi/bus.js';
import { TestCluster } from './three-nodes.js';

describe('bus/cluster', () => {
  it('carries an event to the nodes that want it, and only once to each', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    const sub = cluster
      .bus('b')
      .subscribe(['/x/*', '/x/1'], (event) => void got.push(`b ${String(event.value)} ${event.source}`));
    cluster.bus('b').subscribe('/x/**', (event) => void got.push(`b2 ${String(event.value)}`));
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    assert.deepEqual(cluster.bus('a').publish('/x/1', 'hi'), { local: 0, nodes: 1, groups: 0, dropped: 0 });
    await cluster.sim.runAsync(50);
    assert.deepEqual(got.toSorted(), ['b hi a', 'b2 hi']);
    await cluster.stop();
  });

  it('keeps order over many events and reports no gap', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const gaps: Gap[] = [];
    const sub = cluster
      .bus('b')
      .subscribe('/n', (event) => void got.push(event.value), { onGap: (gap) => void gaps.push(gap) });
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    for (let index = 0; index < 5000; index += 1) cluster.bus('a').publish('/n', { index, name: 'same shape' });
    await cluster.sim.runAsync(500);
    assert.deepEqual(
      got.map((value) => (value as { index: number }).index),
      Array.from({ length: 5000 }, (_, i) => i),
    );
    assert.deepEqual(gaps, []);
    await cluster.stop();
  });

  it('resumes after a reconnect without loss or duplicate', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const gaps: Gap[] = [];
    const sub = cluster
      .bus('b')
      .subscribe('/n', (event) => void got.push(event.value), { onGap: (gap) => void gaps.push(gap) });
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    for (let index = 0; index < 300; index += 1) {
      cluster.bus('a').publish('/n', index);
      if (index % 50 === 25) cluster.hub.drop('a', 'b');
      await cluster.sim.runAsync(3);
    }
    await cluster.sim.runAsync(1000);
    assert.deepEqual(
      got,
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.deepEqual(gaps, []);
    await cluster.stop();
  });

  it('tells the publisher of every event that a killed node may not have got', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const told: Undelivered[] = [];
    cluster.bus('a').onUndelivered((undelivered) => void told.push(undelivered));
    const sub = cluster.bus('b').subscribe('/n', () => undefined);
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const { nodes } = cluster.bus('a').explain('/n');
    // These leave, and their acknowledgement is not due for 100 ms.
    for (let index = 0; index < 7; index += 1) cluster.bus('a').publish('/n', index);
    await cluster.sim.runAsync(20);
    // The link is down: these wait for the next one.
    cluster.hub.cut('a', 'b');
    await cluster.sim.runAsync(20);
    for (let index = 0; index < 5; index += 1) assert.equal(cluster.bus('a').publish('/n', index).nodes, 1);
    await cluster.kill('b');
    await cluster.sim.runAsync(1000);
    const epoch = nodes[0]?.epoch;
    assert.deepEqual(told, [
      { kind: 'unknown', node: 'b', epoch, count: 7, from: 1, to: 7 },
      { kind: 'unsent', node: 'b', epoch, count: 5 },
    ]);
    await cluster.stop();
  });

  it('lets no more be on the way than it can hold, however much credit the peer gave', async () => {
    const cluster = new TestCluster(1, { windowEventsMax: 2000 });
    await cluster.add('a', 'b');
    const subscription = cluster.bus('b').subscribe('/flood', () => undefined);
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    const told = { unknown: 0, unsent: 0, refused: 0 };
    cluster.bus('a').onUndelivered(({ kind, count }) => void (told[kind] += count));
    cluster.hub.cut('a', 'b');
    for (let index = 0; index < 20_000; index += 1) cluster.bus('a').publish('/flood', index);
    await cluster.sim.runAsync(50);
    await cluster.kill('b');
    await cluster.sim.runAsync(50);
    // A frame more than that may have been begun.
    assert.ok(told.unknown >= 2000 && told.unknown <= 2256, JSON.stringify(told));
    assert.equal(told.unsent, 2000);
    await cluster.stop();
  });

  it('goes on after a connection that took all with it that could be on the way', async () => {
    const cluster = new TestCluster(1, { windowEventsMax: 400, links: { silentMs: 300 } });
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const subscription = cluster
      .bus('b')
      .subscribe('/flood', (event) => void got.push(event.value), { queueMax: 2000 });
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    cluster.hub.cut('a', 'b');
    for (let index = 0; index < 3000; index += 1) {
      cluster.bus('a').publish('/flood', index);
      if (index % 100 === 99) await cluster.sim.runAsync(1);
    }
    await cluster.sim.runAsync(500);
    cluster.hub.heal('a', 'b');
    await cluster.sim.runAsync(2000);
    assert.equal(cluster.bus('a').explain('/flood').nodes[0]?.inFlight, 0);
    cluster.bus('a').publish('/flood', 'last');
    await cluster.sim.runAsync(200);
    assert.deepEqual([got.length, got.at(-1)], [401, 'last']);
    await cluster.stop();
  });

  it('answers requests across nodes, and cancels them', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    let cancelled = 0;
    const first = cluster
      .bus('b')
      .respond('/q/{n}', (event) => `b ${event.captures['n'] ?? ''} ${String(event.value)}`);
    const second = cluster.bus('c').respond('/q/*', (_, context) => {
      context.cancel.listen(() => (cancelled += 1));
      return new Promise(() => undefined);
    });
    await cluster.sim.settle(
      Promise.all([first.ready({ scope: 'cluster' }), second.ready({ scope: 'cluster' })]),
      1000,
    );
    const answer = await cluster.sim.settle(cluster.bus('a').request('/q/7', 'x'), 1000);
    assert.equal(answer.value, 'b 7 x');
    assert.equal(answer.source, 'b');
    await cluster.sim.runAsync(20);
    assert.equal(cancelled, 1);
    await cluster.stop();
  });

  it('streams many answers with back-pressure', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    let made = 0;
    const sub = cluster.bus('b').respond('/q', async function* count() {
      while (made < 100) {
        await Promise.resolve();
        yield (made += 1);
      }
    });
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const answers = cluster.bus('a').requestMany('/q', 1)[Symbol.asyncIterator]();
    await cluster.sim.settle(answers.next(), 1000);
    await cluster.sim.runAsync(100);
    assert.ok(made <= 50, String(made));
    const rest: BusEvent[] = [];
    await cluster.sim.settle(
      (async () => {
        for (let next = await answers.next(); next.done !== true; next = await answers.next()) rest.push(next.value);
      })(),
      10_000,
    );
    assert.equal(rest.length, 99);
    await cluster.stop();
  });

  it('confirms handled across nodes', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const subs = [
      cluster.bus('b').subscribe('/x', () => undefined),
      cluster.bus('c').subscribe('/x', () => {
        throw new Error('no');
      }),
    ];
    for (const sub of subs) await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const handled = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/x', 1, { level: 'handled' }), 6000);
    assert.deepEqual(handled.confirmed, ['b']);
    assert.deepEqual(handled.missing, [{ node: 'c', why: 'handler-failed' }]);
    const delivered = await cluster.sim.settle(
      cluster.bus('a').publishConfirmed('/x', 1, { level: 'delivered' }),
      6000,
    );
    assert.deepEqual(delivered.confirmed, ['b', 'c']);
    const written = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/x', 1, { level: 'written' }), 6000);
    assert.deepEqual(written.confirmed, ['b', 'c']);
    await cluster.stop();
  });

  it('never loses an event of a block subscription that is fed by publishFrom', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: number[] = [];
    const sub = cluster.bus('b').subscribe(
      '/n',
      (event) => {
        got.push(event.value as number);
        return new Promise<void>(
          (resolve) =>
            void cluster.sim.setTimer((cluster.sim.now() + 2) as ReturnType<typeof cluster.sim.now>, resolve),
        );
      },
      { overflow: 'block', queueMax: 16, concurrencyMax: 4 },
    );
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    async function* count(from: number): AsyncGenerator<number> {
      for (let index = 0; index < 2000; index += 1) {
        await Promise.resolve();
        yield from + index;
      }
    }
    const reports = Promise.all([
      cluster.bus('a').publishFrom('/n', count(0)),
      cluster.bus('c').publishFrom('/n', count(10_000)),
      cluster.bus('b').publishFrom('/n', count(20_000)),
    ]);
    const [first, second, third] = await cluster.sim.settle(reports, 60_000);
    assert.equal(first.receipt.dropped + second.receipt.dropped + third.receipt.dropped, 0);
    await cluster.sim.runUntil(() => got.length === 6000, 60_000);
    assert.equal(got.length, 6000);
    for (const from of [0, 10_000, 20_000]) {
      assert.deepEqual(
        got.filter((value) => value >= from && value < from + 10_000),
        Array.from({ length: 2000 }, (_, i) => from + i),
      );
    }
    assert.equal(sub.stats.dropped, 0);
    await cluster.stop();
    // Six thousand events in turns of three: a busy machine takes its time.
  }).timeout(20_000);
});

describe('bus/cluster lossless patterns', () => {
  it('refuses more than peers could read of one block subscription, and changes nothing', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const topics = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `/t/${index}`);
    const bus = cluster.bus('b');
    const block = { overflow: 'block' } as const;
    const isRefusal = (error: unknown): boolean =>
      error instanceof ClusterError && error.code === 'invalid-options' && /257 patterns/.test(error.message);
    assert.throws(() => bus.subscribe(topics(257), () => undefined, block), isRefusal);
    assert.equal(bus.subscriptions().length, 0);
    const got: string[] = [];
    const subscription = bus.subscribe(topics(256), (event) => void got.push(event.topic), block);
    assert.throws(() => subscription.update(topics(257)), isRefusal);
    // Nothing of this node's own travels, and a queue that loses needs no lane.
    bus.subscribe(topics(257), () => undefined, { overflow: 'block', broker: false }).stop();
    bus.subscribe(topics(257), () => undefined).stop();
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 5000);
    assert.equal(cluster.bus('a').publish('/t/255', 1).nodes, 1);
    await cluster.sim.runUntil(() => got.length > 0, 1000);
    assert.deepEqual(got, ['/t/255']);
    await cluster.stop();
  });
});

describe('bus/cluster groups', () => {
  it('keeps the oldest member through joins, and takes the next when it leaves', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: string[] = [];
    const group = { name: 'g', strategy: 'oldest' } as const;
    const join = async (name: string): Promise<void> => {
      const sub = cluster.bus(name).subscribe('/g', () => void got.push(name), { group });
      await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    };
    await join('b');
    await join('a');
    await cluster.add('c');
    await join('c');
    for (const publisher of ['a', 'b', 'c']) cluster.bus(publisher).publish('/g', 1);
    await cluster.sim.runAsync(50);
    // Age is the epoch of the node first: the node that is there longest.
    assert.deepEqual(got, ['a', 'a', 'a']);
    await cluster.kill('a');
    await cluster.sim.runAsync(200);
    got.length = 0;
    for (const publisher of ['b', 'c']) cluster.bus(publisher).publish('/g', 1);
    await cluster.sim.runAsync(50);
    assert.deepEqual(got, ['b', 'b']);
    await cluster.stop();
  });

  it('moves only the keys of a new member of a hashed group', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const owners = new Map<unknown, string>();
    const join = async (name: string): Promise<void> => {
      const group = { name: 'g', strategy: 'hashed' } as const;
      const sub = cluster.bus(name).subscribe('/g', (event) => void owners.set(event.value, name), { group });
      await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    };
    const publishAll = async (): Promise<Map<unknown, string>> => {
      for (let index = 0; index < 300; index += 1) cluster.bus('a').publish('/g', index, { key: `key-${index}` });
      await cluster.sim.runAsync(50);
      return new Map(owners);
    };
    for (const name of ['a', 'b', 'c']) await join(name);
    const before = await publishAll();
    assert.deepEqual(await publishAll(), before);
    await cluster.add('d');
    await join('d');
    const now = await publishAll();
    const moved = [...now].filter(([key, owner]) => before.get(key) !== owner);
    assert.ok(moved.every(([, owner]) => owner === 'd'));
    assert.ok(moved.length > 30 && moved.length < 150, String(moved.length));
    await cluster.stop();
  });

  it('chooses another member when the winner is gone, with a confirmation', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    for (const name of ['b', 'c']) {
      const group = { name: 'g', strategy: 'oldest' } as const;
      const sub = cluster.bus(name).subscribe('/g', () => void got.push(name), { group });
      await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    }
    // The event waits for credit, so it is certain that b never saw it.
    cluster.hub.congest('a', 'b', true);
    const confirmed = cluster.bus('a').publishConfirmed('/g', 1, { level: 'handled' });
    await cluster.sim.runAsync(20);
    await cluster.kill('b');
    const report = await cluster.sim.settle(confirmed, 6000);
    assert.deepEqual(got, ['c']);
    assert.deepEqual(report.confirmed, ['c']);
    assert.deepEqual(report.missing, [{ node: 'b', why: 'link-lost' }]);
    await cluster.stop();
  });

  it('does not choose a suspect member, and keeps its plain subscriptions', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    const group = { name: 'g', strategy: 'oldest' } as const;
    for (const name of ['b', 'c']) {
      const sub = cluster.bus(name).subscribe('/g', () => void got.push(name), { group });
      await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    }
    cluster.suspect('a', 'b');
    await cluster.sim.runAsync(10);
    cluster.bus('a').publish('/g', 1);
    await cluster.sim.runAsync(50);
    assert.deepEqual(got, ['c']);
    await cluster.stop();
  });
});

describe('bus/cluster lives', () => {
  it('tells a gap with an unknown end when a publisher fails, and none when it stops in order', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const gaps: Gap[] = [];
    const sub = cluster.bus('c').subscribe('/x', () => undefined, { onGap: (gap) => void gaps.push(gap) });
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    for (const name of ['a', 'b']) cluster.bus(name).publish('/x', 1);
    await cluster.sim.runAsync(200);
    await cluster.sim.settle(cluster.bus('a').withdraw(1000), 2000);
    await cluster.sim.settle(cluster.bus('a').finish(1000), 2000);
    await cluster.sim.settle(cluster.bus('a').sayFinal(1000), 2000);
    await cluster.sim.runAsync(50);
    await cluster.kill('a');
    await cluster.sim.runAsync(200);
    assert.deepEqual(gaps, []);
    await cluster.kill('b');
    await cluster.sim.runAsync(200);
    assert.deepEqual(gaps, [{ node: 'b', epoch: 2, from: 2, to: undefined }]);
    await cluster.stop();
  });

  it('lets nothing of an older life touch a restarted node of the same name', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    cluster.bus('b').subscribe('/old', () => assert.fail());
    await cluster.sim.runAsync(50);
    await cluster.restart('b');
    const got: unknown[] = [];
    const sub = cluster.bus('b').subscribe('/new', (event) => void got.push(event.value));
    await cluster.sim.runAsync(500);
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    assert.equal(cluster.bus('a').publish('/old', 1).nodes, 0);
    assert.equal(cluster.bus('a').publish('/new', 2).nodes, 1);
    await cluster.sim.runAsync(50);
    assert.deepEqual(got, [2]);
    await cluster.stop();
  });

  it('withdraws interest before it stops, so that nobody sends to it any more', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const sub = cluster.bus('b').subscribe('/x', () => undefined);
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    assert.equal(cluster.bus('a').publish('/x', 1).nodes, 1);
    await cluster.sim.settle(cluster.bus('b').withdraw(1000), 2000);
    assert.equal(cluster.bus('a').publish('/x', 1).nodes, 0);
    await cluster.stop();
  });

  it('keeps memory bounded for a stalled peer, tells it, and does not disturb the others', async () => {
    const cluster = new TestCluster(1, { windowEventsMax: 100 });
    await cluster.add('a', 'b', 'c');
    const got: Record<string, number> = { b: 0, c: 0 };
    const gaps: Gap[] = [];
    for (const name of ['b', 'c']) {
      const sub = cluster.bus(name).subscribe('/x', () => void (got[name] = (got[name] ?? 0) + 1), {
        onGap: (gap) => void gaps.push(gap),
      });
      await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    }
    cluster.hub.congest('a', 'b', true);
    let dropped = 0;
    for (let index = 0; index < 1000; index += 1) {
      dropped += cluster.bus('a').publish('/x', index).dropped;
      if (index % 50 === 49) await cluster.sim.runAsync(5);
    }
    await cluster.sim.runAsync(100);
    assert.equal(got['c'], 1000);
    assert.equal(dropped, 900);
    const toB = cluster
      .bus('a')
      .links()
      .find(({ node }) => node === 'b');
    assert.ok((toB?.heldBytes ?? Infinity) < 20_000);
    cluster.hub.congest('a', 'b', false);
    await cluster.sim.runAsync(200);
    assert.equal(got['b'], 100);
    assert.equal(
      gaps.reduce((sum, gap) => sum + (gap.to ?? Infinity) - gap.from + 1, 0),
      900,
    );
    await cluster.stop();
  });

  it('announces 20,000 device topics as a thousand rows', async function announces() {
    this.timeout(20_000);
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    let got = 0;
    let last = cluster.bus('b').subscribe('/device/none/up', () => undefined);
    for (let index = 0; index < 20_000; index += 1) {
      last = cluster.bus('b').subscribe(`/device/d${index}/up`, () => void (got += 1));
    }
    await cluster.sim.settle(last.ready({ scope: 'cluster' }), 60_000);
    assert.equal(cluster.bus('a').publish('/device/d19999/up', 1).nodes, 1);
    let strays = 0;
    for (let index = 0; index < 2000; index += 1) strays += cluster.bus('a').publish(`/device/x${index}/up`, 1).nodes;
    assert.ok(strays < 5, String(strays));
    await cluster.sim.runAsync(200);
    assert.equal(got, 1);
    await cluster.stop();
  });

  it('announces 50,000 devices of one subscription as one entry, and what is taken from its set', async function one() {
    this.timeout(20_000);
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const idsTo = (end: number): Set<string> => new Set(Array.from({ length: end }, (_, index) => `d${index}`));
    const got: unknown[] = [];
    const subscription = cluster
      .bus('b')
      .subscribe('/device/{id}/up', ({ captures }) => void got.push(captures['id']), {
        only: { capture: 'id', values: idsTo(50_000) },
      });
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 60_000);
    const bus = cluster.bus('a');
    assert.deepEqual(bus.explain('/device/d49999/up').nodes[0]?.because, ['/device/*/up narrowed to a set of values']);
    for (const id of ['d0', 'd25000', 'd49999']) assert.equal(bus.publish(`/device/${id}/up`, 1).nodes, 1);
    let strays = 0;
    for (let index = 0; index < 2000; index += 1) strays += bus.publish(`/device/x${index}/up`, 1).nodes;
    assert.ok(strays < 5, String(strays));
    // What is on its way is no longer wanted once the set is smaller.
    await cluster.sim.runAsync(50);
    subscription.update('/device/{id}/up', { capture: 'id', values: idsTo(49_999) });
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 60_000);
    assert.equal(bus.publish('/device/d49999/up', 1).nodes, 0);
    assert.equal(bus.publish('/device/d49998/up', 1).nodes, 1);
    await cluster.sim.runAsync(200);
    assert.deepEqual(got, ['d0', 'd25000', 'd49999', 'd49998']);
    await cluster.stop();
  });

  it('explains who would get an event, and why', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    cluster.bus('a').subscribe('/x/*', () => undefined, { id: 'mine' });
    cluster.bus('b').subscribe('/x/**', () => undefined);
    cluster.bus('b').subscribe('/x/1', () => undefined, { group: { name: 'g', strategy: 'oldest' } });
    cluster.bus('b').respond('/x/1', () => 1);
    await cluster.sim.runAsync(100);
    const explained = cluster.bus('a').explain('/x/1');
    assert.deepEqual(
      explained.subscriptions.map(({ id, patterns }) => [id, patterns]),
      [['mine', ['/x/*']]],
    );
    assert.deepEqual(
      explained.nodes.map(({ node, because }) => [node, because.toSorted()]),
      [['b', ['/x/**', '/x/1']]],
    );
    assert.deepEqual(
      explained.groups.map(({ name, winner }) => [name, winner]),
      [['g', 'b']],
    );
    assert.deepEqual(explained.responders, [{ node: 'b', plain: 1, groups: [] }]);
    await cluster.stop();
  });

  it('shows a tap what passes anywhere', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b', 'c');
    const seen: unknown[] = [];
    const tap = cluster
      .bus('c')
      .tap('/t/**')
      .subscribe((event) => void seen.push(`${event.source} ${event.topic}`));
    await cluster.sim.runAsync(100);
    cluster.bus('a').publish('/t/1', 1);
    cluster.bus('b').publish('/t/2', 1);
    await cluster.sim.runAsync(50);
    tap.unsubscribe();
    assert.deepEqual(new Set(seen), new Set(['a /t/1', 'b /t/2']));
    await cluster.stop();
  });

  it('shows a tap its share of what passes, and a full or an empty share exactly', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const seen = new Map<number, number>();
    for (const sample of [0, 0.1, 1]) {
      seen.set(sample, 0);
      cluster
        .bus('b')
        .tap('/t/**', { sample })
        .subscribe(() => void seen.set(sample, (seen.get(sample) ?? 0) + 1));
    }
    await cluster.sim.runAsync(100);
    for (let index = 0; index < 10_000; index += 1) {
      cluster.bus('a').publish(`/t/${index % 7}`, index);
      if (index % 1000 === 999) await cluster.sim.runAsync(10);
    }
    await cluster.sim.runAsync(100);
    assert.deepEqual([seen.get(0), seen.get(1)], [0, 10_000]);
    // Ten standard deviations of a draw with this chance.
    assert.ok(Math.abs((seen.get(0.1) ?? 0) - 1000) < 300, String(seen.get(0.1)));
    await cluster.stop();
  });
});
