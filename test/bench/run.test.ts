import assert from 'node:assert/strict';
import type { BenchOptions } from '../../bench/options.js';
import { parseOptions } from '../../bench/options.js';
import { Run } from '../../bench/harness/run.js';

const one = { name: 'a case', payload: undefined, concurrency: 1 };

describe('bench/harness/run', () => {
  it('fails when ours or the limit breaks, or gives a wrong answer', async () => {
    for (const broken of ['scalebus', 'scalebus-awake', 'limit', 'limit-awake']) {
      const run = new Run('rpc', smoke());
      await run.measure(
        'rpc',
        [one],
        ({ name }) =>
          name === broken ? Promise.reject(new Error('3 answers were wrong')) : Promise.resolve({ opsPerSec: 1 }),
        { also: ['scalebus-awake', 'limit-awake'] },
      );
      assert.equal(run.failed, true, broken);
      const failures = run.lines.flatMap((line) => (line.kind === 'failed' ? [`${line.peer}: ${line.why}`] : []));
      assert.deepEqual(failures, [`${broken}: 3 answers were wrong`]);
    }
  });

  it('passes whatever the figures are, and judges no time', async () => {
    const run = new Run('rpc', smoke());
    await run.measure('rpc', [one], ({ name }) => Promise.resolve({ opsPerSec: name === 'limit' ? 1e6 : 1 }));
    run.ratioGoal(one.name, 'limit', 0.6);
    assert.deepEqual(
      run.lines.flatMap((line) => (line.kind === 'goal' ? [line.met] : [])),
      [false],
    );
    assert.equal(run.failed, false);
  });
});

describe('what a ratio to the limit divides by', () => {
  it('is the limit, and for what stays awake a limit that does', async () => {
    const run = new Run('rpc', smoke());
    const rates = new Map([
      ['scalebus', 2],
      ['scalebus-awake', 30],
      ['limit', 10],
      ['limit-awake', 60],
    ]);
    await run.measure('rpc', [one], ({ name }) => Promise.resolve({ opsPerSec: rates.get(name) ?? 0 }), {
      also: ['scalebus-awake', 'limit-awake'],
    });
    const ratios = run.lines.flatMap((line) => (line.kind === 'figure' ? [`${line.peer} ${line.ratioToLimit}`] : []));
    assert.deepEqual(ratios.toSorted(), ['limit 1', 'limit-awake 1', 'scalebus 0.2', 'scalebus-awake 0.5']);
  });
});

function smoke(): BenchOptions {
  const parsed = parseOptions(['--smoke'], ['rpc']);
  assert.ok(parsed.kind === 'run');
  return parsed.options;
}
