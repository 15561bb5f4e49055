/** What every bench runs on: contenders that are ready, rounds in turn, and lines that are printed and kept. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseEntries, familyOf, itself } from '../contenders.js';
import type { Entry, Kind, Setup } from '../contender.js';
import type { BenchOptions } from '../options.js';
import { type Payload, payloadText } from '../payload.js';
import type { Agent, Crew } from './agents.js';
import { type BrokerCost, hasProgram } from './broker.js';
import { rootDir } from './paths.js';
import {
  describeMachine,
  figureLine,
  keepLines,
  type AbsentLine,
  type FigureLine,
  type GoalLine,
  type Line,
  type Machine,
  type Round,
} from './lines.js';
import type { Usage } from './meter.js';
import { freePort } from './ports.js';
import { nextShare, turnsOf } from './schedule.js';
import { amount, tableText } from './table.js';

/** One case of a bench. */
export interface Case {
  /** Unique in the bench: `100 B x64`. */
  readonly name: string;
  readonly payload: Payload | undefined;
  readonly concurrency: number;
  /** Families that a goal of this case divides by: with a budget they keep all their rounds. */
  readonly rivals?: readonly string[];
}

/** A bench: what `npm run bench -- <name>` runs. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** Cases of a full run, by which a budget is dealt out; an estimate does. */
  readonly cases: number;
  /** Share of a budget for all benches. */
  readonly weight: number;
  /** Settings of the command line that choose among its cases; given to another bench they are refused. */
  readonly takes?: readonly ('payload' | 'concurrency')[];
  run(run: Run): Promise<void>;
}

/** Who takes part in a measurement beyond what the options say. */
export interface MeasureOptions {
  /** Leaves contenders out that cannot do it. */
  readonly takesPart?: (entry: Entry) => boolean;
  /** Contenders that always take part. */
  readonly also?: readonly string[];
}

/** Which lines a ratio takes. */
export interface RatioOptions {
  /** Whose rate is divided. */
  readonly mine?: string;
  /** Members of the family that do not count. */
  readonly except?: readonly string[];
}

/** Where the processes of one measurement are started. */
export interface Place {
  readonly crew: Crew;
  readonly broker: RunningBroker;
}

/** A running broker as measurements see it. */
export interface RunningBroker {
  readonly address: string | undefined;
  cost(): Promise<BrokerCost>;
}

/** The run of one bench. */
export class Run {
  readonly bench: string;
  readonly options: BenchOptions;
  readonly #machine: Machine;
  readonly #lines: Line[] = [];
  readonly #absent = new Map<string, string>();
  readonly #startedAt = performance.now();
  #casesLeft: number;
  #failedRuns = 0;

  constructor(bench: string, options: BenchOptions, cases = 1) {
    this.bench = bench;
    this.#casesLeft = cases;
    this.options = options;
    this.#machine = describeMachine();
  }

  /** True when ours or the limit failed: peers may fail without failing the bench. */
  get failed(): boolean {
    return this.#failedRuns > 0;
  }

  /** The lines so far. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Measures the cases that the options leave, each in rounds: ours, limit, peers, and again. */
  async measure(
    kind: Kind,
    cases: readonly Case[],
    once: (entry: Entry, one: Case) => Promise<Round>,
    more: MeasureOptions = {},
  ): Promise<void> {
    const { ours, only } = this.options;
    const peers = [...this.options.peers, ...(more.also ?? [])];
    const takesPart = more.takesPart ?? (() => true);
    for (const one of cases) {
      if (only !== undefined && !one.name.includes(only)) continue;
      const chosen = chooseEntries({ kind, ours, peers, payload: one.payload }).filter(takesPart);
      await this.#measureCase(one, chosen, once);
    }
  }

  /** Measures a case that has no contenders but scalebus itself. */
  async alone(one: Case, once: () => Promise<Round>): Promise<void> {
    const { only } = this.options;
    if (only !== undefined && !one.name.includes(only)) return;
    await this.#measureCase(one, [itself], once);
  }

