import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type SecureVersion } from 'node:tls';
import { awaitDial } from '../../src/cluster/transport/socket-dial.js';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import { TlsConnections, type TlsConnectionsOptions } from '../../src/cluster/transport/tls-connections.js';
import { UdpDatagrams } from '../../src/cluster/transport/udp-datagrams.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { ProcessMetrics } from '../../src/runtime/process-metrics.js';
import type { Connection, ConnectionEnd, Connections } from '../../src/spi/connections.js';
import { checkConnections } from '../../src/testing/conformance/connections.js';
import { checkDatagrams } from '../../src/testing/conformance/datagrams.js';
import { Opened, realWaiter, tlsFile } from './transport-fixture.js';

const clock = new NodeClock();
const runner = {
  describe: (name: string, body: () => void): void => {
    describe(name, function suite() {
      this.timeout(20_000);
      body();
    });
  },
  it,
};

// Containers often have no IPv6 at all.
const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const hosts = hasIPv6 ? (['127.0.0.1', '::1'] as const) : (['127.0.0.1'] as const);

for (const host of hosts) {
  checkDatagrams(runner, `UDP on ${host}`, async () => ({
    ...realWaiter,
    datagrams: new UdpDatagrams(),
    host,
    other: new UdpDatagrams(),
    otherHost: host,
    stop: async () => undefined,
  }));
}

for (const host of hosts) {
  checkConnections(runner, `TCP on ${host}`, async () => ({
    ...realWaiter,
    connections: new TcpConnections({ clock, lingerMs: 300 }),
    other: new TcpConnections({ clock, lingerMs: 300 }),
    otherLocal: { host, port: 0 },
    nobody: { host, port: 9 },
    tellsResets: true,
    floodBytes: 32_000_000,
    stop: async () => undefined,
  }));
}

checkConnections(runner, 'TLS', async () => {
  const authorities = tlsFile('cluster-ca.pem');
  return {
    ...realWaiter,
    connections: new TlsConnections({
      clock,
      lingerMs: 300,
      authorities,
      certificate: tlsFile('node-b.pem'),
      key: tlsFile('node-b-key.pem'),
    }),
    other: new TlsConnections({
      clock,
      lingerMs: 300,
      authorities,
      certificate: tlsFile('node-a.pem'),
      key: tlsFile('node-a-key.pem'),
    }),
    otherLocal: { host: '127.0.0.1', port: 0 },
    nobody: { host: '127.0.0.1', port: 9 },
    tellsResets: true,
    floodBytes: 32_000_000,
    stop: async () => undefined,
  };
});

checkConnections(runner, 'Unix sockets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalebus-'));
  return {
    ...realWaiter,
    connections: new TcpConnections({ clock, lingerMs: 300 }),
    other: new TcpConnections({ clock, lingerMs: 300 }),
    otherLocal: { host: join(folder, 'socket'), port: 0 },
    nobody: { host: join(folder, 'nobody'), port: 0 },
    tellsResets: false,
    floodBytes: 32_000_000,
    stop: async () => rmSync(folder, { recursive: true }),
  };
});

