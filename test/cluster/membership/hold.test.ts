import assert from 'node:assert/strict';
import { after } from '../../../src/core/clock.js';
import { SwimMembership } from '../../../src/cluster/membership/swim-membership.js';
import type { MemberLife } from '../../../src/protocol/swim/catalogue.js';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';
import { PacketWriter } from '../../../src/protocol/swim/packet.js';
import type { DatagramSocket } from '../../../src/spi/datagrams.js';
import { SimMembers } from '../../../src/testing/membership/sim-members.js';

describe('a cluster of swim memberships holds', () => {
  it('when three hundred nodes join within a second', async function storm() {
    this.timeout(60_000);
    const sim = new SimMembers({ seed: 80 });
    await sim.start('n1', { seeds: [] });
    const from = sim.simulator.now();
    for (let index = 2; index <= 301; index += 1) {
      await sim.start(`n${index}`, { seeds: ['n1:7400', 'n2:7400', 'n3:7400'] });
      await sim.run(1000 / 300);
    }
    await sim.until(() => sim.agree(), 'one view', 20_000);
    const tookMs = sim.simulator.now() - from;
    assert.ok(tookMs < 6000, `one view after ${tookMs} ms`);
    assert.deepEqual(
      sim.events.filter((event) => event.kind === 'suspect' || event.kind === 'failed'),
      [],
    );
  });

  it('beside a node that comes and goes: nobody else is removed, and it is in when it stays', async function flapping() {
    this.timeout(20_000);
    const sim = new SimMembers({ seed: 81 });
    await sim.startMany(8);
    for (let round = 0; round < 12; round += 1) {
      sim.network.faults.isolate('n5');
      await sim.run(3000 + round * 500);
      sim.network.faults.heal();
      await sim.run(2000);
    }
    await sim.until(() => sim.agree(), 'one view', 10_000);
    const others = sim.events.filter(({ kind, observer, member }) => {
      return kind === 'failed' && observer !== 'n5' && member.name !== 'n5';
    });
    assert.deepEqual(others, []);
    assert.equal(new Set(sim.seen('joined', 'n5', 'n1').map(({ member }) => member.epoch)).size, 1);
  });

  it('with two nodes of one name that come up on two sides of a split: the later life stays, the earlier is told', async () => {
    const sim = new SimMembers({ seed: 82 });
    await sim.startMany(6);
    sim.network.faults.partition(['n1', 'n2', 'n3', 'twin'], ['n4', 'n5', 'n6']);
    await sim.until(() => sim.get('n1').members().length === 3, 'the split to be seen', 30_000);
    const faults: string[] = [];
    const earlier = sim.get('n6');
    earlier.listenFault((fault) => faults.push(fault.code));
    const { membership: later, started } = await sim.start('n6', { host: 'twin' });
    await sim.simulator.settle(started, 5000);
    sim.network.faults.heal();
    await sim.until(() => faults.length > 0, 'the earlier life to be told', 60_000);
    assert.deepEqual(faults, ['name-taken']);
    await earlier.stop();
    const seesLater = (name: string): boolean => sim.get(name).findMember('n6')?.epoch === later.self.epoch;
    await sim.until(() => ['n1', 'n2', 'n3', 'n4', 'n5'].every(seesLater), 'the later life everywhere', 20_000);
    assert.equal(later.machine.phase, 'up');
  });

  it('against a member that lies: it kills nobody, however many voices it invents', async function lies() {
    this.timeout(20_000);
    const sim = new SimMembers({ seed: 83 });
    await sim.startMany(8);
    const liar = await Liar.join(sim);
    await sim.until(() => sim.get('n8').findMember('liar') !== undefined, 'the liar to be a member', 10_000);
    for (let round = 0; round < 100; round += 1) {
      const victim = sim.get('n3').self;
      const claim = { name: victim.name, epoch: victim.epoch, incarnation: victim.incarnation };
      for (const { name } of sim.running) {
        for (const from of ['liar', 'n1', 'n2', 'n4', 'n5', 'nobody']) {
          liar.tell(name, [
            { kind: 'suspect', ...claim, from, refused: true },
            { kind: 'failed', ...claim, from },
          ]);
        }
        liar.tell(name, [{ kind: 'left', ...claim }]);
      }
      await sim.run(300);
    }
    assert.deepEqual(
      sim.events
        .filter(({ kind, member }) => (kind === 'failed' || kind === 'left') && member.name !== 'liar')
        .map(({ kind, member, observer, atMs }) => `${observer}: ${kind} ${member.name} at ${atMs}`),
      [],
    );
    assert.ok(sim.get('n3').machine.counts['refuted-self'] > 50, 'it was accused');
    liar.stop();
    await sim.run(60_000);
    assert.ok(sim.agree(), 'one view without the liar');
  });

  for (const [duration, durationMs] of [
    ['ten minutes', 600_000],
    ['twenty-five hours, beyond every tombstone', 90_000_000],
  ] as const) {
    it(`through a split of ${duration}: one view within fifteen seconds, without a restart`, async function split() {
      this.timeout(60_000);
      // Slower probes change nothing about who is remembered, and make a day of simulation short.
      const isLong = durationMs > 3_600_000;
      const swim = isLong ? { probePeriodMs: 20_000, reconnectPeriodMs: 1000 } : {};
      const sim = new SimMembers({ seed: 84, membership: { swim, ...(isLong ? { seedRetryMs: 600_000 } : {}) } });
      const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
      await sim.startMany(names.length);
      const epochs = names.map((name) => sim.get(name).self.epoch);
      sim.network.faults.partition(names.slice(0, 3), names.slice(3));
      await sim.run(durationMs);
      for (const name of names) assert.equal(sim.get(name).members().length, 3);
      if (isLong) assert.equal(sim.get('n1').machine.view.goneCount, 0);
      sim.network.faults.heal();
      const healedMs = await sim.until(() => sim.agree(), 'one view', 60_000);
      assert.ok(healedMs <= 15_000, `healed after ${healedMs} ms`);
      assert.deepEqual(
        names.map((name) => sim.get(name).self.epoch),
        epochs,
      );
    });
  }

  it('on IPv6 addresses', async () => {
    const sim = new SimMembers({ seed: 85 });
    const seeds = ['[fd00::1]:7400'];
    for (const index of [1, 2, 3]) await sim.start(`v6-${index}`, { host: `fd00::${index}`, seeds });
    await sim.until(() => sim.agree(), 'one view', 5000);
    assert.equal(sim.get('fd00::1').findMember('v6-3')?.address, '[fd00::3]:7400');
    sim.kill('fd00::2');
    await sim.until(() => sim.agree(), 'the others to agree', 20_000);
  });

  it('through an upgrade of one node after the other, from wire version 1 to 1 and 2, to 2 alone', async function upgrade() {
    this.timeout(20_000);
    const sim = new SimMembers({ seed: 86 });
    const names = ['n1', 'n2', 'n3', 'n4', 'n5'];
    const seeds = names.map((name) => `${name}:7400`);
    for (const name of names) await sim.start(name, { seeds, wireVersions: { min: 1, max: 1 } });
    await sim.until(() => sim.agree(), 'version 1 to agree');
    for (const wireVersions of [
      { min: 1, max: 2 },
      { min: 2, max: 2 },
      { min: 2, max: 3 },
    ]) {
      for (const name of names) {
        await sim.leave(name);
        // A life that begins before its good-bye is everywhere replaces it, which is told as a failure.
        await sim.run(1000);
        const { started } = await sim.start(name, { seeds, wireVersions });
        await sim.simulator.settle(started, 3000);
        await sim.until(() => sim.agree(), `${name} with ${wireVersions.min} to ${wireVersions.max}`, 10_000);
      }
    }
    assert.deepEqual(
      sim.events.filter(({ kind }) => kind === 'failed' || kind === 'suspect'),
      [],
    );
    const old = await sim.start('old', { seeds, wireVersions: { min: 1, max: 1 } });
    await assert.rejects(sim.simulator.settle(old.started, 5000), { code: 'incompatible' });
  });

  it('with a node behind NAT that advertises another address than it sends from', async () => {
    const sim = new SimMembers({ seed: 87 });
    await sim.startMany(3);
    const { membership, started } = await startBehindNat(sim);
    await sim.simulator.settle(started, 3000);
    await sim.run(20_000);
    for (const name of ['n1', 'n2', 'n3']) {
      assert.equal(sim.get(name).findMember('inside')?.status, 'alive');
      assert.equal(sim.get(name).findMember('inside')?.address, 'gateway:7400');
    }
    assert.equal(membership.members().length, 4);
    assert.deepEqual(
      sim.events.filter(({ kind }) => kind === 'failed' || kind === 'suspect'),
      [],
    );
  });
});

