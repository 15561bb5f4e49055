import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { connect as dialRaw } from 'node:net';
import { promisify } from 'node:util';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { startFleet } from '../../examples/demo/devices.js';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import { silentLogger } from '../../src/core/logger.js';
import { SeededRandom } from '../../src/core/random.js';
import { DeviceGateway } from '../../src/device/gateway/device-gateway.js';
import { JsonProtocol } from '../../src/device/gateway/json-protocol.js';
import type { MqttOptions } from '../../src/device/network/mqtt-options.js';
import { MqttServer } from '../../src/device/network/mqtt-server.js';
import { SessionTable } from '../../src/device/session/session-table.js';
import { NodeClock } from '../../src/runtime/node-clock.js';

const run = promisify(execFile);
const hasMosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined;

describe('MQTT over TCP', function overTcp() {
  this.timeout(20_000);

  for (const protocolVersion of [4, 5] as const) {
    describe(`with MQTT.js at protocol level ${protocolVersion}`, () => {
      it('carries reports, commands, replies and the will', async () => {
        const house = await openHouse();
        const client = await house.connect({
          protocolVersion,
          clientId: 'b1',
          will: { topic: 'boiler/b1/event/gone', payload: Buffer.from('{}'), qos: 1, retain: false },
        });
        const [granted] = await client.subscribeAsync('boiler/b1/command/+', { qos: 1 });
        assert.equal(granted?.qos, 1);
        client.on('message', (_topic, payload) => {
          const command: unknown = JSON.parse(payload.toString());
          assert.ok(typeof command === 'object' && command !== null && 'id' in command);
          client.publish('boiler/b1/reply', JSON.stringify({ id: command.id, output: 'done' }), { qos: 1 });
        });
        await client.publishAsync('boiler/b1/report', '{"temperature":21.5}', { qos: 1 });
        await client.publishAsync('boiler/b1/report', '{"temperature":22}', { qos: 0 });
        const answer = await house.bus.request('/device/boiler/b1/command/fan', { on: true }, { timeoutMs: 5000 });
        assert.equal(answer.value, 'done');
        // A socket that breaks, not a client that leaves.
        client.stream.destroy();
        await house.until(() => house.seen.includes('/device/boiler/b1/offline'));
        assert.deepEqual(house.seen, [
          '/device/boiler/b1/online',
          '/device/boiler/b1/message/property/report',
          '/device/boiler/b1/message/property/report',
          '/device/boiler/b1/message/event/gone',
          '/device/boiler/b1/offline',
        ]);
        await house.close();
      });

      it('refuses a filter that is not its own, and says so', async () => {
        const house = await openHouse();
        const client = await house.connect({ protocolVersion, clientId: 'b1' });
        await assert.rejects(client.subscribeAsync('#'), /Unspecified error|Not authorized/);
        await house.close();
      });

      it('gives a client id up to the newer connection', async () => {
        const house = await openHouse();
        const first = await house.connect({ protocolVersion, clientId: 'b1' });
        const closed = new Promise<void>((resolve) => first.once('close', () => resolve()));
        await house.connect({ protocolVersion, clientId: 'b1' });
        await closed;
        assert.equal(house.component.counters.clients, 1);
        await house.close();
      });
    });
  }

  it('takes a payload of many chunks and refuses one beyond the limit', async () => {
    const house = await openHouse({ packetBytesMax: 300_000 });
    const client = await house.connect({ protocolVersion: 5, clientId: 'b1' });
    await client.publishAsync('boiler/b1/report', JSON.stringify({ text: 'x'.repeat(250_000) }), { qos: 1 });
    assert.equal(house.seen.length, 2);
    const old = await house.connect({ protocolVersion: 4, clientId: 'b2' });
    const closed = new Promise<void>((resolve) => old.once('close', () => resolve()));
    old.publish('boiler/b2/report', JSON.stringify({ text: 'x'.repeat(400_000) }), { qos: 1 });
    await closed;
    assert.equal(house.component.counters.tooLarge, 1);
    await house.close();
  });

  it('lives through floods of noise on every connection but its own clients notice nothing', async () => {
    const house = await openHouse();
    const client = await house.connect({ protocolVersion: 5, clientId: 'b1' });
    const random = new SeededRandom(4);
    const noise = Array.from({ length: 200 }, async () => {
      const bytes = Buffer.from(Array.from({ length: 500 }, () => random.below(256)));
      await new Promise<void>((resolve) => {
        const socket = dialRaw(house.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    });
    await Promise.all(noise);
    await client.publishAsync('boiler/b1/report', '{}', { qos: 1 });
    assert.equal(house.component.counters.clients, 1);
    await house.close();
  });

  it('serves the rooms of the demo, who obey their fan', async () => {
    const house = await openHouse();
    const fleet = startFleet({ url: house.url, count: 5, reportEveryMs: 100 });
    await house.until(() => house.gateway.counters.devices === 5 && fleet.reports >= 10);
    const answer = await house.bus.request('/device/room/r3/command/fan', { on: true }, { timeoutMs: 5000 });
    assert.deepEqual(answer.value, { on: true });
    await assert.rejects(
      house.bus.request('/device/room/r3/command/dance', {}, { timeoutMs: 5000 }),
      /knows the command fan/,
    );
    assert.equal(fleet.commands, 2);
    await fleet.stop();
    await house.until(() => house.gateway.counters.devices === 0);
    await house.close();
  });

  it('understands mosquitto_pub and mosquitto_sub', async function mosquitto() {
    if (!hasMosquitto) this.skip();
    const house = await openHouse();
    const where = ['-h', '127.0.0.1', '-p', String(house.port)];
    for (const version of ['311', '5']) {
      await run('mosquitto_pub', [
        ...where,
        '-V',
        version,
        '-q',
        '1',
        '-t',
        'boiler/b1/report',
        '-m',
        '{"temperature":21.5}',
      ]);
    }
    const sub = run('mosquitto_sub', [
      ...where,
      '-V',
      '5',
      '-q',
      '1',
      '-t',
      'boiler/b2/command/+',
      '-C',
      '1',
      '-W',
      '10',
    ]);
    await house.until(() => house.seen.includes('/device/boiler/b2/online'));
    // It prints the command and leaves without a reply, so the asker is told at once.
    await assert.rejects(house.bus.request('/device/boiler/b2/command/fan', 1, { timeoutMs: 5000 }), /went away/);
    assert.match((await sub).stdout, /"input":1/);
    await house.close();
  });
});

interface House {
  readonly bus: ReturnType<typeof createLocalBus>;
  readonly component: MqttServer;
  readonly gateway: DeviceGateway;
  readonly port: number;
  readonly url: string;
  /** Topics of all devices so far. */
  readonly seen: string[];
  connect(options: IClientOptions): Promise<MqttClient>;
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

async function openHouse(options: Partial<MqttOptions> = {}): Promise<House> {
  const clock = new NodeClock();
  const random = new SeededRandom(1);
  const shared = { clock, random, logger: silentLogger };
  const bus = createLocalBus({ clock, random, self: { name: 'n1', epoch: 1 } });
  const connections = new TcpConnections({ clock, lingerMs: 300 });
  const component = new MqttServer({ ...shared, connections }, { listen: { host: '127.0.0.1', port: 0 }, ...options });
  const parts = { bus, component, protocol: new JsonProtocol(), sessions: new SessionTable(), nodeName: 'n1' };
  const gateway = new DeviceGateway({ ...shared, ...parts });
  const seen: string[] = [];
  bus.subscribe('/device/**', ({ topic }) => void seen.push(topic));
  await gateway.start();
  const { port } = component.local;
  const url = `mqtt://127.0.0.1:${port}`;
  const clients: MqttClient[] = [];
  return {
    bus,
    component,
    gateway,
    port,
    url,
    seen,
    connect: async (clientOptions) => {
      const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...clientOptions });
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    until: (condition) => waitFor(condition),
    close: async () => {
      await Promise.all(clients.map((client) => client.endAsync(true)));
      await gateway.stop();
      bus.stop();
    },
  };
}

/** Looks again until the condition holds; the test's own timeout ends it. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
