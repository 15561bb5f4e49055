import assert from 'node:assert/strict';
import { ClusterError } from '../../core/errors.js';
import { type Random, SeededRandom } from '../../core/random.js';
import type { Codec, LaneCodec } from '../../spi/codec.js';
import type { TestRunner } from './suite.js';

/** Which values a codec says that it carries. */
export type CodecRange = 'data' | 'json' | 'bytes';

/** What every implementation of `Codec` must do with the values of its range, and with junk. */
export function checkCodec(runner: TestRunner, name: string, make: () => Codec, range: CodecRange = 'data'): void {
  runner.describe(`${name} as codec`, () => {
    runner.it('gives back what it was given', async () => {
      const codec = make();
      for (const value of samples(range)) assert.deepEqual(codec.decode(codec.encode(value)), value);
      await Promise.resolve();
    });

    runner.it('does not keep the bytes that it decodes', async () => {
      const codec = make();
      for (const value of samples(range)) {
        const bytes = codec.encode(value).slice();
        const decoded = codec.decode(bytes);
        bytes.fill(0xff);
        assert.deepEqual(decoded, value);
      }
      await Promise.resolve();
    });

    runner.it('refuses what it cannot carry with invalid-value', async () => {
      const codec = make();
      const refused = range === 'bytes' ? [1, 'x', {}] : [() => 1, Symbol('s'), { a: [Promise.resolve()] }];
      for (const value of refused) assert.throws(() => codec.encode(value), isInvalidValue);
      if (range === 'bytes') return;
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      assert.throws(() => codec.encode(circle), isInvalidValue);
      assert.throws(() => codec.encode({ list: [{ bad: () => 1 }] }), /list\[0\]\.bad/);
      await Promise.resolve();
    });

    runner.it('survives junk: a value or invalid-value, nothing else', async () => {
      const codec = make();
      const random = new SeededRandom(17);
      for (let round = 0; round < 3000; round += 1) decodeQuietly(codec, drawBytes(random, 40));
      for (const value of samples(range)) {
        const bytes = codec.encode(value);
        for (let length = 0; length < Math.min(bytes.length, 200); length += 1) {
          decodeQuietly(codec, bytes.slice(0, length));
        }
        for (let round = 0; round < 200; round += 1) decodeQuietly(codec, damage(bytes, random));
      }
      await Promise.resolve();
    });
  });
}

/** What every implementation of `LaneCodec` must do beyond `Codec`. */
export function checkLaneCodec(runner: TestRunner, name: string, make: () => LaneCodec): void {
  checkCodec(runner, name, make);
  runner.describe(`${name} on lanes`, () => {
    runner.it('gives back what it was given when definitions go before values', async () => {
      const codec = make();
      const encoder = codec.createEncoder(new Set(codec.capabilities));
      const decoder = codec.createDecoder();
      const random = new SeededRandom(23);
      const values = samples('data');
      for (let round = 0; round < 500; round += 1) {
        const value = values[random.below(values.length)];
        const bytes = encoder.encode(value);
        while (decoder.definitionCount < encoder.definitionCount) {
          assert.ok(decoder.define(encoder.definition(decoder.definitionCount)));
        }
        const framed = new Uint8Array(bytes.length + 6).fill(0xee);
        framed.set(bytes, 3);
        assert.deepEqual(decoder.decode(framed, 3, 3 + bytes.length), value);
      }
      await Promise.resolve();
    });

    runner.it('serves two lanes from one encoding, one of which came later', async () => {
      const codec = make();
      const encoder = codec.createEncoder(new Set(codec.capabilities));
      const late = codec.createDecoder();
      for (let round = 0; round < 5; round += 1) encoder.encode({ shape: round, twice: true });
      const bytes = encoder.encode({ shape: 7, twice: true });
      for (let index = 0; index < encoder.definitionCount; index += 1) {
        assert.ok(late.define(encoder.definition(index)));
      }
      assert.deepEqual(late.decode(bytes, 0, bytes.length), { shape: 7, twice: true });
      await Promise.resolve();
    });

    runner.it('keeps its definitions bounded whatever shapes come', async () => {
      const codec = make();
      const encoder = codec.createEncoder(new Set(codec.capabilities));
      const decoder = codec.createDecoder();
      for (let round = 0; round < 3000; round += 1) {
        const value = { [`key${round % 1500}`]: round, nested: { [`other${round % 700}`]: 1 } };
        const bytes = encoder.encode(value);
        while (decoder.definitionCount < encoder.definitionCount) {
          assert.ok(decoder.define(encoder.definition(decoder.definitionCount)));
        }
        assert.deepEqual(decoder.decode(bytes, 0, bytes.length), value);
      }
      assert.ok(encoder.definitionCount <= 1024, String(encoder.definitionCount));
      await Promise.resolve();
    });

    runner.it('refuses definitions and values that a stranger made up', async () => {
      const codec = make();
      const decoder = codec.createDecoder();
      const random = new SeededRandom(29);
      for (let round = 0; round < 3000; round += 1) {
        decoder.define(drawBytes(random, 20));
        const bytes = drawBytes(random, 40);
        try {
          decoder.decode(bytes, 0, bytes.length);
        } catch (error) {
          assert.ok(isInvalidValue(error));
        }
      }
      assert.ok(decoder.definitionCount <= 1024);
      await Promise.resolve();
    });
  });
}

/** Values of every kind that a codec of the range must carry. */
function samples(range: CodecRange): readonly unknown[] {
  if (range === 'bytes') return [Uint8Array.of(), Uint8Array.of(1, 2, 3), new Uint8Array(5000).fill(9)];
  const json: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 40,
    'text',
    'é€😀',
    '',
    'x'.repeat(70_000),
    [],
    {},
    [1, [2, [3]]],
    { deviceId: 'boiler-7', timeMs: 1_700_000_000_000, properties: { temperature: 71.5, on: true }, tags: ['a', 'b'] },
    Array.from({ length: 20 }, (_, index) => ({ id: index, name: `n${index}`, flag: index % 2 === 0 })),
    Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`key ${index}`, index])),
    { constructor: 1, prototype: 2, toString: 'own', length: 3 },
  ];
  return range === 'json' ? json : [...json, ...beyondJson()];
}

function beyondJson(): readonly unknown[] {
  // oxlint-disable-next-line no-restricted-globals -- a date is a value here and not the time
  const start = new Date(1_700_000_000_123);
  return [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    12n,
    -(2n ** 63n),
    2n ** 200n,
    -(2n ** 200n),
    start,
    new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: new Map([['c', 3]]) }],
    ]),
    new Set([1, 'two', { three: 3 }]),
    Uint8Array.of(1, 2, 3),
    Float64Array.of(1.5, -2.5),
    Int16Array.of(-1, 2),
    { at: start, seen: new Set(['x']), none: undefined, bytes: Uint8Array.of(9) },
  ];
}

function drawBytes(random: Random, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: random.below(lengthMax) }, (_, index) =>
    index === 0 ? random.below(4) : random.below(256),
  );
}

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = bytes.slice(0, 2000);
  for (let round = 0; round < 3; round += 1) damaged[random.below(Math.max(1, damaged.length))] = random.below(256);
  return damaged;
}

function decodeQuietly(codec: Codec, bytes: Uint8Array): void {
  try {
    codec.decode(bytes);
  } catch (error) {
    assert.ok(isInvalidValue(error), String(error));
  }
}

function isInvalidValue(error: unknown): boolean {
  return error instanceof ClusterError && error.code === 'invalid-value';
}
