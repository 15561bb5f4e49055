import assert from 'node:assert/strict';
import { runRpcSeed } from '../../src/testing/rpc/rpc-seed.js';

describe('calls under faults', function seeds() {
  this.timeout(120_000);

  it('keeps its promises for 200 seeds', async () => {
    const outcomes: Record<string, number> = {};
    for (let seed = 1; seed <= 200; seed += 1) {
      const report = await runRpcSeed(seed, { nodes: 3, calls: 24, faults: 8 });
      assert.deepEqual(report.violations, [], `seed ${seed}`);
      for (const [key, count] of Object.entries(report.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + count;
    }
    // The faults must bite, or the run proves nothing.
    for (const key of ['once ok', 'once link-lost', 'once deadline-exceeded', 'echo cancelled', 'count link-lost']) {
      assert.ok((outcomes[key] ?? 0) > 0, `${key} never happened: ${JSON.stringify(outcomes)}`);
    }
  });

  it('runs a seed the same way twice', async () => {
    const [first, second] = [await runRpcSeed(42, { calls: 60 }), await runRpcSeed(42, { calls: 60 })];
    assert.deepEqual(first, second);
  });
});
