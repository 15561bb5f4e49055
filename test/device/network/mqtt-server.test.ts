import assert from 'node:assert/strict';
import type { Packet } from 'mqtt-packet';
import { ClusterError } from '../../../src/core/errors.js';
import { silentLogger } from '../../../src/core/logger.js';
import { textToBytes } from '../../../src/core/text.js';
import { MqttServer } from '../../../src/device/network/mqtt-server.js';
import type { Admission, ConnectAttempt, MessageOutcome, TransportMessage } from '../../../src/spi/device.js';
import { type DeviceSide, checkNetworkComponent } from '../../../src/testing/conformance/network-component.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { connectPacket, deferred, MqttFixture, type RawClient } from './mqtt-fixture.js';

describe('an MQTT listener', () => {
  describe('letting in', () => {
    for (const protocolVersion of [4, 5] as const) {
      it(`takes a client of protocol level ${protocolVersion}`, async () => {
        const fixture = await new MqttFixture().start();
        const client = await fixture.connect({ clientId: 'c1', protocolVersion });
        assert.deepEqual(client.take(), ['connack 0x0']);
        assert.deepEqual(await client.say({ cmd: 'pingreq' }), ['pingresp']);
        assert.deepEqual(fixture.owner.takeLog(), ['c1 in']);
      });
    }

    it('tells an MQTT 5 client what is not had', async () => {
      const fixture = await new MqttFixture({ inFlightMax: 7, packetBytesMax: 1000 }).start();
      const client = await fixture.connect({ clientId: '', keepalive: 0 });
      const [connack] = client.packets;
      assert.ok(connack?.cmd === 'connack');
      const { assignedClientIdentifier, ...properties } = connack.properties ?? {};
      assert.match(assignedClientIdentifier ?? '', /^auto-/);
      assert.equal(fixture.owner.clients[0]?.clientId, assignedClientIdentifier);
      assert.deepEqual(properties, {
        sessionExpiryInterval: 0,
        receiveMaximum: 7,
        // The parser gives bytes of 0 and 1 as booleans.
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: 1005,
        topicAliasMaximum: 0,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        serverKeepAlive: 1200,
      });
    });

    it('draws an id for a clean 3.1.1 client without one and refuses one that wants to be remembered', async () => {
      const fixture = await new MqttFixture().start();
      const clean = await fixture.connect({ clientId: '', protocolVersion: 4 });
      assert.deepEqual(clean.take(), ['connack 0x0']);
      const other = await fixture.dial(4);
      // The generator refuses to make this packet, so it is written out: flags 0, keep-alive 60, an empty id.
      other.bytes(Uint8Array.of(0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0, 0, 60, 0, 0));
      await other.turn();
      assert.deepEqual([other.take(), other.closed], [['connack 0x2'], true]);
    });

    it('answers versions that it does not speak, in a form that they can read', async () => {
      const fixture = await new MqttFixture().start();
      const old = await fixture.dial(4);
      old.bytes(Uint8Array.of(0x10, 16, 0, 6, 0x4d, 0x51, 0x49, 0x73, 0x64, 0x70, 3, 2, 0, 60, 0, 2, 0x63, 0x31));
      await old.turn();
      assert.deepEqual([old.take(), old.closed], [['connack 0x1'], true]);
      const next = await fixture.dial(5);
      next.bytes(Uint8Array.of(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 6, 2, 0, 60, 0, 0, 0));
      await next.turn();
      assert.deepEqual([next.take(), next.closed], [['connack 0x84'], true]);
    });

    it('refuses what it does not have with the code that MQTT has for it', async () => {
      const fixture = await new MqttFixture().start();
      const will = { topic: 'a/b', payload: 'x' };
      const wishes: [string, Partial<Parameters<typeof connectPacket>[0]>][] = [
        ['connack 0x85', { clientId: `x${'y'.repeat(300)}` }],
        ['connack 0x85', { clientId: 'tab\there' }],
        ['connack 0x8c', { properties: { authenticationMethod: 'SCRAM' } }],
        ['connack 0x9b', { will: { ...will, qos: 2 } }],
        ['connack 0x9a', { will: { ...will, retain: true } }],
        ['connack 0x90', { will: { ...will, topic: 'a/#' } }],
        ['connack 0x82', { properties: { receiveMaximum: 0 } }],
      ];
      for (const [expected, wish] of wishes) {
        const client = await fixture.connect({ clientId: 'c1', protocolVersion: 5, ...wish });
        assert.deepEqual([client.take(), client.closed], [[expected], true], JSON.stringify(wish));
      }
      assert.equal(fixture.server.counters.clients, 0);
    });

    it('closes a connection that does not begin with a CONNECT, or not in time', async () => {
      const fixture = await new MqttFixture({ connectTimeoutMs: 5000 }).start();
      const rude = await fixture.dial();
      rude.send({ cmd: 'pingreq' });
      await rude.turn();
      assert.deepEqual([rude.take(), rude.closed], [[], true]);
      const mute = await fixture.dial();
      await mute.turn(4900);
      assert.equal(mute.closed, false);
      await mute.turn(200);
      assert.equal(mute.closed, true);
      assert.equal(fixture.server.counters.connectTimeouts, 1);
    });

    it('holds no more of a stranger than the bound of a CONNECT', async () => {
      const fixture = await new MqttFixture({ connectBytesMax: 1000 }).start();
      const client = await fixture.dial();
      client.send(connectPacket({ clientId: 'c1', password: Buffer.alloc(2000), username: 'u', protocolVersion: 5 }));
      await client.turn();
      assert.deepEqual([client.take(), client.closed], [[], true]);
      assert.equal(fixture.server.counters.tooLarge, 1);
    });

    it('closes connections beyond its bounds as they come', async () => {
      const fixture = await new MqttFixture({ clientsMax: 2, connectingMax: 1 }).start();
      await fixture.connect({ clientId: 'c1' });
      const mute = await fixture.dial();
      const second = await fixture.dial();
      await second.turn();
      assert.deepEqual([mute.closed, second.closed], [false, true]);
      assert.deepEqual((await mute.say(connectPacket({ clientId: 'c2', protocolVersion: 5 }))).length, 1);
      const third = await fixture.dial();
      await third.turn();
      assert.equal(third.closed, true);
      assert.equal(fixture.server.counters.overLimit, 2);
    });

    it('gives the old client of an id up for the new one', async () => {
      const fixture = await new MqttFixture().start();
      const first = await fixture.connect({ clientId: 'c1', will: { topic: 'will', payload: 'w' } });
      first.take();
      const second = await fixture.connect({ clientId: 'c1' });
      assert.deepEqual([first.take(), first.closed], [['disconnect 0x8e'], true]);
      assert.deepEqual(second.take(), ['connack 0x0']);
      assert.deepEqual(fixture.owner.takeLog(), ['c1 in', 'c1 says will', 'c1 taken-over', 'c1 in']);
      assert.equal(fixture.server.counters.clients, 1);
      assert.deepEqual(await second.say({ cmd: 'pingreq' }), ['pingresp']);
    });
  });

  describe('with an authenticate hook', () => {
    const admit: Admission = { kind: 'admitted', allows: () => true };

    it('asks it with what the client gave, and lets what the client sent meanwhile wait', async () => {
      const attempts: ConnectAttempt[] = [];
      const answer = deferred<Admission>();
      const fixture = await new MqttFixture({
        authenticate: (attempt) => {
          attempts.push(attempt);
          return answer.promise;
        },
      }).start();
      const client = await fixture.dial();
      client.send(connectPacket({ clientId: 'c1', username: 'u', password: Buffer.from('p'), protocolVersion: 5 }));
      client.send({ cmd: 'publish', topic: 'early', payload: 'x', qos: 0, dup: false, retain: false });
      await client.turn();
      assert.deepEqual([client.take(), fixture.owner.takeLog()], [[], []]);
      const [attempt] = attempts;
      assert.deepEqual([attempt?.user, attempt?.clientId], ['u', 'c1']);
      assert.deepEqual(attempt?.password, textToBytes('p'));
      answer.resolve(admit);
      await client.turn();
      assert.deepEqual(client.take(), ['connack 0x0']);
      assert.deepEqual(fixture.owner.takeLog(), ['c1 in', 'c1 says early']);
    });

    it('refuses as the hook says, and when the hook fails', async () => {
      const answers: (() => Admission)[] = [
        () => ({ kind: 'refused', reason: 'bad-credentials' }),
        () => ({ kind: 'refused', reason: 'not-authorized' }),
        () => {
          throw new Error('the user directory is down');
        },
      ];
      for (const [version, codes] of [
        [4, ['connack 0x4', 'connack 0x5', 'connack 0x3']],
        [5, ['connack 0x86', 'connack 0x87', 'connack 0x88']],
      ] as const) {
        for (const [index, expected] of codes.entries()) {
          const authenticate = (): Admission => answers[index]?.() ?? admit;
          const fixture = await new MqttFixture({ authenticate }).start();
          const client = await fixture.connect({ clientId: 'c1', protocolVersion: version });
          assert.deepEqual([client.take(), client.closed], [[expected], true]);
        }
      }
    });

    it('refuses when the hook answers something else, and takes an allows that throws for a no', async () => {
      const odd: readonly unknown[] = [
        undefined,
        null,
        true,
        {},
        { kind: 'admitted' },
        { kind: 'refused', reason: 'x' },
      ];
      for (const answer of odd) {
        const fixture = await new MqttFixture({ authenticate: () => answer as Admission }).start();
        const client = await fixture.connect({ clientId: 'c1', protocolVersion: 5 });
        assert.deepEqual([client.take(), client.closed], [['connack 0x88'], true]);
      }
      const allows = (): boolean => {
        throw new Error('the device directory is down');
      };
      const fixture = await new MqttFixture({ authenticate: () => ({ kind: 'admitted', allows }) }).start();
      await fixture.connect({ clientId: 'c1' });
      const [admitted] = fixture.owner.clients;
      assert.equal(admitted?.allows({ product: 'boiler', id: 'b1' }), false);
    });

    it('does not wait for a hook longer than for a CONNECT', async () => {
      const never = new Promise<Admission>(() => undefined);
      const fixture = await new MqttFixture({ authenticate: () => never }).start();
      const client = await fixture.connect({ clientId: 'c1' });
      await client.turn(10_000);
      assert.deepEqual([client.take(), client.closed], [[], true]);
    });

    it('lets no other user take a client id', async () => {
      const fixture = await new MqttFixture({ authenticate: () => admit }).start();
      const owner = await fixture.connect({ clientId: 'c1', username: 'anna' });
      owner.take();
      const thief = await fixture.connect({ clientId: 'c1', username: 'eve' });
      assert.deepEqual(thief.take(), ['connack 0x85']);
      const again = await fixture.connect({ clientId: 'c1', username: 'anna' });
      assert.deepEqual(again.take(), ['connack 0x0']);
      assert.deepEqual(owner.take(), ['disconnect 0x8e']);
    });

    it('is required for an address that others can reach', () => {
      const make = (listen: string, more: object): MqttServer => {
        const { simulator, network } = new MqttFixture();
        const { connections } = network.host('x');
        const deps = {
          connections,
          clock: simulator,
          random: simulator.random,
          logger: silentLogger,
        };
        return new MqttServer(deps, { listen: { host: listen, port: 1883 }, ...more });
      };
      assert.throws(
        () => make('0.0.0.0', {}),
        (error) => error instanceof ClusterError && error.code === 'insecure-address',
      );
      make('0.0.0.0', { insecure: true });
      make('0.0.0.0', { authenticate: () => admit });
    });
  });

  describe('messages from a device', () => {
    const publish = (more: object): Packet => ({
      cmd: 'publish',
      topic: 'boiler/b1/report',
      payload: '{}',
      qos: 1,
      messageId: 5,
      dup: false,
      retain: false,
      ...more,
    });

    it('come with payload, QoS and user properties, and are acknowledged', async () => {
      const fixture = await new MqttFixture().start();
      const client = await fixture.connect({ clientId: 'c1' });
      client.take();
      const userProperties = { unit: 'C', twice: ['a', 'b'], ['__proto__']: 'odd', bad: 'nul\u0000' };
      const said = await client.say(publish({ payload: '{"t":1}', properties: { userProperties } }));
      assert.deepEqual(said, ['puback 5 0x0']);
      const [message] = fixture.owner.messages;
      assert.ok(message !== undefined);
      assert.deepEqual(message.payload, textToBytes('{"t":1}'));
      assert.deepEqual(
        { ...message.headers },
        Object.fromEntries([
          ['unit', 'C'],
          ['twice', 'b'],
          ['__proto__', 'odd'],
        ]),
      );
      assert.deepEqual([message.topic, message.qos], ['boiler/b1/report', 1]);
      assert.equal(fixture.server.counters.headersDropped, 1);
    });

    it('are acknowledged as their owner judges, in MQTT 5', async () => {
      const fixture = await new MqttFixture().start();
      const outcomes: [MessageOutcome, string][] = [
        ['taken', '0x0'],
        ['no-subscribers', '0x10'],
        ['not-authorized', '0x87'],
        ['topic-invalid', '0x90'],
        ['payload-invalid', '0x99'],
        ['overloaded', '0x97'],
      ];
      const client = await fixture.connect({ clientId: 'c1' });
      client.take();
      for (const [outcome, code] of outcomes) {
        fixture.owner.outcome = () => outcome;
        assert.deepEqual(await client.say(publish({})), [`puback 5 ${code}`]);
      }
      assert.equal(client.closed, false);
    });

    it('that 3.1.1 cannot refuse are acknowledged, or sent again over a new connection', async () => {
      for (const [outcome, acknowledged] of [
        ['payload-invalid', true],
        ['overloaded', false],
        ['retry', false],
      ] as const) {
        const fixture = await new MqttFixture().start();
        fixture.owner.outcome = () => outcome;
        const client = await fixture.connect({ clientId: 'c1', protocolVersion: 4 });
        client.take();
        const said = await client.say(publish({}));
        assert.deepEqual([said, client.closed], acknowledged ? [['puback 5 0x0'], false] : [[], true]);
      }
    });

    it('are acknowledged only when their owner is done', async () => {
      const fixture = await new MqttFixture().start();
      const done = deferred<MessageOutcome>();
      fixture.owner.outcome = () => done.promise;
      const client = await fixture.connect({ clientId: 'c1' });
      client.take();
      assert.deepEqual(await client.say(publish({})), []);
      done.resolve('taken');
      await client.turn();
      assert.deepEqual(client.take(), ['puback 5 0x0']);
    });

    it('beyond the Receive Maximum end an MQTT 5 client and slow a 3.1.1 client down', async () => {
      for (const protocolVersion of [5, 4] as const) {
        const fixture = await new MqttFixture({ inFlightMax: 2 }).start();
        const waiting: ((outcome: MessageOutcome) => void)[] = [];
        fixture.owner.outcome = () => new Promise((resolve) => waiting.push(resolve));
        const client = await fixture.connect({ clientId: 'c1', protocolVersion });
        client.take();
        for (const messageId of [1, 2, 3]) client.send(publish({ messageId }));
        await client.turn();
        assert.equal(fixture.owner.messages.length, 2);
        if (protocolVersion === 5) {
          assert.deepEqual([client.take(), client.closed], [['disconnect 0x93'], true]);
          continue;
        }
        waiting.shift()?.('taken');
        await client.turn();
        assert.deepEqual(client.take(), ['puback 1 0x0']);
        assert.equal(fixture.owner.messages.length, 3);
      }
    });

    it('that use what was said not to be had end the client with its code', async () => {
      const fixture = await new MqttFixture().start();
      const wrong: [string, Packet][] = [
        ['0x9b', publish({ qos: 2 })],
        ['0x9a', publish({ retain: true })],
        ['0x94', publish({ properties: { topicAlias: 1 } })],
        ['0x90', publish({ topic: 'a/+/c' })],
        ['0x90', publish({ topic: '' })],
        ['0x82', publish({ messageId: 0 })],
        ['0x82', { cmd: 'pubrel', messageId: 3 }],
        ['0x82', connectPacket({ protocolVersion: 5 })],
        ['0x82', { cmd: 'pingresp' }],
      ];
      for (const [code, packet] of wrong) {
        const client = await fixture.connect({ clientId: 'c1' });
        client.take();
        assert.deepEqual([await client.say(packet), client.closed], [[`disconnect ${code}`], true], packet.cmd);
      }
      assert.equal(fixture.owner.messages.length, 0);
    });

    it('larger than allowed are refused by their header alone', async () => {
      const fixture = await new MqttFixture({ packetBytesMax: 1000 }).start();
      const client = await fixture.connect({ clientId: 'c1' });
      client.take();
      // A PUBLISH of 2 MB, of which only the header is ever sent.
      client.bytes(Uint8Array.of(0x30, 0x80, 0x89, 0x7a));
      await client.turn();
      assert.deepEqual([client.take(), client.closed], [['disconnect 0x95'], true]);
    });
  });

  describe('messages to a device', () => {
    const command = (more: Partial<TransportMessage> = {}): TransportMessage => ({
      topic: 'b/1/command/fan',
      payload: textToBytes('go'),
      qos: 1,
      headers: { trace: 't1' },
      ...more,
    });
    const subscribe = (topic: string, qos: 0 | 1 | 2): Packet => ({
      cmd: 'subscribe',
      messageId: 9,
      subscriptions: [{ topic, qos }],
    });

    it('go only where it asked for them, at the QoS that it was granted', async () => {
      const fixture = await new MqttFixture().start();
      const client = await fixture.connect({ clientId: 'c1' });
      client.take();
      const [device] = fixture.owner.clients;
      assert.ok(device !== undefined);
      await assert.rejects(device.send(command()), { code: 'unavailable' });
      assert.deepEqual(await client.say(subscribe('b/1/command/+', 0)), ['suback 0']);
      await fixture.simulator.settle(device.send(command()), 10);
      await client.turn();
      assert.deepEqual(client.take(), ['publish b/1/command/fan q0 go']);
      await assert.rejects(device.send(command({ topic: 'b/2/command/fan' })), { code: 'unavailable' });
    });

    it('at QoS 1 resolve with the acknowledgement and reject with a refusal', async () => {
      const fixture = await new MqttFixture().start();
      const client = await fixture.connect({ clientId: 'c1' });
      assert.deepEqual((await client.say(subscribe('#', 2))).at(-1), 'suback 1');
      const [device] = fixture.owner.clients;
      assert.ok(device !== undefined);
      let acknowledged = 0;
      const first = device.send(command()).then(() => (acknowledged += 1));
      await client.turn();
      const [packet] = client.packets;
      assert.ok(packet?.cmd === 'publish' && packet.messageId === 1);
      assert.deepEqual({ ...packet.properties?.userProperties }, { trace: 't1' });
      assert.equal(acknowledged, 0);
      client.send({ cmd: 'puback', messageId: 1, reasonCode: 0 });
      await fixture.simulator.settle(first, 100);
      const second = device.send(command());
      second.catch(() => undefined);
      await client.turn();
      client.send({ cmd: 'puback', messageId: 2, reasonCode: 0x97 });
      await client.turn();
      await assert.rejects(second, { code: 'rejected' });
      await client.say({ cmd: 'puback', messageId: 77, reasonCode: 0 });
      assert.equal(fixture.server.counters.acksUnknown, 1);
    });

    it('keep to the window of both sides, wait in a bounded queue, and are refused beyond it', async () => {
      const fixture = await new MqttFixture({ inFlightMax: 8, queueMax: 3 }).start();
      const client = await fixture.connect({ clientId: 'c1', properties: { receiveMaximum: 2 } });
      await client.say(subscribe('#', 1));
      const [device] = fixture.owner.clients;
      assert.ok(device !== undefined);
      const sent = Array.from({ length: 6 }, () => device.send(command()));
      const outcomes = Promise.allSettled(sent);
      await client.turn();
      assert.equal(client.packets.length, 2);
      client.send({ cmd: 'puback', messageId: 1, reasonCode: 0 });
      await client.turn();
      assert.equal(client.packets.length, 3);
      client.connection.destroy();
      const settled = await fixture.simulator.settle(outcomes, 1000);
      const codes = settled.map((one) =>
        one.status === 'fulfilled' ? 'ok' : one.reason instanceof ClusterError ? one.reason.code : 'other',
      );
      assert.deepEqual(codes, ['ok', 'link-lost', 'link-lost', 'unavailable', 'unavailable', 'overloaded']);
      assert.deepEqual(fixture.owner.takeLog().at(-1), 'c1 lost');
    });

    it('that stay unacknowledged end the client', async () => {
      const fixture = await new MqttFixture({ ackTimeoutMs: 3000 }).start();
      const client = await fixture.connect({ clientId: 'c1', keepalive: 0 });
      await client.say(subscribe('#', 1));
      const [device] = fixture.owner.clients;
      const sent = device?.send(command());
      sent?.catch(() => undefined);
      await client.turn(2900);
      assert.equal(client.closed, false);
      await client.turn(500);
      assert.equal(client.closed, true);
      await assert.rejects(sent ?? Promise.resolve(), { code: 'link-lost' });
      assert.equal(fixture.server.counters.ackTimeouts, 1);
    });

    it('are refused when the device takes no packet of that size or does not read', async () => {
      const fixture = await new MqttFixture({ bufferedBytesMax: 10_000 }).start();
      const client = await fixture.connect({ clientId: 'c1', properties: { maximumPacketSize: 50_000 } });
      await client.say(subscribe('#', 0));
      const [device] = fixture.owner.clients;
      assert.ok(device !== undefined);
      await assert.rejects(device.send(command({ payload: new Uint8Array(60_000) })), { code: 'too-large' });
      client.connection.pause();
      const flood = async (): Promise<void> => {
        for (let index = 0; index < 200; index += 1) {
          await device.send(command({ payload: new Uint8Array(9000) }));
          await client.turn(1);
        }
      };
      await assert.rejects(flood(), { code: 'overloaded' });
    });
  });

  describe('filters', () => {
    it('are each answered by a code of their own', async () => {
      const fixture = await new MqttFixture({ filtersMax: 2 }).start();
      fixture.owner.filter = (filter) => (filter === 'secret' ? 'not-authorized' : 'granted');
      const all = ['a', 'secret', 'a/#/b', '$share/g/a'];
      for (const [version, first, second] of [
        [5, 'suback 1,135,143,158', 'suback 1,151'],
        [4, 'suback 1,128,128,128', 'suback 1,128'],
      ] as const) {
        const client = await fixture.connect({ clientId: 'c1', protocolVersion: version });
        client.take();
        const ask = async (topics: string[]): Promise<string[]> =>
          client.say({ cmd: 'subscribe', messageId: 3, subscriptions: topics.map((topic) => ({ topic, qos: 2 })) });
        fixture.owner.takeLog();
        assert.deepEqual(await ask(all.slice(0, 2)), [first.split(',').slice(0, 2).join(',')]);
        assert.deepEqual(await ask(all.slice(2)), [`suback ${first.split(',').slice(2).join(',')}`]);
        assert.deepEqual(await ask(['b', 'c']), [second]);
        // A filter that is held already may be renewed when the table is full.
        assert.deepEqual(await ask(['a']), ['suback 1']);
        const dropped = await client.say({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a', 'nothing'] });
        assert.deepEqual(dropped, [version === 5 ? 'unsuback 0,17' : 'unsuback']);
        assert.deepEqual(fixture.owner.takeLog(), ['c1 drops a']);
      }
    });

    it('end the client when it sends none, too many, or an identifier', async () => {
      const fixture = await new MqttFixture({ filtersMax: 2 }).start();
      const one = { topic: 'a', qos: 0 } as const;
      const wrong: [string, Packet][] = [
        ['0x97', { cmd: 'subscribe', messageId: 1, subscriptions: [one, one, one] }],
        ['0xa1', { cmd: 'subscribe', messageId: 1, subscriptions: [one], properties: { subscriptionIdentifier: 1 } }],
        ['0x82', { cmd: 'subscribe', messageId: 0, subscriptions: [one] }],
      ];
      for (const [code, packet] of wrong) {
        const client = await fixture.connect({ clientId: 'c1' });
        client.take();
        assert.deepEqual([await client.say(packet), client.closed], [[`disconnect ${code}`], true]);
      }
    });
  });

  describe('the end', () => {
    const will = { topic: 'b/1/event/gone', payload: 'w', qos: 1 } as const;

    it('publishes the will unless the client said good-bye', async () => {
      for (const [end, log] of [
        [{ cmd: 'disconnect', reasonCode: 0 }, ['c1 left']],
        [{ cmd: 'disconnect', reasonCode: 4 }, ['c1 says b/1/event/gone', 'c1 lost']],
        [undefined, ['c1 says b/1/event/gone', 'c1 lost']],
      ] as const) {
        const fixture = await new MqttFixture().start();
        const client = await fixture.connect({
          clientId: 'c1',
          will: { ...will, properties: { willDelayInterval: 60 } },
        });
        fixture.owner.takeLog();
        if (end === undefined) client.connection.destroy();
        else client.send(end);
        await client.turn();
        assert.deepEqual(fixture.owner.takeLog(), log);
        if (end !== undefined) assert.equal(client.closed, true);
      }
    });

    it('comes after one and a half keep-alives of silence and not before', async () => {
      for (const protocolVersion of [4, 5] as const) {
        const fixture = await new MqttFixture().start();
        const client = await fixture.connect({ clientId: 'c1', keepalive: 10, protocolVersion, will });
        client.take();
        await client.turn(14_000);
        assert.deepEqual(await client.say({ cmd: 'pingreq' }), ['pingresp']);
        await client.turn(14_900);
        assert.equal(client.closed, false);
        await client.turn(500);
        assert.equal(client.closed, true);
        assert.deepEqual(fixture.owner.takeLog().slice(1), ['c1 says b/1/event/gone', 'c1 silent']);
        assert.equal(fixture.server.counters.keepAliveTimeouts, 1);
      }
    });

    it('comes for a 3.1.1 client without keep-alive when it was idle too long', async () => {
      const fixture = await new MqttFixture({ idleMs: 60_000 }).start();
      const client = await fixture.connect({ clientId: 'c1', keepalive: 0, protocolVersion: 4 });
      await client.turn(59_000);
      assert.equal(client.closed, false);
      await client.turn(2000);
      assert.equal(client.closed, true);
    });

    it('of the listener tells every client, and waits no longer than allowed', async () => {
      const fixture = await new MqttFixture({ stopTimeoutMs: 500 }).start();
      const first = await fixture.connect({ clientId: 'c1', will });
      const old = await fixture.connect({ clientId: 'c2', protocolVersion: 4 });
      const mute = await fixture.dial();
      first.take();
      const before = fixture.simulator.now();
      await fixture.simulator.settle(fixture.server.stop(), 5000);
      assert.ok(fixture.simulator.now() - before <= 510);
      await first.turn();
      assert.deepEqual(first.take(), ['disconnect 0x8b']);
      assert.deepEqual([first.closed, old.closed, mute.closed], [true, true, true]);
      assert.deepEqual(fixture.owner.takeLog().slice(2), ['c1 says b/1/event/gone', 'c1 stopping', 'c2 stopping']);
      await fixture.simulator.settle(fixture.server.stop(), 10);
    });
  });
});

for (const protocolVersion of [4, 5] as const) {
  checkNetworkComponent({ describe, it }, `MQTT at protocol level ${protocolVersion}`, async () => {
    const fixture = new MqttFixture();
    const rival = new MqttServer(
      {
        connections: fixture.network.host('127.0.0.1').connections,
        clock: fixture.simulator,
        random: fixture.simulator.random,
        logger: silentLogger,
      },
      { listen: { host: '127.0.0.1', port: 1883 } },
    );
    return {
      ...simulatedWaiter(fixture.simulator),
      component: fixture.server,
      rival,
      connect: async (clientId) => new MqttDevice(await fixture.connect({ clientId, protocolVersion })),
      stop: async () => fixture.simulator.settle(fixture.server.stop(), 5000),
    };
  });
}

/** A device for the conformance suite: acknowledges what it gets. */
class MqttDevice implements DeviceSide {
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  get got(): { topic: string; payload: Uint8Array }[] {
    const { packets } = this.#client;
    const published = packets.filter((packet) => packet.cmd === 'publish');
    return published.map(({ topic, payload }) => ({ topic, payload: textToBytes(payload.toString()) }));
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  say(topic: string, payload: Uint8Array): void {
    this.#client.send({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, dup: false, retain: false });
  }

  async ask(filter: string): Promise<boolean> {
    this.#client.take();
    this.#client.onPublish = (packet) =>
      this.#client.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0 });
    const said = this.#client.say({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
    return (await said).includes('suback 1');
  }

  leave(): void {
    this.#client.send({ cmd: 'disconnect', reasonCode: 0 });
  }

  vanish(): void {
    this.#client.connection.destroy();
  }

  garble(): void {
    this.#client.bytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff));
  }
}
