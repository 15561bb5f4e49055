import assert from 'node:assert/strict';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

const key = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);

describe('a cluster with a key', function security() {
  // Simulated time is cheap; a machine that is busy otherwise takes longer for it.
  this.timeout(20_000);

  it('comes together, and carries metadata of 64 KiB', async () => {
    const sim = new SimMembers({ seed: 30, membership: { keys: [key] } });
    await sim.startMany(6);
    sim.get('n2').updateMetadata(new Uint8Array(65_536).fill(5));
    await sim.until(
      () => sim.running.every(({ membership }) => membership.findMember('n2')?.metadata?.length === 65_536),
      'the metadata everywhere',
    );
  });

  it('lets nobody in who has another key or none, and does not hear of them', async () => {
    const sim = new SimMembers({ seed: 31, membership: { keys: [key] } });
    await sim.startMany(3);
    const strangers = [await sim.start('wrong', { keys: [other] }), await sim.start('none', { keys: [] })];
    const required = await sim.start('required', { keys: [other], joinRequired: true });
    await assert.rejects(sim.simulator.settle(required.started, 10_000), { code: 'join-failed' });
    await sim.run(60_000);
    for (const { membership } of strangers) assert.equal(membership.members().length, 1);
    for (const name of ['n1', 'n2', 'n3']) assert.equal(sim.get(name).members().length, 3);
    const { counts } = sim.get('n1').machine;
    assert.ok(counts['drop-unauthentic'] > 0 && counts['drop-plain'] > 0, 'drops are counted');
  });

  it('changes its key while it runs: nobody is lost, and the old key is then worth nothing', async () => {
    const sim = new SimMembers({ seed: 32, membership: { keys: [key] } });
    const members = await sim.startMany(5);
    for (const step of ['install', 'use'] as const) {
      for (const { membership } of members) {
        membership.keyRing?.[step](other);
        await sim.run(1500);
      }
    }
    for (const { membership } of members) membership.keyRing?.remove(key);
    await sim.run(15_000);
    assert.deepEqual(
      sim.events.filter(({ kind }) => kind === 'suspect' || kind === 'failed'),
      [],
    );
    const late = await sim.start('late', { keys: [key] });
    await sim.run(10_000);
    assert.equal(late.membership.members().length, 1);
    const now = await sim.start('now', { keys: [other] });
    await sim.simulator.settle(now.started, 3000);
    assert.equal(now.membership.members().length, 6);
  });

  it('does not take again what was recorded', async () => {
    const sim = new SimMembers({ seed: 33, membership: { keys: [key] } });
    sim.network.faults.setEverywhere({ duplicatePercent: 50 });
    await sim.startMany(4);
    await sim.run(5000);
    const { counts } = sim.get('n1').machine;
    assert.ok(sim.network.faults.counts.duplicated > 20, 'duplicates');
    assert.ok(counts['drop-replay'] > 5, `${counts['drop-replay']} replays dropped`);
    assert.ok(sim.agree(), 'one view');
  });
});

describe('labels', () => {
  it('keep two clusters apart on the same machines and ports', async () => {
    const sim = new SimMembers({ seed: 34 });
    for (const name of ['n1', 'n2', 'n3']) await sim.start(name, { label: 'red' });
    for (const name of ['m1', 'm2', 'm3']) {
      await sim.start(name, { label: 'blue', seeds: ['n1:7400', 'n2:7400', 'm1:7400'] });
    }
    await sim.run(120_000);
    for (const prefix of ['n', 'm']) {
      for (const index of [1, 2, 3]) {
        const names = sim
          .get(`${prefix}${index}`)
          .members()
          .map((member) => member.name);
        assert.deepEqual(names.toSorted(), [`${prefix}1`, `${prefix}2`, `${prefix}3`]);
      }
    }
    assert.ok(sim.get('n1').machine.counts['drop-label'] > 0, 'the other cluster was heard and dropped');
  });
});