describe('UDP', function suite() {
  this.timeout(20_000);

  it('takes IPv4 and IPv6 on one socket that is bound to ::', async function dualStack() {
    if (!hasIPv6) this.skip();
    const datagrams = new UdpDatagrams();
    const both = await datagrams.bind({ host: '::', port: 0 });
    const four = await datagrams.bind({ host: '127.0.0.1', port: 0 });
    const six = await datagrams.bind({ host: '::1', port: 0 });
    const heard: string[] = [];
    both.listen((from, bytes) => {
      heard.push(from);
      both.send(from, bytes);
    });
    const answers: string[] = [];
    for (const socket of [four, six]) socket.listen((from) => answers.push(from));
    four.send(`127.0.0.1:${both.local.port}`, Uint8Array.of(1));
    six.send(`[::1]:${both.local.port}`, Uint8Array.of(1));
    await realWaiter.until(() => answers.length === 2);
    assert.deepEqual(heard.toSorted(), [`127.0.0.1:${four.local.port}`, `[::1]:${six.local.port}`].toSorted());
    await Promise.all([both, four, six].map((socket) => socket.close()));
  });

  it('knows localhost, and counts and drops what names no address', async () => {
    const metrics = new ProcessMetrics();
    const datagrams = new UdpDatagrams({ metrics });
    const left = await datagrams.bind({ host: 'localhost', port: 0 });
    let heard = 0;
    left.listen(() => {
      heard += 1;
    });
    left.send(`localhost:${left.local.port}`, Uint8Array.of(1));
    for (const to of ['db.example:1', '[::1]:1', '127.0.0.1:0', '']) left.send(to, Uint8Array.of(1));
    await realWaiter.until(() => heard === 1);
    assert.equal(metrics.find('scalebus_datagram_send_failed_total'), 4);
    await left.close();
  });

  it('says what is wrong with an address that it cannot bind', async () => {
    const datagrams = new UdpDatagrams();
    for (const host of ['192.0.2.1', 'no.such.host.invalid', '', '/tmp/socket']) {
      await assert.rejects(datagrams.bind({ host, port: 0 }), { code: 'unavailable' }, host);
    }
    await assert.rejects(datagrams.bind({ host: '127.0.0.1', port: 70_000 }), { code: 'unavailable' });
  });

  it('sends what was handed over just before close', async () => {
    const datagrams = new UdpDatagrams();
    const [left, right] = [
      await datagrams.bind({ host: '127.0.0.1', port: 0 }),
      await datagrams.bind({ host: '127.0.0.1', port: 0 }),
    ];
    let heard = 0;
    right.listen(() => {
      heard += 1;
    });
    for (let count = 0; count < 5; count += 1) left.send(`127.0.0.1:${right.local.port}`, Uint8Array.of(1));
    await left.close();
    await realWaiter.until(() => heard === 5);
    await right.close();
  });
});

describe('TCP', function suite() {
  this.timeout(20_000);
  const opened = new Opened();

  afterEach(() => opened.close());

  it('says silent when nothing answers in time', async () => {
    const never = new Socket();
    const dial = awaitDial({
      to: { host: '192.0.2.1', port: 1 },
      clock,
      timeoutMs: 20,
      event: 'connect',
      open: () => never,
      wrap: () => assert.fail('connected'),
    });
    await assert.rejects(dial, { code: 'unavailable', details: 'silent' });
    assert.equal(never.destroyed, true);
  });

  it('does not take a connection with itself for somebody who listens', async () => {
    const dial = awaitDial({
      to: { host: '127.0.0.1', port: 1 },
      clock,
      timeoutMs: 2000,
      event: 'connect',
      // Binding the port that is dialed makes sure of what else happens once in some ten thousand dials.
      open: () => connect({ host: '127.0.0.1', port: 33_117, localPort: 33_117 }),
      wrap: () => assert.fail('connected'),
    });
    await assert.rejects(dial, { code: 'unavailable', details: 'refused' });
  });

  it('rejects what cannot be dialed or listened on', async () => {
    const connections = opened.watch(new TcpConnections({ clock }));
    const impossible = [
      { host: '127.0.0.1', port: 70_000 },
      { host: 'no.such.host.invalid', port: 1 },
    ];
    for (const to of impossible) {
      await assert.rejects(connections.dial(to, { timeoutMs: 5000 }), { code: 'unavailable', details: 'failed' });
      await assert.rejects(
        connections.listen(to, () => undefined),
        { code: 'unavailable' },
      );
    }
    const long = { host: `/tmp/${'x'.repeat(300)}`, port: 0 };
    await assert.rejects(
      connections.listen(long, () => undefined),
      { code: 'unavailable' },
    );
    await assert.rejects(connections.dial(long, { timeoutMs: 5000 }), { code: 'unavailable', details: 'failed' });
  });

  it('dials by name', async () => {
    const connections = opened.watch(new TcpConnections({ clock }));
    const accepted: Connection[] = [];
    const server = await connections.listen({ host: 'localhost', port: 0 }, (one) => accepted.push(one));
    const dialed = await connections.dial(server.local, { timeoutMs: 5000 });
    await realWaiter.until(() => accepted.length === 1);
    assert.match(dialed.remote, new RegExp(`:${server.local.port}$`));
    dialed.destroy();
    accepted[0]?.destroy();
    await server.close();
  });

  it('survives a client that resets before it is accepted', async () => {
    const connections = opened.watch(new TcpConnections({ clock }));
    const ends: ConnectionEnd[] = [];
    const server = await connections.listen({ host: '127.0.0.1', port: 0 }, (one) => {
      one.listen({ onBytes: () => undefined, onDrain: () => undefined, onClosed: (reason) => ends.push(reason) });
    });
    for (let count = 0; count < 20; count += 1) {
      const client = connect({ host: '127.0.0.1', port: server.local.port });
      await once(client, 'connect');
      client.resetAndDestroy();
    }
    const dialed = await connections.dial(server.local, { timeoutMs: 5000 });
    dialed.end();
    await realWaiter.until(() => ends.includes('ended'));
    await server.close();
  });
});

