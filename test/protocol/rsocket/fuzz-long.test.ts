/**
 * Long frames of every type to a trusted connection with slabs of the real length behind it: keep-alives, pushes, errors,
 * extensions, requests whose answers carry as much as they did, while the operating system takes everything or nothing. Nothing
 * may throw, what is held stays within the bounds, and what is written reads as frames.
 */
import assert from 'node:assert/strict';
import { emptyBytes } from '../../../src/core/bytes.js';
import { type Random, SeededRandom } from '../../../src/core/random.js';
import type { Stream, StreamSink } from '../../../src/spi/links.js';
import * as frame from '../../../src/protocol/rsocket/frame.js';
import { encodeSetup } from '../../../src/protocol/rsocket/setup.js';
import type { RsocketStream } from '../../../src/protocol/rsocket/stream.js';
import { concat, now, setup, Side } from './engine-pair.js';

const frames = Number(process.env['FUZZ_LONG_FRAMES'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const bounds = { payloadMaxBytes: 300_000, assemblyMaxBytes: 500_000, streamsMax: 40, malformedMax: 200 };

describe('long frames', () => {
  for (const isServer of [true, false]) {
    it(`never throw at a ${isServer ? 'server' : 'client'} (${frames / 2} frames, sim seed ${seed})`, () => {
      const random = new SeededRandom(seed + (isServer ? 1000 : 0));
      const seen = new Set<string>();
      let side = newSide(isServer, random);
      for (let fed = 0; fed < frames / 2; fed += 1) {
        if (side.end !== undefined) {
          seen.add(`end ${side.end.text.replace(/\d+/, 'n')}`);
          finish(side);
          side = newSide(isServer, random);
        }
        feed(side, longFrame(random), random);
        assert.ok(side.engine.assemblyBytes >= 0 && side.engine.assemblyBytes <= bounds.assemblyMaxBytes);
        assert.ok(side.engine.streamCount <= bounds.streamsMax * 2);
        for (const [name, count] of Object.entries(side.engine.counters)) if (count > 0) seen.add(name);
      }
      finish(side);
      const echo = 'end a KEEPALIVE with n bytes is not echoed';
      for (const name of ['malformed', 'late', 'ignored', 'unknown', 'oversize', echo]) {
        assert.ok(seen.has(name), `no ${name}: the frames are too tame`);
      }
      assert.ok(!seen.has('callbackFailures'), 'an answer within the bounds threw');
    }).timeout(60_000);
  }
});

function newSide(isServer: boolean, random: Random): Side {
  const side = new Side(!isServer, bounds);
  if (isServer) side.engine.receive(now, encodeSetup(setup));
  else side.engine.start(setup);
  side.engine.trust(new Set(['rsocket-long']));
  side.accept = (stream: RsocketStream) => new EchoSink(stream, random);
  for (const interaction of ['response', 'stream', 'channel', 'stream'] as const) {
    const sink = new EchoSink(undefined, random);
    const data = new Uint8Array(random.below(2) * 100_000);
    const opened = side.engine.open(now, 1, { kind: 'rpc', interaction, metadata: emptyBytes, data, credit: 9 }, sink);
    assert.ok(typeof opened !== 'string');
    sink.stream = opened;
  }
  side.turn();
  return side;
}

function feed(side: Side, bytes: Uint8Array, random: Random): void {
  const cut = random.below(4) === 0 ? random.below(bytes.length) : bytes.length;
  side.engine.receive(now, bytes.subarray(0, cut));
  if (cut < bytes.length) side.engine.receive(now, bytes.subarray(cut));
  const choice = random.below(20);
  if (choice < 12) side.turn();
  if (choice === 0) side.isStalled = true;
  if (choice === 1) side.drain();
}

/** What was written is a row of whole frames, and nothing is left behind. */
function finish(side: Side): void {
  side.turn();
  side.drain();
  for (let turn = 0; turn < 1000 && side.isFlushDue; turn += 1) side.turn();
  const bytes = concat(side.written);
  let at = 0;
  while (at < bytes.length) {
    const type = (bytes[at + 7] ?? 0) >>> 2;
    assert.ok(type >= frame.typeSetup && (type <= frame.typeMetadataPush || type === frame.typeExt), `type ${type}`);
    at += 3 + frame.readU24(bytes, at);
  }
  assert.equal(at, bytes.length);
  side.engine.ended('reset');
  assert.equal(side.engine.streamCount + side.engine.assemblyBytes, 0);
}

const zeros = new Uint8Array(300_000);
const lengths = [0, 4, 8, 12, 20, 1032, 1033, 1040, 16_000, 20_000, 32_768, 65_527, 65_528, 65_536, 70_000, 140_000];
/** SETUP to METADATA_PUSH, RESUME and RESUME_OK, and more of those that carry lengths. */
const types = [
  ...Array.from({ length: frame.typeResumeOk }, (_, index) => index + 1),
  frame.typePayload,
  frame.typePayload,
  frame.typePayload,
  frame.typeExt,
  frame.typeExt,
];

/** A frame of any type and of a length near one that matters, on the connection, a stream that may be there, or another. */
function longFrame(random: Random): Uint8Array {
  const type = types[random.below(types.length)] ?? 0;
  const near = lengths[random.below(lengths.length)] ?? 0;
  const length = Math.max(0, near + random.below(5) - 2);
  // Most ids that belong on the connection are there, or hardly a keep-alive would be read as one.
  const isConnection = type <= frame.typeKeepAlive || type === frame.typeMetadataPush;
  const id = isConnection === random.below(8) > 0 ? 0 : random.below(30);
  let flags = random.below(1024);
  if (type === frame.typeExt && random.below(30) > 0) flags |= frame.flagIgnore;
  // A connection ends with an error, so they are rare there.
  if (type === frame.typeError && id === 0 && random.below(10) > 0) return longFrame(random);
  const bytes = new Uint8Array(frame.prefixBytes + length);
  frame.writePrefix(bytes, 0, frame.headerBytes + length, id, (type << 10) | flags);
  bytes.set(zeros.subarray(0, length), frame.prefixBytes);
  fillFields(bytes, type, random);
  return bytes;
}

/** Numbers where a frame has some: small, near the frame's own length, or huge. */
function fillFields(bytes: Uint8Array, type: number, random: Random): void {
  const length = bytes.length - frame.prefixBytes;
  const number = (): number => {
    const choice = random.below(4);
    if (choice === 0) return random.below(5);
    return choice === 1 ? Math.max(0, length - random.below(12)) : random.below(choice === 2 ? 200_000 : 0x7fff_ffff);
  };
  const at = frame.prefixBytes;
  if (type === frame.typeExt && length >= 8) {
    frame.writeU32(bytes, at, frame.extendedTypeLength);
    frame.writeU32(bytes, at + 4, number());
    return;
  }
  const hasCredit = type === frame.typeRequestStream || type === frame.typeRequestChannel;
  if (hasCredit && length >= 7) {
    frame.writeU32(bytes, at, 1 + random.below(100));
    frame.writeU24(bytes, at + 4, number() & 0xff_ffff);
  } else if (type === frame.typePayload || type === frame.typeRequestResponse || type === frame.typeRequestFnf) {
    if (length >= 3) frame.writeU24(bytes, at, number() & 0xff_ffff);
  } else if (length >= 4) {
    frame.writeU32(bytes, at, number());
  }
}

/** Answers with what came: as an item, as an error, as a request for more. */
class EchoSink implements StreamSink {
  stream: Stream | undefined;
  readonly #random: Random;

  constructor(stream: RsocketStream | undefined, random: Random) {
    this.stream = stream;
    this.#random = random;
    if (stream !== undefined) this.onNext(stream.payload);
  }

  onNext(payload: RsocketStream['payload']): void {
    const { stream } = this;
    if (stream === undefined) return;
    const [metadata, data] = [payload.metadata().slice(), payload.data().slice()];
    const choice = this.#random.below(12);
    if (choice === 0) stream.fail(0x201, data);
    else if (choice === 1) stream.cancel();
    else if (choice === 2) stream.complete();
    else if (choice === 3) stream.request(data.length + 1);
    else if (stream.credit > 0) stream.next(metadata, data);
  }

  onComplete(): void {
    this.stream?.complete();
  }

  onFail(): void {
    this.stream = undefined;
  }

  onCredit(): void {
    if (this.stream !== undefined && this.stream.credit > 0) this.stream.next(emptyBytes, zeros.subarray(0, 20_000));
  }

  onCancel(): void {
    this.stream?.cancel();
  }
}
