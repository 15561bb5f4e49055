import assert from 'node:assert/strict';
import { eventBytesMax } from '../../src/core/limits.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import type { LaneCodec, LaneEncoder } from '../../src/spi/codec.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';
import { TestCluster } from './three-nodes.js';

describe('bus/event-encoder', function large() {
  this.timeout(30_000);

  it('refuses an event that no peer would put together, and sends the largest that one will', async () => {
    const cluster = new SimCluster(1, ['a', 'b']);
    await cluster.settle(Promise.all([cluster.start('a'), cluster.start('b')]), 20_000);
    const got: number[] = [];
    const subscription = cluster.node('b').bus.subscribe('/t', ({ value }) => void got.push(lengthOf(value)));
    await cluster.settle(subscription.ready({ scope: 'cluster' }), 5000);
    const { bus } = cluster.node('a');
    const tooLarge = new Uint8Array(eventBytesMax);
    const largest = eventBytesMax - 100;
    assert.throws(() => bus.publish('/t', tooLarge), { code: 'too-large' });
    assert.throws(() => bus.publish('/t', tooLarge, { key: 'k' }), { code: 'too-large' });
    await assert.rejects(bus.publishConfirmed('/t', tooLarge, { level: 'delivered' }), { code: 'too-large' });
    assert.equal(bus.publish('/t', tooLarge.subarray(0, largest)).nodes, 1);
    assert.equal(bus.publish('/t', 'behind').nodes, 1);
    await cluster.pass(3000);
    assert.deepEqual(got, [largest, 6]);
    subscription.stop();
  });

  it('encodes an event once, whichever way it is published and however many nodes want it', async () => {
    const encoded: unknown[] = [];
    const codecOf = (name: string): LaneCodec => (name === 'a' ? countingCodec(encoded) : createMsgpackCodec());
    const cluster = new TestCluster(1, { codecOf });
    await cluster.add('a', 'b', 'c', 'd');
    const got: string[] = [];
    for (const name of ['b', 'c', 'd']) {
      const bus = cluster.bus(name);
      const subscriptions = [
        bus.subscribe('/t', ({ value }) => void got.push(`${name} ${String(value)}`)),
        bus.subscribe('/t', ({ value }) => void got.push(`${name} lane ${String(value)}`), { overflow: 'block' }),
      ];
      const known = subscriptions.map((one) => one.ready({ scope: 'cluster' }));
      await cluster.sim.settle(Promise.all(known), 1000);
    }
    const bus = cluster.bus('a');
    bus.publish('/t', 'plain');
    bus.publish('/t', 'keyed', { key: 'k', headers: { name: 'text' } });
    bus.broadcast('/*', 'broadcast');
    const confirmed = bus.publishConfirmed('/t', 'confirmed', { level: 'handled' });
    const report = await cluster.sim.settle(confirmed, 5000);
    assert.deepEqual(report.confirmed, ['b', 'c', 'd']);
    assert.equal(got.length, 3 * 2 * 4);
    assert.deepEqual(encoded, ['plain', 'keyed', 'broadcast', 'confirmed']);
    await cluster.stop();
  });

  it('encodes an event without options once, for nodes that have nothing but plain subscriptions', async () => {
    const encoded: unknown[] = [];
    const codecOf = (name: string): LaneCodec => (name === 'a' ? countingCodec(encoded) : createMsgpackCodec());
    const cluster = new TestCluster(1, { codecOf });
    await cluster.add('a', 'b', 'c', 'd');
    let got = 0;
    for (const name of ['b', 'c', 'd']) {
      const subscription = cluster.bus(name).subscribe('/t', () => void (got += 1));
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    }
    for (let index = 0; index < 5; index += 1) assert.equal(cluster.bus('a').publish('/t', index).nodes, 3);
    await cluster.sim.runAsync(100);
    assert.deepEqual([got, encoded], [15, [0, 1, 2, 3, 4]]);
    await cluster.stop();
  });
});

/** The usual codec, and a list of what it was given to encode. */
function countingCodec(encoded: unknown[]): LaneCodec {
  const codec = createMsgpackCodec();
  return {
    name: codec.name,
    capabilities: codec.capabilities,
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
    createDecoder: () => codec.createDecoder(),
    createEncoder: (capabilities) => countEncoder(codec.createEncoder(capabilities), encoded),
  };
}

function countEncoder(encoder: LaneEncoder, encoded: unknown[]): LaneEncoder {
  return {
    get definitionCount() {
      return encoder.definitionCount;
    },
    get needed() {
      return encoder.needed;
    },
    definition: (index) => encoder.definition(index),
    encode: (value) => {
      encoded.push(value);
      return encoder.encode(value);
    },
    encodeInto: (value, writer) => {
      encoded.push(value);
      encoder.encodeInto?.(value, writer);
    },
  };
}

function lengthOf(value: unknown): number {
  return value instanceof Uint8Array || typeof value === 'string' ? value.length : -1;
}
