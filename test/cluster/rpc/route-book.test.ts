import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter, emptyBytes } from '../../../src/core/bytes.js';
import { wireVersion } from '../../../src/core/limits.js';
import { PayloadView } from '../../../src/core/payload-view.js';
import { readCallMetadata, type Route, writeCallMetadata } from '../../../src/cluster/rpc/call-metadata.js';
import { type FoundHead, RouteBook } from '../../../src/cluster/rpc/route-book.js';

describe('route book', () => {
  it('gives the same head for the same plain call', () => {
    const book = new RouteBook(wireVersion);
    read(book, metadata({ number: 3, define: thermostat, remainingMs: 10_000 }));
    const first = read(book, metadata({ number: 3, remainingMs: 10_000 }));
    assert.deepEqual(first?.route, thermostat);
    assert.equal(read(book, metadata({ number: 3, remainingMs: 10_000 })), first);
    assert.equal(read(book, metadata({ number: 3, remainingMs: 9999 }))?.remainingMs, 9999);
  });

  it('forgets what it found when a route is named anew', () => {
    const book = new RouteBook(wireVersion);
    read(book, metadata({ number: 3, define: thermostat, remainingMs: 10 }));
    read(book, metadata({ number: 3, remainingMs: 10 }));
    const other = { service: 'valve', instanceId: '', method: 'open' };
    read(book, metadata({ number: 3, define: other, remainingMs: 10 }));
    assert.deepEqual(read(book, metadata({ number: 3, remainingMs: 10 }))?.route, other);
  });

  it('knows no route that was not named', () => {
    assert.equal(read(new RouteBook(wireVersion), metadata({ number: 1, remainingMs: 10 })), undefined);
  });

  it('reads any bytes in any order as the plain reader does', () => {
    const short = fc.uint8Array({ maxLength: 9 });
    const call = fc.record({ number: fc.nat(5000), remainingMs: fc.nat(70_000), isNamed: fc.boolean() });
    const written = call.map(({ number, remainingMs, isNamed }) =>
      metadata({ number, remainingMs, ...(isNamed ? { define: thermostat } : {}) }),
    );
    const near = fc
      .tuple(written, fc.nat(8), fc.nat(255))
      .map(([bytes, at, value]) => bytes.map((byte, index) => (index === at ? value : byte)));
    fc.assert(
      fc.property(fc.array(fc.oneof(written, near, short), { maxLength: 30 }), (messages) => {
        const book = new RouteBook(wireVersion);
        const known = new Map<number, Route>();
        for (const bytes of [...messages, ...messages]) {
          const expected = readCallMetadata(new ByteReader(bytes), known, wireVersion);
          const found = read(book, bytes);
          assert.deepEqual(found && withoutMethod(found), expected);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const thermostat: Route = { service: 'thermostat', instanceId: '', method: 'read' };

function metadata(parts: { number: number; remainingMs: number; define?: Route }): Uint8Array {
  const writer = new ByteWriter();
  const { number, remainingMs, define } = parts;
  writeCallMetadata(writer, { number, define, version: 1 }, { remainingMs, depth: 1, headers: undefined });
  return writer.take();
}

function read(book: RouteBook, bytes: Uint8Array): FoundHead | undefined {
  return book.read(PayloadView.of(bytes, emptyBytes));
}

function withoutMethod({ route, remainingMs, depth, headers }: FoundHead): object {
  return { route, remainingMs, depth, headers };
}
