import assert from 'node:assert/strict';
import { closedLoop } from '../../bench/harness/closed-loop.js';
import { openLoop } from '../../bench/harness/open-loop.js';
import { Samples } from '../../bench/harness/samples.js';

const pool = [1, 2, 3, 4];
const samples = new Samples();
const isRight = (sent: unknown, got: unknown): boolean => sent === got;

describe('bench loops', () => {
  it('keep exactly the asked number of calls in flight', async () => {
    let inFlight = 0;
    let most = 0;
    const result = await closedLoop(
      (value, done) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        setImmediate(() => {
          inFlight -= 1;
          done(value);
        });
      },
      { concurrency: 7, seconds: 0.05, pool, isRight, samples },
    );
    assert.equal(most, 7);
    assert.ok(result.ops > 7 && result.opsWithDrain >= result.ops);
    assert.deepEqual([result.wrong, result.failed, result.hanging], [0, 0, 0]);
  });

  it('notice wrong answers', async () => {
    const { wrong } = await closedLoop((_value, done) => setImmediate(done, 'no'), {
      concurrency: 64,
      seconds: 0.05,
      pool,
      isRight,
      samples,
    });
    assert.ok(wrong > 0);
  });

  it('count failures and keep the first reason', async () => {
    const { failed, failure, ops } = await closedLoop(
      (_value, _done, fail) => setImmediate(fail, new Error('refused')),
      { concurrency: 2, seconds: 0.05, pool, isRight, samples },
    );
    assert.ok(failed > 0);
    assert.equal(failure, 'refused');
    assert.equal(ops, 0);
  });

  it('start operations at the asked rate and measure from when they were due', async () => {
    const started: number[] = [];
    // The first answer is held back for 50 ms; what was due meanwhile is started all the same.
    const { sent, done, delays } = await openLoop(
      (_value, dueMs, settled) => {
        started.push(dueMs);
        setTimeout(() => settled(true, dueMs), started.length === 1 ? 50 : 0);
      },
      { ratePerSec: 1000, seconds: 0.1, settleSeconds: 0, pool, samples },
    );
    assert.equal(sent, 100);
    assert.equal(done, 100);
    assert.ok(delays.maxUs >= 45_000);
    const [first = 0] = started;
    assert.ok(Math.abs((started.at(-1) ?? 0) - first - 99) < 0.001);
  });

  it('charge a blocked loop for everything that was due meanwhile', async () => {
    let blocked = false;
    const { delays } = await openLoop(
      (_value, dueMs, settled) => {
        if (!blocked) {
          blocked = true;
          const until = performance.now() + 40;
          while (performance.now() < until);
        }
        settled(true, dueMs);
      },
      { ratePerSec: 1000, seconds: 0.06, settleSeconds: 0, pool, samples },
    );
    // About 40 of the 60 operations were due during the block, so the median is one of them: near 10 ms, and near zero without them.
    assert.ok(delays.p50us > 1000, `${delays.p50us.toString()} us`);
  });

  it('take no delay of what was due before they settled, and still wait for it', async () => {
    let first: number | undefined;
    const { sent, done, delays } = await openLoop(
      (_value, dueMs, settled) => {
        setTimeout(() => settled(true, dueMs), dueMs - (first ??= dueMs) < 50 ? 200 : 0);
      },
      { ratePerSec: 1000, seconds: 0.1, settleSeconds: 0.05, pool, samples },
    );
    assert.deepEqual([sent, done], [150, 150]);
    assert.equal(delays.count, 100);
  });
});
