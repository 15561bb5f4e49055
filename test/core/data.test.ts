import assert from 'node:assert/strict';
import { findDataFault } from '../../src/core/data.js';

describe('core/data', () => {
  it('names the first place where a value lies in itself, once round', () => {
    const readings: unknown[] = [1];
    const report = { device: { readings } };
    readings.push(report);
    assert.deepEqual(findDataFault(report), { path: 'device.readings[1]', why: 'it lies in itself' });
    const list: unknown[] = [];
    list.push(list);
    assert.deepEqual(findDataFault(list), { path: '[0]', why: 'it lies in itself' });
    const map = new Map<string, unknown>();
    map.set('self', map);
    assert.deepEqual(findDataFault({ map }), { path: 'map<self>', why: 'it lies in itself' });
  });

  it('tells that from a value that is nested too deep, and from one that is there twice', () => {
    let deep: unknown = 1;
    for (let index = 0; index < 65; index += 1) deep = [deep];
    assert.equal(findDataFault(deep)?.why, 'it is nested deeper than 64');
    const shared = { unit: 'C' };
    assert.equal(findDataFault([shared, shared]), undefined);
  });
});
