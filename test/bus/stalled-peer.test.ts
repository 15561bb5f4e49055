import assert from 'node:assert/strict';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const events = 2500;

describe('bus/stalled-peer', function stalledPeer() {
  this.timeout(60_000);

  it('disturbs a healthy peer by less than half at the 99th percentile, on the simulated clock', async () => {
    const calm = await publishBeside('nothing');
    const stalled = await publishBeside('stall');
    assert.deepEqual([calm.healthy.length, stalled.healthy.length], [events, events]);
    assert.ok(stalled.slowest > 1000, `the stalled peer was not stalled: ${stalled.slowest} ms`);
    const [before, beside] = [percentile(calm.healthy), percentile(stalled.healthy)];
    assert.ok(beside <= before * 1.5, `p99 ${beside} ms beside a stalled peer, ${before} ms without`);
  });
});

/** Publishes an event a millisecond to two nodes, of which one may stall; returns how long each took to the other, in ms. */
async function publishBeside(
  what: 'nothing' | 'stall',
): Promise<{ readonly healthy: number[]; readonly slowest: number }> {
  const cluster = new SimCluster(7, ['n1', 'n2', 'n3']);
  const { simulator } = cluster;
  for (const name of ['n1', 'n2', 'n3']) await cluster.settle(cluster.start(name), 30_000);
  const times: Record<string, number[]> = { n2: [], n3: [] };
  for (const name of ['n2', 'n3']) {
    const subscription = cluster
      .node(name)
      .bus.subscribe('/x', (event) => void times[name]?.push(simulator.now() - (event.value as number)));
    await cluster.settle(subscription.ready({ scope: 'cluster' }), 10_000);
  }
  if (what === 'stall') cluster.network.machine('n2').loop.stall(2000, 'timer');
  const { bus } = cluster.node('n1');
  for (let count = 0; count < events; count += 1) {
    assert.deepEqual(bus.publish('/x', simulator.now()), { local: 0, nodes: 2, groups: 0, dropped: 0 });
    await cluster.pass(1);
  }
  await simulator.runUntil(() => times['n2']?.length === events && times['n3']?.length === events, 20_000);
  for (const name of ['n1', 'n2', 'n3']) await cluster.settle(cluster.stop(name), 30_000);
  return { healthy: times['n3'] ?? [], slowest: Math.max(...(times['n2'] ?? [])) };
}

function percentile(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
