import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import { MemoryNetwork } from '../../src/cluster/transport/memory-network.js';
import { silentLogger } from '../../src/core/logger.js';
import { DeviceGateway } from '../../src/device/gateway/device-gateway.js';
import { JsonProtocol } from '../../src/device/gateway/json-protocol.js';
import { MqttServer } from '../../src/device/network/mqtt-server.js';
import { SessionTable } from '../../src/device/session/session-table.js';
import { compileRules } from '../../src/rule/rule-compiler.js';
import { RuleRunner } from '../../src/rule/rule-runner.js';
import { Simulator } from '../../src/testing/simulator.js';
import { connectPacket, RawClient } from './network/mqtt-fixture.js';

describe("a device's message", () => {
  it('walks from bytes through the gateway, the bus and a rule back to the device as a command', async () => {
    const simulator = new Simulator({ seed: 1 });
    const network = new MemoryNetwork({ clock: simulator });
    const { random } = simulator;
    const shared = { clock: simulator, random, logger: silentLogger };
    const bus = createLocalBus({ clock: simulator, random, self: { name: 'n1', epoch: 1 } });
    const { connections } = network.host('127.0.0.1');
    const component = new MqttServer({ ...shared, connections }, { listen: { host: '127.0.0.1', port: 1883 } });
    const gateway = new DeviceGateway({
      ...shared,
      bus,
      component,
      protocol: new JsonProtocol(),
      sessions: new SessionTable(),
      nodeName: 'n1',
    });
    const file = 'examples/demo/rules/climate.yaml';
    const compiled = compileRules([{ file, text: readFileSync(file, 'utf8') }], simulator);
    assert.ok(compiled.kind === 'rules');
    const runner = new RuleRunner({ ...shared, bus }, compiled.rules);
    const seen: string[] = [];
    bus.subscribe(['/device/**', '/alarm/**', '/answer/**'], ({ topic }) => void seen.push(topic));
    await simulator.settle(gateway.start(), 100);
    await simulator.settle(runner.start(), 100);

    const dial = network.host('10.0.0.9').connections.dial({ host: '127.0.0.1', port: 1883 }, { timeoutMs: 100 });
    const device = new RawClient(simulator, await simulator.settle(dial, 200), 5);
    device.send(connectPacket({ clientId: 'any', protocolVersion: 5 }));
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'room/r1/command/+', qos: 1 }] });
    const report = (temperature: number, fan: boolean): void =>
      device.send({
        cmd: 'publish',
        topic: 'room/r1/report',
        payload: JSON.stringify({ temperature, humidity: 40, fan }),
        qos: 0,
        dup: false,
        retain: false,
      });
    device.onPublish = ({ messageId = 0, payload }) => {
      device.send({ cmd: 'puback', messageId, reasonCode: 0 });
      const command: unknown = JSON.parse(payload.toString());
      assert.ok(typeof command === 'object' && command !== null && 'id' in command && 'input' in command);
      assert.deepEqual(command.input, { on: true });
      const reply = JSON.stringify({ id: command.id, output: { on: true } });
      device.send({ cmd: 'publish', topic: 'room/r1/reply', payload: reply, qos: 0, dup: false, retain: false });
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
