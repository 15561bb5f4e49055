import assert from 'node:assert/strict';
import { createMsgpackCodec, shapesCapability } from '../../src/codec/msgpack-codec.js';
import { ByteReader } from '../../src/core/bytes.js';
import type { LaneCodec } from '../../src/spi/codec.js';
import { TestCluster } from './three-nodes.js';

describe('bus/codecs of several builds', () => {
  it('carries events between nodes with and without compiled shapes, over reconnects', async () => {
    const seen = new Set<number>();
    const cluster = new TestCluster(1, {
      links: { capabilitiesOf: (name) => (name === 'old' ? [] : [shapesCapability]) },
      codecOf: (name) => {
        if (name === 'old') return oldBuild();
        return watched(createMsgpackCodec({ codeGeneration: name !== 'plain' }), name === 'new' ? seen : new Set());
      },
    });
    const names = ['sender', 'new', 'old', 'plain'];
    await cluster.add(...names);
    const got = new Map<string, unknown[]>(names.map((name) => [name, []]));
    for (const name of names) {
      const subscription = cluster.bus(name).subscribe('/n', ({ value }) => void got.get(name)?.push(value));
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    }
    const sent: unknown[] = [];
    for (let index = 0; index < 200; index += 1) {
      const value = { index, text: `event ${index}`, inner: { half: index / 2, list: [index] } };
      sent.push(value);
      cluster.bus(index % 5 === 4 ? 'old' : 'sender').publish('/n', value);
      if (index % 40 === 20) for (const name of names.slice(1)) cluster.hub.drop('sender', name);
      await cluster.sim.runAsync(3);
    }
    await cluster.sim.runAsync(1000);
    for (const name of names) assert.deepEqual(got.get(name)?.toSorted(byIndex), sent, name);
    assert.ok(seen.has(3), 'a node of this build gets compiled shapes');
    await cluster.stop();
  });

  it('sends msgpackr again to a name whose next life runs an older build', async () => {
    let isOld = false;
    const cluster = new TestCluster(2, {
      links: { capabilitiesOf: (name) => (name === 'b' && isOld ? [] : [shapesCapability]) },
      codecOf: (name) => (name === 'b' && isOld ? oldBuild() : createMsgpackCodec()),
    });
    await cluster.add('a', 'b');
    for (const round of [0, 1, 2]) {
      isOld = round === 1;
      if (round > 0) await cluster.restart('b');
      const got: unknown[] = [];
      const subscription = cluster.bus('b').subscribe('/n', ({ value }) => void got.push(value));
      await cluster.sim.runAsync(200);
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
      const sent = Array.from({ length: 20 }, (_, index) => ({ round, index }));
      for (const value of sent) cluster.bus('a').publish('/n', value);
      await cluster.sim.runAsync(200);
      assert.deepEqual(got, sent);
    }
    await cluster.stop();
  });
});

/** A build from before compiled shapes: it refuses their definitions. */
function oldBuild(): LaneCodec {
  const codec = createMsgpackCodec({ compiledShapes: false });
  return {
    name: codec.name,
    capabilities: [],
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
    createEncoder: () => codec.createEncoder(new Set()),
    createDecoder: () => {
      const decoder = codec.createDecoder();
      return {
        get definitionCount() {
          return decoder.definitionCount;
        },
        define: (bytes) => new ByteReader(bytes).varint() <= 128 && decoder.define(bytes),
        decode: (bytes, start, end) => decoder.decode(bytes, start, end),
      };
    },
  };
}

/** Notes the first byte of what is decoded. */
function watched(codec: LaneCodec, forms: Set<number>): LaneCodec {
  return {
    name: codec.name,
    capabilities: codec.capabilities,
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
    createEncoder: (capabilities) => codec.createEncoder(capabilities),
    createDecoder: () => {
      const decoder = codec.createDecoder();
      return {
        get definitionCount() {
          return decoder.definitionCount;
        },
        define: (bytes) => decoder.define(bytes),
        decode: (bytes, start, end) => {
          forms.add(bytes[start] ?? -1);
          return decoder.decode(bytes, start, end);
        },
      };
    },
  };
}

function byIndex(left: unknown, right: unknown): number {
  return indexOf(left) - indexOf(right);
}

function indexOf(value: unknown): number {
  return (value as { readonly index: number }).index;
}
