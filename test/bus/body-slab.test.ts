import assert from 'node:assert/strict';
import { BodySlab } from '../../src/bus/body-slab.js';

describe('memory of events that wait', () => {
  it('is shared by short events in chunks of 8 KiB', () => {
    const slab = new BodySlab();
    const chunks = write(slab, 200, 100);
    assert.deepEqual(
      [...chunks].map((chunk) => chunk.length),
      [8192, 8192, 8192],
    );
  });

  it('is never written again', () => {
    const slab = new BodySlab();
    const writer = slab.take();
    writer.bytes(new Uint8Array(100).fill(1));
    const { buffer } = writer;
    slab.give(writer, 100);
    write(slab, 100, 500);
    assert.ok(buffer.subarray(0, 100).every((byte) => byte === 1));
  });

  it('grows with the events up to 64 KiB, so that several fit without moving, and shrinks again', () => {
    const slab = new BodySlab();
    write(slab, 4096, 4);
    const long = write(slab, 4096, 40);
    assert.ok([...long].every((chunk) => chunk.length > 30_000 && chunk.length <= 65_536));
    assert.ok(long.size <= 7, `${long.size} chunks`);
    write(slab, 100_000, 2);
    const [longest] = write(slab, 100_000, 1);
    assert.ok(longest !== undefined && longest.length < 101_000);
    const after = [...write(slab, 100, 20_000)];
    assert.equal(after.at(-1)?.length, 8192);
  });

  it('goes to another writer when one is not given back', () => {
    const slab = new BodySlab();
    const first = slab.take();
    assert.notEqual(slab.take(), first);
  });
});

/** Writes so many events and returns the chunks that they lie in. */
function write(slab: BodySlab, eventBytes: number, count: number): Set<Uint8Array> {
  const chunks = new Set<Uint8Array>();
  for (let index = 0; index < count; index += 1) {
    const writer = slab.take();
    writer.bytes(new Uint8Array(eventBytes));
    chunks.add(writer.buffer);
    slab.give(writer, eventBytes);
  }
  return chunks;
}
