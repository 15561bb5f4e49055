/** Stock RSocket clients call us, and we call stock servers: both generations of the packages on npm, at the level of streams. */
import assert from 'node:assert/strict';
import { RSocketServer as AlphaServer } from 'rsocket-core-alpha';
import * as core from 'rsocket-core';
import { Flowable, Single } from 'rsocket-flowable';
import tcpServer from 'rsocket-tcp-server';
import { TcpServerTransport } from 'rsocket-tcp-server-alpha';
import { emptyBytes } from '../../src/core/bytes.js';
import { silentLogger } from '../../src/core/logger.js';
import { SeededRandom } from '../../src/core/random.js';
import { bytesToText, textToBytes } from '../../src/core/text.js';
import type { IncomingStream, Link, StreamSink } from '../../src/spi/links.js';
import { GuestLinks } from '../../src/cluster/link/guest-links.js';
import { resolveLinkOptions } from '../../src/cluster/link/link-options.js';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { pattern, RecordingSink, request } from '../../src/testing/conformance/link-pair.js';
import { CountedMetrics } from '../testing/counted-metrics.js';
import { TestSecrets } from '../cluster/link/link-world.js';
import { realWaiter } from './link-waiter.js';
import { startNode, type StartedNode } from './link-node.js';
import {
  askNew,
  classOf,
  connectNew,
  connectOld,
  freePort,
  items,
  single,
  streamNew,
  toBuffer,
} from './stock-peers.js';

const waiter = realWaiter(10_000);

describe('stock clients call our node', function suite() {
  this.timeout(20_000);
  let node: StartedNode;
  const seen: string[] = [];

  beforeEach(async () => {
    seen.length = 0;
    node = await startNode('node', { options: { authenticate: () => Promise.resolve('stock-1') } });
    node.node.links.serve('rpc', (incoming) => answer(incoming, seen));
  });
  afterEach(() => node.stop());

  it('rsocket-js 0.0.27', async () => {
    const socket = await connectOld(node.node.address.port);
    const response = await single(
      socket.requestResponse({ data: Buffer.from('ping'), metadata: Buffer.from('route') }),
    );
    assert.equal(String(response.data), 'ping');
    assert.equal(String(response.metadata), 'route');
    const long = await single(socket.requestResponse({ data: Buffer.from(pattern(1_000_000)) }));
    assert.ok(Buffer.from(pattern(1_000_000)).equals(toBuffer(long.data)), 'fragments of ours are put together by it');
    assert.deepEqual(await items(socket.requestStream({ data: Buffer.from('5') }), 2), ['1', '2', '3', '4', '5']);
    const sent = Flowable.just({ data: Buffer.from('a') }, { data: Buffer.from('b') }, { data: Buffer.from('c') });
    assert.deepEqual(await items(socket.requestChannel(sent), 10), ['a', 'b', 'c']);
    socket.fireAndForget({ data: Buffer.from('note') });
    await waiter.until(() => seen.includes('fire-and-forget note'));
    await assert.rejects(single(socket.requestResponse({ data: Buffer.from('fail') })), /no/);
    assert.ok(seen.includes('response composite stock ping'));
    socket.close();
    await waiter.until(() => node.node.links.links().length === 0);
  });

  it('rsocket-js 1.0.0-alpha.3', async () => {
    const socket = await connectNew(node.node.address.port);
    assert.deepEqual(await askNew(socket, 'ping', 'route'), ['ping', 'route']);
    const [long] = await askNew(socket, Buffer.from(pattern(300_000)).toString('latin1'));
    assert.equal(long?.length, Buffer.from(pattern(300_000)).toString('latin1').length);
    assert.deepEqual(await streamNew(socket, '5', 2), ['1', '2', '3', '4', '5']);
    await assert.rejects(askNew(socket, 'fail'), (error: { code?: number }) => error.code === 0x301);
    socket.close();
    await waiter.until(() => node.node.links.links().length === 0);
  });
});

describe('we call stock servers', function suite() {
  this.timeout(20_000);

  it('rsocket-js 0.0.27', async () => {
    const port = await freePort();
    const server = new core.RSocketServer<Buffer, Buffer>({
      transport: new (classOf(tcpServer))({ port, host: '127.0.0.1' }, core.BufferEncoders),
      getRequestHandler: () => ({
        requestResponse: (payload) =>
          String(payload.data) === 'fail' ? Single.error(new Error('no')) : Single.of({ data: payload.data }),
        requestStream: (payload) => Flowable.just(...counted(Number(payload.data)).map((data) => ({ data }))),
        requestChannel: (payloads) => payloads.map((payload) => ({ data: payload.data })),
        fireAndForget: () => undefined,
      }),
    });
    server.start();
    const guest = newGuest();
    await callAll(await dialUntil(guest, port));
    await guest.stop();
    server.stop();
  });

  it('rsocket-js 1.0.0-alpha.3', async () => {
    const port = await freePort();
    const server = new AlphaServer({
      transport: new TcpServerTransport({ listenOptions: { port, host: '127.0.0.1' } }),
      acceptor: {
        accept: () =>
          Promise.resolve({
            requestResponse: (payload, responder) => {
              if (String(payload.data) === 'fail') responder.onError(new Error('no'));
              else responder.onNext({ data: payload.data }, true);
              return { cancel: () => undefined, onExtension: () => undefined };
            },
            requestStream: (payload, initialRequestN, responder) => {
              const list = counted(Number(payload.data));
              let next = 0;
              const send = (count: number): void => {
                for (let index = 0; index < count && next < list.length; index += 1) {
                  responder.onNext({ data: list[next] }, next === list.length - 1);
                  next += 1;
                }
              };
              send(initialRequestN);
              return { request: send, cancel: () => undefined, onExtension: () => undefined };
            },
            requestChannel: (payload, _initialRequestN, _isCompleted, responder) => {
              responder.onNext({ data: payload.data }, false);
              responder.request(10);
              return {
                onNext: (item, isComplete) => responder.onNext({ data: item.data }, isComplete),
                onComplete: () => responder.onComplete(),
                onError: () => undefined,
                onExtension: () => undefined,
                request: () => undefined,
                cancel: () => undefined,
              };
            },
          }),
      },
    });
    const closeable = await server.bind();
    const guest = newGuest();
    await callAll(await dialUntil(guest, port));
    await guest.stop();
    closeable.close();
  });
});

