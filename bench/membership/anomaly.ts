/**
 * The two experiments of the Lifeguard paper (Dadgar, Phillips, Currey, section V): C of 128 agents are blocked in lock-step, once
 * for D ("threshold") or for D with pauses of I for two minutes ("interval").
 */
import { shuffle, SeededRandom } from '../../src/core/random.js';
import type { Configuration } from './configurations.js';
import { Lab, type LabNode } from './lab.js';

/** One point of a grid. `intervalMs` undefined: one block only. */
export interface Point {
  readonly blocked: number;
  readonly durationMs: number;
  readonly intervalMs: number | undefined;
  readonly seed: number;
}

/** What one run came to. */
export interface AnomalyResult {
  /** Failure events about agents that were never blocked, and those of them at such agents. */
  readonly falsePositives: number;
  readonly falsePositivesAtHealthy: number;
  /** From the block's start until the first, and until the last agent that was not blocked knew, for each blocked agent. */
  readonly firstMs: readonly number[];
  readonly fullMs: readonly number[];
  readonly datagrams: number;
  readonly bytes: number;
  /** Virtual seconds times agents. */
  readonly agentSeconds: number;
}

/** The paper's grids. */
export const blockedCounts: readonly number[] = [1, 4, 8, 12, 16, 20, 24, 28, 32];
export const durationsMs: readonly number[] = [128, 512, 2048, 8192, 16_384, 32_768];
export const intervalsMs: readonly number[] = [1, 4, 16, 64, 256, 1024, 4096, 16_384];
const agents = 128;
const quiesceMs = 8000;
const longestMs = 120_000;

/** Runs one point under a configuration. */
export function runPoint(point: Point, configuration: Configuration, costMs: number): AnomalyResult {
  const lab = new Lab({
    nodes: agents,
    seed: point.seed,
    swim: configuration.swim,
    costMs,
    // Loopback of one machine, as in the paper.
    delayMinMs: 0.05,
    delayMaxMs: 0.3,
    gated: true,
  });
  lab.run(quiesceMs);
  const blocked = chooseBlocked(lab, point);
  const watch = watchFailures(lab, blocked);
  const [sentBefore, bytesBefore, from] = [lab.sent, lab.sentBytes, lab.now];
  if (point.intervalMs === undefined) threshold(lab, blocked, point.durationMs);
  else interval(lab, blocked, point.durationMs, point.intervalMs);
  return {
    ...watch.result(from),
    datagrams: lab.sent - sentBefore,
    bytes: lab.sentBytes - bytesBefore,
    agentSeconds: ((lab.now - from) / 1000) * agents,
  };
}

function chooseBlocked(lab: Lab, point: Point): ReadonlySet<LabNode> {
  const order = [...lab.nodes];
  shuffle(new SeededRandom(point.seed).fork('blocked'), order);
  return new Set(order.slice(0, point.blocked));
}

function threshold(lab: Lab, blocked: ReadonlySet<LabNode>, durationMs: number): void {
  const end = lab.now + longestMs;
  for (const node of blocked) lab.blockIo(node, durationMs);
  lab.run(durationMs);
  lab.runUntil(() => lab.agree(agents), end - lab.now, 500);
}

function interval(lab: Lab, blocked: ReadonlySet<LabNode>, durationMs: number, intervalMs: number): void {
  const end = lab.now + longestMs;
  while (lab.now < end) {
    for (const node of blocked) lab.blockIo(node, durationMs);
    lab.run(durationMs);
    lab.run(intervalMs);
  }
}

interface Watch {
  result(from: number): Pick<AnomalyResult, 'falsePositives' | 'falsePositivesAtHealthy' | 'firstMs' | 'fullMs'>;
}

function watchFailures(lab: Lab, blocked: ReadonlySet<LabNode>): Watch {
  const blockedNames = new Set([...blocked].map(({ name }) => name));
  /** For each blocked agent, when each healthy one first heard that it failed. */
  const heard = new Map<string, Map<number, number>>();
  let falsePositives = 0;
  let falsePositivesAtHealthy = 0;
  lab.onEvent = (observer, kind, member) => {
    if (kind !== 'failed') return;
    if (!blockedNames.has(member.name)) {
      falsePositives += 1;
      if (!blocked.has(observer)) falsePositivesAtHealthy += 1;
      return;
    }
    if (blocked.has(observer)) return;
    const times = heard.get(member.name) ?? new Map<number, number>();
    heard.set(member.name, times);
    if (!times.has(observer.index)) times.set(observer.index, lab.now);
  };
  return {
    result: (from) => {
      const all = [...heard.values()].map((times) => [...times.values()]);
      const healthy = agents - blocked.size;
      return {
        falsePositives,
        falsePositivesAtHealthy,
        firstMs: all.map((times) => Math.min(...times) - from),
        fullMs: all.filter((times) => times.length === healthy).map((times) => Math.max(...times) - from),
      };
    },
  };
}
