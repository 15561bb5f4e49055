/** Tables IV to VII of the Lifeguard paper beside ours: false positives, latency and load under blocked agents. */
import { type AnomalyResult, blockedCounts, durationsMs, intervalsMs, type Point, runPoint } from './anomaly.js';
import { type Configuration, lifeguard, ours, paperConfigurations } from './configurations.js';
import type { Extent } from './main.js';
import { measureMessageCostUs, messageCostMs } from './message-cost.js';
import { quantile, type Teller } from './tell.js';

interface Total {
  runs: number;
  falsePositives: number;
  atHealthy: number;
  datagrams: number;
  bytes: number;
  agentSeconds: number;
  readonly firstMs: number[];
  readonly fullMs: number[];
}

/** Table IV: false positives as a share of SWIM's, and VI: load. */
export function interval(tell: Teller, extent: Extent): void {
  const points = extent.full ? wholeGrid(extent.seeds ?? 10) : sample(extent.smoke ? 1 : (extent.seeds ?? 8));
  const configurations = configurationsOf(extent);
  const totals = new Map(configurations.map(({ name }) => [name, newTotal()]));
  const processorMs: number[] = [];
  // Point by point, so that what is known after a while is a smaller sample of all configurations.
  for (const point of points) {
    for (const configuration of configurations) {
      const total = totals.get(configuration.name);
      if (total === undefined) continue;
      const cpu = process.cpuUsage();
      const result = runPoint(point, configuration, messageCostMs);
      processorMs.push(process.cpuUsage(cpu).user / 1000);
      add(total, result, (points.length / durationsMs.length) * shareOf(points, point.durationMs));
      const { blocked, durationMs, intervalMs = 0 } = point;
      const { falsePositives: fp, falsePositivesAtHealthy: fpAtHealthy } = result;
      tell.progress({ configuration: configuration.name, blocked, durationMs, intervalMs, fp, fpAtHealthy });
    }
  }
  const swim = totals.get('SWIM');
  if (swim === undefined) return;
  tellCost(tell);
  const runs = { n: 128, seeds: processorMs.length };
  tell.figure({
    metric: 'T17 processor s of a run, p50',
    value: quantile(processorMs, 0.5) / 1000,
    target: 0.4,
    ...runs,
  });
  for (const { name } of configurations) {
    const total = totals.get(name);
    if (total === undefined) continue;
    tellTableFour(tell, name, total, swim);
  }
  tellGate(tell, swim, totals.get('Lifeguard'));
}

/** T0's part about false positives; that Lifeguard's share is not too large stands beside the paper's in its table. */
function tellGate(tell: Teller, swim: Total, guarded: Total | undefined): void {
  tell.figure({
    metric: 'T0 SWIM FP / run off the paper, %',
    value: offBy(swim.falsePositives / swim.runs, 78.47),
    target: 30,
    seeds: swim.runs,
  });
  if (guarded === undefined) return;
  tell.figure({
    metric: 'T0 Lifeguard FP % of SWIM, no less',
    value: (100 * guarded.falsePositives) / swim.falsePositives,
    target: 0.5,
    least: true,
    seeds: guarded.runs,
  });
}

/** What a configuration came to, beside SWIM in the same runs and the paper. */
function tellTableFour(tell: Teller, name: string, total: Total, swim: Total): void {
  const about = { configuration: name, n: 128, seeds: total.runs };
  const paper = tableFour[name];
  tell.figure({ metric: 'FP per run', value: total.falsePositives / total.runs, ...about, ...known(paper?.[0]) });
  tell.figure({ metric: 'FP- per run', value: total.atHealthy / total.runs, ...about, ...known(paper?.[1]) });
  tell.figure({
    metric: 'FP % of SWIM',
    value: (100 * total.falsePositives) / swim.falsePositives,
    ...about,
    ...known(paper?.[2]),
    ...goal({ Lifeguard: 2.5, [ours.name]: 2 }[name]),
  });
  tell.figure({
    metric: 'FP- % of SWIM',
    value: (100 * total.atHealthy) / swim.atHealthy,
    ...about,
    ...known(paper?.[5]),
    ...goal(name === ours.name ? 1 : undefined),
  });
  tell.figure({
    metric: 'messages / agent / s',
    value: total.datagrams / total.agentSeconds,
    ...about,
    ...known(paper?.[3]),
    ...goal(name === ours.name ? 6.3 : undefined),
  });
  tell.figure({
    metric: 'bytes / agent / s',
    value: total.bytes / total.agentSeconds,
    ...about,
    ...known(paper?.[4]),
    ...goal(name === ours.name ? 2300 : undefined),
  });
}

/** Table V: how soon a blocked agent is found. */
export function threshold(tell: Teller, extent: Extent): void {
  const points: Point[] = [];
  const repeats = extent.full ? 10 : (extent.seeds ?? 2);
  for (const blocked of extent.smoke ? [4] : blockedCounts) {
    for (const durationMs of extent.full ? durationsMs : durationsMs.slice(4)) {
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        points.push({ blocked, durationMs, intervalMs: undefined, seed: 40_000 + points.length });
      }
    }
  }
  tellCost(tell);
  for (const configuration of configurationsOf(extent)) {
    const total = run(points, configuration);
    const about = { configuration: configuration.name, n: 128, seeds: total.runs };
    const isGate = configuration.name === 'SWIM' || configuration.name === 'Lifeguard';
    for (const [index, [metric, value, tolerance]] of (
      [
        ['first, median s', quantile(total.firstMs, 0.5), 3],
        ['first, 99th s', quantile(total.firstMs, 0.99), 10],
        ['all, median s', quantile(total.fullMs, 0.5), 3],
        ['all, 99th s', quantile(total.fullMs, 0.99), 10],
      ] as const
    ).entries()) {
      const paper = tableFive[configuration.name]?.[index];
      tell.figure({ metric, value: value / 1000, ...about, ...known(paper) });
      if (!isGate || paper === undefined) continue;
      const off = offBy(value / 1000, paper);
      tell.figure({ metric: `T0 ${metric} off the paper, %`, value: off, target: tolerance, ...about });
    }
    tell.figure({ metric: 'FP per run', value: total.falsePositives / total.runs, ...about });
  }
}