/** A member by its own word that answers pings, and says whatever a test wants. */
class Liar {
  readonly #socket: DatagramSocket;
  readonly #writer = new PacketWriter('scalebus', 1400);
  readonly #life: MemberLife;
  #stopped = false;

  private constructor(socket: DatagramSocket) {
    this.#socket = socket;
    const metadata = { metadataVersion: 0, metadataHash: 0, metadataBytes: 0 };
    this.#life = {
      name: 'liar',
      epoch: 1_900_000_000_000_000,
      address: 'liar:7400',
      wireMin: 1,
      wireMax: 1,
      ...metadata,
    };
  }

  static async join(sim: SimMembers): Promise<Liar> {
    const { clock, datagrams } = sim.network.machine('liar');
    const liar = new Liar(await datagrams.bind({ host: 'liar', port: 7400 }));
    const live = (): void => {
      if (liar.#stopped) return;
      const alive = { kind: 'alive', life: liar.#life, incarnation: Math.floor(sim.simulator.now()) } as const;
      for (const { name } of sim.running) liar.tell(name, [alive]);
      clock.setTimer(after(clock.now(), 200), live);
    };
    live();
    return liar;
  }

  tell(host: string, parts: readonly SwimMessage[]): void {
    this.#writer.begin(1, 'liar', this.#life.epoch);
    for (const part of parts) this.#writer.add(part);
    this.#socket.send(`${host}:7400`, this.#writer.finish());
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** The gateway forwards its port 7400 to the node, and what the node sends leaves from another port. */
async function startBehindNat(sim: SimMembers): Promise<{ membership: SwimMembership; started: Promise<void> }> {
  const { clock, datagrams } = sim.network.machine('gateway');
  const forwarded = await datagrams.bind({ host: 'gateway', port: 7400 });
  const outgoing = await datagrams.bind({ host: 'gateway', port: 50_123 });
  const socket: DatagramSocket = {
    local: { host: '192.168.0.9', port: 7400 },
    send: (to, bytes) => outgoing.send(to, bytes),
    listen: (handle) => {
      forwarded.listen(handle);
      outgoing.listen(handle);
    },
    close: () => Promise.all([forwarded.close(), outgoing.close()]).then(() => undefined),
  };
  const membership = new SwimMembership(
    { clock, socket, random: sim.simulator.random.fork('inside') },
    { name: 'inside', address: 'gateway:7400', seeds: ['n1:7400'] },
  );
  return { membership, started: membership.start() };
}
