import assert from 'node:assert/strict';
import { call, defineService, stream } from '../../src/cluster/rpc/contract.js';
import type { ClusterNode } from '../../src/runtime/cluster-node.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';
import { attachGuest } from './sim-guest.js';

const service = defineService('test.store', {
  version: '1.0.0',
  methods: { read: call<string, string>({ idempotent: true }), count: stream<number, number>() },
});

describe('a guest', function guests() {
  this.timeout(10_000);

  it('is no member, and lists those who are', async () => {
    const { cluster, guest, n1 } = await makeWorld();
    const members = await cluster.settle(guest.members(), 5000);
    assert.deepEqual(members.map(({ name, self, status }) => `${name} ${status} ${self}`).toSorted(), [
      'n1 alive true',
      'n2 alive false',
    ]);
    assert.equal(guest.host.name, 'n1');
    assert.equal(n1.members().length, 2);
    await cluster.settle(guest.stop(), 5000);
  });

  it('calls services of its node and of others, item by item too', async () => {
    const { cluster, guest } = await makeWorld();
    const read = (node: string) => cluster.settle(guest.invoke('test.store', 'read', 'key', { node }), 5000);
    assert.deepEqual([await read('n1'), await read('n2')], ['key at n1', 'key at n2']);
    const items: unknown[] = [];
    const taking = (async () => {
      for await (const item of guest.invokeStream('test.store', 'count', 3, { node: 'n2' })) items.push(item);
    })();
    await cluster.settle(taking, 5000);
    assert.deepEqual(items, [0, 1, 2]);
    const instances = await cluster.settle(guest.instances('test.store'), 5000);
    assert.deepEqual(instances.map((one) => one.node).toSorted(), ['n1', 'n2']);
  });

  it('is told why a call fails', async () => {
    const { cluster, guest } = await makeWorld();
    const missing = guest.invoke('no.such', 'method', 1, { timeoutMs: 500 });
    await assert.rejects(cluster.settle(missing, 5000), { code: 'no-responders' });
    const nobody = guest.request('/nobody', 1, { timeoutMs: 500 });
    await assert.rejects(cluster.settle(nobody, 5000), { code: 'no-responders' });
    const wrong = guest.publish('/no/+/topic', 1);
    await assert.rejects(cluster.settle(wrong, 5000), { code: 'invalid-topic' });
  });

  it('cannot send options through its node that other nodes would not take', async () => {
    const { cluster, guest, n2 } = await makeWorld();
    const heard: unknown[] = [];
    n2.bus.subscribe('/t', ({ value }) => void heard.push(value));
    await cluster.pass(2000);
    const code = 'invalid-options';
    await assert.rejects(cluster.settle(guest.publish('/t', 1, { ttlMs: Infinity }), 5000), { code });
    await assert.rejects(cluster.settle(guest.publish('/t', 1, { key: 5 as never }), 5000), { code });
    n2.bus.respond('/q', () => 1);
    await cluster.pass(2000);
    await assert.rejects(cluster.settle(guest.request('/q', 1, { headers: { name: 1 as never } }), 5000), { code });
    await cluster.settle(guest.publish('/t', 'healthy'), 5000);
    await cluster.pass(500);
    assert.deepEqual(heard, ['healthy']);
  });

  it('publishes, subscribes and asks through its node, across the cluster', async () => {
    const { cluster, guest, n2 } = await makeWorld();
    const heard: unknown[] = [];
    n2.bus.subscribe('/from/guest', ({ value, source, headers }) => {
      heard.push([value, source, headers]);
    });
    n2.bus.respond('/ask', ({ value }) => `you said ${String(value)}`);
    const events: unknown[] = [];
    const abort = new AbortController();
    const listening = (async () => {
      for await (const { topic, value, source } of guest.subscribe(['/from/**'], { signal: abort.signal })) {
        events.push([topic, value, source]);
      }
    })();
    await cluster.pass(1000);
    const receipt = await cluster.settle(guest.publish('/from/guest', 1, { headers: { h: 'x' } }), 5000);
    assert.deepEqual([receipt.local, receipt.nodes], [1, 1]);
    n2.bus.publish('/from/n2', 2);
    await cluster.pass(1000);
    assert.deepEqual(heard, [[1, 'n1', { h: 'x' }]]);
    assert.deepEqual(events, [
      ['/from/guest', 1, 'n1'],
      ['/from/n2', 2, 'n2'],
    ]);
    const answer = await cluster.settle(guest.request('/ask', 'hi'), 5000);
    assert.deepEqual(answer.value, 'you said hi');
    abort.abort();
    await cluster.settle(listening, 5000);
    await cluster.pass(1000);
    // What it listened to is forgotten with it.
    assert.equal(n2.bus.publish('/from/n2', 3).nodes, 0);
  });

  it('is forgotten when its link ends', async () => {
    const { cluster, guest, n1 } = await makeWorld();
    const listening = assertEnds(guest.subscribe(['/a']));
    await cluster.pass(500);
    assert.equal(n1.bus.publish('/a', 1).local, 1);
    await cluster.settle(guest.stop(), 5000);
    await cluster.settle(listening, 5000);
    await cluster.pass(500);
    assert.equal(n1.bus.publish('/a', 2).local, 0);
  });

  it('is told link-lost when its node dies', async () => {
    const { cluster, guest } = await makeWorld();
    const reading = guest.invoke('test.store', 'read', 'never', { node: 'n1' });
    await cluster.pass(500);
    cluster.kill('n1', 'reset');
    await assert.rejects(cluster.settle(reading, 5000), { code: 'link-lost' });
  });

  it('is refused without the cluster key, or with a wrong one', async () => {
    const key = new Uint8Array(32).fill(1);
    const cluster = new SimCluster(3, ['n1']);
    await cluster.settle(cluster.start('n1', { insecure: false, key }), 20_000);
    for (const wrong of [undefined, new Uint8Array(32).fill(2)]) {
      const attaching = attachGuest(cluster, wrong, { addresses: ['n1:7700'] });
      await assert.rejects(cluster.settle(attaching, 10_000), { code: 'unauthorized' });
    }
    const guest = await cluster.settle(attachGuest(cluster, key, { addresses: ['n1:7700'] }), 10_000);
    assert.equal((await cluster.settle(guest.members(), 5000)).length, 1);
  });

  it('tries the addresses in order, and names them when nobody answers', async () => {
    const cluster = new SimCluster(4, ['n1']);
    await cluster.settle(cluster.start('n1'), 20_000);
    const guest = attachGuest(cluster, undefined, { addresses: ['n1:9', 'nowhere:1', 'n1:7700'], timeoutMs: 200 });
    assert.equal((await cluster.settle(guest, 10_000)).host.name, 'n1');
    const lost = attachGuest(cluster, undefined, { addresses: ['n1:9', 'nowhere:1'], timeoutMs: 200 });
    await assert.rejects(cluster.settle(lost, 10_000), {
      code: 'unavailable',
      message: '[unavailable] no node answers at n1:9, nowhere:1; start one, or name its address',
    });
  });

  it('looks past a port where something else listens', async () => {
    const cluster = new SimCluster(5, ['n1']);
    const { connections } = cluster.network.machine('n1');
    await connections.listen({ host: 'n1', port: 80 }, (connection) => connection.end());
    await connections.listen({ host: 'n1', port: 81 }, () => undefined);
    await cluster.settle(cluster.start('n1'), 20_000);
    const guest = attachGuest(cluster, undefined, { addresses: ['n1:80', 'n1:81', 'n1:7700'], timeoutMs: 200 });
    assert.equal((await cluster.settle(guest, 10_000)).host.address, 'n1:7700');
  });
});

async function makeWorld() {
  const cluster = new SimCluster(1, ['n1', 'n2']);
  const n1 = await cluster.settle(cluster.start('n1'), 20_000);
  serve(n1);
  const n2 = await cluster.settle(cluster.start('n2'), 20_000);
  serve(n2);
  const guest = await cluster.settle(attachGuest(cluster, undefined, { addresses: ['n1:7700'] }), 5000);
  return { cluster, n1, n2, guest };
}

function serve(node: ClusterNode): void {
  node.rpc.register(service, {
    read: (key) => (key === 'never' ? new Promise<string>(() => undefined) : `${key} at ${node.name}`),
    count: async function* count(max) {
      for (let item = 0; item < max; item += 1) yield item;
    },
  });
}

async function assertEnds(items: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const item of items) assert.ok(item !== undefined);
  } catch (error) {
    assert.match(String(error), /\[(?:link-lost|stopped|cancelled|unavailable)\]/);
  }
}
