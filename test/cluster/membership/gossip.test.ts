import assert from 'node:assert/strict';
import { spreadBytesMax } from '../../../src/core/limits.js';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

describe('what users gossip', function suite() {
  // Simulated time is cheap; a machine that is busy otherwise takes longer for it.
  this.timeout(20_000);

  it('reaches other members once at most, and nearly all of them, on a network that loses and repeats', async () => {
    const sim = new SimMembers({ seed: 90 });
    sim.network.faults.setEverywhere({ lossPercent: 10, duplicatePercent: 20 });
    const members = await sim.startMany(20);
    const got = new Map<string, number>();
    for (const { name, membership } of members) {
      membership.gossip.listen('hint', ({ from, bytes, direct }) => {
        assert.equal(direct, false);
        const key = `${name} ${from.name} ${bytes[0]}`;
        got.set(key, (got.get(key) ?? 0) + 1);
      });
    }
    for (let index = 0; index < 10; index += 1) {
      sim.get('n3').gossip.spread('hint', new Uint8Array(spreadBytesMax).fill(index));
      sim.get('n7').gossip.spread('hint', Uint8Array.of(index));
      sim.get('n7').gossip.spread('other', Uint8Array.of(index));
    }
    // Gossip is a matter of chance: what was lost on all ways to a member is not asked for again.
    const nearlyAll = 2 * 10 * 19 * 0.99;
    const tookMs = await sim.until(() => got.size >= nearlyAll, 'nearly every message nearly everywhere', 10_000);
    await sim.run(20_000);
    assert.ok(got.size <= 2 * 10 * 19, 'nobody hears himself');
    assert.deepEqual([...new Set(got.values())], [1]);
    assert.ok(tookMs < 4000, `took ${tookMs} ms`);
    assert.ok(sim.agree(), 'one view');
  });

  it('goes to one member when it is meant for one, and to no other life of its name', async () => {
    const sim = new SimMembers({ seed: 91 });
    const members = await sim.startMany(4);
    const got: string[] = [];
    for (const { name, membership } of members) {
      membership.gossip.listen('word', ({ from, bytes, direct }) => {
        got.push(`${name} ${from.name} ${bytes.join()} ${direct}`);
      });
    }
    const to = sim.get('n2').self;
    assert.equal(sim.get('n4').gossip.send(to, 'word', Uint8Array.of(1, 2)), true);
    assert.equal(sim.get('n4').gossip.send({ ...to, epoch: to.epoch - 1 }, 'word', Uint8Array.of(3)), false);
    assert.equal(sim.get('n4').gossip.send({ name: 'nobody', epoch: 1 }, 'word', Uint8Array.of(4)), false);
    await sim.run(1000);
    assert.deepEqual(got, ['n2 n4 1,2 true']);
  });

  it('is bounded: too much at once, or too long, is refused and the membership goes on', async () => {
    const sim = new SimMembers({ seed: 92 });
    await sim.startMany(3);
    const { gossip } = sim.get('n1');
    assert.throws(() => gossip.spread('long', new Uint8Array(spreadBytesMax + 1)), { code: 'too-large' });
    assert.throws(() => gossip.spread('x'.repeat(65), new Uint8Array(1)), { code: 'too-large' });
    const tooMany = (): void => {
      for (let index = 0; index < 1000; index += 1) gossip.spread('many', Uint8Array.of(index & 0xff));
    };
    assert.throws(tooMany, { code: 'overloaded' });
    await sim.run(30_000);
    assert.deepEqual(
      sim.events.filter(({ kind }) => kind === 'suspect'),
      [],
    );
    gossip.spread('again', new Uint8Array(1));
  });
});
