import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { bytesCodec } from '../../src/codec/bytes-codec.js';
import { jsonCodec } from '../../src/codec/json-codec.js';
import { layerCodec } from '../../src/codec/layered-codec.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { createPlainMsgpackCodec } from '../../src/codec/plain-msgpack-codec.js';
import { findDataFault } from '../../src/core/data.js';
import type { ClusterError } from '../../src/core/errors.js';
import type { Codec } from '../../src/spi/codec.js';
import { checkCodec, checkLaneCodec } from '../../src/testing/conformance/codec.js';

const runner = { describe, it };

checkLaneCodec(runner, 'msgpack', () => createMsgpackCodec());
checkLaneCodec(runner, 'msgpack without generated code', () => createMsgpackCodec({ codeGeneration: false }));
checkLaneCodec(runner, 'a chosen codec over msgpack', () => layerCodec(createMsgpackCodec(), chosenCodec()));
checkCodec(runner, 'plain msgpack', () => createPlainMsgpackCodec(), 'json');
checkCodec(runner, 'json', () => jsonCodec, 'json');
checkCodec(runner, 'bytes', () => bytesCodec, 'bytes');

describe('codec', function codecs() {
  // Two thousand values, on a machine that may be busy.
  this.timeout(20_000);

  it('carries any data that chance makes, on lanes and off them', () => {
    const codec = createMsgpackCodec();
    const encoder = codec.createEncoder(new Set(codec.capabilities));
    const decoder = codec.createDecoder();
    fc.assert(
      fc.property(anyData, (value) => {
        assert.equal(findDataFault(value), undefined);
        assert.deepEqual(codec.decode(codec.encode(value)), value);
        const bytes = encoder.encode(value);
        while (decoder.definitionCount < encoder.definitionCount) {
          assert.ok(decoder.define(encoder.definition(decoder.definitionCount)));
        }
        assert.deepEqual(decoder.decode(bytes, 0, bytes.length), value);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes and reads MessagePack that any other program writes and reads', () => {
    const codec = createPlainMsgpackCodec();
    const bytes = Uint8Array.from([0x82, 0xa1, 0x61, 0x01, 0xa1, 0x62, 0x92, 0xc3, 0xa2, 0x68, 0x69]);
    const value = { a: 1, b: [true, 'hi'] };
    assert.deepEqual(Uint8Array.from(codec.encode(value)), bytes);
    assert.deepEqual(codec.decode(bytes), value);
    assert.deepEqual(codec.decode(codec.encode(new Map([['k', 1]]))), { k: 1 });
    for (let end = 0; end < bytes.length; end += 1) {
      assert.throws(() => codec.decode(bytes.subarray(0, end)), isInvalidValue);
    }
    assert.throws(() => codec.decode(new Uint8Array(100_000).fill(0x91)), /nested deeper/);
  });

  it('refuses nesting beyond its bound before it decodes', () => {
    const codec = createMsgpackCodec();
    const deep = new Uint8Array(100_000).fill(0x91);
    deep[0] = 0;
    deep[deep.length - 1] = 1;
    assert.throws(() => codec.decode(deep), /nested deeper/);
    const maps = Uint8Array.from([0, ...Array.from({ length: 500 }, () => [0x81, 0xa1, 0x61]).flat(), 1]);
    assert.throws(() => codec.decode(maps), /nested deeper/);
  });

  it('refuses the key __proto__, in maps, in records, in definitions and in JSON', () => {
    const codec = createMsgpackCodec();
    const key = [0xa9, ...new TextEncoder().encode('__proto__')];
    assert.throws(() => codec.decode(Uint8Array.from([0, 0x81, ...key, 0x80])), /__proto__/);
    assert.throws(() => codec.decode(Uint8Array.from([1, 0xd4, 0x72, 0x40, 0x91, ...key, 0x80])), /__proto__/);
    assert.equal(codec.createDecoder().define(Uint8Array.from([1, 9, ...key.slice(1)])), false);
    assert.throws(() => jsonCodec.decode(new TextEncoder().encode('{"a":{"__proto__":{"x":1}}}')), isInvalidValue);
    const own: unknown = JSON.parse('{"__proto__":1}');
    assert.throws(() => codec.encode(own), isInvalidValue);
  });

  it('refuses types that are no data: errors, expressions, references', () => {
    const codec = createMsgpackCodec();
    for (const type of [0x65, 0x78, 0x69, 0x70, 0x62, 0x01]) {
      assert.throws(
        () => codec.decode(Uint8Array.from([0, 0xd4, type, 0, 0x92, 0xa1, 0x61, 0xa1, 0x62])),
        isInvalidValue,
      );
      assert.throws(() => codec.decode(Uint8Array.from([0, 0xd6, type, 0, 0, 0, 1, 0x92, 1, 1])), isInvalidValue);
    }
  });

  it('refuses lengths beyond the bytes before it allocates', () => {
    const codec = createMsgpackCodec();
    for (const token of [0xc6, 0xdb, 0xdd, 0xdf, 0xc9]) {
      assert.throws(() => codec.decode(Uint8Array.from([0, token, 0x7f, 0xff, 0xff, 0xff])), isInvalidValue);
    }
  });

  it('says where a value stops being data', () => {
    class Point {
      x = 1;
    }
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ a: [1, { b: new Point() }] }, /a\[1\]\.b: an instance of Point/],
      [new Map([['k', () => 1]]), /<k>: a function/],
      [new Set([Symbol('x')]), /\[0\]: a symbol/],
      [new Error('x'), /the value: an instance of Error/],
      [/x/, /an instance of RegExp/],
      [Promise.resolve(), /an instance of Promise/],
    ];
    const codec = createMsgpackCodec();
    for (const [value, why] of cases) assert.throws(() => codec.encode(value), why);
  });
});

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
);

const key = fc.string().filter((text) => text !== '__proto__');

const anyData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(leaf, { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

function isInvalidValue(error: unknown): boolean {
  return (error as ClusterError).code === 'invalid-value';
}

/** Carries what msgpack does, under another name. */
function chosenCodec(): Codec {
  const codec = createMsgpackCodec();
  return { name: 'application/x-test', encode: (value) => codec.encode(value), decode: (bytes) => codec.decode(bytes) };
}
