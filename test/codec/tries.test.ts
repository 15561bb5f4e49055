import assert from 'node:assert/strict';
import { Tries } from '../../src/codec/tries.js';

describe('tries of a quick way', () => {
  const worthAmong = (tries: Tries, count: number): number => {
    let worth = 0;
    for (let index = 0; index < count; index += 1) if (tries.isWorthOne()) worth += 1;
    return worth;
  };

  it('are all worth it until so many were in vain, and then one in sixteen', () => {
    const tries = new Tries(64);
    assert.equal(worthAmong(tries, 64), 64);
    assert.equal(worthAmong(tries, 160), 10);
  });

  it('are all worth it again after one that was not in vain', () => {
    const tries = new Tries(64);
    worthAmong(tries, 1000);
    tries.succeed();
    assert.equal(worthAmong(tries, 65), 64);
  });
});
