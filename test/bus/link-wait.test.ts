import assert from 'node:assert/strict';
import { TestCluster } from './three-nodes.js';

describe('bus/link-wait', () => {
  it('has a subscription known at a member whose link is still to come', async () => {
    const cluster = new TestCluster(1, { links: { autoLink: false } });
    await cluster.add('a', 'b');
    const subscription = cluster.bus('b').subscribe('/t', () => undefined);
    const known = subscription.ready({ scope: 'cluster' });
    await cluster.sim.runAsync(500);
    assert.equal(cluster.bus('a').publish('/t', 1).nodes, 0);
    cluster.hub.connect('a', 'b');
    await cluster.sim.settle(known, 1000);
    assert.equal(cluster.bus('a').publish('/t', 1).nodes, 1);
    await cluster.stop();
  });

  it('does not wait longer than a second for a member that gets no link', async () => {
    const cluster = new TestCluster(1, { links: { autoLink: false } });
    await cluster.add('a', 'b', 'c');
    cluster.hub.connect('b', 'c');
    await cluster.sim.runAsync(100);
    const subscription = cluster.bus('b').subscribe('/t', () => undefined);
    const since = cluster.sim.now();
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 5000);
    const tookMs = cluster.sim.now() - since;
    assert.ok(tookMs >= 1000 && tookMs < 1200, `${tookMs} ms`);
    assert.equal(cluster.bus('c').publish('/t', 1).nodes, 1);
    await cluster.stop();
  });

  it('gives the deadline its due', async () => {
    const cluster = new TestCluster(1, { links: { autoLink: false } });
    await cluster.add('a', 'b');
    const subscription = cluster.bus('b').subscribe('/t', () => undefined);
    const known = subscription.ready({ scope: 'cluster', timeoutMs: 300 });
    const refusal = assert.rejects(known, { code: 'deadline-exceeded' });
    await cluster.sim.settle(refusal, 310);
    await cluster.stop();
  });
});
