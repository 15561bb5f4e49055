import assert from 'node:assert/strict';
import { eventScenario } from '../../src/testing/event-scenario.js';

describe('testing/event-scenario', function eventRuns() {
  this.timeout(60_000);

  it('accounts for every event of whole nodes under faults, and exercises each kind of loss', async () => {
    const totals: Record<string, number> = {};
    for (let seed = 1; seed <= 3; seed += 1) {
      const outcome = await eventScenario.run(seed);
      assert.deepEqual(outcome.faults, [], `seed ${seed}`);
      for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + count;
    }
    for (const name of ['delivered', 'grouped', 'confirmed', 'answered', 'gaps', 'kills']) {
      assert.ok((totals[name] ?? 0) > 0, `${name} in ${JSON.stringify(totals)}`);
    }
  });

  it('runs one seed the same way twice', async () => {
    const [first, second] = [await eventScenario.run(2), await eventScenario.run(2)];
    assert.deepEqual([first.fingerprint, first.counts], [second.fingerprint, second.counts]);
  });
});
