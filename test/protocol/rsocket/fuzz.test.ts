/**
 * Mutated frames into both sides of a connection. The seeds are recorded conversations in test/corpus/rsocket. Nothing may throw,
 * no bound may be passed, and every frame that does nothing must be counted. `FUZZ_FRAMES` sets how many frames are fed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { emptyBytes } from '../../../src/core/bytes.js';
import { type Random, SeededRandom } from '../../../src/core/random.js';
import type { Interaction, Stream, StreamRequest, StreamSink } from '../../../src/spi/links.js';
import * as frame from '../../../src/protocol/rsocket/frame.js';
import { encodeSetup } from '../../../src/protocol/rsocket/setup.js';
import { now, setup, Side } from './engine-pair.js';

const frames = Number(process.env['FUZZ_FRAMES'] ?? (process.env['CI'] === undefined ? 200_000 : 1_000_000));
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const corpus = 'test/corpus/rsocket/';
const bounds = {
  frameMaxBytes: 200,
  payloadMaxBytes: 100,
  metadataMaxBytes: 60,
  assemblyMaxBytes: 500,
  streamsMax: 50,
  malformedMax: 200,
};

describe('mutated frames', () => {
  it(`never throw, never pass a bound, and are counted (${frames} frames, sim seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const seeds = loadSeeds();
    const feeder = new Feeder(random);
    let fed = 0;
    while (fed < frames) {
      const { isForServer, list } = pick(random, seeds);
      const target = feeder.target(isForServer);
      const count = 1 + random.below(list.length);
      for (let index = 0; index < count; index += 1) {
        target.feed(mutate(random, pick(random, list)));
        fed += 1;
      }
    }
    for (const target of feeder.targets) target.finish();
    const { drops } = feeder;
    for (const cause of ['malformed', 'late', 'ignored', 'unknown', 'refused', 'overCredit', 'oversize'] as const) {
      assert.ok(drops[cause] > 0, `no ${cause}: the mutations are too tame`);
    }
    assert.ok(feeder.accepted > 1000 && feeder.ended > 100);
  }).timeout(300_000);

  it('are survived when the stream of bytes is cut anywhere', () => {
    const random = new SeededRandom(seed + 1);
    for (const { isForServer, list } of loadSeeds()) {
      for (let round = 0; round < 200; round += 1) {
        const side = newSide(isForServer);
        for (const bytes of list) {
          const mutated = random.below(3) === 0 ? mutate(random, bytes) : bytes;
          const cut = random.below(mutated.length + 1);
          side.engine.receive(now, mutated.subarray(0, cut));
          side.engine.receive(now, mutated.subarray(cut));
        }
        side.turn();
        side.engine.ended('reset');
        assert.equal(side.engine.streamCount + side.engine.assemblyBytes, 0);
      }
    }
  }).timeout(20_000);
});

interface Seed {
  readonly isForServer: boolean;
  /** Frames with their length fields. */
  readonly list: readonly Uint8Array[];
}

function loadSeeds(): Seed[] {
  return readdirSync(corpus)
    .toSorted()
    .map((name) => {
      const hex = readFileSync(corpus + name, 'utf8')
        .replace(/^#.*$/gm, '')
        .replace(/\s/g, '');
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      const list: Uint8Array[] = [];
      for (let at = 0; at + 3 <= bytes.length;) {
        const next = at + 3 + frame.readU24(bytes, at);
        list.push(bytes.subarray(at, next));
        at = next;
      }
      return { isForServer: name.includes('to-server'), list };
    });
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  assert.ok(item !== undefined);
  return item;
}

/** Changes a frame, and repairs its length field so that what follows is still read as frames. */
function mutate(random: Random, source: Uint8Array): Uint8Array {
  let bytes = source.slice();
  for (let count = random.below(4); count > 0 && bytes.length > 3; count -= 1) {
    const at = 3 + random.below(bytes.length - 3);
    switch (random.below(8)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes, ...new Uint8Array(random.below(40)).fill(random.below(256))]);
        break;
      case 4:
        // Another stream: one that exists, one that does not, or the connection.
        if (bytes.length >= 7) bytes.set([0, 0, 0, random.below(60)], 3);
        break;
      case 5:
        if (bytes.length > 7) bytes[7] = (random.below(20) === 0 ? random.below(64) : random.below(16)) << 2;
        break;
      case 6:
        if (bytes.length > 8) bytes[8] = random.below(256);
        break;
      default:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(3, at), ...bytes.subarray(at)]);
    }
  }
  const bytesMax = Math.min(bytes.length, 500);
  bytes = bytes.slice(0, bytesMax);
  frame.writeU24(bytes, 0, bytes.length - 3);
  return bytes;
}

type Drops = Side['engine']['counters'];

