import assert from 'node:assert/strict';
import { localMembership } from '../../../src/cluster/membership/membership-options.js';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

describe('a simulated cluster of swim memberships', function cluster() {
  // Simulated time is cheap; a machine that is busy otherwise takes longer for it.
  this.timeout(20_000);

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
        if (subject !== observer) {
          assert.equal(sim.seen('joined', subject, observer).length, 1, `${observer} ${subject}`);
        }
      }
    }
    assert.equal(sim.events.filter((event) => event.kind === 'suspect').length, 0);
  });

  for (const [how, faults] of [
    ['a quiet network', {}],
    ['reordering and loss', { lossPercent: 10, delayMinMs: 1, delayMaxMs: 20 }],
  ] as const) {
    it(`knows everyone who is up as soon as start has resolved, over ${how}`, async () => {
      const sim = new SimMembers({ seed: 13 });
      sim.network.faults.setEverywhere(faults);
      for (let count = 1; count <= 30; count += 1) {
        const { membership, started } = await sim.start(`n${count}`, { seeds: ['n1:7400', 'n2:7400'] });
        const from = sim.simulator.now();
        await sim.simulator.settle(started, 3000);
        assert.equal(membership.members().length, count);
        assert.ok(count === 1 || sim.simulator.now() - from < 2000);
        await sim.until(() => sim.agree(), 'all to agree');
      }
    });
  }

  it('knows within a moment who was up when two come up beside a lone one and ask each other first', async () => {
    const sim = new SimMembers({ seed: 14 });
    await sim.start('n1', { seeds: [] });
    const seeds = ['n1:7400', 'n2:7400', 'n3:7400'];
    const two = [await sim.start('n2', { seeds }), await sim.start('n3', { seeds })];
    await sim.simulator.settle(Promise.all(two.map((one) => one.started)), 1000);
    // Each may be welcomed by the other before the third has answered.
    const isKnown = (): boolean => two.every(({ membership }) => membership.findMember('n1') !== undefined);
    await sim.until(isKnown, 'the lone one to be known', 50);
  });

  it('waits no longer than the local profile says when there is nobody', async () => {
    const sim = new SimMembers({ seed: 15 });
    const { started } = await sim.start('n1', { ...localMembership(), seeds: ['n8:7400', 'n9:7400'] });
    await sim.simulator.settle(started, 300);
  });

  it('shows a silent node as suspect within seconds, then as failed, and holds nobody else for either', async () => {
    const sim = new SimMembers({ seed: 3 });
    await sim.startMany(8);
    await sim.run(3000);
    const diedAt = sim.simulator.now();
    sim.kill('n5');
    await sim.until(() => sim.agree(), 'the survivors to agree');
    const suspected = Math.min(...sim.seen('suspect', 'n5').map((event) => event.atMs)) - diedAt;
    const failed = sim.seen('failed', 'n5').map((event) => event.atMs - diedAt);
    assert.equal(failed.length, 7);
    assert.ok(suspected < 4000, `suspected after ${suspected} ms`);
    assert.ok(Math.min(...failed) >= 4200, `failed after ${Math.min(...failed)} ms`);
    assert.ok(Math.max(...failed) < 11_000, `failed after ${Math.max(...failed)} ms`);
    assert.deepEqual(
      sim.events.filter((event) => event.kind === 'failed' && event.member.name !== 'n5'),
      [],
    );
  });

  it('lets a node leave: everyone is told that it left, nobody that it failed', async () => {
    const sim = new SimMembers({ seed: 4 });
    await sim.startMany(10);
    await sim.run(2000);
    await sim.leave('n3');
    await sim.until(() => sim.agree(), 'the others to agree', 3000);
    assert.equal(sim.seen('left', 'n3').length, 9);
    await sim.run(20_000);
    assert.equal(sim.seen('failed', 'n3').length, 0);
    assert.ok(sim.agree());
  });

  it('knows a restart at the same address as another life: one failed, one joined', async () => {
    const sim = new SimMembers({ seed: 5 });
    await sim.startMany(6);
    await sim.run(2000);
    const before = sim.get('n4').self.epoch;
    sim.kill('n4', 'reset');
    await sim.run(300);
    sim.network.revive('n4');
    const { membership, started } = await sim.start('n4');
    await sim.simulator.settle(started, 3000);
    assert.ok(membership.self.epoch > before);
    await sim.until(() => sim.agree(), 'one view', 5000);
    await sim.run(15_000);
    assert.ok(sim.agree());
    for (const observer of ['n1', 'n2', 'n3', 'n5', 'n6']) {
      assert.deepEqual(
        sim.events
          .filter((event) => event.observer === observer && event.member.name === 'n4' && event.kind !== 'suspect')
          .map((event) => `${event.kind} ${event.member.epoch === before ? 'old' : 'new'}`),
        ['joined old', 'failed old', 'joined new'],
      );
    }
  });

  it('draws an epoch above the last one known when its clock went back', async () => {
    const sim = new SimMembers({ seed: 6 });
    await sim.startMany(4);
    const before = sim.get('n4').self.epoch;
    sim.kill('n4', 'reset');
    sim.network.revive('n4');
    const { membership, started } = await sim.start('n4', { epoch: 1000 });
    await sim.simulator.settle(started, 3000);
    assert.ok(membership.self.epoch > before);
    await sim.until(() => sim.agree(), 'one view', 5000);
    assert.equal(sim.get('n2').findMember('n4')?.epoch, membership.self.epoch);
  });

  it('refuses to start beside a live node of its name', async () => {
    const sim = new SimMembers({ seed: 7 });
    await sim.startMany(4);
    await sim.run(1000);
    const { started } = await sim.start('n3', { host: 'elsewhere' });
    await assert.rejects(sim.simulator.settle(started, 5000), { code: 'name-taken' });
    await sim.run(5000);
    assert.equal(sim.events.filter((event) => event.kind === 'failed').length, 0);
  });

  it('moves to another address when the old one is silent', async () => {
    const sim = new SimMembers({ seed: 8 });
    await sim.startMany(5);
    await sim.run(1000);
    sim.kill('n3');
    const { started } = await sim.start('n3', { host: 'elsewhere' });
    await sim.simulator.settle(started, 5000);
    await sim.until(() => sim.agree(), 'one view', 5000);
    assert.equal(sim.get('n1').findMember('n3')?.address, 'elsewhere:7400');
  });

  it('heals a partition that outlasted every suspicion, with no restart', async () => {
    const sim = new SimMembers({ seed: 9 });
    await sim.startMany(10);
    const left = ['n1', 'n2', 'n3', 'n4', 'n5'];
    const right = ['n6', 'n7', 'n8', 'n9', 'n10'];
    sim.network.faults.partition(left, right);
    await sim.until(() => sim.running.every(({ membership }) => membership.members().length === 5), 'two halves');
    assert.ok(sim.get('n8').watch.partition.partitioned);
    assert.throws(() => sim.get('n8').watch.requireQuorum(), { code: 'quorum-lost' });
    await sim.run(600_000);
    sim.network.faults.heal();
    const healedMs = await sim.until(() => sim.agree(), 'one view', 30_000);
    assert.ok(healedMs < 15_000, `healed after ${healedMs} ms`);
    assert.ok(!sim.get('n8').watch.partition.partitioned);
    sim.get('n8').watch.requireQuorum();
  });

  it('accuses nobody after its own loop stood still, and is back at once', async () => {
    const sim = new SimMembers({ seed: 10 });
    await sim.startMany(6);
    await sim.run(2000);
    for (const phase of ['timer', 'io', 'immediate'] as const) {
      sim.network.machine('n2').loop.stall(3000, phase);
      await sim.run(6000);
    }
    assert.equal(sim.events.filter((event) => event.kind === 'failed').length, 0);
    assert.deepEqual(
      sim.events.filter((event) => event.kind === 'suspect' && event.observer === 'n2'),
      [],
    );
    assert.ok(sim.agree());
    assert.ok(sim.get('n2').machine.counts.stalled >= 3);
  });

  it('carries 64 KiB of metadata to everyone, and shows a member before its metadata', async () => {
    const sim = new SimMembers({ seed: 11 });
    await sim.startMany(6);
    const metadata = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) & 0xff);
    sim.get('n2').updateMetadata(metadata);
    const tookMs = await sim.until(
      () => sim.running.every(({ membership }) => membership.findMember('n2')?.metadata?.length === 65_536),
      'the metadata everywhere',
    );
    assert.deepEqual(sim.get('n6').findMember('n2')?.metadata, metadata);
    assert.ok(tookMs < 2000, `took ${tookMs} ms`);
    const { membership } = await sim.start('n7');
    await sim.until(() => membership.findMember('n2') !== undefined, 'n7 to know n2');
    assert.equal(membership.findMember('n2')?.metadata, undefined);
    await sim.until(() => membership.findMember('n2')?.metadata?.length === 65_536, 'its metadata');
  });

  it('joins sixty-four nodes at once within two seconds', async () => {
    const sim = new SimMembers({ seed: 12 });
    const from = sim.simulator.now();
    await sim.startMany(64);
    const tookMs = sim.simulator.now() - from;
    assert.ok(tookMs < 2000, `took ${tookMs} ms`);
  });
});