  /** Adds a line with a goal. */
  goal(
    name: string,
    metric: string,
    value: number,
    goal: { readonly atLeast: number } | { readonly atMost: number },
  ): void {
    const atLeast = 'atLeast' in goal;
    const target = atLeast ? goal.atLeast : goal.atMost;
    const met = atLeast ? value >= target : value <= target;
    const line: GoalLine = {
      kind: 'goal',
      bench: this.bench,
      case: name,
      metric,
      value,
      target,
      met,
      ...this.#machine,
    };
    this.#lines.push(line);
  }

  /** The line of a contender in a case, if it was measured. */
  line(name: string, peer: string): FigureLine | undefined {
    return this.#lines
      .filter((line) => line.kind === 'figure')
      .find((line) => line.case === name && line.peer === peer);
  }

  /** The best rate of a family in a case. */
  best(name: string, family: string, except: readonly string[] = []): number | undefined {
    const rates = this.#lines
      .filter((line) => line.kind === 'figure')
      .filter(({ case: one, peer }) => one === name && familyOf(peer) === family && !except.includes(peer))
      .map((line) => line.opsPerSec ?? 0);
    return rates.length === 0 ? undefined : Math.max(...rates);
  }

  /** Adds the goal `ours / the best of the family >= target`, when both were measured. */
  ratioGoal(name: string, family: string, target: number, more: RatioOptions = {}): void {
    const { mine = 'scalebus', except = [] } = more;
    const ours = this.line(name, mine)?.opsPerSec;
    const theirs = this.best(name, family, except);
    if (ours === undefined || theirs === undefined || theirs === 0) return;
    const metric = mine === 'scalebus' ? `rate / ${family}` : `rate of ${mine} / ${family}`;
    this.goal(name, metric, Number((ours / theirs).toPrecision(3)), { atLeast: target });
  }

  /** Starts the broker that an entry needs. */
  async broker(crew: Crew, { broker, module, name }: Entry): Promise<RunningBroker> {
    if (broker === undefined) return { address: undefined, cost: () => Promise.resolve({ cpuUs: 0, rssPeakBytes: 0 }) };
    const port = await freePort();
    const own = broker === 'own';
    const { agent } = await crew.add({
      name: `${name} broker`,
      module: 'bench/harness/broker.ts',
      role: own ? 'own' : 'program',
      options: own ? { port, module } : { port, program: broker.program, args: broker.args(port) },
    });
    const cost = async (): Promise<BrokerCost> => agent.ask<BrokerCost>('cost');
    return { address: port.toString(), cost };
  }

  /** The settings of one process of a measurement. */
  async setup(entry: Entry, more: Pick<Setup, 'payload' | 'broker'> & Partial<Setup>): Promise<Setup> {
    return { variant: entry.variant, port: await freePort(), peers: [], count: 2, index: 0, grouped: false, ...more };
  }

