import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.js';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import { Armour } from '../../../src/protocol/swim/armour.js';
import { KeyRing } from '../../../src/protocol/swim/key-ring.js';
import { decodePart, encodePart, partToBytes } from '../../../src/protocol/swim/message-codec.js';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';
import { PacketReader, PacketWriter } from '../../../src/protocol/swim/packet.js';
import { anyMessage } from './arbitraries.js';
import { NodeCipher } from '../../../src/runtime/node-cipher.js';
import { NodeSecrets } from '../../../src/runtime/node-secrets.js';
import { Bench, life } from './bench.js';

/** A million for a night; on each change a tenth, and of sealed ones, which take a cipher call each, a fiftieth. */
const given = process.env['SWIM_MUTATIONS'];
const mutationsMax = Number(given ?? 100_000);
const sealedMax = Number(given ?? 20_000);

describe('the swim wire', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.deepEqual(decode(partToBytes(message)), message);
      }),
    );
  });

  it('finds every truncated body malformed or shorter, and never throws', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, cut) => {
        const { kind, body } = split(partToBytes(message));
        if (body.length === 0) return;
        const shorter = decodePart(kind, new ByteReader(body.subarray(0, cut % body.length)));
        assert.ok(shorter === 'malformed' || typeof shorter === 'object');
        if (typeof shorter === 'object') assert.notDeepEqual(shorter, message);
      }),
    );
  });

  it('skips bytes that a later build put behind the fields', () => {
    fc.assert(
      fc.property(
        anyMessage.filter((message) => message.kind !== 'pad'),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (message, more) => {
          const { kind, body } = split(partToBytes(message));
          const longer = new Uint8Array([...body, ...more]);
          assert.deepEqual(decodePart(kind, new ByteReader(longer)), message);
        },
      ),
    );
  });

  it('skips a kind that it does not know, and reads on behind it', () => {
    const writer = new PacketWriter('label', 1400);
    writer.begin(1, 'n1', 7);
    const strange = new ByteWriter();
    strange.u8(200);
    strange.block(Uint8Array.of(1, 2, 3));
    writer.addBytes(strange.view());
    writer.add({ kind: 'nack', seq: 9 });
    const reader = new PacketReader('label', 1, 1);
    assert.equal(reader.open(writer.finish()), 'ok');
    assert.deepEqual(reader.head, { version: 1, name: 'n1', epoch: 7 });
    assert.deepEqual([reader.next(), reader.next(), reader.next()], ['unknown', { kind: 'nack', seq: 9 }, undefined]);
  });

  it('tells labels and versions apart before it reads anything else', () => {
    const writer = new PacketWriter('one', 1400);
    writer.begin(2, 'n1', 7);
    const bytes = writer.finish().slice();
    assert.equal(new PacketReader('other', 1, 2).open(bytes), 'label');
    assert.equal(new PacketReader('one', 1, 1).open(bytes), 'version');
    assert.equal(new PacketReader('one', 1, 2).open(bytes), 'ok');
    assert.equal(new PacketReader('one', 1, 2).open(bytes.subarray(0, 4)), 'malformed');
    const notice = new PacketReader('one', 3, 4);
    assert.equal(notice.open(writer.versionNotice(1, 2)), 'notice');
    assert.deepEqual(notice.notice, [1, 2]);
  });

  it('keeps a ping and its acknowledgement within 90 bytes', () => {
    const names = ['node-17', 'node-42'] as const;
    const epoch = 1_767_225_600_000 * 1024;
    const writer = new PacketWriter('scalebus', 1400);
    writer.begin(1, names[0], epoch);
    writer.add({ kind: 'ping', seq: 1_000_000, name: names[1], epoch });
    let bytes = writer.finish().length;
    writer.begin(1, names[1], epoch);
    const tables = [1, 2].map((table) => ({ table, revision: 1000, hash: 0xffff_ffff }));
    writer.add({ kind: 'ack', seq: 1_000_000, count: 1000, hash: 0xffff_ffff, lagMs: 0, tables });
    bytes += writer.finish().length;
    assert.ok(bytes <= 90, `${bytes} bytes`);
  });

  it(`takes ${mutationsMax} mutated datagrams without throwing`, function () {
    this.timeout(600_000);
    const seed = Number(process.env['SIM_SEED'] ?? 1);
    const random = new SeededRandom(seed);
    const bench = Bench.up(['a', 'b', 'c'], {}, seed);
    const originals = fc.sample(anyMessage, { seed, numRuns: 200 }).map((message) => bench.packet('a', [message]));
    for (let count = 0; count < mutationsMax; count += 1) {
      const bytes = mutate(originals[random.below(originals.length)] ?? new Uint8Array(0), random);
      try {
        bench.machine.receive(toMonotonicMs(count / 100), 'a:1', bytes, silent);
      } catch (error) {
        assert.fail(`sim seed ${seed}, datagram ${count} [${bytes.join(' ')}]: ${String(error)}`);
      }
    }
    assert.ok(bench.machine.counts['drop-malformed'] > mutationsMax / 100, 'mutations that broke a part');
    assert.ok(bench.machine.view.goneCount + bench.machine.view.liveCount <= 20_000);
  });

  it(`with a key, is not moved by ${sealedMax} mutated datagrams, and answers none`, function () {
    this.timeout(600_000);
    const seed = Number(process.env['SIM_SEED'] ?? 1);
    const random = new SeededRandom(seed);
    const peer = sealer();
    const bench = new Bench({}, seed, sealer());
    const open = (bytes: Uint8Array, at: number): void => {
      bench.machine.receive(toMonotonicMs(at), 'a:1', bytes, bench.out);
    };
    bench.machine.comeUp(toMonotonicMs(0), bench.out);
    for (const name of ['a', 'b', 'c']) {
      open(peer.seal(bench.packet(name, [{ kind: 'alive', life: life(name), incarnation: 0 }])).slice(), 0);
    }
    assert.equal(bench.machine.view.liveCount, 4);
    // Never delivered as they are: whatever is taken is taken for its mutation.
    const messages = fc.sample(anyMessage, { seed, numRuns: 200 });
    const originals = messages.map((message) => peer.seal(bench.packet('a', [message])).slice());
    bench.clear();
    const before = stateOf(bench);
    let sent = 0;
    for (let count = 0; count < sealedMax; count += 1) {
      const original = originals[random.below(originals.length)] ?? new Uint8Array(0);
      const bytes = mutate(original, random);
      if (bytes.length === original.length && bytes.every((byte, index) => byte === original[index])) continue;
      sent += 1;
      open(bytes, count / 100);
    }
    assert.deepEqual(stateOf(bench), before);
    assert.deepEqual([bench.sent, bench.exchanged, bench.events, bench.phases], [[], [], [], []]);
    const { counts } = bench.machine;
    const dropped = (['unauthentic', 'malformed', 'label', 'plain', 'replay', 'busy'] as const).reduce(
      (sum, why) => sum + counts[`drop-${why}`],
      0,
    );
    assert.equal(dropped, sent);
    assert.ok(counts['drop-unauthentic'] > sent / 2, 'the cipher refused most of them');
    // The originals would have moved it.
    for (const bytes of originals) open(bytes, sealedMax / 100);
    assert.notDeepEqual(stateOf(bench), before);
  });
});

