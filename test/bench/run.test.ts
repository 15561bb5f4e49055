import assert from 'node:assert/strict';
import type { BenchOptions } from '../../bench/options.js';
import { parseOptions } from '../../bench/options.js';
import { Run } from '../../bench/harness/run.js';

const one = { name: 'a case', payload: undefined, concurrency: 1 };

describe('bench/harness/run', () => {
  it('fails when ours or the limit breaks, or gives a wrong answer', async () => {
    for (const broken of ['scalebus', 'limit']) {
      const run = new Run('rpc', smoke());
      await run.measure('rpc', [one], ({ name }) =>
        name === broken ? Promise.reject(new Error('3 answers were wrong')) : Promise.resolve({ opsPerSec: 1 }),
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

function smoke(): BenchOptions {
  const parsed = parseOptions(['--smoke'], ['rpc']);
  assert.ok(parsed.kind === 'run');
  return parsed.options;
}
