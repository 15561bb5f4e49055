import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { createNode } from '../../src/runtime/create-node.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const names = ['n1', 'n2', 'n3'];
const nodes = names.map((name) => ({ name, address: `${name}:7700` }));
const echo = defineService('echo', { version: '1.0.0', methods: { echo: call<string, string>() } });
const key = 'a key of the whole cluster';

describe('a cluster by a list of nodes', function listed() {
  this.timeout(20_000);

  it('publishes and calls across nodes where no datagram passes', async () => {
    const cluster = await started(70);
    const got: unknown[] = [];
    const subscription = cluster.node('n3').bus.subscribe('/a/*', ({ value }) => void got.push(value));
    await cluster.settle(subscription.ready({ scope: 'cluster' }), 5000);
    cluster.node('n2').rpc.register(echo, { echo: (text) => `${text} from n2` });
    assert.equal(cluster.node('n1').bus.publish('/a/b', 1).nodes, 1);
    const isServed = (): boolean => cluster.node('n1').rpc.instances(echo).length === 1;
    assert.ok(await cluster.simulator.runUntil(isServed, 5000), 'the service is known');
    assert.equal(await cluster.settle(cluster.node('n1').rpc.client(echo).echo('hi'), 5000), 'hi from n2');
    assert.deepEqual(got, [1]);
    assert.throws(() => cluster.node('n1').gossip.spread('hint', new Uint8Array(1)), { code: 'invalid-options' });
  });

  it('knows by its links who is gone, and takes the next life', async () => {
    const cluster = await started(71);
    const told: string[] = [];
    cluster.node('n1').members$.subscribe((event) => {
      if (event.kind !== 'snapshot' && event.member.name === 'n2') told.push(event.kind);
    });
    cluster.kill('n2', 'reset');
    const statusOf = (): string | undefined =>
      cluster
        .node('n1')
        .members()
        .find(({ name }) => name === 'n2')?.status;
    assert.ok(await cluster.simulator.runUntil(() => statusOf() === 'suspect', 5000), 'n2 is suspect');
    await cluster.pass(15_000);
    await cluster.settle(cluster.start('n2', { nodes, key }), 20_000);
    assert.ok(await cluster.simulator.runUntil(() => statusOf() === 'alive', 60_000), 'n2 is back');
    assert.deepEqual(told, ['suspect', 'failed', 'joined', 'joined']);
  });

  it('refuses lists that cannot be', () => {
    const invalid = { code: 'invalid-options' };
    const [first = { name: 'n1', address: 'n1:7700' }] = nodes;
    assert.throws(() => createNode({ nodes, seeds: ['127.0.0.1:1'] }), invalid);
    assert.throws(() => createNode({ nodes, joinRequired: true }), invalid);
    assert.throws(() => createNode({ nodes: [first, first] }), invalid);
    assert.throws(() => createNode({ nodes: [{ name: 'n1', address: 'nowhere' }] }), invalid);
    assert.throws(() => createNode({ nodes: [{ name: 'a name', address: '127.0.0.1:1' }] }), invalid);
  });
});

/** Three nodes that know each other by list, with a key, on machines where every datagram is lost. */
async function started(seed: number): Promise<SimCluster> {
  const cluster = new SimCluster(seed, names);
  cluster.network.faults.setEverywhere({ mtuBytes: 0 });
  const starts = names.map(async (name) => cluster.start(name, { nodes, key }));
  await cluster.settle(Promise.all(starts), 20_000);
  return cluster;
}
