import assert from 'node:assert/strict';
import { generate, type Packet } from 'mqtt-packet';
import { SeededRandom } from '../../../src/core/random.js';
import { isPublishTopic, PacketReader } from '../../../src/device/network/mqtt-packets.js';
import { connectPacket, MqttFixture } from './mqtt-fixture.js';

/** Packets of every kind, whole and well formed; what is wrong with them is done to them below. */
const samples: readonly Packet[] = [
  connectPacket({
    protocolVersion: 5,
    username: 'u',
    password: Buffer.from('p'),
    will: { topic: 'w/t', payload: 'w', qos: 1, properties: { willDelayInterval: 3, userProperties: { a: 'b' } } },
    properties: { receiveMaximum: 9, maximumPacketSize: 1000, userProperties: { a: ['b', 'c'] } },
  }),
  connectPacket({ protocolVersion: 4 }),
  publish({ qos: 0 }),
  publish({ qos: 1, messageId: 7, properties: { contentType: 'x', userProperties: { a: 'b' }, topicAlias: 3 } }),
  { cmd: 'puback', messageId: 1, reasonCode: 16, properties: { reasonString: 'r' } },
  { cmd: 'pubrel', messageId: 1, reasonCode: 0 },
  { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a/+', qos: 1, nl: true, rap: true, rh: 1 }] },
  { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['a/+', 'b/#'] },
  { cmd: 'pingreq' },
  { cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 3, reasonString: 'bye' } },
  { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'm' } },
];

describe('garbage at an MQTT listener', () => {
  it('never makes the packet reader throw, in 100,000 mutated packets', function mutants() {
    this.timeout(60_000);
    const random = new SeededRandom(7);
    const encoded = samples.map((packet) => generate(packet, { protocolVersion: 5 }));
    let read = 0;
    let refused = 0;
    let reader = new PacketReader();
    for (let round = 0; round < 100_000; round += 1) {
      const sample = encoded[round % encoded.length] ?? Buffer.alloc(0);
      if (reader.read(mutate(sample, random)) !== undefined) {
        read += 1;
        continue;
      }
      refused += 1;
      // One fault ends a connection and its reader; what the next one agreed on decides how the rest is read.
      reader = new PacketReader();
      reader.read(generate(connectPacket({ protocolVersion: round % 3 === 0 ? 4 : 5 })));
    }
    // Both ends of the scale were reached, or the mutation is no test.
    assert.ok(read > 10_000 && refused > 10_000, `read ${read}, refused ${refused}`);
  });

  it('closes its own connection only, in 3,000 connections of mutated sessions', async function sessions() {
    this.timeout(60_000);
    const random = new SeededRandom(11);
    const fixture = await new MqttFixture({ packetBytesMax: 4096 }).start();
    const witness = await fixture.connect({ clientId: 'witness', keepalive: 0 });
    const [device] = fixture.owner.clients;
    assert.ok(device !== undefined);
    await witness.say({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] });
    let closed = 0;
    for (let round = 0; round < 3000; round += 1) {
      const client = await fixture.dial();
      const protocolVersion = round % 3 === 0 ? 4 : 5;
      if (round % 4 !== 0) client.send(connectPacket({ clientId: `c${round % 5}`, protocolVersion }));
      for (let count = 0; count < 6; count += 1) {
        const sample = samples[random.below(samples.length)] ?? samples[0];
        if (sample !== undefined) client.bytes(mutate(generate(sample, { protocolVersion: 5 }), random));
      }
      if (round % 8 === 0) await client.turn(5);
      if (client.closed) closed += 1;
      else client.connection.destroy();
    }
    await witness.turn(100);
    assert.equal(witness.closed, false);
    witness.take();
    assert.deepEqual(await witness.say({ cmd: 'pingreq' }), ['pingresp']);
    assert.ok(closed > 50, `only ${closed} were closed`);
    assert.equal(fixture.server.counters.connections, 1);
    assert.equal(fixture.server.counters.clients, 1);
    const strange = fixture.owner.messages.filter(({ topic }) => !isPublishTopic(topic));
    assert.deepEqual(strange, []);
  });

  it('is closed at once when it is pure noise', async () => {
    const random = new SeededRandom(3);
    const fixture = await new MqttFixture().start();
    let open = 0;
    for (let round = 0; round < 300; round += 1) {
      const client = await fixture.dial();
      client.bytes(Uint8Array.from({ length: 600 }, () => random.below(256)));
      await client.turn(2);
      if (!client.closed) open += 1;
    }
    // One first byte in 256 is that of a CONNECT; the time for one bounds those.
    assert.ok(open < 6, `${open} of 300 stay open`);
    await fixture.simulator.runAsync(11_000);
    assert.equal(fixture.server.counters.connections, 0);
  });
});

function publish(more: object): Packet {
  return { cmd: 'publish', topic: 'a/b', payload: 'hello', qos: 0, dup: false, retain: false, ...more };
}

/** Flips, cuts, repeats or inserts; most mutants keep a header that fits, so that the parser gets past it. */
function mutate(packet: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = [...packet];
  for (let times = random.below(4); times > 0; times -= 1) {
    const at = random.below(bytes.length);
    const how = random.below(5);
    if (how <= 1) bytes[at] = random.below(256);
    else if (how === 2) bytes.splice(at, random.below(6));
    else if (how === 3) bytes.splice(at, 0, ...bytes.slice(at, at + random.below(8)));
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    if (bytes.length < 2) bytes.push(0, 0);
  }
  if (random.below(3) > 0 && bytes.length < 128) bytes[1] = bytes.length - 2;
  return Uint8Array.from(bytes);
}
