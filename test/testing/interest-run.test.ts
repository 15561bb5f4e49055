import assert from 'node:assert/strict';
import { measureInterest } from '../../src/testing/bus/interest-run.js';

describe('testing/interest-run', function interestRun() {
  this.timeout(60_000);

  it('lets ten nodes know 20,000 device topics within a second and 6 bytes a topic', async () => {
    const cost = await measureInterest(10, 20_000, 'each');
    assert.ok(cost.convergedMs <= 1000, JSON.stringify(cost));
    assert.ok(cost.bytesPerPeer > 20_000 && cost.bytesPerPeer < 120_000, JSON.stringify(cost));
    assert.ok(cost.strangers < 10, JSON.stringify(cost));
  });

  it('lets ten nodes know a set of 50,000 devices within a second and 6 bytes a device', async () => {
    const cost = await measureInterest(10, 50_000, 'set');
    assert.ok(cost.convergedMs <= 1000, JSON.stringify(cost));
    assert.ok(cost.bytesPerPeer > 50_000 && cost.bytesPerPeer < 300_000, JSON.stringify(cost));
    assert.ok(cost.strangers < 10, JSON.stringify(cost));
  });
});
