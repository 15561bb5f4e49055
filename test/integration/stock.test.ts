/** Stock RSocket programs and whole nodes: they call our services, and `connectStock` calls theirs. */
import assert from 'node:assert/strict';
import { type RSocket, RSocketServer as AlphaServer } from 'rsocket-core-alpha';
import * as core from 'rsocket-core';
import { Flowable, Single } from 'rsocket-flowable';
import tcpServer from 'rsocket-tcp-server';
import { TcpServerTransport } from 'rsocket-tcp-server-alpha';
import type { Payload } from 'rsocket-types';
import * as z from 'zod';
import {
  call,
  channel,
  ClusterError,
  type ClusterNode,
  connectStock,
  createNode,
  defineService,
  oneWay,
  stream,
  type ServiceClient,
  type StockServer,
} from '../../src/index.js';
import { drawLabel } from './process-fixture.js';
import { realWaiter } from './link-waiter.js';
import { askNew, classOf, connectNew, connectOld, freePort, items, single } from './stock-peers.js';

interface Reading {
  readonly celsius: number;
  readonly caller: string;
  readonly trace: string;
}

const thermostat = defineService('thermostat', {
  version: '1.0.0',
  methods: {
    read: call<{ id: string }, Reading>({ idempotent: true }),
    set: call({ input: z.object({ celsius: z.number().max(30) }), output: z.string() }),
    fail: call<string, string>(),
    nothing: call(),
    bytes: call<Uint8Array, Uint8Array>({ raw: true }),
    count: stream<number, number>(),
    upper: channel<string, string>(),
    note: oneWay<string>(),
  },
});

const waiter = realWaiter(10_000);

