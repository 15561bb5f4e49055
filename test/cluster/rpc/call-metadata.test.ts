import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.js';
import { wireVersion } from '../../../src/core/limits.js';
import { readCallMetadata, type Route, writeCallMetadata } from '../../../src/cluster/rpc/call-metadata.js';
import { readCompositeMetadata, writeCompositeMetadata } from '../../../src/cluster/rpc/composite-metadata.js';

const route: Route = { service: 'thermostat', instanceId: 'default', method: 'read' };

describe('call metadata', () => {
  const text = fc.string({ maxLength: 40 }).filter((word) => word !== '__proto__');
  const head = fc.record(
    {
      remainingMs: fc.nat(1_000_000),
      depth: fc.integer({ min: 1, max: 100 }),
      headers: fc.option(fc.dictionary(text, text, { maxKeys: 8, noNullPrototype: true }), { nil: undefined }),
    },
    { noNullPrototype: true },
  );

  it('reads what it wrote, and knows the route afterwards', () => {
    fc.assert(
      fc.property(head, fc.integer({ min: 1, max: 4096 }), (written, number) => {
        const writer = new ByteWriter();
        const known = new Map<number, Route>();
        for (const define of [route, undefined]) {
          writeCallMetadata(writer, { number, define, version: 1 }, written);
          const read = readCallMetadata(new ByteReader(writer.view()), known, wireVersion);
          assert.deepEqual(read, { route, ...written });
        }
      }),
    );
  });

  it('refuses a version that the link did not settle, and learns no route from it', () => {
    const writer = new ByteWriter();
    const known = new Map<number, Route>();
    const plain = { remainingMs: 5, depth: 1, headers: undefined };
    for (const [version, isRead] of [
      [0, false],
      [1, true],
      [2, true],
      [3, false],
      [255, false],
    ] as const) {
      known.clear();
      writeCallMetadata(writer, { number: 7, define: route, version }, plain);
      const read = readCallMetadata(new ByteReader(writer.view()), known, 2);
      assert.deepEqual([read !== undefined, known.size], [isRead, isRead ? 1 : 0], `version ${version}`);
    }
  });

  it('takes a dozen bytes once the route is known', () => {
    const writer = new ByteWriter();
    writeCallMetadata(
      writer,
      { number: 300, define: undefined, version: 1 },
      { remainingMs: 10_000, depth: 1, headers: undefined },
    );
    assert.ok(writer.length <= 6, `${writer.length} bytes`);
  });

  it('reads nothing from a cut message, an unknown route or junk, and remembers no more than its bound', () => {
    const writer = new ByteWriter();
    writeCallMetadata(
      writer,
      { number: 7, define: route, version: 1 },
      { remainingMs: 5, depth: 2, headers: { a: 'b' } },
    );
    const whole = writer.take();
    for (let end = 0; end < whole.length; end += 1) {
      assert.equal(readCallMetadata(new ByteReader(whole, 0, end), new Map(), wireVersion), undefined);
    }
    writeCallMetadata(
      writer,
      { number: 7, define: undefined, version: 1 },
      { remainingMs: 5, depth: 1, headers: undefined },
    );
    assert.equal(readCallMetadata(new ByteReader(writer.view()), new Map(), wireVersion), undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const known = new Map<number, Route>();
        readCallMetadata(new ByteReader(bytes), known, wireVersion);
        assert.ok([...known.keys()].every((number) => number <= 4096));
        readCompositeMetadata(bytes);
      }),
    );
  });

  it('reads the composite metadata that it wrote, known media types and others', () => {
    const name = fc.stringMatching(/^[a-z][a-z.-]{0,30}$/);
    const headers = fc.dictionary(name, fc.string({ maxLength: 40 }), {
      maxKeys: 8,
      minKeys: 1,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(headers, fc.constantFrom('application/json', 'application/x.other', undefined), (given, dataType) => {
        const bytes = writeCompositeMetadata({ tag: 'thermostat/read', dataType, headers: given });
        assert.deepEqual(readCompositeMetadata(bytes), {
          route: { ...route, instanceId: '' },
          dataType,
          headers: given,
        });
        for (let end = 0; end < bytes.length; end += 1) readCompositeMetadata(bytes.subarray(0, end));
      }),
    );
  });

  it('finds the route of a stock client in each of its forms', () => {
    const read = (tag: string): Route | undefined => readCompositeMetadata(entry(0xfe, routing(tag)))?.route;
    assert.deepEqual(read('thermostat/read'), { ...route, instanceId: '' });
    assert.deepEqual(read('thermostat/default/read'), route);
    assert.deepEqual(read('thermostat.read'), { ...route, instanceId: '' });
    assert.equal(read('thermostat'), undefined);
    const typed = [...entry(0xfa, Uint8Array.of(0x85)), ...entry(0xfe, routing('a/b'))];
    assert.equal(readCompositeMetadata(Uint8Array.from(typed))?.dataType, 'application/json');
  });
});

function routing(tag: string): Uint8Array {
  return Uint8Array.from([tag.length, ...new TextEncoder().encode(tag)]);
}

function entry(id: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([id, 0, 0, content.length, ...content]);
}
