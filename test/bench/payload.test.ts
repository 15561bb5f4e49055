import assert from 'node:assert/strict';
import { bytesOf, iotEvent, isSame, makePool, parsePayload, payloadText, textOf } from '../../bench/payload.js';

describe('bench payload', () => {
  it('makes a device event of about 230 bytes as JSON, with five numbers and two texts', () => {
    const { length } = JSON.stringify(iotEvent(4711));
    assert.ok(length >= 210 && length <= 270, `${length.toString()} bytes`);
    const kinds = Object.values(iotEvent(0).properties).map((value) => typeof value);
    assert.equal(kinds.filter((kind) => kind === 'number').length, 5);
    assert.equal(kinds.filter((kind) => kind === 'string').length, 2);
  });

  it('makes equal values from equal indexes and different ones from others', () => {
    assert.deepEqual(iotEvent(12), iotEvent(12));
    assert.notDeepEqual(iotEvent(12), iotEvent(13));
    assert.deepEqual(bytesOf(100, 5), bytesOf(100, 5));
    assert.notDeepEqual(bytesOf(100, 5), bytesOf(100, 6));
    assert.equal(textOf(100, 7).length, 100);
    assert.notEqual(textOf(16, 7), textOf(16, 8));
  });

  it('keeps the pool of large payloads small', () => {
    const pool = makePool(15 * 2 ** 20, 'bytes');
    assert.equal(pool.length, 2);
  });

  it('tells a wrong answer from a right one', () => {
    assert.ok(isSame(bytesOf(16, 1), new Uint8Array(bytesOf(16, 1))));
    assert.ok(!isSame(bytesOf(16, 1), bytesOf(16, 2)));
    assert.ok(!isSame(bytesOf(16, 1), 'text'));
    assert.ok(isSame(iotEvent(1), iotEvent(1)));
    assert.ok(!isSame(iotEvent(1), { ...iotEvent(1), time: 1 }));
    assert.ok(isSame(iotEvent(1), { ...iotEvent(1), time: 1 }, true));
    assert.ok(!isSame(iotEvent(1), undefined));
  });

  it('reads and writes sizes', () => {
    assert.equal(parsePayload('iot'), 'iot');
    assert.equal(parsePayload('15MiB'), 15 * 2 ** 20);
    assert.equal(payloadText(parsePayload('16KiB')), '16 KiB');
    assert.throws(() => parsePayload('12 GB'), RangeError);
  });
});
