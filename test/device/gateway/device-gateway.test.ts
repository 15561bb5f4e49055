import assert from 'node:assert/strict';
import { ClusterError } from '../../../src/core/errors.js';
import { silentLogger } from '../../../src/core/logger.js';
import { DeviceGateway, type GatewayOptions } from '../../../src/device/gateway/device-gateway.js';
import { commandTopic } from '../../../src/core/device-topic.js';
import { JsonProtocol } from '../../../src/device/gateway/json-protocol.js';
import { SessionTable } from '../../../src/device/session/session-table.js';
import { Simulator } from '../../../src/testing/simulator.js';
import type { DeviceFault, DeviceMessage, DeviceRef, TransportMessage } from '../../../src/spi/device.js';
import { FakeComponent } from '../fake-client.js';
import { PlainCluster } from '../plain-bus.js';

describe('a device gateway', () => {
  it('publishes reports and events where rules look for them', async () => {
    const { gateway, component, told } = await house();
    const client = component.connect('any name');
    assert.equal(client.say('boiler/b1/report', { temperature: 21.5 }), 'no-subscribers');
    client.say('boiler/b1/event/overheat', { limit: 90 });
    client.say('boiler/b1/event/opened', '');
    const shared = { product: 'boiler', device: 'b1', timeMs: 1_767_225_600_000 };
    assert.deepEqual(told(), [
      ['/device/boiler/b1/online', { ...shared, node: 'n1', clientId: 'any name', remote: '10.0.0.9:5000' }],
      ['/device/boiler/b1/message/property/report', { ...shared, properties: { temperature: 21.5 } }],
      ['/device/boiler/b1/message/event/overheat', { ...shared, event: 'overheat', data: { limit: 90 } }],
      ['/device/boiler/b1/message/event/opened', { ...shared, event: 'opened', data: undefined }],
    ]);
    assert.equal(gateway.counters.published, 3);
  });

  it('keeps the order of one device by its key, and passes headers on', async () => {
    const { component, cluster } = await house();
    const seen: unknown[] = [];
    cluster.bus('n2').subscribe('/device/**', (event) => void seen.push(event.headers));
    const outcome = component.connect('c').say('boiler/b1/report', {}, { headers: { trace: 't1' } });
    assert.equal(outcome, 'taken');
    assert.deepEqual(seen, [{}, { trace: 't1' }]);
    assert.deepEqual(
      cluster.log.map(({ key }) => key),
      ['boiler/b1', 'boiler/b1'],
    );
  });

  it('lets no name from outside become more than one segment of a topic', async () => {
    const { component, told } = await house();
    const client = component.connect('c');
    client.say('a,b/{x}*%/report', {});
    assert.deepEqual(
      told().map(([topic]) => topic),
      ['/device/a%2Cb/%7Bx%7D%2A%25/online', '/device/a%2Cb/%7Bx%7D%2A%25/message/property/report'],
    );
  });

  it('says of a message what is wrong with it, and keeps the last one for a person', async () => {
    const { gateway, component } = await house();
    const client = component.connect('c', ({ id }) => id === 'b1');
    assert.equal(client.say('boiler/b1/reprot', {}), 'topic-invalid');
    assert.equal(client.say('boiler/b1/report', '{'), 'payload-invalid');
    assert.equal(client.say('boiler/b2/report', {}), 'not-authorized');
    const { lastFault } = gateway;
    assert.deepEqual(
      [lastFault?.outcome, lastFault?.topic, lastFault?.clientId],
      ['not-authorized', 'boiler/b2/report', 'c'],
    );
    assert.equal(gateway.counters.messagesRefused, 3);
    assert.equal(gateway.counters.devices, 0);
  });

  it('refuses what makes a protocol of a user throw, and goes on', async () => {
    const { gateway, component } = await house({}, { protocol: new BrokenProtocol() });
    const client = component.connect('c');
    assert.equal(client.say('boiler/b1/bad', {}), 'payload-invalid');
    assert.match(gateway.lastFault?.why ?? '', /no bytes left/);
    assert.equal(client.ask('boiler/b1/bad'), 'not-authorized');
    assert.equal(client.say('boiler/b1/report', {}), 'no-subscribers');
  });

  it('grants a client its command topics and no others', async () => {
    const { component } = await house();
    const client = component.connect('c', ({ id }) => id === 'b1');
    const filters = ['boiler/b1/command/+', 'boiler/b1/command/fan', 'boiler/b1/#', 'boiler/b1/command/#'];
    assert.deepEqual(
      filters.map((filter) => client.ask(filter)),
      filters.map(() => 'granted'),
    );
    const refused = ['#', '+/b1/command/+', 'boiler/+/command/+', 'boiler/b1/report', 'boiler/b2/command/+', '$SYS/#'];
    assert.deepEqual(
      refused.map((filter) => client.ask(filter)),
      refused.map(() => 'not-authorized'),
    );
  });

  it('waits for confirmation when told to, and has the device send again what was not confirmed', async () => {
    const { component, cluster } = await house({ acknowledge: 'delivered' });
    cluster.bus('n2').subscribe('/device/**', () => undefined);
    const client = component.connect('c');
    assert.equal(client.say('boiler/b1/report', {}, { qos: 1 }), 'later');
    assert.equal(await client.outcome, 'taken');
    cluster.missing = [{ node: 'n2', why: 'deadline' }];
    client.say('boiler/b1/report', {}, { qos: 1 });
    assert.equal(await client.outcome, 'retry');
    assert.equal(client.say('boiler/b1/report', {}, { qos: 0 }), 'taken');
  });

  it('does not have a device send again for ever what the bus will never take, at any level of acknowledgement', async () => {
    for (const acknowledge of ['accepted', 'delivered'] as const) {
      const { gateway, component, cluster } = await house({ acknowledge });
      const client = component.connect('c');
      for (const [code, outcome] of [
        ['invalid-value', 'payload-invalid'],
        ['too-large', 'payload-invalid'],
        ['invalid-topic', 'topic-invalid'],
        ['stopped', 'retry'],
      ] as const) {
        client.ask('boiler/b1/command/+');
        cluster.refuse = new ClusterError(code, 'as the bus says');
        const said = client.say('boiler/b1/report', {}, { qos: 1 });
        assert.equal(said === 'later' ? await client.outcome : said, outcome, `${acknowledge} ${code}`);
        assert.equal(gateway.lastFault?.why, `[${code}] as the bus says`);
        cluster.refuse = undefined;
      }
      assert.equal(gateway.counters.messagesRefused, 4);
    }
  });

  describe('commands', () => {
    it('reach the device from any node and come back with its reply', async () => {
      const { component, cluster, simulator } = await house();
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', { on: true });
      await simulator.runAsync(1);
      const command = client.lastCommand();
      assert.deepEqual([command.topic, command.input], ['boiler/b1/command/fan', { on: true }]);
      assert.equal(client.say('boiler/b1/reply', { id: command.id, output: { speed: 3 } }), 'taken');
      const event = await simulator.settle(answer, 100);
      assert.deepEqual([event.value, event.source], [{ speed: 3 }, 'n1']);
    });

    it('with odd names find their device too', async () => {
      const { component, cluster, simulator } = await house();
      const device = { product: 'a,b', id: 'ü*{' };
      const client = component.connect('c');
      client.ask('a,b/ü*{/command/set%41');
      const answer = cluster.bus('n9').request(commandTopic(device, 'set%41'), 1);
      await simulator.runAsync(1);
      assert.equal(client.lastCommand().topic, 'a,b/ü*{/command/set%41');
      client.say('a,b/ü*{/reply', { id: client.lastCommand().id });
      assert.equal((await simulator.settle(answer, 100)).value, undefined);
    });

    it('fail at once when the device is nowhere', async () => {
      const { component, cluster } = await house();
      component.connect('c').say('boiler/b1/report', {});
      await assert.rejects(cluster.bus('n9').request('/device/boiler/b2/command/fan', 1), { code: 'no-responders' });
    });

    it('fail with what the device said when it refuses', async () => {
      const { component, cluster, simulator } = await house();
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', 1);
      await simulator.runAsync(1);
      client.say('boiler/b1/reply', { id: client.lastCommand().id, error: 'no fan' });
      await assert.rejects(answer, /device boiler\/b1 says: no fan/);
    });

    it('fail at once when the device goes in the middle', async () => {
      const { component, cluster, simulator, gateway } = await house();
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      const before = simulator.now();
      const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', 1);
      answer.catch(() => undefined);
      await simulator.runAsync(1);
      client.end('lost');
      await assert.rejects(simulator.settle(answer, 10), /link-lost.*went away/);
      assert.ok(simulator.now() - before < 10);
      assert.equal(gateway.counters.commandsPending, 0);
      await assert.rejects(cluster.bus('n9').request('/device/boiler/b1/command/fan', 1), { code: 'no-responders' });
    });

    it('end with the deadline, and a reply after it is counted as late', async () => {
      const { component, cluster, simulator, gateway } = await house({ commandTimeoutMs: 5000 });
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      for (const [timeoutMs, code] of [
        [1000, 'deadline-exceeded'],
        [60_000, 'remote'],
      ] as const) {
        const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', 1, { timeoutMs });
        answer.catch(() => undefined);
        await simulator.runAsync(5100);
        await assert.rejects(answer, { code });
        client.say('boiler/b1/reply', { id: client.lastCommand().id, output: 1 });
      }
      client.say('boiler/b1/reply', { id: 'never-asked', output: 1 });
      const { repliesLate, repliesUnknown, commandsFailed, commandsPending } = gateway.counters;
      assert.deepEqual(
        { repliesLate, repliesUnknown, commandsFailed, commandsPending },
        {
          repliesLate: 2,
          repliesUnknown: 1,
          commandsFailed: 2,
          commandsPending: 0,
        },
      );
    });

    it('take no reply from another device', async () => {
      const { component, cluster, simulator, gateway } = await house();
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      const other = component.connect('d');
      const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', 1);
      await simulator.runAsync(1);
      const { id } = client.lastCommand();
      other.say('boiler/b2/reply', { id, output: 'forged' });
      client.say('boiler/b1/reply', { id, output: 'own' });
      assert.equal((await simulator.settle(answer, 10)).value, 'own');
      assert.equal(gateway.counters.repliesUnknown, 1);
    });

    it('beyond the bound of a device are refused', async () => {
      const { component, cluster, simulator } = await house({ commandsPerDeviceMax: 2 });
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      const bus = cluster.bus('n9');
      const asked = [1, 2, 3].map((input) => bus.request('/device/boiler/b1/command/fan', input));
      for (const one of asked) one.catch(() => undefined);
      await simulator.runAsync(1);
      await assert.rejects(asked[2] ?? Promise.resolve(), /overloaded/);
      assert.equal(client.sent.length, 2);
    });

    it('whose input is no JSON are refused before anything is sent', async () => {
      const { component, cluster } = await house();
      const client = component.connect('c');
      client.ask('boiler/b1/command/+');
      await assert.rejects(cluster.bus('n9').request('/device/boiler/b1/command/fan', 1n), /invalid-value/);
      assert.equal(client.sent.length, 0);
    });
  });

  describe('who holds a device', () => {
    it('is told when it comes and goes, with the reason', async () => {
      const { component, told } = await house();
      const client = component.connect('c');
      client.say('boiler/b1/report', {});
      client.say('boiler/b2/report', {});
      told();
      client.end('lost');
      assert.deepEqual(
        told().map(([topic, value]) => [topic, reasonOf(value)]),
        [
          ['/device/boiler/b1/offline', 'lost'],
          ['/device/boiler/b2/offline', 'lost'],
        ],
      );
    });

    it('does not change when another client merely reports in its name', async () => {
      const { component, gateway } = await house();
      const owner = component.connect('owner');
      owner.ask('boiler/b1/command/+');
      const guest = component.connect('guest');
      assert.equal(guest.say('boiler/b1/report', {}), 'no-subscribers');
      guest.end('left');
      assert.equal(owner.closed, undefined);
      assert.deepEqual([gateway.counters.devices, gateway.counters.offline], [1, 0]);
    });

    it('changes when another client asks for its commands; the old one is closed when it carries nothing else', async () => {
      const { component, told, gateway, cluster } = await house();
      const first = component.connect('first');
      first.ask('boiler/b1/command/+');
      const hub = component.connect('hub');
      hub.ask('boiler/b1/command/+');
      assert.equal(first.closed, 'taken-over');
      hub.say('boiler/b2/report', {});
      const third = component.connect('third');
      third.ask('boiler/b1/command/+');
      assert.equal(hub.closed, undefined);
      assert.deepEqual(
        told().map(([topic]) => topic.split('/').slice(3).join('/')),
        ['b1/online', 'b1/online', 'b2/online', 'b2/message/property/report', 'b1/online'],
      );
      assert.equal(gateway.counters.takenOver, 1);
      assert.deepEqual(cluster.responders(), ['/device/boiler/b2/command/*', '/device/boiler/b1/command/*']);
    });

    it('fails the commands that wait at the old client', async () => {
      const { component, cluster, simulator } = await house();
      const first = component.connect('first');
      first.ask('boiler/b1/command/+');
      const answer = cluster.bus('n9').request('/device/boiler/b1/command/fan', 1);
      answer.catch(() => undefined);
      await simulator.runAsync(1);
      component.connect('second').ask('boiler/b1/command/+');
      await assert.rejects(simulator.settle(answer, 10), /link-lost/);
    });

    it('moves to another node with the device, which is never told to be offline', async () => {
      const one = await house();
      const two = await house({}, { name: 'n2', shared: one.cluster, time: one.simulator });
      const old = one.component.connect('old');
      old.ask('boiler/b1/command/+');
      await one.simulator.runAsync(5000);
      one.told();
      two.component.connect('new').ask('boiler/b1/command/+');
      assert.equal(old.closed, 'taken-over');
      assert.deepEqual(
        one.told().map(([topic]) => topic),
        ['/device/boiler/b1/online'],
      );
      assert.deepEqual([one.gateway.counters.devices, two.gateway.counters.devices], [0, 1]);
      assert.equal(one.gateway.counters.moved, 1);
      assert.deepEqual(one.cluster.responders(), ['/device/boiler/b1/command/*']);
    });

    it('stays at one node when two take the device up at the same moment', async () => {
      for (const [first, second] of [
        ['n1', 'n2'],
        ['n2', 'n1'],
      ] as const) {
        const one = await house({}, { name: first });
        const two = await house({}, { name: second, shared: one.cluster, time: one.simulator });
        one.component.connect('a').ask('boiler/b1/command/+');
        two.component.connect('b').ask('boiler/b1/command/+');
        const holders = [one, two].filter(({ gateway }) => gateway.counters.devices === 1);
        assert.equal(holders.length, 1);
        assert.equal(holders[0]?.name, 'n2');
      }
    });
  });

  it('stops with every device told to be offline and nothing left on the bus', async () => {
    const { component, gateway, told, cluster } = await house();
    component.connect('c').ask('boiler/b1/command/+');
    told();
    await gateway.stop();
    assert.deepEqual(
      told().map(([topic]) => topic),
      ['/device/boiler/b1/offline'],
    );
    assert.deepEqual(cluster.responders(), []);
    await gateway.stop();
  });

  it('has a device try again when the bus refuses it, and nothing ends', async () => {
    const { component, gateway, cluster } = await house();
    cluster.refuse = new ClusterError('stopped', 'the bus has stopped');
    const client = component.connect('c');
    assert.equal(client.say('boiler/b1/report', {}), 'retry');
    assert.equal(gateway.counters.devices, 0);
    cluster.refuse = undefined;
    assert.equal(client.say('boiler/b1/report', {}), 'no-subscribers');
    assert.equal(gateway.counters.devices, 1);
  });

  it('leaves nothing behind when its component cannot start', async () => {
    const simulator = new Simulator({ seed: 1 });
    const cluster = new PlainCluster(simulator);
    const component = new FakeComponent();
    component.failWith = new ClusterError('address-in-use', 'taken');
    const sessions = new SessionTable();
    const { random } = simulator;
    const shared = { bus: cluster.bus('n1'), protocol: new JsonProtocol(), sessions, clock: simulator };
    const gateway = new DeviceGateway({ ...shared, component, random, logger: silentLogger, nodeName: 'n1' });
    await assert.rejects(gateway.start(), { code: 'address-in-use' });
    assert.equal(cluster.bus('n2').publish('/device/a/b/online', 1).nodes, 0);
    await gateway.stop();
  });
});

