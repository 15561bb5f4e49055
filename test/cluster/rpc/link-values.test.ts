import assert from 'node:assert/strict';
import { call, channel, defineService, oneWay, stream } from '../../../src/cluster/rpc/contract.js';
import { LinkCodec, LinkValues } from '../../../src/cluster/rpc/link-values.js';
import { createMsgpackCodec } from '../../../src/codec/msgpack-codec.js';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.js';
import { PayloadView } from '../../../src/core/payload-view.js';
import { SeededRandom } from '../../../src/core/random.js';
import type { LaneCodec } from '../../../src/spi/codec.js';
import { type Link, type StreamRequest, type StreamSink, streamErrorCodes } from '../../../src/spi/links.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

interface Reading {
  readonly id: string;
  readonly index: number;
  readonly inner: { readonly half: number; readonly tags: readonly string[] };
}

const service = defineService('echo', {
  version: '1.0.0',
  methods: {
    echo: call<Reading, Reading>({ idempotent: true }),
    repeat: stream<Reading, Reading>(),
    talk: channel<Reading, Reading>(),
    note: oneWay<Reading>(),
  },
});

describe('rpc/link values', function linkValues() {
  this.timeout(20_000);

  let simulator: Simulator;
  let cluster: MemoryRpc;
  let forms: Set<number>;

  beforeEach(() => {
    simulator = new Simulator({ seed: 5 });
    forms = new Set();
  });

  afterEach(async () => {
    assert.equal(cluster.hub.violations, 0);
    await cluster.stop();
  });

  it('carry calls, streams, channels and messages by compiled shapes once the peer has confirmed them', async () => {
    const notes = await start(watched(createMsgpackCodec(), forms), 'b');
    const client = cluster.get('a').rpc.client(service);
    for (let index = 0; index < 12; index += 1) {
      assert.deepEqual(await settle(client.echo(reading(index))), reading(index));
      assert.deepEqual(await settle(collect(client.repeat(reading(index)))), [reading(index), reading(index)]);
      const inputs = [reading(index), reading(index + 1)];
      assert.deepEqual(await settle(collect(client.talk(inputs))), inputs);
      await settle(client.note(reading(index)));
    }
    await simulator.runAsync(50);
    assert.deepEqual(
      notes,
      Array.from({ length: 12 }, (_, index) => reading(index)),
    );
    assert.ok(forms.has(0) && forms.has(3), [...forms].join());
  });

  it('begin anew on every link: over drops and restarts every call is answered right', async () => {
    await start(watched(createMsgpackCodec(), forms), 'b', 'c');
    const client = cluster.get('a').rpc.client(service, { select: 'random' });
    for (let index = 0; index < 120; index += 1) {
      const calls = Array.from({ length: 5 }, (_, part) => client.echo(reading(index * 5 + part)));
      if (index % 7 === 3) cluster.hub.drop('a', index % 2 === 0 ? 'b' : 'c');
      const answers = await settle(Promise.all(calls));
      answers.forEach((answer, part) => assert.deepEqual(answer, reading(index * 5 + part)));
      if (index % 7 === 3) await simulator.runAsync(100);
    }
    assert.ok(forms.has(3));
  });

  it('stay self-contained towards a peer that refuses definitions', async () => {
    const codec = createMsgpackCodec();
    let asked = 0;
    const createDecoder: LaneCodec['createDecoder'] = () => {
      const decoder = codec.createDecoder();
      return {
        definitionCount: 0,
        define: () => {
          asked += 1;
          return false;
        },
        decode: (bytes, from, to) => decoder.decode(bytes, from, to),
      };
    };
    await start({ ...bound(codec), createDecoder }, 'b');
    const client = cluster.get('a').rpc.client(service);
    for (let index = 0; index < 30; index += 1) {
      assert.deepEqual(await settle(client.echo(reading(index))), reading(index));
    }
    // Once in each direction.
    assert.equal(asked, 2);
  });

  it('never lean on what was not confirmed, and read again what a lost answer makes come again', () => {
    cluster = new MemoryRpc(simulator, simulator.random);
    const { link, opened } = fakeLink();
    const sender = linkCodec(link);
    for (let index = 0; index < 20; index += 1) {
      assert.deepEqual(linkCodec(fakeLink().link).decode(sender.encode(reading(index))), reading(index));
    }
    assert.equal(opened.length, 1, 'one request at a time');
    opened[0]?.sink.onFail({ kind: 'remote', code: streamErrorCodes.applicationError, data: new Uint8Array(0) });
    assert.equal(sender.encode(reading(1))[0], 0);
    assert.equal(opened.length, 2);
    const receiver = linkCodec(link);
    for (const { request } of opened) assert.ok(receiver.define(new ByteReader(request.data)));
    opened[1]?.sink.onComplete();
    const bytes = sender.encode(reading(7));
    assert.equal(bytes[0], 3);
    assert.deepEqual(receiver.decode(bytes), reading(7));
    assert.deepEqual(receiver.decodeRange(bytes, 0, bytes.length), reading(7));
    const other = linkCodec(fakeLink().link);
    assert.throws(() => other.decode(bytes), /no such shape/);
    assert.deepEqual(other.decode(sender.toSelfContained(bytes)), reading(7));
  });

  it('survive definitions that a stranger made up', () => {
    cluster = new MemoryRpc(simulator, simulator.random);
    const values = new LinkValues(createMsgpackCodec());
    const random = new SeededRandom(3);
    const { link, opened } = fakeLink();
    const sender = linkCodec(link);
    for (let index = 0; index < 8; index += 1) sender.encode(reading(index));
    const good = opened[0]?.request.data ?? new Uint8Array(0);
    for (let round = 0; round < 2000; round += 1) {
      const data = round % 2 === 0 ? good.slice(0, random.below(good.length + 1)) : good.slice();
      for (let count = 0; count < 3; count += 1) data[random.below(Math.max(1, data.length))] = random.below(256);
      values.define(fakeLink().link, PayloadView.of(new Uint8Array(0), data));
    }
    const far = new ByteWriter();
    far.varint(Number.MAX_SAFE_INTEGER);
    far.block(good);
    assert.equal(values.define(link, PayloadView.of(new Uint8Array(0), far.take())), false);
    assert.equal(values.define(link, PayloadView.of(new Uint8Array(0), good)), true);
  });

  async function start(codec: LaneCodec, ...names: readonly string[]): Promise<Reading[]> {
    cluster = new MemoryRpc(simulator, simulator.random, { codec });
    const notes: Reading[] = [];
    await cluster.add('a');
    for (const name of names) {
      (await cluster.add(name)).rpc.register(service, {
        echo: (input) => input,
        repeat: (input) => [input, input],
        talk: (inputs) => inputs,
        note: (input) => void notes.push(input),
      });
    }
    await simulator.runAsync(200);
    return notes;
  }

  async function settle<T>(promise: Promise<T>): Promise<T> {
    return simulator.settle(promise, 5000);
  }
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function reading(index: number): Reading {
  return { id: `sensor ${index}`, index, inner: { half: index / 2, tags: ['a', String(index)] } };
}

function linkCodec(link: Link): LinkCodec {
  const codec = createMsgpackCodec();
  return new LinkCodec(link, codec, codec.createEncoder(new Set(codec.capabilities)));
}

interface Opened {
  readonly request: StreamRequest;
  readonly sink: StreamSink;
}

/** A link that only notes what is opened. */
function fakeLink(): { link: Link; opened: Opened[] } {
  const opened: Opened[] = [];
  const nothing = (): void => undefined;
  const link: Link = {
    id: 1,
    peer: { name: 'b', epoch: 1, role: 'peer', address: '', wireVersion: 1, capabilities: new Set() },
    up: true,
    bufferedBytes: 0,
    payloadMaxBytes: 1_000_000,
    open: (request, sink) => {
      opened.push({ request, sink });
      return {
        link,
        credit: 0,
        next: nothing,
        nextAndComplete: nothing,
        complete: nothing,
        fail: nothing,
        request: nothing,
        cancel: nothing,
      };
    },
    close: nothing,
  };
  return { link, opened };
}

function bound(codec: LaneCodec): LaneCodec {
  return {
    name: codec.name,
    capabilities: codec.capabilities,
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
    createEncoder: (capabilities) => codec.createEncoder(capabilities),
    createDecoder: () => codec.createDecoder(),
  };
}

/** Notes the first byte of what is decoded. */
function watched(codec: LaneCodec, forms: Set<number>): LaneCodec {
  const createDecoder: LaneCodec['createDecoder'] = () => {
    const decoder = codec.createDecoder();
    return {
      get definitionCount() {
        return decoder.definitionCount;
      },
      define: (bytes) => decoder.define(bytes),
      decode: (bytes, from, to) => {
        forms.add(bytes[from] ?? -1);
        return decoder.decode(bytes, from, to);
      },
    };
  };
  return { ...bound(codec), createDecoder };
}
