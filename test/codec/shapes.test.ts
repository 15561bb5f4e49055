import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createMsgpackCodec, type MsgpackOptions, shapesCapability } from '../../src/codec/msgpack-codec.js';
import { describeShape, joinShapes, readShape, shapesMax, shapeToBytes, signatureOf } from '../../src/codec/shape.js';
import { ByteReader, ByteWriter } from '../../src/core/bytes.js';
import { ClusterError } from '../../src/core/errors.js';
import { SeededRandom } from '../../src/core/random.js';
import type { LaneDecoder, LaneEncoder } from '../../src/spi/codec.js';
import { checkLaneCodec } from '../../src/testing/conformance/codec.js';

const runner = { describe, it };

checkLaneCodec(runner, 'msgpack without compiled shapes', () => createMsgpackCodec({ compiledShapes: false }));

describe('compiled shapes', function compiledShapes() {
  // Code is made for hundreds of shapes, on a machine that may be busy.
  this.timeout(20_000);

  it('write an event in less than its keys would take, once it came a few times', () => {
    const lane = new Lane();
    for (let round = 0; round < 20; round += 1) lane.carry(iot(round));
    const bytes = lane.encoder.encode(iot(21));
    assert.equal(bytes[0], 3);
    assert.ok(bytes.length < 100, String(bytes.length));
  });

  it('give back any object that chance makes, to receivers with and without generated code', () => {
    fc.assert(
      fc.property(fc.array(anyObject, { minLength: 1, maxLength: 3 }), (objects) => {
        const lane = new Lane();
        for (let round = 0; round < 12; round += 1) for (const object of objects) lane.carry(object);
      }),
      { numRuns: 60 },
    );
  });

  it('give back leaves whose kind changes from one value to the next', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(leaf, leaf), { minLength: 12, maxLength: 30 }), (pairs) => {
        const lane = new Lane();
        for (const [first, second] of pairs) lane.carry({ first, inner: { second, fixed: 'x' } });
      }),
      { numRuns: 100 },
    );
  });

  it('keep integers beyond 32 bits, NaN, long texts, Latin-1 and other texts apart', () => {
    const lane = new Lane();
    for (const number of [1, 0, 2 ** 31, -(2 ** 31), Number.NaN, Number.NEGATIVE_INFINITY, 0.1, 7]) {
      for (let round = 0; round < 5; round += 1) lane.carry({ number });
    }
    for (const text of ['', 'a', 'é', 'ÿ'.repeat(64), 'x'.repeat(65), 'x'.repeat(300), '€', '😀', 'a\u0000b']) {
      for (let round = 0; round < 12; round += 1) lane.carry({ before: 'b', text, after: `${text}!` });
    }
  });

  it('put any key into code without its being read as code', () => {
    const keys = [
      '"];throw 1;//',
      "'",
      '`${1}`',
      '\u2028',
      '\\',
      '\n',
      'constructor',
      'prototype',
      'toString',
      '*/',
      '0',
      '',
    ];
    const lane = new Lane();
    const value = Object.fromEntries(keys.map((key, index) => [key, index]));
    for (let round = 0; round < 20; round += 1) lane.carry(value);
    assert.equal(lane.encoder.encode(value)[0], 3);
    for (const key of keys) for (let round = 0; round < 12; round += 1) lane.carry({ [key]: { [key]: key } });
  });

  it('are not used for a value with more, fewer, other or reordered keys', () => {
    const lane = new Lane();
    for (let round = 0; round < 8; round += 1) lane.carry({ a: 1, b: { c: 'x' } });
    assert.equal(lane.encoder.encode({ a: 1, b: { c: 'x' } })[0], 3);
    for (const other of [
      { a: 1 },
      { a: 1, b: {} },
      { b: { c: 'x' }, a: 1 },
      { a: 1, b: { c: 'x', d: 1 } },
      { a: 1, z: { c: 'x' } },
    ]) {
      assert.notEqual(lane.encoder.encode(other)[0], 3);
      lane.carry(other);
    }
  });

  it('read each property once, and refuse instances, functions and cycles as before', () => {
    const lane = new Lane();
    for (let round = 0; round < 8; round += 1) lane.carry({ text: 'a', list: [1] });
    let reads = 0;
    const fickle = {
      get text() {
        reads += 1;
        return reads === 1 ? 'first' : 2;
      },
      list: [2],
    };
    const bytes = lane.encoder.encode(fickle);
    assert.deepEqual(lane.decoder.decode(bytes, 0, bytes.length), { text: 'first', list: [2] });
    class Point {
      text = 'a';
      list = [1];
    }
    assert.throws(() => lane.encoder.encode(new Point()), /instance of Point/);
    assert.throws(() => lane.encoder.encode({ text: 'a', list: [{ bad: () => 1 }] }), /list\[0\]\.bad/);
    assert.throws(() => lane.encoder.encode({ text: () => 'a', list: [1] }), /text: a function/);
    const circle: { text: string; list: unknown[] } = { text: 'a', list: [] };
    circle.list.push(circle);
    assert.throws(() => lane.encoder.encode(circle), isInvalidValue);
    assert.equal(lane.encoder.encode({ text: 'a', list: [1] })[0], 3);
  });

  for (const [how, property] of [
    ['is not there', undefined],
    ['throws', { configurable: true, get: () => assert.fail('read') }],
  ] as const) {
    it(`do the same where Object.prototype.__proto__ ${how}`, () => {
      const own = Object.getOwnPropertyDescriptor(Object.prototype, '__proto__') ?? assert.fail('Node has it');
      const lane = new Lane();
      try {
        Reflect.deleteProperty(Object.prototype, '__proto__');
        if (property !== undefined) Reflect.defineProperty(Object.prototype, '__proto__', property);
        for (let round = 0; round < 8; round += 1) lane.carry({ text: 'a', inner: { number: round } });
        assert.equal(lane.encoder.encode({ text: 'a', inner: { number: 9 } })[0], 3);
        assert.throws(() => lane.encoder.encode({ text: 'a', inner: new Inner() }), /instance of Inner/);
      } finally {
        Reflect.defineProperty(Object.prototype, '__proto__', own);
      }
    });
  }

  it('are not used for what only looks like a plain object: its own __proto__, or a prototype that has one', () => {
    const lane = new Lane();
    for (let round = 0; round < 8; round += 1) lane.carry({ text: 'a', inner: { number: round } });
    const own = Object.defineProperty({ number: 1 }, '__proto__', { value: Object.prototype, enumerable: true });
    assert.throws(() => lane.encoder.encode({ text: 'a', inner: own }), isInvalidValue);
    const inherited = Object.assign(Object.create(own), { number: 1 });
    assert.throws(() => lane.encoder.encode({ text: 'a', inner: inherited }), isInvalidValue);
  });

  it('are bounded in number, and values beyond the bound still arrive', () => {
    const lane = new Lane();
    for (let round = 0; round < 5; round += 1) {
      for (let shape = 0; shape < shapesMax + 50; shape += 1) lane.carry({ [`key${shape}`]: shape, same: 'x' });
    }
    assert.ok(lane.encoder.definitionCount <= shapesMax + 32, String(lane.encoder.definitionCount));
  });

  it('are not learnt from objects used as maps, and looking for them becomes rare', () => {
    const lane = new Lane();
    for (let round = 0; round < 3000; round += 1) lane.carry({ [`device ${round}`]: round });
    assert.ok(lane.encoder.definitionCount <= 32);
    for (let round = 0; round < 100; round += 1) lane.carry(iot(round));
    assert.equal(lane.encoder.encode(iot(1))[0], 3);
  });

  it('write into the middle of what a caller writes', () => {
    const lane = new Lane();
    for (let round = 0; round < 8; round += 1) lane.carry(iot(round));
    const writer = new ByteWriter(8);
    const ends: number[] = [];
    const values = [iot(1), [1, 2], iot(2), { ...iot(3), deviceId: '€'.repeat(500) }, new Map([[1, iot(4)]]), iot(5)];
    for (const value of values) {
      writer.u8(0xee);
      lane.encoder.encodeInto?.(value, writer);
      ends.push(writer.length);
    }
    lane.define();
    const bytes = writer.take();
    values.forEach((value, index) => {
      const start = (ends[index - 1] ?? 0) + 1;
      assert.deepEqual(lane.decoder.decode(bytes, start, ends[index] ?? 0), value);
    });
  });

  it('write into the middle of what a caller writes without them too, while records are learnt and after a refusal', () => {
    const encoder = createMsgpackCodec({ compiledShapes: false }).createEncoder(new Set());
    const decoder = createMsgpackCodec().createDecoder();
    const writer = new ByteWriter(8);
    const ends: number[] = [];
    const values = Array.from({ length: 40 }, (_, round) =>
      round % 9 === 8 ? { text: 'x'.repeat(20_000), round } : { [`key${round % 3}`]: round, deep: iot(round) },
    );
    for (const value of values) {
      assert.throws(() => encoder.encodeInto?.({ first: 1, second: () => 2 }, new ByteWriter(8)), ClusterError);
      writer.u8(0xee);
      encoder.encodeInto?.(value, writer);
      ends.push(writer.length);
    }
    for (let index = 0; index < encoder.definitionCount; index += 1) {
      assert.ok(decoder.define(encoder.definition(index)));
    }
    assert.ok(encoder.definitionCount >= 4);
    const bytes = writer.take();
    values.forEach((value, index) => {
      const start = (ends[index - 1] ?? 0) + 1;
      assert.deepEqual(decoder.decode(bytes, start, ends[index] ?? 0), value);
    });
  });

  for (const compiled of [true, false]) {
    it(`keep apart what a getter encodes while its value is read (${compiled ? 'with' : 'without'} them)`, () => {
      const encoder = createMsgpackCodec({ compiledShapes: compiled }).createEncoder(new Set([shapesCapability]));
      const decoder = createMsgpackCodec().createDecoder();
      const encoded: Encoded[] = [];
      const encodeInto = (value: unknown): void => {
        const writer = new ByteWriter(8);
        encoder.encodeInto?.(value, writer);
        encoded.push({ value, bytes: writer.take(), needed: encoder.needed });
      };
      const encode = (value: unknown): void => {
        encoded.push({ value, bytes: encoder.encode(value), needed: encoder.needed });
      };
      for (let round = 0; round < 40; round += 1) {
        const inner =
          round % 4 < 2 ? { before: `日${round}`, at: 1.5, after: 'z' } : { [`key${round % 3}`]: `ü${round}` };
        const value = {
          before: `é日本${round}`,
          get at(): number {
            (round % 2 === 0 ? encode : encodeInto)(inner);
            return round;
          },
          after: '本',
        };
        if (round % 3 === 0) encode(value);
        else encodeInto(value);
      }
      for (const { value, bytes, needed } of encoded) {
        while (decoder.definitionCount < needed) decoder.define(encoder.definition(decoder.definitionCount));
        assert.deepEqual(decoder.decode(bytes, 0, bytes.length), asData(value));
      }
    });
  }

  it('never change bytes that were handed out', () => {
    const lane = new Lane();
    const kept = Array.from({ length: 500 }, (_, round) => lane.encoder.encode(iot(round)));
    lane.define();
    kept.forEach((bytes, round) => assert.deepEqual(lane.decoder.decode(bytes, 0, bytes.length), iot(round)));
  });

  it('say how many definitions the value before needs', () => {
    const lane = new Lane();
    for (let round = 0; round < 8; round += 1) lane.carry({ first: round });
    for (let round = 0; round < 8; round += 1) lane.carry({ second: { deep: round } });
    lane.encoder.encode({ first: 1 });
    assert.ok(lane.encoder.needed > 0 && lane.encoder.needed < lane.encoder.definitionCount);
    const early = createMsgpackCodec().createDecoder();
    const bytes = lane.encoder.encode({ first: 3 });
    for (let index = 0; index < lane.encoder.needed; index += 1) {
      assert.ok(early.define(lane.encoder.definition(index)));
    }
    assert.deepEqual(early.decode(bytes, 0, bytes.length), { first: 3 });
  });

  it('are kept from peers that do not read them', () => {
    for (const encoder of [
      createMsgpackCodec().createEncoder(new Set()),
      createMsgpackCodec({ compiledShapes: false }).createEncoder(new Set([shapesCapability])),
      createMsgpackCodec({ codeGeneration: false }).createEncoder(new Set([shapesCapability])),
    ]) {
      for (let round = 0; round < 20; round += 1) assert.notEqual(encoder.encode(iot(round))[0], 3);
      for (let index = 0; index < encoder.definitionCount; index += 1) {
        assert.equal(readShape(new ByteReader(encoder.definition(index))), undefined);
        assert.ok(new ByteReader(encoder.definition(index)).varint() <= 128);
      }
    }
  });
});