interface House {
  readonly name: string;
  readonly simulator: Simulator;
  readonly cluster: PlainCluster;
  readonly component: FakeComponent;
  readonly gateway: DeviceGateway;
  /** What was published since the last call. */
  readonly told: () => [topic: string, value: unknown][];
}

/** Throws at every topic that ends in `bad`, as a parser of somebody's own may. */
class BrokenProtocol extends JsonProtocol {
  override decode(message: TransportMessage): DeviceMessage | DeviceFault {
    if (message.topic.endsWith('bad')) throw new RangeError('no bytes left');
    return super.decode(message);
  }

  override findCommandTarget(filter: string): DeviceRef | undefined {
    if (filter.endsWith('bad')) throw new RangeError('no such filter');
    return super.findCommandTarget(filter);
  }
}

interface HouseParts {
  readonly name?: string;
  readonly shared?: PlainCluster;
  readonly time?: Simulator;
  readonly protocol?: JsonProtocol;
}

async function house(options: GatewayOptions = {}, parts: HouseParts = {}): Promise<House> {
  const { name = 'n1', shared, time, protocol = new JsonProtocol() } = parts;
  const simulator = time ?? new Simulator({ seed: 1 });
  const cluster = shared ?? new PlainCluster(simulator);
  const component = new FakeComponent();
  const deps = {
    bus: cluster.bus(name),
    component,
    protocol,
    sessions: new SessionTable(),
    clock: simulator,
    random: simulator.random,
    logger: silentLogger,
    nodeName: name,
  };
  const gateway = new DeviceGateway(deps, options);
  await gateway.start();
  return {
    name,
    simulator,
    cluster,
    component,
    gateway,
    told: () => cluster.log.splice(0).map(({ topic, value }) => [topic, value]),
  };
}

function reasonOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'reason' in value ? value.reason : undefined;
}
