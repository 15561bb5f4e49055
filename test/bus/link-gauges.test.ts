import assert from 'node:assert/strict';
import { LinkGauges, linkGaugesPeriodMs } from '../../src/bus/link-gauges.js';
import { ProcessMetrics } from '../../src/runtime/process-metrics.js';
import { Simulator } from '../../src/testing/simulator.js';
import { CountedMetrics } from '../testing/counted-metrics.js';
import { TestCluster } from './three-nodes.js';

describe('bus/link-gauges', () => {
  it('show a stall before anything is dropped, and nothing of it once it is over', async () => {
    const metrics = new ProcessMetrics();
    const cluster = new TestCluster(1, { metricsOf: (name) => (name === 'a' ? metrics : new CountedMetrics()) });
    await cluster.add('a', 'b', 'c');
    for (const name of ['b', 'c']) {
      const subscription = cluster.bus(name).subscribe('/x', () => undefined);
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    }
    const read = (node: string): readonly (number | undefined)[] => [
      metrics.find('scalebus_bus_link_unacknowledged', { node }),
      metrics.find('scalebus_bus_link_held_bytes', { node }),
    ];
    cluster.hub.congest('a', 'b', true);
    for (let index = 0; index < 100; index += 1) cluster.bus('a').publish('/x', index);
    await cluster.sim.runAsync(2 * linkGaugesPeriodMs);
    const [unacknowledged = 0, heldBytes = 0] = read('b');
    assert.equal(unacknowledged, 100);
    assert.ok(heldBytes >= 100, String(heldBytes));
    assert.deepEqual(read('c'), [0, 0]);
    assert.equal(metrics.find('scalebus_bus_events_refused_total'), 0);
    cluster.hub.congest('a', 'b', false);
    await cluster.sim.runAsync(2 * linkGaugesPeriodMs);
    assert.deepEqual(read('b'), [0, 0]);
    await cluster.stop();
  });

  it('have one series for each node that is there, and none after the bus has stopped', async () => {
    const metrics = new ProcessMetrics();
    const cluster = new TestCluster(1, { metricsOf: (name) => (name === 'a' ? metrics : new CountedMetrics()) });
    await cluster.add('a', 'b', 'c');
    await cluster.sim.runAsync(2 * linkGaugesPeriodMs);
    assert.deepEqual(nodesOf(metrics), ['b', 'c']);
    await cluster.kill('b');
    await cluster.sim.runAsync(2 * linkGaugesPeriodMs);
    assert.deepEqual(nodesOf(metrics), ['c']);
    await cluster.stop();
    assert.deepEqual(nodesOf(metrics), []);
  });

  it('leave zeros in metrics that cannot forget', () => {
    const metrics = new CountedMetrics();
    const sim = new Simulator({ seed: 1 });
    const info = {
      node: 'b',
      epoch: 1,
      linked: true,
      suspect: false,
      sent: 5,
      dropped: 0,
      resent: 0,
      inFlight: 5,
      heldBytes: 50,
      received: 0,
      duplicates: 0,
      ownLanes: 0,
    };
    const gauges = new LinkGauges(metrics, sim, () => [info]);
    gauges.start();
    sim.run(linkGaugesPeriodMs);
    assert.deepEqual([...metrics.values.values()], [5, 50]);
    gauges.stop();
    assert.deepEqual([...metrics.values.values()], [0, 0]);
    sim.run(5 * linkGaugesPeriodMs);
    assert.deepEqual([...metrics.values.values()], [0, 0]);
  });
});

function nodesOf(metrics: ProcessMetrics): readonly string[] {
  const family = metrics.snapshot().find(({ name }) => name === 'scalebus_bus_link_unacknowledged');
  return (family?.series ?? [])
    .map(({ labels }) => labels['node'] ?? '')
    .toSorted((left, right) => (left < right ? -1 : 1));
}