/** What our node answers: an echo, a failure for `fail`, numbers for a stream, an echo for a channel. */
function answer(incoming: IncomingStream, seen: string[]): StreamSink {
  const { stream, payload } = incoming;
  const data = payload.data().slice();
  const word = data.length > 100 ? `${data.length} bytes` : bytesToText(data);
  const { role } = stream.link.peer;
  const form = incoming.interaction === 'response' ? `${incoming.metadataForm} ${role} ` : '';
  seen.push(`${incoming.interaction} ${form}${word}`);
  const sink = new RecordingSink();
  if (word === 'fail') {
    stream.fail(0x301, textToBytes('no'));
  } else if (incoming.interaction === 'response') {
    stream.nextAndComplete(payload.metadata().slice(), data);
  } else if (incoming.interaction === 'stream') {
    const list = counted(Number(word));
    let next = 0;
    const fill = (): void => {
      for (; stream.credit > 0 && next < list.length; next += 1) {
        const item = list[next] ?? emptyBytes;
        if (next === list.length - 1) stream.nextAndComplete(emptyBytes, item);
        else stream.next(emptyBytes, item);
      }
    };
    sink.onMoreCredit = fill;
    fill();
  } else if (incoming.interaction === 'channel') {
    stream.next(emptyBytes, data);
    sink.onPayload = (item) => stream.next(emptyBytes, item.data().slice());
    sink.onEnd = () => stream.complete();
    stream.request(100);
  }
  return sink;
}

/** The four interactions of ours against a server that echoes. */
async function callAll(link: Link): Promise<void> {
  const ask = async (data: Uint8Array): Promise<RecordingSink> => {
    const sink = new RecordingSink();
    assert.notEqual(typeof link.open(request({ interaction: 'response', data }), sink), 'string');
    await waiter.until(() => sink.isOver);
    return sink;
  };
  assert.deepEqual((await ask(textToBytes('ping'))).heard, ['next |ping', 'complete']);
  assert.equal((await ask(pattern(1_000_000))).last.length, 1_000_000);
  assert.match((await ask(textToBytes('fail'))).heard.join(' '), /^fail 0x201 no/);

  const numbers = new RecordingSink();
  const stream = link.open(request({ interaction: 'stream', credit: 2, data: textToBytes('5') }), numbers);
  await waiter.until(() => numbers.items === 2);
  await waiter.rest();
  assert.equal(numbers.items, 2);
  if (typeof stream !== 'string') stream.request(10);
  await waiter.until(() => numbers.isOver);
  assert.deepEqual(numbers.heard.slice(-2), ['next |5', 'complete']);

  const echo = new RecordingSink();
  const channel = link.open(request({ interaction: 'channel', credit: 10, data: textToBytes('a') }), echo);
  assert.ok(typeof channel !== 'string');
  await waiter.until(() => channel.credit > 0);
  channel.next(emptyBytes, textToBytes('b'));
  if (channel.credit === 0) await waiter.until(() => channel.credit > 0);
  channel.nextAndComplete(emptyBytes, textToBytes('c'));
  await waiter.until(() => echo.isOver);
  assert.deepEqual(
    echo.heard.filter((line) => line !== 'credit'),
    ['next |a', 'next |b', 'next |c', 'complete'],
  );
  const note = new RecordingSink();
  assert.notEqual(
    typeof link.open(request({ interaction: 'fire-and-forget', data: textToBytes('note') }), note),
    'string',
  );
}

async function dialUntil(guest: GuestLinks, port: number): Promise<Link> {
  let link: Link | undefined;
  for (let attempt = 0; attempt < 200 && link === undefined; attempt += 1) {
    link = await guest.dialStock(`127.0.0.1:${port}`, 'server').catch(() => undefined);
  }
  assert.ok(link !== undefined, 'a server that listens');
  return link;
}

function newGuest(): GuestLinks {
  const clock = new NodeClock();
  const connections = new TcpConnections({ clock, lingerMs: 300 });
  const secrets = new TestSecrets(new SeededRandom(1));
  const self = { name: 'guest', epoch: 1 };
  const metrics = new CountedMetrics();
  return new GuestLinks({ self, clock, secrets, connections, logger: silentLogger, metrics }, resolveLinkOptions());
}

function counted(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`${index + 1}`));
}
