import assert from 'node:assert/strict';
import { SeededRandom } from '../../../src/core/random.js';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

describe('a member that stands still', () => {
  for (const count of [2, 3, 5, 16]) {
    it(`is not removed by any of ${count} nodes within five seconds, and back within half a second`, async function stall() {
      this.timeout(20_000);
      const figures: string[] = [];
      for (const seed of [1, 2, 3, 4]) {
        const sim = new SimMembers({ seed: 50 + seed });
        await sim.startMany(count);
        await sim.run(3000 + seed * 311);
        sim.network.machine('n2').loop.pause(5000);
        await sim.run(5000);
        const resumedAt = sim.simulator.now();
        await sim.until(() => sim.agree(), 'everyone alive everywhere', 500);
        await sim.run(6000);
        assert.deepEqual(kindsOf(sim, 'failed'), [], `sim seed ${50 + seed}`);
        const suspected = sim.seen('suspect', 'n2');
        if (count > 2) assert.ok(suspected.length > 0, 'the stall was seen');
        const back = Math.max(0, ...sim.seen('alive', 'n2').map(({ atMs }) => atMs - resumedAt));
        figures.push(`${Math.round(back)}`);
        assert.ok(sim.get('n2').self.incarnation <= 2, `incarnation ${sim.get('n2').self.incarnation}`);
      }
      assert.ok(
        figures.every((ms) => Number(ms) <= 500),
        figures.join(),
      );
    });
  }

  it('for ten seconds is suspect within four, costs nobody else anything, and is alive everywhere within two of waking', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const sim = new SimMembers({ seed: 60 + seed });
      await sim.startMany(5);
      await sim.run(2000 + seed * 173);
      const { epoch } = sim.get('n3').self;
      const stalledAt = sim.simulator.now();
      sim.network.machine('n3').loop.pause(10_000);
      await sim.run(4000);
      for (const observer of ['n1', 'n2', 'n4', 'n5']) {
        const seen = sim.get(observer).findMember('n3');
        assert.equal(seen?.status, 'suspect', `${observer} after 4 s, sim seed ${60 + seed}`);
        const lagMs = seen.lagMs ?? 0;
        assert.ok(lagMs > 500 && lagMs <= 4000, `a lag of ${lagMs} ms`);
      }
      await sim.run(6000);
      assert.ok(sim.simulator.now() - stalledAt >= 10_000, 'it wakes now');
      await sim.until(() => sim.agree(), 'everyone alive everywhere', 2000);
      assert.equal(sim.get('n3').self.epoch, epoch);
      await sim.run(20_000);
      assert.ok(sim.agree(), 'still one view');
      for (const { member } of sim.events.filter((event) => event.kind === 'failed')) assert.equal(member.name, 'n3');
      assert.deepEqual(
        kindsOf(sim, 'suspect').filter((name) => name !== 'n3'),
        [],
      );
    }
  });

  it('is suspect within four seconds right after everybody has stood still again and again', async function often() {
    this.timeout(20_000);
    for (const seed of [1, 3, 5, 11, 18]) {
      const sim = new SimMembers({ seed: 700 + seed });
      await sim.startMany(5);
      const random = new SeededRandom(seed);
      for (let round = 0; round < 4; round += 1) {
        for (const name of ['n1', 'n2', 'n3', 'n4', 'n5']) {
          sim.network.machine(name).loop.pause(500 + random.below(4500));
          await sim.run(1000);
        }
        await sim.run(2000);
      }
      await sim.until(() => sim.agree(), 'one view after the stalls', 10_000);
      const stalledAt = sim.simulator.now();
      sim.network.machine('n4').loop.pause(15_000);
      await sim.run(10_000);
      const first = sim.seen('suspect', 'n4').find(({ atMs }) => atMs > stalledAt);
      assert.ok(first !== undefined, 'the last stall was seen');
      const afterMs = first.atMs - stalledAt;
      assert.ok(afterMs <= 4000, `suspect after ${afterMs} ms, sim seed ${700 + seed}`);
    }
  });

  it('tells how late it was when it answers again', async () => {
    const sim = new SimMembers({ seed: 70 });
    await sim.startMany(3);
    await sim.run(2000);
    sim.network.machine('n2').loop.pause(3000);
    await sim.run(3000);
    await sim.until(() => sim.seen('alive', 'n2').length > 0, 'n2 to be alive again', 1000);
    const lags = sim.seen('alive', 'n2').map(({ member }) => member.lagMs ?? 0);
    assert.ok(
      lags.every((lagMs) => lagMs > 1000 && lagMs < 4000),
      lags.join(),
    );
    await sim.run(5000);
    assert.equal(sim.get('n1').findMember('n2')?.lagMs, 0);
  });
});

function kindsOf(sim: SimMembers, kind: string): readonly string[] {
  return sim.events.filter((event) => event.kind === kind).map((event) => event.member.name);
}
