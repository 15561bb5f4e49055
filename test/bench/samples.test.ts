import assert from 'node:assert/strict';
import { Samples } from '../../bench/harness/samples.js';

describe('bench samples', () => {
  it('finds percentiles within a thousandth', () => {
    const samples = new Samples();
    for (let delay = 1; delay <= 10_000; delay += 1) samples.add(delay);
    const { count, p50us, p99us, p999us, maxUs } = samples.percentiles();
    assert.equal(count, 10_000);
    assert.ok(Math.abs(p50us - 5000) <= 5);
    assert.ok(Math.abs(p99us - 9900) <= 10);
    assert.ok(Math.abs(p999us - 9990) <= 10);
    assert.ok(Math.abs(maxUs - 10_000) <= 10);
  });

  it('takes one delay of each stride', () => {
    const samples = new Samples(8);
    const taken = Array.from({ length: 64 }, () => samples.due()).filter(Boolean);
    assert.equal(taken.length, 8);
  });

  it('begins the next run with its own stride', () => {
    const samples = new Samples(8);
    samples.due();
    samples.reset(4);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => samples.due()),
      [true, false, false, false, true],
    );
  });

  it('says zero when nothing was measured', () => {
    assert.deepEqual(new Samples().percentiles(), { count: 0, p50us: 0, p90us: 0, p99us: 0, p999us: 0, maxUs: 0 });
  });

  it('forgets a warm-up', () => {
    const samples = new Samples();
    samples.add(1_000_000);
    samples.reset();
    samples.add(10);
    assert.equal(samples.percentiles().maxUs, 10);
  });
});
