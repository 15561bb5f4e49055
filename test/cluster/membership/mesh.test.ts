import assert from 'node:assert/strict';
import { SimCluster } from '../../../src/testing/sim-cluster.js';

const names = ['n1', 'n2', 'n3', 'n4'];

describe('behind a mesh that accepts connections for everybody and stays silent', () => {
  it('a node that answers datagrams is never doubted, and a dead one is not found dead sooner for it', async function mesh() {
    this.timeout(20_000);
    const cluster = new SimCluster(45, names);
    for (const name of names) cluster.network.faults.setDialFate(name, 'swallow');
    for (const name of names) await cluster.settle(cluster.start(name), 60_000);
    const told: string[] = [];
    const startedAt = cluster.simulator.now();
    let killedAt = startedAt;
    for (const observer of ['n1', 'n2', 'n4']) {
      cluster.node(observer).members$.subscribe((event) => {
        if (event.kind !== 'suspect' && event.kind !== 'failed') return;
        told.push(`${event.kind} ${event.member.name}`);
        const afterMs = cluster.simulator.now() - killedAt;
        if (event.kind === 'failed') assert.ok(afterMs > 4200, `failed ${afterMs} ms after its end`);
      });
    }
    await cluster.pass(30_000);
    assert.deepEqual(told, []);
    killedAt = cluster.simulator.now();
    cluster.kill('n3', 'silent');
    const isGone = (): boolean => ['n1', 'n2', 'n4'].every((name) => cluster.node(name).members().length === 3);
    assert.ok(await cluster.simulator.runUntil(isGone, 20_000), 'the dead node is found');
    assert.deepEqual([...new Set(told)], ['suspect n3', 'failed n3']);
    assert.ok(cluster.network.faults.counts.dialsSwallowed > 0, 'dials were swallowed');
    for (const name of ['n1', 'n2', 'n4']) await cluster.settle(cluster.stop(name), 20_000);
  });
});
