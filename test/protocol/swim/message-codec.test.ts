import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.js';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import { decodePart, encodePart, partToBytes } from '../../../src/protocol/swim/message-codec.js';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';
import { PacketReader, PacketWriter } from '../../../src/protocol/swim/packet.js';
import { anyMessage } from './arbitraries.js';
import { Bench } from './bench.js';

/** A million for a night; a tenth on each change. */
const mutationsMax = Number(process.env['SWIM_MUTATIONS'] ?? 100_000);

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
    this.timeout(120_000);
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
});

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
