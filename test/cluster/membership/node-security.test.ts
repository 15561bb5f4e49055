import assert from 'node:assert/strict';
import { SimCluster } from '../../../src/testing/sim-cluster.js';

const names = ['member-alpha', 'member-beta', 'member-gamma'];

describe('whole nodes with a key', () => {
  it('show no name, address or label to the network, and never take in a node with another key', async () => {
    const cluster = new SimCluster(41, names);
    const spy = await cluster.network.machine('spy').datagrams.bind({ host: 'spy', port: 7700 });
    const heard: string[] = [];
    spy.listen((_from, bytes) => heard.push(Buffer.from(bytes).toString('latin1')));
    const seeds = [...names.map((name) => `${name}:7700`), 'spy:7700'];
    const key = 'a key of many characters';
    for (const name of names) {
      await cluster.settle(cluster.start(name, { key, seeds, label: 'label-in-clear' }), 20_000);
    }
    await cluster.settle(
      cluster.start('intruder', { key: 'another key of as many', seeds, label: 'label-in-clear' }),
      20_000,
    );
    await cluster.pass(60_000);
    assert.deepEqual(sees(cluster, 'intruder'), ['intruder']);
    for (const name of names) assert.deepEqual(sees(cluster, name), names);
    assert.ok(heard.length >= 4, `the spy heard ${heard.length} datagrams`);
    for (const text of heard) assert.doesNotMatch(text, /member|intruder|label|7700/);
    for (const name of [...names, 'intruder']) await cluster.settle(cluster.stop(name), 20_000);
  });

  it('stop by themselves when a later life of their name is in the cluster', async () => {
    const cluster = new SimCluster(42, names);
    for (const name of names) await cluster.settle(cluster.start(name), 20_000);
    const [alpha, beta] = names.map((name) => cluster.node(name));
    cluster.network.faults.isolate('member-beta');
    await cluster.pass(30_000);
    // Its place is taken on another machine while it is cut off.
    const taken = cluster.start('elsewhere', { name: 'member-beta' });
    const later = await cluster.settle(taken, 20_000);
    cluster.network.faults.heal();
    const over = await cluster.simulator.runUntil(() => beta?.state === 'stopped', 60_000);
    assert.ok(over, `the earlier life is ${beta?.state}`);
    await cluster.pass(5000);
    assert.equal(alpha?.members().find((member) => member.name === 'member-beta')?.epoch, later.epoch);
    assert.equal(later.state, 'running');
    for (const name of ['member-alpha', 'member-gamma', 'elsewhere']) await cluster.settle(cluster.stop(name), 20_000);
  });
});

function sees(cluster: SimCluster, name: string): readonly string[] {
  return cluster
    .node(name)
    .members()
    .map((member) => member.name)
    .toSorted();
}
