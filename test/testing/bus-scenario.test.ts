import assert from 'node:assert/strict';
import { runBusSeed } from '../../src/testing/bus/run-bus-seed.js';

describe('testing/bus', function busScenario() {
  this.timeout(120_000);

  it('accounts for every event under random faults', async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const outcome = await runBusSeed(seed);
      assert.deepEqual(outcome.faults, [], `seed ${seed}`);
    }
  });

  it('waits for a slow lossless subscription before it judges', async () => {
    assert.deepEqual((await runBusSeed(7229)).faults, []);
  });

  it('runs one seed the same way twice', async () => {
    const [first, second] = [await runBusSeed(3), await runBusSeed(3)];
    assert.equal(first.fingerprint, second.fingerprint);
    assert.deepEqual(first.counts, second.counts);
  });
});
