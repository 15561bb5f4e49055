import assert from 'node:assert/strict';
import { meteredTopicsMax, meterIdleMs, TopicMeter } from '../../src/runtime/topic-meter.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('topic meter', () => {
  it('counts from the first question on, the busiest first', async () => {
    const { bus, meter } = await makeWorld();
    bus.publish('/before', 1);
    assert.deepEqual(meter.read(), []);
    bus.publish('/a', 1);
    for (let count = 0; count < 3; count += 1) bus.publish('/b', 1);
    assert.deepEqual(meter.read(), [
      { topic: '/b', count: 3 },
      { topic: '/a', count: 1 },
    ]);
  });

  it('ends when nobody has asked for a while, and begins again from nothing', async () => {
    const { bus, meter, cluster } = await makeWorld();
    meter.read();
    bus.publish('/a', 1);
    assert.equal(meter.read().length, 1);
    await cluster.pass(meterIdleMs + 1);
    assert.deepEqual(bus.subscriptions(), []);
    assert.deepEqual(meter.read(), []);
  });

  it('keeps a bounded number of topics, and counts the others together', async () => {
    const { bus, meter } = await makeWorld();
    meter.read();
    for (let topic = 0; topic < meteredTopicsMax + 5; topic += 1) bus.publish(`/t/${topic}`, 1);
    assert.deepEqual(meter.read()[0], { topic: '(other topics)', count: 5 });
  });

  it('asks nothing of peers', async () => {
    const cluster = new SimCluster(1, ['n1', 'n2']);
    for (const name of ['n1', 'n2']) await cluster.settle(cluster.start(name, { joinTimeoutMs: 500 }), 20_000);
    const meter = new TopicMeter({ bus: cluster.node('n1').bus, clock: cluster.network.machine('n1').clock });
    meter.read();
    await cluster.pass(500);
    assert.equal(cluster.node('n2').bus.publish('/a', 1).nodes, 0);
  });
});

async function makeWorld() {
  const cluster = new SimCluster(1, ['n1']);
  const node = await cluster.settle(cluster.start('n1', { joinTimeoutMs: 500 }), 20_000);
  const meter = new TopicMeter({ bus: node.bus, clock: cluster.network.machine('n1').clock });
  return { cluster, bus: node.bus, meter };
}
