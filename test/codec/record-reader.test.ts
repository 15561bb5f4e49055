import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { common } from '../../src/codec/msgpack-forms.js';
import { MsgpackScanner, sharedRecordsMax } from '../../src/codec/msgpack-scan.js';
import { notRead, RecordReader } from '../../src/codec/record-reader.js';
import { dataDepthMax } from '../../src/core/data.js';

describe('record reader', function recordReader() {
  // Tens of thousands of damaged values, on a machine that may be busy.
  this.timeout(20_000);

  it('reads what msgpackr wrote, with and without generated code', () => {
    const values = [
      event(1),
      [event(2), [], 'x'.repeat(40), 'é'],
      { a: 'x'.repeat(2000), b: '日本' },
      { a: undefined, b: 1 },
      -200,
      70_000,
      null,
    ];
    for (const isGenerating of [true, false]) {
      const reader = openReader(isGenerating);
      for (let round = 0; round < 20; round += 1) {
        for (const value of values) assert.deepEqual(read(reader, pack(value)), value);
      }
    }
  });

  it('reads a value that lies inside other bytes, and makes texts of its own bytes only', () => {
    const reader = openReader(true);
    const packed = pack(event(3));
    const bytes = new Uint8Array(packed.length + 20).fill(0xa3);
    bytes.set(packed, 11);
    assert.deepEqual(reader.read(bytes, 11, 11 + packed.length), event(3));
    assert.equal(reader.read(bytes, 11, 12 + packed.length), notRead);
    assert.equal(reader.read(bytes, 11, 10 + packed.length), notRead);
  });

  it('gives of damaged bytes what the general way gives, or leaves them to it', () => {
    const readers = [openReader(true), openReader(false)];
    const damage = fc.array(fc.tuple(fc.nat(150), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.nat(1000), damage, fc.nat(150), (index, changes, cut) => {
        const bytes = pack([event(index), { a: [index, null], b: true }]);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const end = cut % 3 === 0 ? Math.min(cut, bytes.length) : bytes.length;
        for (const reader of readers) {
          // After many in vain it would not try any more.
          assert.equal(read(reader, pack(1)), 1);
          const value = reader.read(bytes, 0, end);
          if (value === notRead) continue;
          const [isSound, expected] = readGenerally(bytes.subarray(0, end));
          assert.ok(isSound, Buffer.from(bytes).toString('hex'));
          // What stands for broken UTF-8 is a matter of taste.
          if (!JSON.stringify([value, expected]).includes('\ufffd')) assert.deepEqual(value, expected);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('leaves everything that is rare or malformed to the general way', () => {
    const reader = openReader(true);
    const longest = [0xdc, 0xff, 0xff, 1];
    const foreign = [
      [],
      [0xc1],
      [0x80],
      [0xc4, 0],
      [0xd4, 1, 0],
      [0xd4, 0],
      [0xcf, 0, 0, 0, 0, 0, 0, 0, 1],
      [0x42],
      [0x7f],
      [1, 1],
    ];
    for (const bytes of [...foreign, [0xa2, 0x61], [0xdb, 0xff, 0xff, 0xff, 0xff], [0x40, 1], [0xcb, 0], longest]) {
      assert.equal(reader.read(Uint8Array.from(bytes), 0, bytes.length), notRead, bytes.join(' '));
    }
    for (const token of [0x91, 0x43]) {
      assert.equal(reader.read(new Uint8Array(100_000).fill(token), 0, 100_000), notRead);
      const deep = new Uint8Array(dataDepthMax + 1).fill(token);
      deep[dataDepthMax] = 1;
      assert.notEqual(reader.read(deep, 0, deep.length), notRead);
    }
  });

  it('is tried again after many values in vain', () => {
    const reader = openReader(true);
    for (let round = 0; round < 1000; round += 1) assert.equal(read(reader, Uint8Array.of(0xc1)), notRead);
    let tries = 1;
    while (read(reader, pack(7)) === notRead) tries += 1;
    assert.ok(tries <= 16, String(tries));
    assert.equal(read(reader, pack(8)), 8);
  });

  it('puts any key into code without its being read as code', () => {
    const keys = ['"];throw 1;//', "'", '`${1}`', 'constructor', 'a b', '\u2028', '\n', '\\', '1', 'toString', ''];
    const reader = new RecordReader(true);
    reader.define(keys);
    for (let round = 0; round < 20; round += 1) {
      const bytes = Uint8Array.from([0x40, ...keys.map((_, index) => index)]);
      const value = reader.read(bytes, 0, bytes.length);
      assert.deepEqual(value, Object.fromEntries(keys.map((key, index) => [key, index])));
    }
  });
});

const keyLists = [['id', 'at', 'inner', 'texts'], ['a', 'b'], ['none']];

function event(index: number): unknown {
  const inner = { a: index - 300, b: index % 2 === 0 };
  return { id: `dev-${index}`, at: 1_767_225_600_000 + index / 8, inner, texts: ['running', 'gw-01', 'µ', ''] };
}

function openReader(isGenerating: boolean): RecordReader {
  const reader = new RecordReader(isGenerating);
  for (const keys of [...keyLists, ['only']]) reader.define(keys);
  return reader;
}

function read(reader: RecordReader, bytes: Uint8Array): unknown {
  return reader.read(bytes, 0, bytes.length);
}

function createPackr(): Packr {
  const structures = [...keyLists, ['only']].map((keys) => Object.assign([...keys], { isShared: true }));
  const limits = { maxSharedStructures: sharedRecordsMax, maxOwnStructures: sharedRecordsMax };
  return new Packr({ ...common, ...limits, structures, mapsAsObjects: false });
}

const packing = createPackr();

function pack(value: unknown): Uint8Array {
  return new Uint8Array(packing.pack(value));
}

/** Whether the scanner and msgpackr take it, and what they make of it. */
function readGenerally(bytes: Uint8Array): readonly [boolean, unknown] {
  const shared = [...keyLists, ['only']].map((keys) => keys.length);
  const fault = new MsgpackScanner().scan(bytes, 0, bytes.length, { records: true, shared });
  return fault === undefined ? [true, createPackr().unpack(bytes)] : [false, fault];
}
