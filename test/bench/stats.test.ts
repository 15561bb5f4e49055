import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { median, spread, tidyNumber } from '../../bench/harness/stats.js';

describe('bench statistics', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  it('has as many values below the median as above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        return Math.max(below, above) <= values.length / 2;
      }),
    );
  });

  it('calls the spread zero when all rounds agree', () => {
    assert.equal(spread([5, 5, 5]), 0);
    assert.equal(spread([8, 10, 12]), 0.4);
    assert.equal(spread([0, 0]), 0);
  });

  it('keeps three digits of small figures and whole large ones', () => {
    assert.equal(tidyNumber(0.123456), 0.123);
    assert.equal(tidyNumber(123.456), 123);
    assert.equal(tidyNumber(1_234_567.8), 1_234_568);
  });
});