describe('TLS', function suite() {
  this.timeout(20_000);
  const opened = new Opened();
  const authorities = tlsFile('cluster-ca.pem');
  const nodeA = { certificate: tlsFile('node-a.pem'), key: tlsFile('node-a-key.pem') };
  const nodeB = { certificate: tlsFile('node-b.pem'), key: tlsFile('node-b-key.pem') };
  const stranger = { certificate: tlsFile('stranger.pem'), key: tlsFile('stranger-key.pem') };
  const make = (options: Partial<TlsConnectionsOptions>): Connections =>
    opened.watch(new TlsConnections({ clock, authorities, ...options }));

  afterEach(() => opened.close());

  it('speaks TLS 1.3 and nothing older, on either side', async () => {
    const metrics = new ProcessMetrics();
    const accepted: Connection[] = [];
    const server = await make({ ...nodeA, mutual: false, metrics }).listen({ host: '127.0.0.1', port: 0 }, (one) =>
      accepted.push(one),
    );
    const protocolOf = async (maxVersion: SecureVersion): Promise<string> => {
      const client = connectTls({ host: '127.0.0.1', port: server.local.port, ca: authorities, maxVersion });
      opened.onClose(() => client.destroy());
      const told = once(client, 'secureConnect').then(() => String(client.getProtocol()));
      return told.catch((error: unknown) => (isCoded(error) ? String(error.code) : String(error)));
    };
    assert.equal(await protocolOf('TLSv1.2'), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await realWaiter.until(() => metrics.find('scalebus_tls_handshake_failed_total') === 1);
    assert.equal(accepted.length, 0);
    assert.equal(await protocolOf('TLSv1.3'), 'TLSv1.3');

    const old = createTlsServer({ cert: nodeA.certificate, key: nodeA.key, maxVersion: 'TLSv1.2' });
    opened.onClose(() => old.close());
    await once(old.listen(0, '127.0.0.1'), 'listening');
    const { port } = old.address() as AddressInfo;
    await assert.rejects(make({}).dial({ host: '127.0.0.1', port }, { timeoutMs: 5000 }), {
      code: 'unavailable',
      details: 'failed',
    });
  });

  it('tells each side the names that the other proved', async () => {
    const { dialed, accepted, close } = await tlsPair(make(nodeA), make(nodeB), 'localhost');
    const names = (connection: Connection) => connection.certificate?.names.toSorted();
    assert.deepEqual(names(dialed), ['0:0:0:0:0:0:0:1', '127.0.0.1', 'localhost', 'node-a']);
    assert.deepEqual(names(accepted), ['b.example', 'node-b']);
    assert.deepEqual([dialed.certificate?.authorized, accepted.certificate?.authorized], [true, true]);
    await close();
  });

  it('takes a client without a certificate when it need not be mutual', async () => {
    const { accepted, close } = await tlsPair(make({ ...nodeA, mutual: false }), make({}), '127.0.0.1');
    assert.deepEqual(accepted.certificate, { authorized: false, names: [] });
    await close();
  });

  it('lets no client in that has no certificate, or one of strangers', async () => {
    const metrics = new ProcessMetrics();
    const server = await make({ ...nodeA, metrics }).listen({ host: '127.0.0.1', port: 0 }, () =>
      assert.fail('let in'),
    );
    let refused = 0;
    for (const client of [make({}), make(stranger)]) {
      const ends: ConnectionEnd[] = [];
      const dialed = await client.dial(server.local, { timeoutMs: 5000 });
      dialed.listen({ onBytes: () => undefined, onDrain: () => undefined, onClosed: (reason) => ends.push(reason) });
      await realWaiter.until(() => ends.length === 1);
      refused += 1;
      await realWaiter.until(() => metrics.find('scalebus_tls_handshake_failed_total') === refused);
    }
    await server.close();
  });

  it('talks to no server of strangers, and to none of another name unless told not to look', async () => {
    const listening = (options: Partial<TlsConnectionsOptions>) =>
      make({ ...options, mutual: false }).listen({ host: '127.0.0.1', port: 0 }, () => undefined);
    const [strange, otherName] = [await listening(stranger), await listening(nodeB)];
    const failed = { code: 'unavailable', details: 'failed' };
    await assert.rejects(make({}).dial(strange.local, { timeoutMs: 5000 }), failed);
    await assert.rejects(make({ checkHost: false }).dial(strange.local, { timeoutMs: 5000 }), failed);
    await assert.rejects(make({}).dial(otherName.local, { timeoutMs: 5000 }), failed);
    const dialed = await make({ checkHost: false }).dial(otherName.local, { timeoutMs: 5000 });
    assert.deepEqual(dialed.certificate?.names.toSorted(), ['b.example', 'node-b']);
    dialed.destroy();
    await strange.close();
    await otherName.close();
  });

  it('says at once which certificate or key is no good', async () => {
    const wrong = { code: 'invalid-options' };
    assert.throws(() => make({ certificate: 'no', key: 'no' }), wrong);
    assert.throws(() => make({ ...nodeA, key: nodeB.key }), wrong);
    await assert.rejects(
      make({}).listen({ host: '127.0.0.1', port: 0 }, () => undefined),
      wrong,
    );
  });

  it('gives up a server that accepts and says nothing, and a client that never shakes hands', async () => {
    const mute = createServer((socket) => opened.onClose(() => socket.destroy())).listen(0, '127.0.0.1');
    opened.onClose(() => mute.close());
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    await assert.rejects(make({}).dial({ host: '127.0.0.1', port }, { timeoutMs: 50 }), { details: 'silent' });

    const metrics = new ProcessMetrics();
    const server = await make({ ...nodeA, metrics, handshakeMs: 100 }).listen({ host: '127.0.0.1', port: 0 }, () =>
      assert.fail('let in'),
    );
    const client = connect({ host: '127.0.0.1', port: server.local.port });
    await realWaiter.until(() => metrics.find('scalebus_tls_handshake_failed_total') === 1);
    client.destroy();
    await server.close();
  });

  it('closes on garbage and goes on serving', async () => {
    const metrics = new ProcessMetrics();
    const accepted: Connection[] = [];
    const server = await make({ ...nodeA, metrics }).listen({ host: '127.0.0.1', port: 0 }, (one) =>
      accepted.push(one),
    );
    for (const junk of [Uint8Array.of(0), new Uint8Array(5000).fill(22), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const client = connect({ host: '127.0.0.1', port: server.local.port });
      client.on('error', () => undefined);
      client.end(junk);
      await once(client, 'close');
    }
    await realWaiter.until(() => metrics.find('scalebus_tls_handshake_failed_total') === 3);
    const dialed = await make(nodeB).dial(server.local, { timeoutMs: 5000 });
    await realWaiter.until(() => accepted.length === 1);
    dialed.destroy();
    await server.close();
  });
});

async function tlsPair(server: Connections, client: Connections, host: string) {
  const accepted: Connection[] = [];
  const listening = await server.listen({ host: '127.0.0.1', port: 0 }, (one) => accepted.push(one));
  const dialed = await client.dial({ host, port: listening.local.port }, { timeoutMs: 5000 });
  await realWaiter.until(() => accepted.length === 1);
  const [first] = accepted;
  assert.ok(first);
  const close = async (): Promise<void> => {
    dialed.destroy();
    first.destroy();
    await listening.close();
  };
  return { dialed, accepted: first, close };
}

function isCoded(error: unknown): error is { readonly code: unknown } {
  return error instanceof Error && 'code' in error;
}