  /** Writes progress to stderr, with the time since the start, so that stdout is the result alone. */
  say(text: string): void {
    const seconds = Math.round(this.#elapsedSeconds());
    const clock = `${Math.floor(seconds / 60).toString()}:${(seconds % 60).toString().padStart(2, '0')}`;
    process.stderr.write(`${clock} ${this.bench} ${text}\n`);
  }

  /** Prints the lines, and keeps the goals; each case was kept when it was done. */
  finish(): void {
    if (this.options.json) for (const line of this.#lines) console.log(JSON.stringify(line));
    else console.log(`\n${this.bench}\n${tableText(this.#lines)}\n`);
    this.#keep(this.#lines.filter(({ kind }) => kind === 'goal'));
  }

  /** Smoke runs are not kept: their figures mean nothing. */
  #keep(lines: readonly Line[]): void {
    if (!this.options.smoke) keepLines(this.bench, lines);
  }

  #elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #caseBudget(): number | undefined {
    const { budgetSeconds } = this.options;
    const left = this.#casesLeft;
    this.#casesLeft = Math.max(1, left - 1);
    return budgetSeconds === undefined ? undefined : nextShare(budgetSeconds - this.#elapsedSeconds(), 1, left);
  }

  async #measureCase(
    one: Case,
    wanted: readonly Entry[],
    once: (entry: Entry, one: Case) => Promise<Round>,
  ): Promise<void> {
    const from = this.#lines.length;
    const budgetSeconds = this.#caseBudget();
    const chosen = wanted.filter((entry) => this.#isReady(entry, one));
    const results = new Map<string, Round[]>(chosen.map(({ name }) => [name, []]));
    const failures = new Map<string, string>();
    const startedAt = this.#elapsedSeconds();
    const turns = turnsOf(chosen, {
      rounds: this.options.rounds,
      isMain: (entry) => isMain(entry, one),
      budgetSeconds,
      elapsedSeconds: () => this.#elapsedSeconds() - startedAt,
    });
    for (const { entry, round } of turns) {
      if (failures.has(entry.name)) continue;
      try {
        const result = await once(entry, one);
        results.get(entry.name)?.push(result);
        this.say(`${one.name}, ${entry.name}, round ${round.toString()}: ${roundText(result)}`);
      } catch (cause) {
        failures.set(entry.name, cause instanceof Error ? cause.message : String(cause));
      }
    }
    for (const entry of chosen) this.#conclude(entry, one, results, failures.get(entry.name));
    this.#keep(this.#lines.slice(from));
  }

  #conclude(
    entry: Entry,
    one: Case,
    results: ReadonlyMap<string, readonly Round[]>,
    failure: string | undefined,
  ): void {
    if (failure !== undefined) {
      this.#absentLine({ kind: 'failed', case: one.name, peer: entry.name, why: failure });
      if (isOurs(entry)) this.#failedRuns += 1;
      return;
    }
    const { ofLimit = 'limit' } = entry;
    const limit = figureLine(this.#machine, subjectOf(this.bench, one, ofLimit), results.get(ofLimit) ?? []);
    const rounds = results.get(entry.name) ?? [];
    if (rounds.length === 0) {
      this.#absentLine({ kind: 'skipped', case: one.name, peer: entry.name, why: 'the budget of the run was spent' });
      return;
    }
    this.#lines.push(figureLine(this.#machine, subjectOf(this.bench, one, entry.name), rounds, limit.opsPerSec));
  }

  #isReady(entry: Entry, one: Case): boolean {
    const known = this.#absent.get(entry.name);
    const why = known ?? missing(entry);
    this.#absent.set(entry.name, why);
    if (why === '') return true;
    // Once is enough for a person; the lines name it in each case.
    this.#absentLine({ kind: 'skipped', case: one.name, peer: entry.name, why }, known === undefined);
    return false;
  }

  #absentLine(absent: Pick<AbsentLine, 'kind' | 'case' | 'peer' | 'why'>, isNews = true): void {
    const { kind, case: name, peer, why } = absent;
    if (isNews) this.say(`${name}, ${peer}: ${kind}: ${why.split('\n')[0] ?? ''}`);
    this.#lines.push({ ...absent, bench: this.bench, ...this.#machine });
  }
}

/** Ours and what every ratio divides by, and whom a goal of the case names. */
function isMain(entry: Entry, { rivals = [] }: Case): boolean {
  return isOurs(entry) || rivals.includes(entry.family);
}

/** scalebus or the bare sockets, in any form. */
function isOurs({ family }: Entry): boolean {
  return /^(?:scalebus|limit)/.test(family);
}