describe('stock clients and a whole node', function suite() {
  this.timeout(30_000);
  let node: ClusterNode;
  let port = 0;
  const notes: string[] = [];

  before(async () => {
    node = createNode({
      name: 'house',
      label: drawLabel(),
      port: 0,
      seeds: [],
      authenticate: ({ dataMime }) => Promise.resolve(dataMime === 'text/plain' ? undefined : `stock ${dataMime}`),
    });
    await node.start();
    port = Number(node.address.split(':')[1]);
    node.rpc.register(thermostat, {
      read: ({ id }, { caller, headers }) => ({
        celsius: id === 'kitchen' ? 21 : 18,
        caller,
        trace: headers['traceparent'] ?? '',
      }),
      set: ({ celsius }) => `set to ${celsius}`,
      fail: (device) => {
        throw new ClusterError('not-found', 'no such device', { details: { device }, cause: new RangeError('far') });
      },
      nothing: () => undefined,
      bytes: (input) => input.toReversed(),
      count: function* (end) {
        for (let value = 1; value <= end; value += 1) yield value;
      },
      upper: async function* (words) {
        for await (const word of words) yield word.toUpperCase();
      },
      note: (text) => {
        notes.push(text);
      },
    });
  });
  after(() => node.stop());

  it('rsocket-js 0.0.27 calls all four interactions in JSON, and sees why a call failed', async () => {
    const socket = await connectOld(port);
    const ask = async (method: string, data: string): Promise<string> => {
      const answer = await single(socket.requestResponse(payload(method, Buffer.from(data))));
      return String(answer.data ?? '');
    };
    const reading: unknown = JSON.parse(await ask('read', '{"id":"kitchen"}'));
    assert.deepEqual(reading, { celsius: 21, caller: 'stock application/json', trace: '' });
    assert.equal(await ask('nothing', ''), '', 'nothing is no bytes, both ways');
    assert.equal(await ask('bytes', 'abc'), 'cba');
    const numbers = socket.requestStream(payload('count', Buffer.from('5')));
    assert.deepEqual(await items(numbers, 2), ['1', '2', '3', '4', '5']);
    const words = ['"a"', '"b"', '"c"'].map((word) => payload('upper', Buffer.from(word)));
    assert.deepEqual(await items(socket.requestChannel(Flowable.just(...words)), 10), ['"A"', '"B"', '"C"']);
    socket.fireAndForget(payload('note', Buffer.from('"old"')));
    await waiter.until(() => notes.includes('old'));
    await assert.rejects(ask('fail', '"boiler"'), (error: Error) => {
      const body = bodyIn(error.message);
      assert.deepEqual(body, {
        code: 'not-found',
        message: 'no such device',
        node: 'house',
        details: { device: 'boiler' },
        causes: [{ name: 'RangeError', message: 'far' }],
      });
      return true;
    });
    await assert.rejects(ask('set', '{"celsius":99}'), /invalid-value.*celsius/);
    await assert.rejects(ask('strange', '1'), /not-found/);
    socket.close();
  });

  it('rsocket-js 1.0.0-alpha.3 calls in JSON, with its trace, and sees RSocket say whether a call ran', async () => {
    const socket = await connectNew(port);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const route = (method: string): string => metadata(method, [['traceparent', traceparent]]).toString('latin1');
    const [text = ''] = await askNew(socket, '{"id":"hall"}', route('read'));
    assert.deepEqual(JSON.parse(text), { celsius: 18, caller: 'stock application/json', trace: traceparent });
    const seven = await itemsNew(socket, { method: 'count', data: '7' });
    assert.deepEqual(seven, ['1', '2', '3', '4', '5', '6', '7']);
    assert.deepEqual(await talkNew(socket, ['"x"', '"y"']), ['"X"', '"Y"']);
    socket.fireAndForget(
      { data: Buffer.from('"new"'), metadata: metadata('note') },
      { onError: () => undefined, onComplete: () => undefined },
    );
    await waiter.until(() => notes.includes('new'));
    const codeOf = async (method: string, data: string): Promise<number | undefined> => {
      const error: unknown = await askNew(socket, data, route(method)).catch((reason: unknown) => reason);
      return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
    };
    assert.equal(await codeOf('fail', '"boiler"'), 0x201, 'APPLICATION_ERROR: it ran');
    assert.equal(await codeOf('set', '{"celsius":99}'), 0x204, 'INVALID: it did not run');
    assert.equal(await codeOf('set', '{"celsius"'), 0x204);
    assert.equal(await codeOf('strange', '1'), 0x202, 'REJECTED: it did not run');
    socket.close();
  });

  it('read and write MessagePack where they say so, for all requests or for one', async () => {
    // {"id":"kitchen"}, as any other encoder writes it.
    const packed = Buffer.from([0x81, 0xa2, ...Buffer.from('id'), 0xa7, ...Buffer.from('kitchen')]);
    const forAll = await connectOld(port, 'application/msgpack');
    const first = await single(forAll.requestResponse(payload('read', packed)));
    assert.deepEqual([...(first.data ?? [])].slice(0, 10), [0x83, 0xa7, ...Buffer.from('celsius'), 21]);
    forAll.close();
    const forOne = await connectNew(port);
    const typed = metadata('read', [[core.MESSAGE_RSOCKET_MIMETYPE.string, mimeEntry('application/msgpack')]]);
    const [second = ''] = await askNew(forOne, packed.toString('latin1'), typed.toString('latin1'));
    assert.ok(second.startsWith('\u0083\u00a7celsius\u0015'), JSON.stringify(second));
    const [third = ''] = await askNew(forOne, '{"id":"kitchen"}', metadata('read').toString('latin1'));
    assert.match(third, /^\{"celsius":21,/);
    forOne.close();
  });

  it('are refused when the hook says no', async () => {
    await assert.rejects(
      connectOld(port, 'text/plain').then((socket) =>
        single(socket.requestResponse(payload('nothing', Buffer.alloc(0)))),
      ),
      /REJECTED_SETUP|closed|not authenticated/i,
    );
  });
});

describe('our client and stock servers', function suite() {
  this.timeout(30_000);
  let server: StockServer | undefined;

  afterEach(() => server?.stop());

  for (const codec of ['json', 'msgpack'] as const) {
    it(`calls rsocket-js 0.0.27 by contract, in ${codec}`, async () => {
      const port = await freePort();
      const stock = startOld(port);
      server = await dial(port, codec);
      await callEverything(server);
      stock.stop();
      await waiter.until(() => server?.up === false);
      const lost = server.client(thermostat).nothing();
      await assert.rejects(lost, { code: 'unavailable' });
    });
  }

  it('calls rsocket-js 1.0.0-alpha.3 by contract', async () => {
    const port = await freePort();
    const stock = await startNew(port);
    server = await dial(port, 'json');
    await callEverything(server);
    stock.close();
  });

  it('calls one of our own nodes in the same way', async () => {
    const node = createNode({
      name: 'house',
      label: drawLabel(),
      port: 0,
      seeds: [],
      authenticate: () => Promise.resolve('a stock client'),
    });
    await node.start();
    const seen: unknown[] = [];
    const echo = defineService('echo', { version: '1.0.0', methods: { say: call<string, string>() } });
    node.rpc.register(echo, { say: (text, { headers, caller }) => (seen.push({ ...headers }, caller), text) });
    server = await connectStock({ address: node.address, codec: 'msgpack' });
    assert.equal(await server.client(echo).say('hi', { headers: { tenant: 'north' } }), 'hi');
    assert.deepEqual(seen, [{ tenant: 'north' }, 'a stock client']);
    await server.stop();
    await node.stop();
  });

  it('says who is not there, and what route does not fit', async () => {
    await assert.rejects(connectStock({ address: `127.0.0.1:${await freePort()}`, timeoutMs: 500 }), {
      code: 'unavailable',
    });
    const port = await freePort();
    const stock = startOld(port);
    const wrong = await connectStock({ address: `127.0.0.1:${port}`, route: () => 'x'.repeat(256) });
    assert.throws(() => wrong.client(thermostat), { code: 'invalid-options' });
    await wrong.stop();
    stock.stop();
  });
});

/** The server may still be about to listen. */
async function dial(port: number, codec: 'json' | 'msgpack'): Promise<StockServer> {
  let server: StockServer | undefined;
  const address = `127.0.0.1:${port}`;
  const route = (service: string, method: string): string => `${service}.${method}`;
  for (let attempt = 0; server === undefined && attempt < 200; attempt += 1) {
    server = await connectStock({ address, codec, route }).catch(() => undefined);
  }
  assert.ok(server !== undefined, 'a server that listens');
  return server;
}

/** The four interactions of ours; the servers send back what they got, with what their metadata said where it fits. */
async function callEverything(server: StockServer): Promise<void> {
  const client: ServiceClient<typeof thermostat.methods> = server.client(thermostat, { timeoutMs: 5000 });
  const echoed: unknown = await client.read({ id: 'kitchen' });
  assert.deepEqual(echoed, { id: 'kitchen' });
  assert.deepEqual(await client.bytes(Uint8Array.of(1, 2, 3)), Uint8Array.of(1, 2, 3));
  assert.equal(await client.nothing(), undefined);
  const failure = await client.fail('boiler').catch((error: unknown) => error);
  assert.ok(failure instanceof ClusterError);
  assert.deepEqual([failure.code, failure.node], ['remote', server.address]);
  assert.match(failure.message, /no such device/);
  const numbers: unknown[] = [];
  for await (const item of client.count(3)) numbers.push(item);
  assert.deepEqual(numbers, [3, 3, 3]);
  const words: unknown[] = [];
  for await (const item of client.upper(['a', 'b'])) words.push(item);
  // A channel of ours opens with metadata alone, which a server that answers every payload answers too.
  assert.deepEqual(words.slice(-2), ['a', 'b']);
  await client.note('kept');
  await waiter.until(() => kept.length > 0);
  assert.deepEqual(kept.splice(0), ['thermostat.note']);
}

/** Routes of the messages that the stock servers got. */
const kept: string[] = [];

function startOld(port: number): core.RSocketServer<Buffer, Buffer> {
  const server = new core.RSocketServer<Buffer, Buffer>({
    transport: new (classOf(tcpServer))({ port, host: '127.0.0.1' }, core.BufferEncoders),
    getRequestHandler: () => ({
      requestResponse: (request) =>
        routeOf(request.metadata).endsWith('.fail')
          ? Single.error(new Error('no such device'))
          : Single.of({ data: request.data }),
      requestStream: ({ data }) => Flowable.just({ data }, { data }, { data }),
      requestChannel: (requests) => requests.map((request) => ({ data: request.data })),
      fireAndForget: (request) => {
        kept.push(routeOf(request.metadata));
      },
    }),
  });
  server.start();
  return server;
}

async function startNew(port: number): Promise<{ close(): void }> {
  const nothing = { cancel: () => undefined, onExtension: () => undefined, request: () => undefined };
  const server = new AlphaServer({
    transport: new TcpServerTransport({ listenOptions: { port, host: '127.0.0.1' } }),
    acceptor: {
      accept: () =>
        Promise.resolve({
          requestResponse: (request, responder) => {
            if (routeOf(request.metadata).endsWith('.fail')) responder.onError(new Error('no such device'));
            else responder.onNext({ data: request.data }, true);
            return nothing;
          },
          requestStream: ({ data }, _credit, responder) => {
            for (let index = 0; index < 3; index += 1) responder.onNext({ data }, index === 2);
            return nothing;
          },
          requestChannel: (_first, _credit, _isComplete, responder) => {
            responder.request(10);
            return {
              ...nothing,
              onNext: ({ data }, isComplete) => responder.onNext({ data }, isComplete),
              onComplete: () => responder.onComplete(),
              onError: () => undefined,
            };
          },
          fireAndForget: (request) => {
            kept.push(routeOf(request.metadata));
            return nothing;
          },
        }),
    },
  });
  return server.bind();
}

/** A request to a method of the contract, written by rsocket-js itself. */
function payload(method: string, data: Buffer): Payload<Buffer, Buffer> {
  return { data, metadata: metadata(method) };
}

function metadata(method: string, more: readonly (readonly [string, string])[] = []): Buffer {
  const entries: [string | number, Buffer][] = [
    [core.MESSAGE_RSOCKET_ROUTING.string, core.encodeRoute(`thermostat/${method}`)],
    ...more.map(([type, text]): [string, Buffer] => [type, Buffer.from(text, 'latin1')]),
  ];
  return core.encodeCompositeMetadata(entries);
}

function mimeEntry(type: string): string {
  return String.fromCharCode(type.length - 1) + type;
}

function routeOf(bytes: Buffer | null | undefined): string {
  for (const entry of new core.CompositeMetadata(bytes ?? Buffer.alloc(0))) {
    if (entry.mimeType === core.MESSAGE_RSOCKET_ROUTING.string) {
      return core.decodeRoutes(entry.content).next().value ?? '';
    }
  }
  return '';
}

/** rsocket-js 0.0.27 puts the error's body into a sentence. */
function bodyIn(message: string): unknown {
  return JSON.parse(message.slice(message.indexOf('{"code"'), message.lastIndexOf('}') + 1));
}

function itemsNew(socket: RSocket, { method, data }: { method: string; data: string }): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const list: string[] = [];
    const numbers = socket.requestStream({ data: Buffer.from(data), metadata: metadata(method) }, 2, {
      onNext: (given, isComplete) => {
        list.push(String(given.data));
        if (isComplete) resolve(list);
        else if (list.length % 2 === 0) numbers.request(2);
      },
      onError: reject,
      onComplete: () => resolve(list),
      onExtension: () => undefined,
    });
  });
}

function talkNew(socket: RSocket, words: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const list: string[] = [];
    const [first = '', ...others] = words;
    const talk = socket.requestChannel({ data: Buffer.from(first), metadata: metadata('upper') }, 10, false, {
      onNext: (given) => list.push(String(given.data)),
      onError: reject,
      onComplete: () => resolve(list),
      onExtension: () => undefined,
      request: () => {
        for (const word of others.splice(0)) talk.onNext({ data: Buffer.from(word) }, others.length === 0);
      },
      cancel: () => undefined,
    });
  });
}
