import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Packet } from 'mqtt-packet';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import { MemoryNetwork } from '../../src/cluster/transport/memory-network.js';
import { type Logger, silentLogger } from '../../src/core/logger.js';
import type { Random } from '../../src/core/random.js';
import { DeviceGateway } from '../../src/device/gateway/device-gateway.js';
import { JsonProtocol } from '../../src/device/gateway/json-protocol.js';
import { MqttServer } from '../../src/device/network/mqtt-server.js';
import { SessionTable } from '../../src/device/session/session-table.js';
import { compileRules } from '../../src/rule/rule-compiler.js';
import { RuleRunner } from '../../src/rule/rule-runner.js';
import { Simulator } from '../../src/testing/simulator.js';
import { connectPacket, RawClient } from './network/mqtt-fixture.js';

describe("a device's message", () => {
  it('is told apart from those of 2,000 others that come, report, are commanded and go', async function many() {
    this.timeout(20_000);
    const { simulator, network, bus, gateway, component } = await openDoor();
    const reports = new Map<string, number>();
    bus.subscribe('/device/room/{device}/message/property/report', ({ captures: { device = '' } }) => {
      reports.set(device, (reports.get(device) ?? 0) + 1);
    });
    const dials = Array.from({ length: 2000 }, (_, number) => {
      const { connections } = network.host(`10.0.${number >> 8}.${number & 0xff}`);
      return connections.dial({ host: '127.0.0.1', port: 1883 }, { timeoutMs: 1000 });
    });
    const connections = await simulator.settle(Promise.all(dials), 2000);
    const clients: RawClient[] = [];
    for (const [number, connection] of connections.entries()) {
      const client = new RawClient(simulator, connection, number % 2 === 0 ? 5 : 4);
      client.send(connectPacket({ clientId: `c${number}`, protocolVersion: number % 2 === 0 ? 5 : 4 }));
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `room/r${number}/command/+`, qos: 0 }] });
      client.send(publish(`room/r${number}/report`, { number }));
      client.onPublish = ({ payload }) => {
        client.send(publish(`room/r${number}/reply`, { id: readCommand(payload.toString()).id, output: number }));
      };
      clients.push(client);
    }
    await simulator.runAsync(100);
    assert.deepEqual([component.counters.clients, gateway.counters.devices, reports.size], [2000, 2000, 2000]);
    const answers = Promise.all(clients.map((_, number) => bus.request(`/device/room/r${number}/command/ping`, {})));
    const values = (await simulator.settle(answers, 1000)).map(({ value }) => value);
    assert.deepEqual(values, [...clients.keys()]);
    for (const client of clients) client.connection.destroy();
    await simulator.runAsync(100);
    assert.deepEqual(
      [component.counters.connections, gateway.counters.devices, gateway.counters.commandsPending],
      [0, 0, 0],
    );
  });

  it('walks from bytes through the gateway, the bus and a rule back to the device as a command', async () => {
    const { simulator, network, bus, gateway, shared } = await openDoor();
    const file = 'examples/demo/rules/climate.yaml';
    const compiled = compileRules([{ file, text: readFileSync(file, 'utf8') }], simulator);
    assert.ok(compiled.kind === 'rules');
    const runner = new RuleRunner({ ...shared, bus }, compiled.rules);
    const seen: string[] = [];
    bus.subscribe(['/device/**', '/alarm/**', '/answer/**'], ({ topic }) => void seen.push(topic));
    await simulator.settle(runner.start(), 100);

    const dial = network.host('10.0.0.9').connections.dial({ host: '127.0.0.1', port: 1883 }, { timeoutMs: 100 });
    const device = new RawClient(simulator, await simulator.settle(dial, 200), 5);
    device.send(connectPacket({ clientId: 'any', protocolVersion: 5 }));
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'room/r1/command/+', qos: 1 }] });
    const report = (temperature: number, fan: boolean): void =>
      device.send(publish('room/r1/report', { temperature, humidity: 40, fan }));
    device.onPublish = ({ messageId = 0, payload }) => {
      device.send({ cmd: 'puback', messageId, reasonCode: 0 });
      const command = readCommand(payload.toString());
      assert.deepEqual(command.input, { on: true });
      device.send(publish('room/r1/reply', { id: command.id, output: { on: true } }));
    };
    report(21.5, false);
    report(29.5, false);
    await device.turn(100);

    assert.deepEqual(seen.toSorted(), [
      '/alarm/too-warm/r1',
      '/answer/fan/r1',
      '/device/room/r1/message/property/report',
      '/device/room/r1/message/property/report',
      '/device/room/r1/online',
    ]);
    const counters = Object.fromEntries(runner.stats().map(({ name, counters: counted }) => [name, counted]));
    assert.equal(counters['fan-on']?.answered, 1);
    assert.equal(counters['fan-off']?.matched, 0);
    assert.equal(gateway.counters.commandsAnswered, 1);
    device.connection.destroy();
    await simulator.runAsync(100);
    assert.equal(seen.at(-1), '/device/room/r1/offline');
    await simulator.settle(runner.stop(), 5000);
    await simulator.settle(gateway.stop(), 5000);
  });
});

interface Door {
  readonly simulator: Simulator;
  readonly network: MemoryNetwork;
  readonly bus: ReturnType<typeof createLocalBus>;
  readonly gateway: DeviceGateway;
  readonly component: MqttServer;
  readonly shared: { readonly clock: Simulator; readonly random: Random; readonly logger: Logger };
}

async function openDoor(): Promise<Door> {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator });
  const { random } = simulator;
  const shared = { clock: simulator, random, logger: silentLogger };
  const bus = createLocalBus({ clock: simulator, random, self: { name: 'n1', epoch: 1 } });
  const { connections } = network.host('127.0.0.1');
  const component = new MqttServer(
    { ...shared, connections },
    { listen: { host: '127.0.0.1', port: 1883 }, connectingMax: 4000 },
  );
  const parts = { bus, component, protocol: new JsonProtocol(), sessions: new SessionTable(), nodeName: 'n1' };
  const gateway = new DeviceGateway({ ...shared, ...parts });
  await simulator.settle(gateway.start(), 100);
  return { simulator, network, bus, gateway, component, shared };
}

function publish(topic: string, body: object): Packet {
  return { cmd: 'publish', topic, payload: JSON.stringify(body), qos: 0, dup: false, retain: false };
}

function readCommand(text: string): { readonly id: unknown; readonly input: unknown } {
  const command: unknown = JSON.parse(text);
  assert.ok(typeof command === 'object' && command !== null && 'id' in command && 'input' in command);
  return command;
}
