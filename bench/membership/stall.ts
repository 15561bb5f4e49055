/** T2, T3 simulated: event loops of whole memberships (production drivers) stand still; nobody healthy may be removed for it. */
import { SeededRandom } from '../../src/core/random.js';
import { SimMembers } from '../../src/testing/membership/sim-members.js';
import { quantile, type Teller } from './tell.js';
import type { Extent } from './main.js';

/** Stalls of one and of several nodes at once. */
export async function stall(tell: Teller, extent: Extent): Promise<void> {
  const n = 16;
  const runs = extent.smoke ? 1 : (extent.seeds ?? (extent.full ? 432 : 30));
  let stalls = 0;
  let falseDeaths = 0;
  let removedShort = 0;
  const backMs: number[] = [];
  let bumps = 0;
  for (let seed = 0; seed < runs; seed += 1) {
    const one = await runStalls(n, 900 + seed);
    stalls += one.stalls;
    falseDeaths += one.falseDeaths;
    removedShort += one.removedShort;
    bumps = Math.max(bumps, one.bumps);
    backMs.push(...one.backMs);
  }
  const about = { n, seeds: runs, note: `${stalls} stalls of 50 ms to 30 s` };
  const bound = falseDeaths === 0 ? `; 95 % bound ${(300 / stalls).toPrecision(2)} % of stalls` : '';
  tell.figure({ metric: 'healthy held for failed', value: falseDeaths, target: 0, ...about, note: about.note + bound });
  tell.figure({ metric: 'stalled up to 5 s and removed', value: removedShort, target: 0, ...about });
  tell.figure({ metric: 'alive again everywhere p99 s', value: quantile(backMs, 0.99) / 1000, target: 0.5, ...about });
  tell.figure({ metric: 'alive again everywhere p50 s', value: quantile(backMs, 0.5) / 1000, ...about });
  tell.figure({ metric: 'incarnations / stall, worst', value: bumps, target: 2, ...about });
}

interface StallRun {
  stalls: number;
  falseDeaths: number;
  removedShort: number;
  bumps: number;
  readonly backMs: number[];
}

const phases = ['timer', 'io', 'immediate'] as const;

async function runStalls(n: number, seed: number): Promise<StallRun> {
  const sim = new SimMembers({ seed, host: { eventCostMs: 0.02 } });
  sim.network.faults.setEverywhere({ lossPercent: 1, delayMinMs: 1, delayMaxMs: 15 });
  await sim.startMany(n);
  await sim.run(3000);
  const random = new SeededRandom(seed);
  const total: StallRun = { stalls: 0, falseDeaths: 0, removedShort: 0, bumps: 0, backMs: [] };
  for (let round = 0; round < 6; round += 1) {
    const first = 1 + random.below(n);
    const count = 1 + random.below(3);
    const stalled = Array.from({ length: count }, (_, index) => `n${((first + index * 5) % n) + 1}`);
    const durationMs = [50, 500, 2000, 5000, 10_000, 30_000][round] ?? 50;
    const before = new Map(stalled.map((name) => [name, sim.get(name).self.incarnation]));
    const eventsBefore = sim.events.length;
    for (const name of stalled) sim.network.machine(name).loop.stall(durationMs, phases[random.below(3)] ?? 'timer');
    await sim.run(durationMs);
    total.backMs.push(await sim.until(() => sim.agree(), 'one view after the stall', 30_000));
    await sim.run(2000);
    total.stalls += count;
    for (const event of sim.events.slice(eventsBefore)) {
      if (event.kind !== 'failed') continue;
      if (!stalled.includes(event.member.name)) total.falseDeaths += 1;
      else if (durationMs <= 5000) total.removedShort += 1;
    }
    for (const name of stalled) {
      total.bumps = Math.max(total.bumps, sim.get(name).self.incarnation - (before.get(name) ?? 0));
    }
  }
  return total;
}