/** All that a datagram could change. */
function stateOf({ machine }: Bench): object {
  const { view } = machine;
  const members = view.members().toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const { tableHash, liveCount, suspectCount, goneCount, healthScore, isDeaf, self } = view;
  return { members, tableHash, liveCount, suspectCount, goneCount, healthScore, isDeaf, self, phase: machine.phase };
}

function sealer(): Armour {
  const parts = {
    cipher: new NodeCipher(),
    secrets: new NodeSecrets(),
    ring: new KeyRing([new Uint8Array(32).fill(3)]),
  };
  return new Armour(parts, { label: 'scalebus', sessionsMax: 100, sealsMax: 2 ** 32 });
}

const silent = { send: () => undefined, exchange: () => undefined, changed: () => undefined, phased: () => undefined };

function mutate(original: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = original.slice(0, random.below(8) === 0 ? random.below(original.length + 1) : original.length);
  // The head is left alone most of the time, or every datagram would be dropped by its label.
  const from = random.below(10) === 0 ? 0 : Math.min(5, bytes.length);
  for (let flips = 1 + random.below(4); flips > 0 && bytes.length > from; flips -= 1) {
    bytes[from + random.below(bytes.length - from)] = random.below(256);
  }
  return bytes;
}

function split(part: Uint8Array): { readonly kind: number; readonly body: Uint8Array } {
  const reader = new ByteReader(part);
  return { kind: reader.u8(), body: reader.block(100_000) };
}

function decode(part: Uint8Array): SwimMessage | string {
  const { kind, body } = split(part);
  const writer = new ByteWriter();
  const message = decodePart(kind, new ByteReader(body));
  if (typeof message === 'object') encodePart(writer, message);
  assert.deepEqual(writer.take(), part);
  return message;
}