/** Those that the gate is about, and ours; or every one that the paper has figures for. */
function configurationsOf(extent: Extent): readonly Configuration[] {
  const all = [...paperConfigurations, lifeguard(4, 6), lifeguard(2, 6), ours];
  const short = new Set(['SWIM', 'Lifeguard', ours.name]);
  return extent.full ? all : all.filter(({ name }) => short.has(name));
}

function run(points: readonly Point[], configuration: Configuration): Total {
  const total = newTotal();
  for (const point of points) add(total, runPoint(point, configuration, messageCostMs));
  return total;
}

function newTotal(): Total {
  return {
    runs: 0,
    falsePositives: 0,
    atHealthy: 0,
    datagrams: 0,
    bytes: 0,
    agentSeconds: 0,
    firstMs: [],
    fullMs: [],
  };
}

function add(total: Total, result: AnomalyResult, weight = 1): void {
  total.runs += 1;
  total.falsePositives += result.falsePositives * weight;
  total.atHealthy += result.falsePositivesAtHealthy * weight;
  total.datagrams += result.datagrams * weight;
  total.bytes += result.bytes * weight;
  total.agentSeconds += result.agentSeconds * weight;
  total.firstMs.push(...result.firstMs);
  total.fullMs.push(...result.fullMs);
}

function wholeGrid(repeats: number): Point[] {
  const points: Point[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const intervalMs of intervalsMs) {
      for (const durationMs of durationsMs) {
        for (const blocked of blockedCounts) {
          points.push({ blocked, durationMs, intervalMs, seed: 20_000 + points.length });
        }
      }
    }
  }
  return points;
}

/**
 * A fixed sample: `most` points for each of the two longest blocks, where the false positives are, half and a quarter as many for the
 * shorter ones; the other two sides of the grid by a sequence that fills the plane evenly (Roberts' R2). `shareOf` weighs each
 * duration as the whole grid does.
 */
function sample(most: number): Point[] {
  const points: Point[] = [];
  for (const [index, durationMs] of durationsMs.entries()) {
    const count = Math.max(1, Math.round(most * ([0.25, 0.25, 0.25, 0.5][index] ?? 1)));
    for (let repeat = 0; repeat < count; repeat += 1) {
      const at = points.length;
      const blocked = blockedCounts[Math.floor(((0.5 + at * 0.7549) % 1) * blockedCounts.length)] ?? 1;
      const intervalMs = intervalsMs[Math.floor(((0.5 + at * 0.5698) % 1) * intervalsMs.length)] ?? 1;
      points.push({ blocked, durationMs, intervalMs, seed: 20_000 + at });
    }
  }
  return points;
}

/** One over the number of points with this duration. */
function shareOf(points: readonly Point[], durationMs: number): number {
  return 1 / points.filter((point) => point.durationMs === durationMs).length;
}

function tellCost(tell: Teller): void {
  tell.figure({ metric: 'cost of a message in the model, us', value: messageCostMs * 1000, target: 50 });
  tell.figure({
    metric: 'cost of a message in our code, us',
    value: measureMessageCostUs(),
    note: 'measured, with its answer',
  });
}

function offBy(value: number, paper: number): number {
  return Math.abs(100 * (value / paper - 1));
}

function known(reference: number | undefined): { reference?: number } {
  return reference === undefined ? {} : { reference };
}

function goal(target: number | undefined): { target?: number } {
  return target === undefined ? {} : { target };
}

/** FP and FP- per run, FP %, messages and bytes per agent and second; the last two derived from Table VI. */
const tableFour: Readonly<Record<string, readonly number[]>> = {
  SWIM: [78.47, 0.307, 100, 6.27, 2308, 100],
  'LHA-Probe': [53.14, 0.101, 67.72, 6.17, 2078, 32.88],
  'LHA-Suspicion': [2.355, 0.0206, 3, 6.98, 2458, 6.71],
  'Buddy System': [73.83, 0.137, 94.08, 6.27, 2285, 44.57],
  Lifeguard: [1.2, 0.0058, 1.53, 6.93, 2261, 1.89],
  'Lifeguard a4 b6': [2.495, 0.0148, 3.18],
  'Lifeguard a2 b6': [18.96, 0.0419, 24.16],
};

const tableFive: Readonly<Record<string, readonly number[]>> = {
  SWIM: [12.44, 16.96, 12.9, 16.93],
  'LHA-Probe': [12.42, 17.75, 12.9, 17.98],
  'LHA-Suspicion': [12.42, 17.47, 12.89, 17.33],
  'Buddy System': [12.45, 17.12, 12.92, 17.18],
  Lifeguard: [12.45, 17.9, 12.91, 18.05],
  'Lifeguard a4 b6': [10.34, 16.42, 10.89, 16.34],
  'Lifeguard a2 b6': [6.76, 12.81, 7.32, 13.4],
};
