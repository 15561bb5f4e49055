import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { common, sharedByte } from '../../src/codec/msgpack-forms.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { MsgpackScanner, sharedRecordsMax } from '../../src/codec/msgpack-scan.js';
import { RecordWriter } from '../../src/codec/record-writer.js';
import { ByteReader, ByteWriter } from '../../src/core/bytes.js';
import { dataDepthMax } from '../../src/core/data.js';

describe('record writer', function recordWriter() {
  // A thousand lanes, on a machine that may be busy.
  this.timeout(20_000);

  it('writes what msgpackr reads, after the check of builds that read with nothing else', () => {
    fc.assert(
      fc.property(fc.array(simpleValue, { minLength: 1, maxLength: 4 }), (values) => {
        const encoder = createMsgpackCodec({ compiledShapes: false }).createEncoder(new Set());
        const writer = new ByteWriter(8);
        for (let round = 0; round < 4; round += 1) {
          for (const value of values) {
            writer.reset();
            encoder.encodeInto?.(value, writer);
            assert.deepEqual(readByMsgpackr(writer.take(), keysOf(encoder)), value);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes objects whose records it knows, wherever they stand', () => {
    const reading = { name: 'flow', at: 1.5, ok: true };
    const lists = [['name', 'at', 'ok'], ['readings', 'unit'], []];
    for (const value of [
      reading,
      { readings: [reading, reading], unit: null },
      [1, 'two', [reading], {}],
      [{ readings: [], unit: 'é' }, reading, { readings: 'x'.repeat(70_000), unit: 7 }],
      'text',
      -1,
    ]) {
      assert.deepEqual(readByMsgpackr(write(lists, value) ?? new Uint8Array(0), lists), value);
    }
  });

  it('writes numbers as short as msgpackr does', () => {
    const packr = new Packr({ ...common, structures: [['a']], mapsAsObjects: false });
    const edges = [0, 31, 32, 63, 64, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1.5, 2 ** 53];
    for (const number of [...edges, ...edges.map((edge) => -edge), -33, -129, -32_769, Number.NaN, Infinity]) {
      assert.deepEqual(write([['a']], [number])?.subarray(1), new Uint8Array(packr.pack([number])), String(number));
    }
  });

  it('leaves to the general way what has more in it, and writes nothing then', () => {
    class Device {
      a = 1;
    }
    const ring: { a: unknown } = { a: 1 };
    ring.a = ring;
    const others = [1n, () => 1, Symbol('s'), new Date(0), new Map(), new Set(), new Uint8Array(2), new Device()];
    const unknown = [
      { b: 1 },
      { a: 1, b: 2 },
      {},
      Object.assign(Object.create(null), { a: 1 }),
      ring,
      nested(dataDepthMax + 1),
    ];
    for (const value of [...others, ...unknown, { a: [new Date(0)] }, [{ a: 'x'.repeat(1000) }, 1n]]) {
      assert.equal(write([['a']], value), undefined);
    }
    assert.notEqual(write([['a']], nested(dataDepthMax)), undefined);
  });

  it('writes behind what is there, and takes back all of a value that it gives up', () => {
    const records = new RecordWriter();
    records.learn(['a']);
    const writer = new ByteWriter(4);
    writer.u8(9);
    assert.ok(records.write({ a: 'one' }, writer));
    const before = writer.take();
    assert.equal(records.write({ a: ['x'.repeat(500), 1n] }, writer), false);
    assert.deepEqual(writer.take(), before);
    assert.ok(records.write({ a: 'two' }, writer));
    assert.deepEqual([...writer.take()], [9, ...record('one'), ...record('two')]);
  });

  it('takes no longer than the value is long, however its objects vary', () => {
    const records = new RecordWriter();
    records.learn(['inner', 'a']);
    records.learn(['inner', 'b']);
    let value: unknown = 0;
    for (let depth = 0; depth < dataDepthMax; depth += 1) {
      value = [1, 2, 4, 7, 8].includes(depth % 9) ? { inner: value, a: depth } : { inner: value, b: depth };
    }
    for (let round = 0; round < 3; round += 1) assert.ok(records.write(value, new ByteWriter(64)));
  });

  it('is ready again after a getter has thrown, and sees what one changes', () => {
    const records = new RecordWriter();
    records.learn(['a', 'b']);
    const thrown = new Error('no');
    const failing = {
      a: 1,
      get b(): number {
        throw thrown;
      },
    };
    assert.throws(() => records.write(failing, new ByteWriter(8)), thrown);
    const list = [0, 1, 2];
    const shrinking = {
      get a(): number {
        list.length = 1;
        return 1;
      },
      b: 2,
    };
    list[0] = 1;
    assert.equal(records.write([shrinking, list], new ByteWriter(8)), true);
    const items: unknown[] = [0, 1, 2];
    items[0] = {
      get a(): number {
        items.length = 1;
        return 1;
      },
      b: 2,
    };
    assert.equal(records.write(items, new ByteWriter(8)), false);
    assert.ok(records.write({ a: 1, b: 2 }, new ByteWriter(8)));
  });

  it('is tried again after many values in vain', () => {
    const records = new RecordWriter();
    records.learn(['a']);
    const writer = new ByteWriter(8);
    for (let round = 0; round < 1000; round += 1) assert.equal(records.write(1n, writer), false);
    let tries = 1;
    while (!records.write({ a: 1 }, writer)) tries += 1;
    assert.ok(tries <= 16, String(tries));
    assert.ok(records.write({ a: 2 }, writer));
  });
});

/** No zero below zero, which no MessagePack integer has. */
const leaf = fc.oneof(
  fc.integer(),
  fc.double().map((number) => number + 0),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.string(),
  fc.string({ unit: 'grapheme' }),
);
const simpleValue = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, tie('object'), tie('list')),
  object: fc.dictionary(fc.constantFrom('id', 'name', 'at', 'ü', 'unit'), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  list: fc.array(tie('value'), { maxLength: 20 }),
})).value;

function readByMsgpackr(bytes: Uint8Array, keyLists: readonly (readonly string[])[]): unknown {
  assert.equal(bytes[0], sharedByte);
  const sizes = keyLists.map((keys) => keys.length);
  assert.equal(new MsgpackScanner().scan(bytes, 1, bytes.length, { records: true, shared: sizes }), undefined);
  const structures = keyLists.map((keys) => Object.assign([...keys], { isShared: true }));
  const limits = { maxSharedStructures: sharedRecordsMax, maxOwnStructures: sharedRecordsMax };
  return new Packr({ ...common, ...limits, structures, mapsAsObjects: false }).unpack(bytes.subarray(1));
}

function keysOf(encoder: { readonly definitionCount: number; definition(index: number): Uint8Array }): string[][] {
  return Array.from({ length: encoder.definitionCount }, (_, index) => {
    const reader = new ByteReader(encoder.definition(index));
    return Array.from({ length: reader.varint() }, () => reader.text(4096));
  });
}

function write(keyLists: readonly (readonly string[])[], value: unknown): Uint8Array | undefined {
  const records = new RecordWriter();
  for (const keys of keyLists) records.learn(keys);
  const writer = new ByteWriter(8);
  if (records.write(value, writer)) return writer.take();
  assert.equal(writer.length, 0);
  return undefined;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let count = 0; count < depth; count += 1) value = { a: value };
  return value;
}

/** A value of the record `a`, with a short text. */
function record(text: string): number[] {
  return [sharedByte, 0x40, 0xa0 | text.length, ...new TextEncoder().encode(text)];
}
