/** Links over real sockets: the suite, and what only a real socket can show. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressToText } from '../../src/core/address.js';
import { type LinksFixture, RecordingSink, request } from '../../src/testing/conformance/link-pair.js';
import { TlsConnections } from '../../src/cluster/transport/tls-connections.js';
import type { GivenLinkOptions } from '../../src/cluster/link/link-options.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { checkLinks } from '../../src/testing/conformance/links.js';
import { introduce } from '../cluster/link/link-world.js';
import { type NodeChoice, startNode } from './link-node.js';
import { tlsFile } from './transport-fixture.js';
import { realWaiter } from './link-waiter.js';

describe('links over TCP', function suite() {
  this.timeout(20_000);

  checkLinks({ describe, it }, 'our engine over TCP', () => pair(() => ({})));

  checkLinks({ describe, it }, 'our engine over Unix sockets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scalebus-'));
    return pair((name) => ({ local: { host: join(folder, name), port: 0 } }));
  });

  checkLinks({ describe, it }, 'our engine over TLS with certificates on both sides', () => pair(withTls));

  it('links nobody whose certificate names somebody else', async () => {
    const waiter = realWaiter();
    const left = await startNode('node-a', { ...withTls('left'), options: strict });
    const right = await startNode('node-b', { ...withTls('right'), options: strict });
    const liar = await startNode('node-c', { ...withTls('left'), options: { ...strict, redialMinMs: 10 } });
    introduce(left.node, right.node);
    introduce(liar.node, right.node);
    await waiter.until(() => left.node.links.findLink('node-b') !== undefined);
    await waiter.until(() => liar.node.metrics.sum('scalebus_link_events_total') > 3);
    assert.equal(right.node.links.findLink('node-c'), undefined);
    assert.deepEqual(liar.node.events, []);
    for (const node of [left, right, liar]) await node.stop();
  });

  it('survives a reset before SETUP, one byte, and a stranger that says HTTP', async () => {
    const waiter = realWaiter();
    const door = await startNode('door');
    const caller = await startNode('caller');
    for (const bytes of [Buffer.alloc(0), Buffer.of(0), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]) {
      const socket = connect(door.node.address.port, '127.0.0.1');
      let isClosed = false;
      socket.on('close', () => {
        isClosed = true;
      });
      socket.on('error', () => undefined);
      socket.resume();
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(bytes);
      await new Promise(setImmediate);
      if (bytes.length < 2) socket.resetAndDestroy();
      await waiter.until(() => isClosed);
    }
    introduce(caller.node, door.node);
    await waiter.until(() => caller.node.links.findLink('door') !== undefined);
    await caller.stop();
    await door.stop();
  });

  it('answers 8,192 calls in flight', async () => {
    const waiter = realWaiter();
    const left = await startNode('a');
    const right = await startNode('b');
    introduce(left.node, right.node);
    await waiter.until(() => left.node.links.findLink('b')?.up === true && right.node.links.findLink('a')?.up === true);
    right.node.links.serve('rpc', (incoming) => {
      incoming.stream.nextAndComplete(new Uint8Array(0), incoming.payload.data().slice());
      return new RecordingSink();
    });
    const link = left.node.links.findLink('b');
    const sinks = Array.from({ length: 8192 }, () => {
      const sink = new RecordingSink();
      assert.notEqual(
        typeof link?.open(request({ interaction: 'response', data: new Uint8Array(100) }), sink),
        'string',
      );
      return sink;
    });
    await waiter.until(() => sinks.every((sink) => sink.isOver));
    assert.ok(sinks.every((sink) => sink.heard.at(-1) === 'complete'));
    await left.stop();
    await right.stop();
  });

  it('keeps a healthy link over a real block of the event loop that is longer than the lifetime', async () => {
    const waiter = realWaiter();
    const left = await startNode('a', { options: { keepAliveMs: 50, lifetimeMs: 200 } });
    const right = await startNode('b', { options: { keepAliveMs: 50, lifetimeMs: 200 } });
    introduce(left.node, right.node);
    await waiter.until(() => left.node.events.length === 1 && right.node.events.length === 1);
    const end = performance.now() + 700;
    while (performance.now() < end);
    // A call and its answer prove that the loop went round after the block.
    right.node.links.serve('rpc', (incoming) => {
      incoming.stream.nextAndComplete(new Uint8Array(0), new Uint8Array(0));
      return new RecordingSink();
    });
    for (let count = 0; count < 5; count += 1) {
      const sink = new RecordingSink();
      left.node.links.findLink('b')?.open(request({ interaction: 'response' }), sink);
      await waiter.until(() => sink.isOver);
      assert.deepEqual(sink.heard, ['next |', 'complete']);
    }
    assert.deepEqual([left.node.events, right.node.events], [['up b@1'], ['up a@1']]);
    await left.stop();
    await right.stop();
  });
});

const strict: GivenLinkOptions = {
  checkCertificate: (certificate, name) => certificate.authorized && certificate.names.includes(name),
};

async function pair(choose: (name: string) => NodeChoice): Promise<LinksFixture> {
  const options = { engine: { streamsMax: 20 }, redialMinMs: 10, dialYieldMs: 50 };
  const left = await startNode('left', { ...choose('left'), options });
  const right = await startNode('right', { ...choose('right'), options });
  introduce(left.node, right.node);
  return {
    ...realWaiter(),
    left: left.node.links,
    right: right.node.links,
    rightAddress: addressToText(right.node.address),
    breakLink: () => {
      for (const { node } of [left, right]) for (const connection of node.connections.dialed) connection.destroy();
    },
    streamsMax: 20,
    stop: async () => {
      await left.stop();
      await right.stop();
    },
  };
}

function withTls(name: string): NodeChoice {
  const file = name === 'left' ? 'node-a' : 'node-b';
  return {
    connections: new TlsConnections({
      clock: new NodeClock(),
      lingerMs: 300,
      authorities: tlsFile('cluster-ca.pem'),
      certificate: tlsFile(`${file}.pem`),
      key: tlsFile(`${file}-key.pem`),
      checkHost: false,
    }),
  };
}
