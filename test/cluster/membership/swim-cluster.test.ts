import assert from 'node:assert/strict';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

describe('a simulated cluster of swim memberships', () => {
  it('is a cluster of one at once when there is nobody to ask', async () => {
    const sim = new SimMembers({ seed: 1 });
    const { membership, started } = await sim.start('n1', { seeds: [] });
    await sim.simulator.settle(started, 10);
    assert.deepEqual(
      membership.members().map((member) => member.name),
      ['n1'],
    );
    const { started: other } = await sim.start('n2', { seeds: ['n2:7400'] });
    await sim.simulator.settle(other, 10);
  });

  it('brings five nodes together, each told of the others once', async () => {
    const sim = new SimMembers({ seed: 2 });
    await sim.startMany(5);
    await sim.run(5000);
    assert.ok(sim.agree());
    for (const observer of ['n1', 'n2', 'n3', 'n4', 'n5']) {
      for (const subject of ['n1', 'n2', 'n3', 'n4', 'n5']) {
        if (subject !== observer)
          {assert.equal(sim.seen('joined', subject, observer).length, 1, `${observer} ${subject}`);}
      }
    }
    assert.equal(sim.events.filter((event) => event.kind === 'suspect').length, 0);
  });
});
