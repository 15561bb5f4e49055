import assert from 'node:assert/strict';
import { ByteReader, ByteWriter } from '../../src/core/bytes.js';

describe('ByteWriter', () => {
  it('lets a caller store bytes itself, between those that it writes', () => {
    const writer = new ByteWriter(4);
    writer.u8(1);
    const at = writer.open(100);
    writer.buffer[at] = 2;
    writer.buffer[at + 1] = 3;
    writer.close(at + 2);
    writer.varint(300);
    assert.deepEqual([...writer.take()], [1, 2, 3, 0xac, 0x02]);
    assert.equal(new ByteReader(writer.view(), 3).varint(), 300);
  });
});
