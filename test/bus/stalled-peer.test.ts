import assert from 'node:assert/strict';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const events = 2500;
/** Less than what is published while the peer stalls. */
const windowEventsMax = 500;

describe('bus/stalled-peer', function stalledPeer() {
  this.timeout(60_000);

  it('disturbs a healthy peer by less than half at the 99th percentile, on the simulated clock', async () => {
    const calm = await publishBeside('nothing');
    const stalled = await publishBeside('stall');
    assert.deepEqual([calm.healthy.length, stalled.healthy.length], [events, events]);
    assert.ok(stalled.slowest > 1000, `the stalled peer was not stalled: ${stalled.slowest} ms`);
    // Its window was full for most of the time, and what did not fit was told.
    assert.equal(calm.dropped, 0);
    assert.ok(stalled.dropped > events * 0.4, `${stalled.dropped} events dropped`);
    assert.equal(stalled.got, events - stalled.dropped);
    // A small event costs less than this, with what is kept beside it.
    assert.ok(stalled.heldMax > 0 && stalled.heldMax <= windowEventsMax * 128, `${stalled.heldMax} bytes held`);
    const [before, beside] = [percentile(calm.healthy), percentile(stalled.healthy)];
    assert.ok(beside <= before * 1.5, `p99 ${beside} ms beside a stalled peer, ${before} ms without`);
  });
});

/** Publishes an event a millisecond to two nodes, of which one may stall; returns how long each took to the other, in ms. */
async function publishBeside(
  what: 'nothing' | 'stall',
): Promise<{ readonly healthy: number[] } & Readonly<Record<'slowest' | 'got' | 'dropped' | 'heldMax', number>>> {
  const cluster = new SimCluster(7, ['n1', 'n2', 'n3']);
  const { simulator } = cluster;
  const options = { bus: { windowEventsMax } };
  for (const name of ['n1', 'n2', 'n3']) await cluster.settle(cluster.start(name, options), 30_000);
  const times: Record<string, number[]> = { n2: [], n3: [] };
  for (const name of ['n2', 'n3']) {
    const subscription = cluster
      .node(name)
      .bus.subscribe('/x', (event) => void times[name]?.push(simulator.now() - (event.value as number)));
    await cluster.settle(subscription.ready({ scope: 'cluster' }), 10_000);
  }
  if (what === 'stall') cluster.network.machine('n2').loop.stall(2000, 'timer');
  const { bus } = cluster.node('n1');
  let [dropped, heldMax] = [0, 0];
  for (let count = 0; count < events; count += 1) {
    const receipt = bus.publish('/x', simulator.now());
    assert.equal(receipt.nodes + receipt.dropped, 2);
    dropped += receipt.dropped;
    heldMax = Math.max(heldMax, ...bus.links().map(({ heldBytes }) => heldBytes));
    await cluster.pass(1);
  }
  const isAll = (name: string, count: number): boolean => times[name]?.length === count;
  await simulator.runUntil(() => isAll('n2', events - dropped) && isAll('n3', events), 20_000);
  for (const name of ['n1', 'n2', 'n3']) await cluster.settle(cluster.stop(name), 30_000);
  const ofStalled = times['n2'] ?? [];
  return { healthy: times['n3'] ?? [], slowest: Math.max(...ofStalled), got: ofStalled.length, dropped, heldMax };
}

function percentile(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
