import assert from 'node:assert/strict';
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
  });
});