function roundText({ opsPerSec, p99us, figures }: Round): string {
  const parts = [
    ...(opsPerSec === undefined ? [] : [`${amount(opsPerSec)} ops/s`]),
    ...(p99us === undefined ? [] : [`p99 ${amount(p99us)} us`]),
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${amount(value)}`),
  ];
  return parts.join(', ');
}

/** Adds up what the processes of a measurement cost. `sides` names them, brokers last. */
export function costOf(
  ops: number,
  sides: readonly (readonly [string, Usage | BrokerCost])[],
): Pick<Round, 'cpuUsPerOpBySide' | 'rssPeakMiB' | 'wireBytesPerOp'> {
  const bySide: Record<string, number> = {};
  let rss = 0;
  let written = 0;
  let read = 0;
  for (const [side, usage] of sides) {
    if (usage.cpuUs > 0) bySide[side] = (bySide[side] ?? 0) + usage.cpuUs / ops;
    rss = Math.max(rss, usage.rssPeakBytes);
    written += 'writtenBytes' in usage ? usage.writtenBytes : 0;
    read += 'readBytes' in usage ? usage.readBytes : 0;
  }
  // What a broker writes is seen by those who read it; without one both ends see the same bytes.
  const wire = Math.max(written, sides.some(([side]) => side === 'broker') ? written + read : 0);
  return {
    cpuUsPerOpBySide: bySide,
    rssPeakMiB: rss / 2 ** 20,
    ...(wire === 0 ? {} : { wireBytesPerOp: wire / ops }),
  };
}

/** Agents that a measurement watches, with the side that each counts for. */
export interface Watched {
  readonly side: string;
  readonly agent: Agent;
}

/** Runs `work` and returns its answer with the cost of everybody meanwhile. */
export async function metered<T>(
  crew: Crew,
  watched: readonly Watched[],
  broker: RunningBroker,
  work: () => Promise<T>,
): Promise<{ readonly answer: T; readonly sides: readonly (readonly [string, Usage | BrokerCost])[] }> {
  const agents = watched.map(({ agent }) => agent);
  const before = await broker.cost();
  await crew.begin(agents);
  const answer = await work();
  const usages = await crew.end(agents);
  const after = await broker.cost();
  const sides: (readonly [string, Usage | BrokerCost])[] = [];
  for (const [index, usage] of usages.entries()) sides.push([watched[index]?.side ?? '', usage]);
  if (broker.address !== undefined) sides.push(['broker', { ...after, cpuUs: after.cpuUs - before.cpuUs }]);
  return { answer, sides };
}

function subjectOf(bench: string, one: Case, peer: string) {
  const payload = one.payload === undefined ? '' : payloadText(one.payload);
  return { bench, case: one.name, peer, payload, concurrency: one.concurrency };
}

/** Why an entry cannot run here, or empty. Installs the peers' packages the first time that one is asked for. */
function missing({ packages, broker }: Entry): string {
  if (broker !== undefined && broker !== 'own' && !hasProgram(broker.program)) {
    return `${broker.program} is not installed (${broker.get})`;
  }
  return packages ? installPeers() : '';
}

let installed: string | undefined;

function installPeers(): string {
  installed ??= tryInstall(join(rootDir, 'bench', 'peers'));
  return installed;
}

function tryInstall(dir: string): string {
  const lockFile = join(dir, 'package-lock.json');
  const marker = join(dir, 'node_modules', '.package-lock.json');
  const wanted = readFileSync(lockFile, 'utf8');
  if (existsSync(marker) && sameVersions(wanted, readFileSync(marker, 'utf8'))) return '';
  process.stderr.write('installing the peers into bench/peers\n');
  const { status, stderr } = spawnSync('npm', ['ci', '--prefix', dir, '--no-audit', '--no-fund'], { encoding: 'utf8' });
  if (status === 0) return '';
  const said = stderr.split('\n').filter((line) => line.startsWith('npm error '));
  return `npm ci --prefix bench/peers failed: ${said.slice(0, 4).join(' ').replaceAll('npm error ', '')}`;
}

/** npm keeps a copy of the lock beside what it installed, without the root entry and what the platform does not need. */
function sameVersions(wanted: string, got: string): boolean {
  const versions = (text: string): Record<string, { version?: string; optional?: boolean }> =>
    (JSON.parse(text) as { packages: Record<string, { version?: string; optional?: boolean }> }).packages;
  const present = versions(got);
  return Object.entries(versions(wanted)).every(
    ([path, { version, optional }]) => path === '' || optional === true || present[path]?.version === version,
  );
}
