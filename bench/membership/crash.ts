/** T4, T5, T6, T17: one node of n dies, silently or with its system refusing for it. */
import { SeededRandom } from '../../src/core/random.js';
import { lifeguard, ours, type Configuration } from './configurations.js';
import { Lab, type LabNode } from './lab.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

type Death = 'silent' | 'refused';

interface Crash {
  /** From the death until the first node was told, and all; infinity when they were not. */
  readonly suspectFirstMs: number;
  readonly failedFirstMs: number;
  readonly failedAllMs: number;
}

/** Sweeps sizes and seeds. */
export function crash(tell: Teller, extent: Extent): void {
  if (extent.nodes === hugeNodes) {
    tellHuge(tell, extent.full ? 3 : 1);
    return;
  }
  const sizes = extent.smoke ? [16] : extent.nodes === undefined ? [16, 128, 1000] : [extent.nodes];
  for (const n of sizes) {
    for (const death of ['silent', 'refused'] as const) tellCrash(tell, { n, death, seeds: seedsFor(n, extent) }, ours);
  }
  if (extent.smoke || extent.nodes !== undefined) return;
  tellCrash(tell, { n: 128, death: 'silent', seeds: seedsFor(128, extent) }, lifeguard(4, 6));
  if (extent.full || extent.seeds === undefined) tellHuge(tell, extent.full ? 3 : 1);
}

function seedsFor(n: number, extent: Extent): number {
  if (extent.seeds !== undefined) return extent.seeds;
  if (extent.full) return 200;
  return n >= 1000 ? 6 : n >= 128 ? 60 : 100;
}

function tellCrash(
  tell: Teller,
  { n, death, seeds }: { readonly n: number; readonly death: Death; readonly seeds: number },
  { name, swim }: Configuration,
): void {
  const crashes = Array.from({ length: seeds }, (_, seed) =>
    runCrash(new Lab({ nodes: n, seed: 7000 + seed, swim }), death),
  );
  const about = { n, seeds, configuration: name, note: death };
  const targets = name === ours.name ? targetsOf(n, death) : {};
  const all = (pick: (one: Crash) => number, share: number): number => quantile(crashes.map(pick), share) / 1000;
  const tellOne = (metric: string, value: number): void => {
    const target = targets[metric];
    tell.figure({ metric, value, ...about, ...(target === undefined ? {} : { target }) });
  };
  tellOne(
    'suspect p50 s',
    all((one) => one.suspectFirstMs, 0.5),
  );
  tellOne(
    'suspect p99 s',
    all((one) => one.suspectFirstMs, 0.99),
  );
  tellOne(
    'removed p50 s',
    all((one) => one.failedFirstMs, 0.5),
  );
  tellOne(
    'removed p99 s',
    all((one) => one.failedFirstMs, 0.99),
  );
  tellOne(
    'removed by all p50 s',
    all((one) => one.failedAllMs, 0.5),
  );
  tellOne(
    'removed by all p99 s',
    all((one) => one.failedAllMs, 0.99),
  );
  tellOne(
    'first to all p50 s',
    all((one) => one.failedAllMs - one.failedFirstMs, 0.5),
  );
}

function targetsOf(n: number, death: Death): Readonly<Record<string, number>> {
  if (death === 'refused') {
    return { 'removed p50 s': 1, 'removed p99 s': 2.5, ...(n === 128 ? { 'removed by all p50 s': 1.5 } : {}) };
  }
  const spread: Readonly<Record<number, number>> = { 128: 0.4, 1000: 0.5, 10_000: 0.75 };
  const removed = n > 128 ? { 'removed p50 s': 8, 'removed p99 s': 11 } : { 'removed p50 s': 6.2, 'removed p99 s': 9 };
  const first = spread[n];
  return {
    'suspect p50 s': 1.8,
    'suspect p99 s': 4,
    ...removed,
    ...(first === undefined ? {} : { 'first to all p50 s': first }),
  };
}

function runCrash(lab: Lab, death: Death): Crash {
  const random = new SeededRandom(lab.nodes.length + lab.seed).fork('victim');
  lab.run(5000 + random.below(3000));
  const victim = lab.nodes[random.below(lab.nodes.length)];
  if (victim === undefined) throw new Error('no node to kill');
  const times = watchVictim(lab, victim);
  lab.kill(victim);
  if (death === 'refused') refuse(lab, victim, random);
  lab.runUntil(() => times.failed.size >= lab.nodes.length - 1, 120_000);
  const failed = [...times.failed.values()];
  const isAll = failed.length >= lab.nodes.length - 1;
  return {
    suspectFirstMs: times.suspectMs,
    failedFirstMs: Math.min(...failed),
    failedAllMs: isAll ? Math.max(...failed) : Number.POSITIVE_INFINITY,
  };
}

interface Told {
  suspectMs: number;
  readonly failed: Map<number, number>;
}

function watchVictim(lab: Lab, victim: LabNode): Told {
  const told: Told = { suspectMs: Number.POSITIVE_INFINITY, failed: new Map() };
  const diedAt = lab.now;
  lab.onEvent = (observer, kind, member) => {
    if (member.name !== victim.name) return;
    if (kind === 'suspect') told.suspectMs = Math.min(told.suspectMs, lab.now - diedAt);
    if (kind === 'failed' && !told.failed.has(observer.index)) told.failed.set(observer.index, lab.now - diedAt);
  };
  return told;
}

/** What links see: each is reset at once and redialled after 50 to 150 ms, which the victim's system refuses. 200 links at most. */
function refuse(lab: Lab, victim: LabNode, random: SeededRandom | ReturnType<SeededRandom['fork']>): void {
  const linked = lab.nodes.filter((node) => node !== victim).slice(0, 200);
  for (const node of linked) {
    const resetAt = lab.now + 0.2 + random.below(1000) / 1000;
    lab.at(resetAt, () => lab.report(node, victim, 'reset'));
    lab.at(resetAt + 50 + random.below(100), () => lab.report(node, victim, 'refused'));
  }
}

function tellHuge(tell: Teller, seeds: number): void {
  const crashes: Crash[] = [];
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  let rssMiB = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    crashes.push(runCrash(new Lab({ nodes: hugeNodes, seed: 7000 + seed }), 'silent'));
    rssMiB = Math.max(rssMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const about = { n: hugeNodes, seeds, configuration: ours.name };
  const [one] = crashes;
  const mean = (pick: (one: Crash) => number): number => quantile(crashes.map(pick), 0.5) / 1000;
  tell.figure({
    metric: 'wall s of a run, about 20 s virtual',
    value: (performance.now() - startedMs) / 1000 / seeds,
    target: 30,
    ...about,
  });
  tell.figure({ metric: 'processor s of a run', value: (user + system) / 1e6 / seeds, ...about });
  tell.figure({ metric: 'resident MiB', value: rssMiB, target: 2048, ...about });
  if (one === undefined) return;
  tell.figure({ metric: 'suspect p50 s', value: mean((died) => died.suspectFirstMs), target: 1.8, ...about });
  tell.figure({ metric: 'removed p50 s', value: mean((died) => died.failedFirstMs), ...about });
  tell.figure({ metric: 'removed by all p50 s', value: mean((died) => died.failedAllMs), ...about });
  tell.figure({
    metric: 'first to all p50 s',
    value: mean((died) => died.failedAllMs - died.failedFirstMs),
    target: 0.75,
    ...about,
  });
}

/** T17's size: one run takes a minute of processor time. */
const hugeNodes = 10_000;