/** Keeps one side of each role alive, and makes another when it ended. */
class Feeder {
  readonly targets: Target[] = [];
  readonly drops: Drops = new Side(false).engine.counters;
  accepted = 0;
  ended = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  target(isServer: boolean): Target {
    let target = this.targets.find((one) => one.isServer === isServer);
    if (target === undefined || target.side.end !== undefined || target.fed > 500) {
      target?.finish();
      this.targets.splice(0, this.targets.length, ...this.targets.filter((one) => one !== target));
      target = new Target(this, isServer, this.#random);
      this.targets.push(target);
    }
    return target;
  }
}

class Target {
  readonly isServer: boolean;
  readonly side: Side;
  fed = 0;
  readonly #feeder: Feeder;
  readonly #random: Random;
  #events = 0;

  constructor(feeder: Feeder, isServer: boolean, random: Random) {
    this.#feeder = feeder;
    this.#random = random;
    this.isServer = isServer;
    this.side = newSide(isServer);
    this.side.accept = (stream) => {
      this.#feeder.accepted += 1;
      this.#events += 1;
      return this.#busySink(stream);
    };
    for (const interaction of ['response', 'stream', 'channel', 'stream'] as const) this.#open(interaction);
  }

  feed(bytes: Uint8Array): void {
    if (this.side.end !== undefined) return;
    const { engine } = this.side;
    const before = this.#trace();
    engine.receive(now, bytes);
    this.side.turn();
    this.fed += 1;
    const isSilent = mayBeSilent(bytes);
    assert.ok(
      isSilent || this.#trace() !== before,
      `neither an effect nor a count: ${Buffer.from(bytes).toString('hex')}`,
    );
    assert.ok(engine.streamCount <= bounds.streamsMax * 2);
    assert.ok(engine.assemblyBytes <= bounds.assemblyMaxBytes);
    this.side.written = [];
    if (this.#random.below(50) === 0) this.#open(pick(this.#random, ['response', 'stream', 'channel']));
  }

  finish(): void {
    const { engine } = this.side;
    if (this.side.end !== undefined) this.#feeder.ended += 1;
    engine.ended('reset');
    assert.equal(engine.streamCount + engine.assemblyBytes, 0);
    const { counters } = engine;
    this.#feeder.drops.malformed += counters.malformed;
    this.#feeder.drops.late += counters.late;
    this.#feeder.drops.ignored += counters.ignored;
    this.#feeder.drops.unknown += counters.unknown;
    this.#feeder.drops.refused += counters.refused;
    this.#feeder.drops.overCredit += counters.overCredit;
    this.#feeder.drops.oversize += counters.oversize;
  }

  /** A number that moves with everything that a frame can cause. */
  #trace(): number {
    const { engine, told, written } = this.side;
    const { counters } = engine;
    const drops =
      counters.malformed +
      counters.late +
      counters.ignored +
      counters.unknown +
      counters.refused +
      counters.overCredit +
      counters.oversize;
    const shown = engine.streamCount * 7919 + engine.assemblyBytes * 104_729;
    return drops + this.#events * 1009 + told.length * 31 + written.length * 17 + shown;
  }

  #open(interaction: Interaction): void {
    const request: StreamRequest = { kind: 'rpc', interaction, metadata: emptyBytes, data: emptyBytes, credit: 3 };
    this.side.engine.open(now, 1, request, this.#busySink(undefined));
    this.side.turn();
    this.side.written = [];
  }

  /** Does now and then what owners do: answers, asks for more, cancels, throws. */
  #busySink(stream: Stream | undefined): StreamSink {
    const act = (): void => {
      this.#events += 1;
      const choice = this.#random.below(12);
      if (choice === 0) throw new Error('a callback of a user');
      if (stream === undefined) return;
      if (choice === 1) stream.cancel();
      if (choice === 2) stream.complete();
      if (choice === 3) stream.fail(0x201, emptyBytes);
      if (choice > 3 && choice < 8) stream.request(2);
      if (choice > 8 && stream.credit > 0) stream.next(emptyBytes, emptyBytes);
    };
    return { onNext: act, onComplete: act, onFail: act, onCredit: act, onCancel: act };
  }
}

function newSide(isServer: boolean): Side {
  const side = new Side(!isServer, bounds);
  if (isServer) side.engine.receive(now, encodeSetup(setup));
  else side.engine.start(setup);
  side.engine.trust();
  side.turn();
  side.written = [];
  return side;
}

/** Frames that rightly have no effect that shows: an answer to our keep-alive, a lease, credit, and an empty fragment. */
function mayBeSilent(bytes: Uint8Array): boolean {
  const type = (bytes[7] ?? 0) >>> 2;
  const isFragment = type === frame.typePayload && ((bytes[8] ?? 0) & frame.flagFollows) !== 0;
  return isFragment || type === frame.typeKeepAlive || type === frame.typeLease || type === frame.typeRequestN;
}
