/** T2 and T3 with processes: event loops of whole nodes stand still, and processes are stopped; nobody healthy may be removed for it. */
import { drawUnit, type Random, SeededRandom } from '../../src/core/random.js';
import { Crew, type CrewReport, stallPlaces } from './crew.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** A thousand stalls in sixteen processes, then stops of five and of fifteen seconds. */
export async function stalls(tell: Teller, extent: Extent): Promise<void> {
  const crew = await Crew.start(extent.smoke ? 5 : 16);
  try {
    await standStill(tell, crew, extent.seeds ?? (extent.smoke ? 20 : 1000));
    await stopProcesses(tell, crew, extent.smoke ? 1 : 8);
  } finally {
    await crew.stop();
  }
}

/** When a process stood still. */
interface Stall {
  readonly name: string;
  readonly fromMs: number;
  toMs: number;
}

async function standStill(tell: Teller, crew: Crew, wanted: number): Promise<void> {
  await crew.begin();
  const random = new SeededRandom(2);
  const done: Stall[] = [];
  const open = new Map<string, Stall>();
  const nextAt = new Map(crew.names.map((name) => [name, Date.now() + random.below(gapMaxMs)]));
  let read = 0;
  while (done.length + open.size < wanted || open.size > 0) {
    for (; read < crew.reports.length; read += 1) {
      const report = crew.reports[read];
      const stall = report?.kind === 'woke' ? open.get(report.observer) : undefined;
      if (report === undefined || stall === undefined) continue;
      stall.toMs = report.atMs;
      done.push(stall);
      open.delete(report.observer);
      nextAt.set(report.observer, report.atMs + gapMinMs + random.below(gapMaxMs - gapMinMs));
    }
    for (const name of crew.names) {
      if (open.has(name) || done.length + open.size >= wanted || Date.now() < (nextAt.get(name) ?? 0)) continue;
      open.set(name, { name, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY });
      const where = stallPlaces[random.below(stallPlaces.length)] ?? 'io';
      crew.tell(name, { kind: 'stall', subject: name, stallMs: drawStallMs(random), where });
    }
    await crew.reach(Date.now() + 5);
  }
  await crew.until(() => crew.agrees(), 'one view after the stalls', 30_000);
  const wasStill = ({ subject, atMs }: CrewReport): boolean =>
    done.some(({ name, fromMs, toMs }) => name === subject && atMs >= fromMs && atMs <= toMs + graceMs);
  const failed = crew.all('failed');
  const stood = done.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const note = `${done.length} stalls of 50 to ${stallMaxMs} ms, ${Math.round(stood / 1000)} s in all`;
  const about = { n: crew.names.length, note };
  const healthy = failed.filter((report) => !wasStill(report)).length;
  const bound = healthy === 0 ? `; 95 % bound ${(300 / done.length).toPrecision(2)} % of stalls` : '';
  tell.figure({ metric: 'healthy held for failed', value: healthy, target: 0, ...about, note: note + bound });
  tell.figure({ metric: 'stalled up to 5 s and removed', value: failed.length - healthy, target: 0, ...about });
  const doubts = crew.all('suspect');
  tell.figure({ metric: 'healthy held for suspect', value: doubts.filter((one) => !wasStill(one)).length, ...about });
  tell.figure({ metric: 'stalled held for suspect', value: doubts.filter(wasStill).length, ...about });
  const returns = crew.all('alive').map((report) => sinceWaking(report, done));
  const back = returns.filter((ms) => ms !== undefined);
  tell.figure({ metric: 'alive again p99 s', value: quantile(back, 0.99) / 1000, target: 0.5, ...about });
}

/**
 * How long after its stall a process was taken back, counted from when the observer was awake as well: who stood still at the time could not
 * see it. Absent for what was said while the subject stood still.
 */
function sinceWaking({ observer, subject, atMs }: CrewReport, done: readonly Stall[]): number | undefined {
  const lastOf = (process: string): number | undefined =>
    done.findLast(({ name, toMs }) => name === process && toMs <= atMs)?.toMs;
  const subjectMs = lastOf(subject);
  return subjectMs === undefined ? undefined : atMs - Math.max(subjectMs, lastOf(observer) ?? subjectMs);
}

/** From 50 ms to five seconds, short ones as often as long ones on a logarithmic scale. */
function drawStallMs(random: Random): number {
  return Math.round(50 * (stallMaxMs / 50) ** drawUnit(random));
}

async function stopProcesses(tell: Teller, crew: Crew, rounds: number): Promise<void> {
  for (const stopMs of [5000, 15_000]) {
    const backMs: number[] = [];
    const suspectMs: number[] = [];
    let removed = 0;
    let others = 0;
    let bumps = 0;
    for (let round = 0; round < rounds; round += 1) {
      await crew.begin();
      const stopped = crew.get(crew.names[(round * 7 + 3) % crew.names.length] ?? 'p1');
      const stoppedAt = Date.now();
      stopped.child.kill('SIGSTOP');
      await crew.reach(stoppedAt + stopMs);
      stopped.child.kill('SIGCONT');
      const resumedAt = Date.now();
      await crew.until(() => crew.agrees(), 'one view after the stop', 30_000);
      backMs.push(Date.now() - resumedAt);
      const first = crew.seen('suspect', stopped.name)[0];
      if (first !== undefined) suspectMs.push(first.atMs - stoppedAt);
      removed += crew.seen('failed', stopped.name).length > 0 ? 1 : 0;
      others += [...crew.all('suspect'), ...crew.all('failed')].filter(
        ({ subject }) => subject !== stopped.name,
      ).length;
      const heights = crew.reports
        .filter(({ subject, observer }) => subject === stopped.name && observer !== subject)
        .map(({ incarnation = 0 }) => incarnation);
      if (heights.length > 0) bumps = Math.max(bumps, Math.max(...heights) - Math.min(...heights));
      // Its own objections settle before the next one is stopped.
      await crew.reach(Date.now() + 3000);
    }
    const note = `${rounds} times SIGSTOP for ${stopMs / 1000} s`;
    const about = { n: crew.names.length, note };
    tell.figure({ metric: 'removed', value: removed, ...(stopMs <= 5000 ? { target: 0 } : {}), ...about });
    tell.figure({ metric: 'others accused', value: others, target: 0, ...about });
    tell.figure({ metric: 'suspect after, p50 s', value: quantile(suspectMs, 0.5) / 1000, target: 1.8, ...about });
    tell.figure({ metric: 'suspect after, worst s', value: Math.max(...suspectMs) / 1000, target: 4, ...about });
    tell.figure({ metric: 'back everywhere, worst s', value: Math.max(...backMs) / 1000, target: 0.5, ...about });
    tell.figure({ metric: 'incarnations a stop, worst', value: bumps, target: 2, ...about });
  }
}

const stallMaxMs = 5000;
const gapMinMs = 2000;
const gapMaxMs = 6000;
/** What was due while a process stood still is told within this time after. */
const graceMs = 500;
