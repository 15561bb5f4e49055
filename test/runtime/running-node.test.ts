import assert from 'node:assert/strict';
import { createMqttGateway } from '../../src/runtime/mqtt-gateway.js';
import { startRules } from '../../src/runtime/node-rules.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('what is put on a node', () => {
  const notNodes = [undefined, null, 'n1', {}, () => undefined];

  it('is refused for what is no node', async () => {
    for (const value of notNodes) {
      const wrong = { code: 'invalid-options', message: /the node: give what createNode returned, not / };
      assert.throws(() => createMqttGateway(value as never), wrong);
      await assert.rejects(startRules(value as never, ['cool.yaml']), wrong);
    }
  });

  it('is refused once the node was stopped, where it opened a port', async () => {
    const cluster = new SimCluster(5, ['n1']);
    const node = await cluster.settle(cluster.start('n1'), 20_000);
    await cluster.settle(cluster.stop('n1'), 20_000);
    assert.throws(() => createMqttGateway(node), { code: 'stopped' });
    await assert.rejects(startRules(node, ['cool.yaml']), { code: 'stopped' });
  });
});
