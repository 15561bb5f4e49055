import assert from 'node:assert/strict';
import { eventScenario } from '../../src/testing/event-scenario.js';

/** Seeds that failed once, and the fault that was found by them: of the bus, or of its checker. */
const fixedSeeds: Readonly<Record<number, string>> = {
  128: 'lanes with nothing to send used up the places kept for a lane that waits',
  203: 'the checker expected of a node what it had no link to learn of yet',
  275: 'a node was confirmed with its first copy, while another copy was on its way',
  778: 'the checker took three stalls of one machine for a request that settled late',
  3787: 'the checker expected a publisher that had died to tell what died with it',
};

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

  for (const [seed, fault] of Object.entries(fixedSeeds)) {
    it(`passes sim seed ${seed}, which once showed that ${fault}`, async () => {
      assert.deepEqual((await eventScenario.run(Number(seed))).faults, []);
    });
  }

  it('runs one seed the same way twice', async () => {
    const [first, second] = [await eventScenario.run(2), await eventScenario.run(2)];
    assert.deepEqual([first.fingerprint, first.counts], [second.fingerprint, second.counts]);
  });
});
