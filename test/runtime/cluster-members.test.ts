import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { must } from '../../src/core/assert.js';
import { createNode } from '../../src/runtime/create-node.js';
import type { PartitionState } from '../../src/spi/membership.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const names = ['n1', 'n2', 'n3', 'n4'];
const echo = defineService('echo', { version: '1.0.0', methods: { echo: call<string, string>() } });

describe('what a node gives of its membership', function members() {
  this.timeout(20_000);

  it('is not there before the start', () => {
    const node = createNode({ name: 'idle' });
    for (const use of [() => node.gossip, () => node.keyRing, () => node.updateMetadata(new Uint8Array(1))]) {
      assert.throws(use, { code: 'not-started' });
    }
  });

  it('gossips to everybody and to one', async () => {
    const cluster = await started(60);
    const got: string[] = [];
    for (const name of names) {
      cluster.node(name).gossip.listen('hint', ({ from, bytes, direct }) => {
        got.push(`${name} ${from.name} ${bytes.join()} ${direct}`);
      });
    }
    cluster.node('n1').gossip.spread('hint', Uint8Array.of(1));
    const target = cluster
      .node('n1')
      .members()
      .find((member) => member.name === 'n3');
    assert.ok(target !== undefined, 'n3 is a member');
    assert.ok(cluster.node('n1').gossip.send(target, 'hint', Uint8Array.of(2)));
    await cluster.pass(3000);
    assert.deepEqual(got.toSorted(), ['n2 n1 1 false', 'n3 n1 1 false', 'n3 n1 2 true', 'n4 n1 1 false']);
  });

  it('changes metadata for everybody, as often as it likes', async () => {
    const cluster = await started(61);
    cluster.node('n2').updateMetadata(Uint8Array.of(7));
    const isSeen = (): boolean =>
      names.every(
        (name) =>
          cluster
            .node(name)
            .members()
            .find((one) => one.name === 'n2')?.metadata?.[0] === 7,
      );
    assert.ok(await cluster.simulator.runUntil(isSeen, 5000), 'the metadata is seen');
    assert.throws(() => cluster.node('n2').updateMetadata(new Uint8Array(65_537)), { code: 'too-large' });
  });

  it('tells of a partition: the present state first, then its begin and its end', async () => {
    const cluster = await started(62);
    const told: string[] = [];
    const say = ({ partitioned, quorum }: PartitionState): void => {
      told.push(`${partitioned ? 'partitioned' : 'whole'}, ${quorum ? 'quorum' : 'no quorum'}`);
    };
    cluster.node('n4').partition$.subscribe({ next: say, complete: () => told.push('over') });
    cluster.network.faults.isolate('n4');
    // A node that hears nothing at all blames itself for half a minute.
    await cluster.pass(90_000);
    assert.throws(() => cluster.node('n4').cluster.requireQuorum(), { code: 'quorum-lost' });
    cluster.network.faults.heal();
    await cluster.pass(30_000);
    const node = cluster.node('n4');
    await cluster.settle(cluster.stop('n4'), 20_000);
    assert.equal(node.state, 'stopped');
    assert.equal(told[0], 'whole, quorum');
    assert.ok(told.includes('partitioned, no quorum'), told.join('; '));
    assert.deepEqual(told.slice(-2), ['whole, quorum', 'over']);
  });

  it('changes its key while it runs, for gossip and links: nobody is lost, and the old key opens nothing', async () => {
    const [oldKey, newKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const cluster = await started(63, oldKey);
    for (const name of names) cluster.node(name).rpc.register(echo, { echo: (text) => `${text} ${name}` });
    const lost: string[] = [];
    cluster.node('n1').members$.subscribe((event) => {
      if (event.kind === 'suspect' || event.kind === 'failed') lost.push(event.member.name);
    });
    for (const step of ['install', 'use'] as const) {
      for (const name of names) {
        cluster.node(name).keyRing?.[step](newKey);
        await cluster.pass(2000);
      }
    }
    for (const name of names) cluster.node(name).keyRing?.remove(oldKey);
    await cluster.pass(10_000);
    assert.deepEqual(lost, []);
    const late = await cluster.settle(cluster.start('late', { key: newKey }), 20_000);
    for (const node of names) {
      const said = late.rpc.client(echo, { timeoutMs: 3000 }).echo('hi', { node });
      assert.equal(await cluster.settle(said, 5000), `hi ${node}`);
    }
    const stale = await cluster.settle(cluster.start('stale', { key: oldKey }), 20_000);
    await cluster.pass(10_000);
    assert.deepEqual(
      stale.members().map(({ name }) => name),
      ['stale'],
    );
    assert.deepEqual(cluster.node('n1').keyRing?.keys[0], newKey);
  });

  it('takes texts for keys as the option does, and nothing that is no key', async () => {
    const [oldKey, newKey] = ['the text that was the key', 'exactly thirty-two letters long!'];
    assert.equal(newKey.length, 32);
    const cluster = await started(64, oldKey);
    const rings = names.map((name) => must(cluster.node(name).keyRing, 'a ring'));
    for (const wrong of ['short', 5, undefined, new Uint8Array(31)]) {
      for (const step of ['install', 'use', 'remove'] as const) {
        assert.throws(() => rings[0]?.[step](wrong as string), { code: 'invalid-options' }, `${step} ${String(wrong)}`);
      }
    }
    for (const step of ['install', 'use'] as const) for (const ring of rings) ring[step](newKey);
    for (const ring of rings) ring.remove(oldKey);
    const late = await cluster.settle(cluster.start('late', { key: newKey }), 20_000);
    assert.equal(late.members().length, names.length + 1);
  });

  it('says what metadata and gossip take', async () => {
    const cluster = await started(65);
    const node = cluster.node('n1');
    const [given, invalid] = [(value: unknown): never => value as never, { code: 'invalid-options' }];
    assert.throws(() => node.updateMetadata(given({ zone: 1 })), invalid);
    assert.throws(() => node.gossip.spread('news', given('text')), invalid);
    assert.throws(() => node.gossip.spread(given(5), new Uint8Array(1)), invalid);
    assert.throws(() => node.gossip.send(node.members()[1] ?? given(undefined), 'news', given({})), invalid);
    assert.throws(() => node.gossip.send(given('n2'), 'news', new Uint8Array(1)), invalid);
    assert.throws(() => node.gossip.listen('news', given(undefined)), invalid);
  });
});

async function started(seed: number, key?: string | Uint8Array): Promise<SimCluster> {
  const cluster = new SimCluster(seed, names);
  for (const name of names) await cluster.settle(cluster.start(name, key === undefined ? {} : { key }), 20_000);
  return cluster;
}
