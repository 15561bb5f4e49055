import assert from 'node:assert/strict';
import type { Undelivered } from '../../src/bus/event-bus.js';
import { TestCluster } from './three-nodes.js';

describe('an event whose group has no member any more where it comes', () => {
  it('is told to its publisher, once each, and also when the report was lost with its link', async () => {
    const { cluster, told } = await arrange();
    const jobs = await member(cluster, 'jobs');
    jobs.stop();
    for (let index = 0; index < 3; index += 1) cluster.bus('a').publish('/job', index);
    await cluster.sim.runAsync(45);
    // The reports are on their way back.
    cluster.hub.drop('a', 'b');
    await cluster.sim.runAsync(3000);
    assert.equal(told.length, 3);
    // They are sent again.
    cluster.hub.drop('a', 'b');
    await cluster.sim.runAsync(3000);
    assert.deepEqual(
      told.map(({ kind, node, count }) => [kind, node, count]),
      [
        ['refused', 'b', 1],
        ['refused', 'b', 1],
        ['refused', 'b', 1],
      ],
    );
    await cluster.stop();
  });

  it('is told although another group and a plain subscription there got it, and they get it once', async () => {
    const { cluster, told } = await arrange();
    const got: string[] = [];
    const jobs = await member(cluster, 'jobs');
    await member(cluster, 'audit', () => got.push('audit'));
    const plain = cluster.bus('b').subscribe('/job', () => void got.push('plain'));
    await cluster.sim.settle(plain.ready({ scope: 'cluster' }), 2000);
    jobs.stop();
    cluster.bus('a').publish('/job', 1);
    await cluster.sim.runAsync(1000);
    assert.deepEqual(got.toSorted(), ['audit', 'plain']);
    assert.deepEqual(
      told.map(({ kind, node, count }) => [kind, node, count]),
      [['refused', 'b', 1]],
    );
    await cluster.stop();
  });

  it('is not told when nobody but plain subscriptions had wanted it', async () => {
    const { cluster, told } = await arrange();
    const plain = cluster.bus('b').subscribe('/job', () => undefined);
    await cluster.sim.settle(plain.ready({ scope: 'cluster' }), 2000);
    plain.stop();
    cluster.bus('a').publish('/job', 1);
    await cluster.sim.runAsync(1000);
    assert.deepEqual(told, []);
    await cluster.stop();
  });
});

async function arrange(): Promise<{ cluster: TestCluster; told: Undelivered[] }> {
  const cluster = new TestCluster(1, { links: { delayMs: 30 } });
  await cluster.add('a', 'b');
  const told: Undelivered[] = [];
  cluster.bus('a').onUndelivered((one) => void told.push(one));
  return { cluster, told };
}

async function member(cluster: TestCluster, name: string, run: () => void = () => undefined) {
  const subscription = cluster.bus('b').subscribe('/job', run, { group: { name, strategy: 'oldest' } });
  await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 2000);
  return subscription;
}