describe('shape definitions', function shapeDefinitions() {
  this.timeout(20_000);

  it('come back as they were', () => {
    fc.assert(
      fc.property(anyObject, (object) => {
        const shape = describeShape(object);
        if (shape === undefined) return;
        assert.deepEqual(readBack(shapeToBytes(shape)), shape);
        assert.equal(joinShapes(shape, shape), shape);
        assert.equal(signatureOf(shape), signatureOf({ ...shape }));
      }),
      { numRuns: 200 },
    );
  });

  it('are refused with __proto__, twice the same key, too many keys, too long keys, or too deep', () => {
    const leafNode = [4];
    const define = (...bytes: number[]): boolean => newDecoder().define(Uint8Array.from([0xff, 0x01, ...bytes]));
    const key = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
    assert.equal(define(5, 1, ...key('a'), ...leafNode), true);
    assert.equal(define(5, 1, ...key('__proto__'), ...leafNode), false);
    assert.equal(define(5, 2, ...key('a'), ...leafNode, ...key('a'), ...leafNode), false);
    assert.equal(define(5, 1, ...key('a'), 9), false);
    assert.equal(define(5, 1, ...key('a'), ...leafNode, 0), false);
    assert.equal(define(5, 0), false);
    assert.equal(define(4), false);
    assert.equal(define(5, 0xff, 0xff, 0x03, ...key('a')), false);
    assert.equal(define(5, 1, 0xff, 0x7f, ...Array.from({ length: 20_000 }, () => 97), ...leafNode), false);
    const deep = Array.from({ length: 9 }, () => [5, 1, ...key('a')]).flat();
    assert.equal(define(...deep, ...leafNode), false);
  });

  it('survive junk: nothing but invalid-value, nothing without bound', () => {
    const random = new SeededRandom(41);
    const sample = new Lane();
    for (let round = 0; round < 20; round += 1) sample.carry({ ...iot(round), list: [round], none: null });
    const definitions = Array.from({ length: sample.encoder.definitionCount }, (_, index) =>
      sample.encoder.definition(index),
    );
    const bodies = Array.from({ length: 20 }, (_, round) =>
      sample.encoder.encode({ ...iot(round), list: [round], none: null }),
    );
    for (let round = 0; round < 400; round += 1) {
      const decoder = createMsgpackCodec({ codeGeneration: round % 2 === 0 }).createDecoder();
      for (const definition of definitions) {
        if (!decoder.define(mutate(definition, random, 0.3))) break;
      }
      for (let count = 0; count < 20; count += 1) {
        const body = mutate(bodies[random.below(bodies.length)] ?? new Uint8Array(0), random, 0.7);
        const end = Math.max(0, body.length - (random.below(3) === 0 ? random.below(30) : 0));
        try {
          decoder.decode(body, 0, end);
        } catch (error) {
          assert.ok(isInvalidValue(error), String(error));
        }
      }
      assert.ok(decoder.definitionCount <= shapesMax + 32);
    }
  });

  it('are refused past their number', () => {
    const decoder = newDecoder();
    let taken = 0;
    for (let index = 0; index < 1000; index += 1) {
      const shape = describeShape({ [`key ${index}`]: 1 });
      if (shape !== undefined && decoder.define(shapeToBytes(shape))) taken += 1;
    }
    assert.equal(taken, shapesMax);
  });

  it('cannot reach the prototype of what is decoded', () => {
    const lane = new Lane();
    for (let round = 0; round < 20; round += 1) lane.carry({ constructor: 'c', prototype: { polluted: 'yes' } });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

/** A value, and what was made of it. */
interface Encoded {
  readonly value: unknown;
  readonly bytes: Uint8Array;
  readonly needed: number;
}

/** Without getters. */
function asData(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

class Inner {
  readonly number = 1;
}

/** An encoder, and decoders of all kinds that must agree with it. */
class Lane {
  readonly encoder: LaneEncoder;
  readonly decoder: LaneDecoder;
  readonly #decoders: readonly LaneDecoder[];

  constructor(options: MsgpackOptions = {}) {
    const codec = createMsgpackCodec(options);
    this.encoder = codec.createEncoder(new Set(codec.capabilities));
    this.decoder = codec.createDecoder();
    this.#decoders = [this.decoder, createMsgpackCodec({ codeGeneration: false }).createDecoder()];
  }

  define(): void {
    for (const decoder of this.#decoders) {
      while (decoder.definitionCount < this.encoder.definitionCount) {
        assert.ok(decoder.define(this.encoder.definition(decoder.definitionCount)));
      }
    }
  }

  carry(value: unknown): void {
    const bytes = this.encoder.encode(value);
    assert.ok(this.encoder.needed <= this.encoder.definitionCount);
    this.define();
    const framed = new Uint8Array(bytes.length + 5).fill(0xee);
    framed.set(bytes, 3);
    for (const decoder of this.#decoders) {
      assert.deepEqual(decoder.decode(framed, 3, 3 + bytes.length), value);
    }
  }
}

function newDecoder(): LaneDecoder {
  return createMsgpackCodec().createDecoder();
}

function readBack(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  assert.equal(reader.varint(), 255);
  return readShape(reader);
}

function iot(round: number): Record<string, unknown> {
  return {
    deviceId: `dev-${100_000 + round}`,
    time: 1_700_000_000_000 + round,
    properties: { temperature: 20 + round / 8, signal: -1 - round, on: round % 2 === 0, state: 'running' },
    headers: { traceId: (0x1000_0000 + round).toString(16) },
  };
}

function mutate(bytes: Uint8Array, random: SeededRandom, chance: number): Uint8Array {
  const copy = bytes.slice();
  if (random.below(1000) >= chance * 1000) return copy;
  for (let count = 0; count <= random.below(4); count += 1) {
    copy[random.below(Math.max(1, copy.length))] = random.below(256);
  }
  return copy;
}

function isInvalidValue(error: unknown): boolean {
  return error instanceof ClusterError && error.code === 'invalid-value';
}

const leaf = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.double().map((value) => (value === 0 ? 0 : value)),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.constant(new Map([['key', new Set([1, 'two'])]])),
);

const key = fc.string().filter((text) => text !== '__proto__');

const anyObject = fc.letrec<{ object: Record<string, unknown>; value: unknown }>((tie) => ({
  object: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small' }, { arbitrary: leaf, weight: 3 }, { arbitrary: tie('object'), weight: 1 }),
})).object;
