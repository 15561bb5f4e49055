/** The least suspicion in small clusters, simulated: with two or three nodes there are no two observers, and five seconds must still be survived. */
import { SimMembers } from '../../src/testing/membership/sim-members.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** One node stands still for good, and then, in other runs, for just five seconds. */
export async function small(tell: Teller, extent: Extent): Promise<void> {
  const runs = extent.smoke ? 2 : (extent.seeds ?? 100);
  for (const n of [2, 3, 5]) {
    const suspectMs: number[] = [];
    const removedMs: number[] = [];
    let removedShort = 0;
    for (let seed = 0; seed < runs; seed += 1) {
      const silent = await stand(n, 7000 + seed, 30_000);
      suspectMs.push(Math.max(...silent.suspect));
      removedMs.push(Math.min(...silent.failed));
      const short = await stand(n, 8000 + seed, 5000);
      removedShort += short.failed.length > 0 ? 1 : 0;
    }
    const about = { n, seeds: runs };
    tell.figure({ metric: 'stalled 5 s and removed', value: removedShort, target: 0, ...about });
    tell.figure({ metric: 'suspect everywhere p50 s', value: quantile(suspectMs, 0.5) / 1000, ...about });
    tell.figure({ metric: 'suspect everywhere, worst s', value: Math.max(...suspectMs) / 1000, target: 4, ...about });
    tell.figure({
      metric: 'removed, earliest s',
      value: Math.min(...removedMs) / 1000,
      target: 5,
      least: true,
      ...about,
    });
    tell.figure({ metric: 'removed p50 s', value: quantile(removedMs, 0.5) / 1000, ...about });
    tell.figure({ metric: 'removed p99 s', value: quantile(removedMs, 0.99) / 1000, ...about });
  }
}

/** When each other suspected and removed a node, counted from where it stood still. */
async function stand(n: number, seed: number, stallMs: number): Promise<{ suspect: number[]; failed: number[] }> {
  const sim = new SimMembers({ seed });
  await sim.startMany(n);
  await sim.run(2000 + ((seed * 137) % 5000));
  const from = sim.simulator.now();
  sim.network.machine('n2').loop.pause(stallMs);
  await sim.run(stallMs + 5000);
  const firstOf = (kind: 'suspect' | 'failed'): number[] => {
    const first = new Map<string, number>();
    for (const { observer, atMs } of sim.seen(kind, 'n2')) {
      if (!first.has(observer)) first.set(observer, atMs - from);
    }
    return [...first.values()];
  };
  return { suspect: firstOf('suspect'), failed: firstOf('failed') };
}
