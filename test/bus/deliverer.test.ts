import assert from 'node:assert/strict';
import { after } from '../../src/core/clock.js';
import { CountedMetrics } from '../testing/counted-metrics.js';
import { TestCluster } from './three-nodes.js';

describe('bus/deliverer', () => {
  it('drops and counts what a peer may not publish here, and delivers what it may', async () => {
    const metrics = new CountedMetrics();
    const asked: string[] = [];
    const cluster = new TestCluster(1, {
      // Only b has rules: a and c publish as they like.
      hooksOf: (name) => (name === 'b' ? { allow: onlyCMayCommand(asked) } : {}),
      metricsOf: (name) => (name === 'b' ? metrics : new CountedMetrics()),
    });
    await cluster.add('a', 'b', 'c');
    const got: string[] = [];
    for (const name of ['b', 'c']) {
      const subscription = cluster
        .bus(name)
        .subscribe('/**', ({ topic, source }) => void got.push(`${name} got ${topic} of ${source}`));
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    }
    cluster.bus('a').publish('/open', 1);
    cluster.bus('a').publish('/command', 2);
    cluster.bus('a').publish('/open', 3);
    cluster.bus('c').publish('/command', 4);
    await cluster.sim.runAsync(100);
    assert.deepEqual(
      got.filter((line) => line.startsWith('b ')),
      ['b got /open of a', 'b got /open of a', 'b got /command of c'],
    );
    assert.equal(got.filter((line) => line.startsWith('c got /command of a')).length, 1);
    assert.equal(metrics.sum('scalebus_bus_events_forbidden_total'), 1);
    assert.deepEqual(asked.toSorted(), ['a /command', 'a /open', 'a /open', 'c /command']);
    await cluster.stop();
  });

  it('confirms as failed what a peer may not publish here, on the lane of a block subscription as well', async () => {
    const metrics = new CountedMetrics();
    const cluster = new TestCluster(1, {
      hooksOf: (name) => (name === 'b' ? { allow: onlyCMayCommand([]) } : {}),
      metricsOf: (name) => (name === 'b' ? metrics : new CountedMetrics()),
    });
    await cluster.add('a', 'b');
    const subscription = cluster.bus('b').subscribe('/command', () => assert.fail(), { overflow: 'block' });
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    const confirmed = cluster.bus('a').publishConfirmed('/command', 1, { level: 'handled' });
    const { missing } = await cluster.sim.settle(confirmed, 6000);
    assert.deepEqual(missing, [{ node: 'b', why: 'handler-failed' }]);
    assert.equal(metrics.sum('scalebus_bus_events_forbidden_total'), 1);
    await cluster.stop();
  });

  it('keeps an event of another node that waited longer than its ttlMs from the handler', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const subscription = cluster.bus('b').subscribe(
      '/t',
      ({ value }) => {
        got.push(value);
        return new Promise<void>((resolve) => {
          cluster.sim.setTimer(after(cluster.sim.now(), 300), resolve);
        });
      },
      { concurrencyMax: 1 },
    );
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    const bus = cluster.bus('a');
    bus.publish('/t', 'busy');
    bus.publish('/t', 'stale', { ttlMs: 200 });
    bus.publish('/t', 'fresh', { ttlMs: 2000 });
    bus.publish('/t', 'endless');
    await cluster.sim.runAsync(2000);
    assert.deepEqual(got, ['busy', 'fresh', 'endless']);
    assert.deepEqual([subscription.stats.received, subscription.stats.dropped], [4, 1]);
    await cluster.stop();
  });
});

/** Lets everyone publish everything but `/command`, which is for c. */
function onlyCMayCommand(asked: string[]): (request: { action: string; topic: string; node: string }) => boolean {
  return ({ action, topic, node }) => {
    if (action !== 'publish') return true;
    asked.push(`${node} ${topic}`);
    return topic !== '/command' || node === 'c';
  };
}
