/** The result lines: one JSON object each, printed and kept in bench/results. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { rootDir } from './paths.js';
import { median, spread, tidyNumber } from './stats.js';

/** Where and with what a run was made. */
export interface Machine {
  /** Commit of the checkout, with `+` when it has changes. */
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  /** Wall time of the run, for people. */
  readonly at: string;
}

/** One figure line: a bench, a case, a contender. Figures that were not measured are absent. */
export interface FigureLine extends Machine {
  readonly kind: 'figure';
  readonly bench: string;
  readonly case: string;
  readonly peer: string;
  readonly payload: string;
  readonly concurrency: number;
  readonly rounds: number;
  readonly opsPerSec?: number;
  /** (largest - smallest) / median over the rounds. */
  readonly spread?: number;
  readonly p50us?: number;
  readonly p99us?: number;
  readonly p999us?: number;
  /** CPU seconds for a million operations, all sides together. */
  readonly cpuUsPerOp?: number;
  readonly cpuUsPerOpBySide?: Readonly<Record<string, number>>;
  /** Largest of all processes of the contender. */
  readonly rssPeakMiB?: number;
  readonly wireBytesPerOp?: number;
  readonly ratioToLimit?: number;
  /** Figures of this bench alone, by name with unit. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** A contender that was not measured, and why: absent server, or a failure. */
export interface AbsentLine extends Machine {
  readonly kind: 'skipped' | 'failed';
  readonly bench: string;
  readonly case: string;
  readonly peer: string;
  readonly why: string;
}

/** A figure that has a goal. */
export interface GoalLine extends Machine {
  readonly kind: 'goal';
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly target: number;
  readonly met: boolean;
}

/** Any line. */
export type Line = FigureLine | AbsentLine | GoalLine;

/** What one round of one contender gave. */
export interface Round {
  readonly opsPerSec?: number;
  readonly p50us?: number;
  readonly p99us?: number;
  readonly p999us?: number;
  readonly cpuUsPerOpBySide?: Readonly<Record<string, number>>;
  readonly rssPeakMiB?: number;
  readonly wireBytesPerOp?: number;
  readonly figures?: Readonly<Record<string, number>>;
}

/** Who and what a line is about. */
export interface Subject {
  readonly bench: string;
  readonly case: string;
  readonly peer: string;
  readonly payload: string;
  readonly concurrency: number;
}

/** Makes the line of several rounds: the median of each figure. */
export function figureLine(
  machine: Machine,
  subject: Subject,
  rounds: readonly Round[],
  limitOpsPerSec?: number,
): FigureLine {
  const rates = present(rounds.map((round) => round.opsPerSec));
  const bySide = merge(rounds.map((round) => round.cpuUsPerOpBySide));
  const figures = merge(rounds.map((round) => round.figures));
  const opsPerSec = middle(rates);
  const sum = Object.values(bySide).reduce((total, value) => total + value, 0);
  return {
    kind: 'figure',
    ...subject,
    rounds: rounds.length,
    ...given('opsPerSec', opsPerSec),
    ...given('spread', rates.length === 0 ? undefined : tidyNumber(spread(rates))),
    ...given('p50us', middle(present(rounds.map((round) => round.p50us)))),
    ...given('p99us', middle(present(rounds.map((round) => round.p99us)))),
    ...given('p999us', middle(present(rounds.map((round) => round.p999us)))),
    ...given('cpuUsPerOp', sum === 0 ? undefined : tidyNumber(sum)),
    ...(sum === 0 ? {} : { cpuUsPerOpBySide: bySide }),
    ...given('rssPeakMiB', middle(present(rounds.map((round) => round.rssPeakMiB)))),
    ...given('wireBytesPerOp', middle(present(rounds.map((round) => round.wireBytesPerOp)))),
    ...given('ratioToLimit', ratio(opsPerSec, limitOpsPerSec)),
    ...(Object.keys(figures).length === 0 ? {} : { figures }),
    ...machine,
  };
}

/** Describes this machine and checkout. */
export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    commit: commitOf(),
    node: process.version,
    cpu: (first?.model ?? 'unknown').replace(/\s+/g, ' ').trim(),
    cores: cpus().length,
    platform: `${platform()} ${arch()}`,
    at: new Date().toISOString(),
  };
}

const resultsDir = join(rootDir, 'bench', 'results');

/** Keeps lines in bench/results, one file for each bench. */
export function keepLines(bench: string, lines: readonly Line[]): void {
  if (lines.length === 0) return;
  mkdirSync(resultsDir, { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  appendFileSync(join(resultsDir, `${bench}.jsonl`), text);
}

/** Reads all kept lines, oldest first within a bench; lines of another shape are left out. */
export function readLines(): Line[] {
  let files: string[];
  try {
    files = readdirSync(resultsDir).filter((file) => file.endsWith('.jsonl'));
  } catch {
    // Nothing was measured yet.
    return [];
  }
  return files.toSorted().flatMap((file) => parseLines(readFileSync(join(resultsDir, file), 'utf8')));
}

/** Reads JSON lines; what is not one of ours is left out. */
export function parseLines(text: string): Line[] {
  return text.split('\n').flatMap((row) => {
    if (row.trim() === '') return [];
    try {
      const value: unknown = JSON.parse(row);
      return isLine(value) ? [value] : [];
    } catch {
      // A run that was killed may leave half a line.
      return [];
    }
  });
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, bench } = value as { readonly kind?: unknown; readonly bench?: unknown };
  const kinds: readonly unknown[] = ['figure', 'skipped', 'failed', 'goal'];
  return kinds.includes(kind) && typeof bench === 'string';
}

function commitOf(): string {
  try {
    const git = (...args: readonly string[]): string =>
      execFileSync('git', args, { cwd: rootDir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const dirty = git('status', '--porcelain', '--untracked-files=no').trim() !== '';
    return git('rev-parse', '--short', 'HEAD').trim() + (dirty ? '+' : '');
  } catch {
    // A tarball has no history.
    return 'unknown';
  }
}

function ratio(value: number | undefined, limit: number | undefined): number | undefined {
  return value === undefined || limit === undefined ? undefined : tidyNumber(value / limit);
}

function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function middle(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : tidyNumber(median(values));
}

function given<Key extends string>(key: Key, value: number | undefined): { [K in Key]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: number };
}

function merge(records: readonly (Readonly<Record<string, number>> | undefined)[]): Record<string, number> {
  const keys = new Set(records.flatMap((record) => Object.keys(record ?? {})));
  return Object.fromEntries(
    [...keys].map((key) => [key, tidyNumber(median(present(records.map((record) => record?.[key]))))]),
  );
}
