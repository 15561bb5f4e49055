import assert from 'node:assert/strict';
import { jsonCodec } from '../../src/codec/json-codec.js';
import { layerCodec } from '../../src/codec/layered-codec.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import type { Codec, LaneCodec } from '../../src/spi/codec.js';
import { TestCluster } from './three-nodes.js';

describe('a codec of the user for events', () => {
  it('is used between nodes that have it, and MessagePack with the others, in both directions', async () => {
    const { cluster, decoded } = await arrange();
    const got = await listen(cluster);
    for (const name of ['a', 'b', 'c']) cluster.bus(name).publish('/t', { from: name, n: 1.5 });
    await cluster.sim.runAsync(500);
    const all = ['a', 'b', 'c'].map((from) => ({ from, n: 1.5 }));
    for (const name of ['a', 'b', 'c']) {
      assert.deepEqual(
        got.get(name)?.toSorted((left, right) => left.from.localeCompare(right.from)),
        all,
      );
    }
    // a and b each got one event in it, from each other; c has none of it.
    assert.deepEqual([...decoded].toSorted(), ['a', 'b']);
    await cluster.stop();
  });

  it('carries no request: whoever answers reads it, and who asks reads the answer', async () => {
    const { cluster, decoded } = await arrange();
    const responder = cluster.bus('c').respond('/sum', ({ value }) => (value as number[]).length);
    await cluster.sim.settle(responder.ready({ scope: 'cluster' }), 1000);
    const { value } = await cluster.sim.settle(cluster.bus('a').request('/sum', [1, 2, 3]), 1000);
    assert.deepEqual([value, decoded], [3, []]);
    await cluster.stop();
  });

  it('refuses what it cannot carry, where it is published, and says where', async () => {
    const { cluster } = await arrange();
    await listen(cluster);
    assert.throws(() => cluster.bus('a').publish('/t', { when: new Date(0) }), {
      code: 'invalid-value',
      message: /when/,
    });
    await cluster.stop();
  });
});

interface Got {
  readonly from: string;
  readonly n: number;
}

/** `a` and `b` have JSON; `decoded` names who decoded with it, for each event. */
async function arrange(): Promise<{ cluster: TestCluster; decoded: string[] }> {
  const decoded: string[] = [];
  const watchedBy = (name: string): Codec => ({
    ...jsonCodec,
    decode: (bytes) => {
      decoded.push(name);
      return jsonCodec.decode(bytes);
    },
  });
  const codecOf = (name: string): LaneCodec =>
    name === 'c' ? createMsgpackCodec() : layerCodec(createMsgpackCodec(), watchedBy(name));
  const links = { capabilitiesOf: (name: string) => codecOf(name).capabilities };
  const cluster = new TestCluster(1, { codecOf, links });
  await cluster.add('a', 'b', 'c');
  return { cluster, decoded };
}

async function listen(cluster: TestCluster): Promise<ReadonlyMap<string, Got[]>> {
  const got = new Map<string, Got[]>();
  const subscriptions = ['a', 'b', 'c'].map((name) => {
    const mine: Got[] = [];
    got.set(name, mine);
    return cluster.bus(name).subscribe('/t', ({ value }) => void mine.push(value as Got));
  });
  await cluster.sim.settle(Promise.all(subscriptions.map((one) => one.ready({ scope: 'cluster' }))), 2000);
  return got;
}
