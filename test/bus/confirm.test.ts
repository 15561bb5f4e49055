import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { after } from '../../src/core/clock.js';
import type { Gap } from '../../src/spi/bus.js';
import { TestCluster } from './three-nodes.js';

describe('bus/confirm', () => {
  it('waits for every copy that a node gets, whichever lane is quicker', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: string[] = [];
    cluster.bus('b').subscribe('/n', () => void got.push('quick'));
    const slow = cluster.bus('b').subscribe(
      '/n',
      async () => {
        await pause(cluster, 300);
        got.push('slow');
      },
      { overflow: 'block', concurrencyMax: 1 },
    );
    await cluster.sim.settle(slow.ready({ scope: 'cluster' }), 1000);
    const report = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/n', 1, { level: 'handled' }), 5000);
    assert.deepEqual([report.confirmed, report.missing, got], [['b'], [], ['quick', 'slow']]);
    await cluster.stop();
  });

  it('names a node once, as missing, when one of its copies fails', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    cluster.bus('b').subscribe('/n', () => undefined);
    const failing = cluster.bus('b').subscribe(
      '/n',
      () => {
        throw new Error('no');
      },
      { overflow: 'block' },
    );
    await cluster.sim.settle(failing.ready({ scope: 'cluster' }), 1000);
    const report = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/n', 1, { level: 'handled' }), 5000);
    assert.deepEqual([report.confirmed, report.missing], [[], [{ node: 'b', why: 'handler-failed' }]]);
    await cluster.stop();
  });

  it('chooses another member when the window of the winner is full, and waits for it', async () => {
    const cluster = new TestCluster(1, { windowEventsMax: 4 });
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    for (const name of ['b', 'c']) {
      const member = cluster.bus(name).subscribe('/job', () => void got.push(name), {
        group: { name: 'jobs', strategy: 'oldest' },
      });
      await cluster.sim.settle(member.ready({ scope: 'cluster' }), 1000);
    }
    cluster.hub.congest('a', 'b', true);
    for (let count = 0; count < 8; count += 1) cluster.bus('a').publish('/job', count);
    const report = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/job', 9, { level: 'handled' }), 5000);
    assert.deepEqual([report.confirmed, report.missing, got], [['c'], [{ node: 'b', why: 'dropped' }], ['c']]);
    await cluster.stop();
  });

  it('tells what handlers made of an event although the link was lost meanwhile', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    let began = 0;
    const slow = cluster.bus('b').subscribe('/n', async () => {
      began += 1;
      await pause(cluster, 400);
    });
    await cluster.sim.settle(slow.ready({ scope: 'cluster' }), 1000);
    const report = cluster.bus('a').publishConfirmed('/n', 1, { level: 'handled', timeoutMs: 4000 });
    await cluster.sim.runAsync(50);
    assert.equal(began, 1);
    cluster.hub.drop('a', 'b');
    const { confirmed, missing } = await cluster.sim.settle(report, 5000);
    assert.deepEqual([confirmed, missing, began], [['b'], [], 1]);
    await cluster.stop();
  });

  it('repeats a result that was lost with its link', async () => {
    const cluster = new TestCluster(1, { links: { delayMs: 30 } });
    await cluster.add('a', 'b');
    let isHandled = false;
    const sub = cluster.bus('b').subscribe('/n', () => void (isHandled = true));
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const report = cluster.bus('a').publishConfirmed('/n', 1, { level: 'handled', timeoutMs: 4000 });
    // The result is on its way back, and goes with the link.
    assert.ok(await cluster.sim.runUntil(() => isHandled, 1000));
    cluster.hub.drop('a', 'b');
    const { confirmed, missing } = await cluster.sim.settle(report, 5000);
    assert.deepEqual([confirmed, missing], [['b'], []]);
    await cluster.stop();
  });

  it('says that an event was sent again after its link was lost, and only then', async () => {
    const cluster = new TestCluster(1, { links: { delayMs: 30 } });
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const sub = cluster.bus('b').subscribe('/n', ({ value }) => void got.push(value));
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const bus = cluster.bus('a');
    const calm = await cluster.sim.settle(bus.publishConfirmed('/n', 'calm', { level: 'handled' }), 5000);
    assert.deepEqual([calm.confirmed, calm.resent], [['b'], false]);
    const report = bus.publishConfirmed('/n', 'again', { level: 'handled' });
    // It has left and not arrived: it goes with the link.
    await cluster.sim.runAsync(10);
    cluster.hub.drop('a', 'b');
    const { confirmed, missing, resent } = await cluster.sim.settle(report, 5000);
    assert.deepEqual([confirmed, missing, resent, got], [['b'], [], true, ['calm', 'again']]);
    const link = bus.links().find(({ node }) => node === 'b');
    assert.equal(link?.resent, 1);
    await cluster.stop();
  });

  for (const level of ['delivered', 'handled'] as const) {
    it(`chooses another member when the chosen one had left its group (${level})`, async () => {
      const cluster = new TestCluster(1, { links: { delayMs: 30 } });
      await cluster.add('a', 'b', 'c');
      const got: string[] = [];
      const members = ['b', 'c'].map((name) =>
        cluster.bus(name).subscribe('/job', () => void got.push(name), { group: { name: 'jobs', strategy: 'oldest' } }),
      );
      await cluster.sim.settle(Promise.all(members.map((one) => one.ready({ scope: 'cluster' }))), 2000);
      members[0]?.stop();
      const report = await cluster.sim.settle(cluster.bus('a').publishConfirmed('/job', 1, { level }), 5000);
      assert.deepEqual([report.confirmed, report.missing, got], [['c'], [{ node: 'b', why: 'refused' }], ['c']]);
      await cluster.stop();
    });
  }

  it('keeps no event past its deadline, though its handler never ends', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const sub = cluster.bus('b').subscribe('/n', () => new Promise<void>(() => undefined));
    await cluster.sim.settle(sub.ready({ scope: 'cluster' }), 1000);
    const values: WeakRef<object>[] = [];
    const reports = Array.from({ length: 50 }, (_, index) => {
      const value = { index };
      values.push(new WeakRef(value));
      return cluster.bus('a').publishConfirmed('/n', value, { level: 'handled', timeoutMs: 50 });
    });
    const missing = (await cluster.sim.settle(Promise.all(reports.splice(0)), 5000)).flatMap(
      (report) => report.missing,
    );
    assert.equal(missing.filter(({ why }) => why === 'deadline').length, 50);
    await cluster.sim.runAsync(1000);
    await collectGarbage();
    assert.equal(values.filter((value) => value.deref() !== undefined).length, 0);
    await cluster.stop();
  });

  it('has told its final number when `sayFinal` resolves, so that leaving at once leaves no gap', async () => {
    const cluster = new TestCluster(1, { links: { delayMs: 50 } });
    await cluster.add('a', 'b');
    const gaps: Gap[] = [];
    const options = { onGap: (gap: Gap): void => void gaps.push(gap) };
    const sub = cluster.bus('b').subscribe('/n', () => undefined, options);
    const blocking = cluster.bus('b').subscribe('/n', () => undefined, { ...options, overflow: 'block' });
    await cluster.sim.settle(Promise.all([sub, blocking].map((one) => one.ready({ scope: 'cluster' }))), 2000);
    cluster.bus('a').publish('/n', 1);
    await cluster.sim.runAsync(1000);
    await cluster.sim.settle(cluster.bus('a').sayFinal(2000), 5000);
    cluster.hub.remove('a', 'left');
    await cluster.sim.runAsync(1000);
    assert.deepEqual(gaps, []);
    await cluster.stop();
  });
});

/** A WeakRef that was read or made in a turn holds its target until the next one. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}

function pause(cluster: TestCluster, ms: number): Promise<void> {
  return new Promise((resolve) => {
    cluster.sim.setTimer(after(cluster.sim.now(), ms), resolve);
  });
}
