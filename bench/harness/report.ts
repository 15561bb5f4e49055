/** `npm run bench -- report`: bench/README.md and its plots from the newest lines of bench/results. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../contender.js';
import { programVersion } from './broker.js';
import { rootDir } from './paths.js';
import { digestText, withDigest } from './digest.js';
import type { FigureLine, GoalLine, Line } from './lines.js';
import { roundsMin } from './schedule.js';
import { type BarGroup, plotSvg } from './svg.js';
import { absentTexts, amount, figureCells, goalCells, goalHead } from './table.js';

/** What the report is made of. */
export interface ReportInput {
  readonly lines: readonly Line[];
  readonly benches: readonly { readonly name: string; readonly summary: string }[];
  readonly entries: readonly Entry[];
  /** Versions of the peers' packages by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What the servers of the peers say of their versions. */
  readonly servers?: readonly string[];
}

/** A file of the report, by its path from the folder `bench`. */
export interface ReportFile {
  readonly path: string;
  readonly text: string;
}

/** Makes the files; writes nothing. */
export function makeReport({ lines, benches, entries, versions, servers = [] }: ReportInput): ReportFile[] {
  const newest = newestLines(lines);
  const files: ReportFile[] = [];
  const parts = [head(newest), `## At a glance\n\n${digestText(newest)}`];
  for (const { name, summary } of benches) {
    const mine = newest.filter((line) => line.bench === name);
    if (mine.length === 0) continue;
    parts.push(`## ${name}\n\n${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}. \`npm run bench -- ${name}\`.`);
    const figures = mine.filter((line) => line.kind === 'figure');
    for (const plot of plotsOf(name, figures)) {
      files.push(plot);
      parts.push(`![${name}](${plot.path})`);
    }
    if (figures.length > 0) parts.push(figureTable(figures));
    const goals = mine.filter((line) => line.kind === 'goal');
    if (goals.length > 0) parts.push(goalTable(goals));
    const absent = absentTexts(mine).map((text) => `- ${text}`);
    if (absent.length > 0) parts.push(absent.join('\n'));
  }
  parts.push(settingsText(entries, newest, versions));
  if (servers.length > 0) parts.push(`Servers on the machine of this report: ${servers.join('; ')}.`);
  files.push({ path: 'README.md', text: `${parts.join('\n\n')}\n` });
  return files;
}

/** Writes the report of the lines that were kept. Returns the paths. */
export function writeReport(input: Omit<ReportInput, 'versions' | 'servers'>): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(rootDir, 'bench/peers/package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const files = makeReport({ ...input, versions: dependencies, servers: serverVersions(input.entries) });
  const plots = join(rootDir, 'bench/plots');
  mkdirSync(plots, { recursive: true });
  for (const file of readdirSync(plots)) if (file.endsWith('.svg')) rmSync(join(plots, file));
  const readme = join(rootDir, 'README.md');
  writeFileSync(readme, withDigest(readFileSync(readme, 'utf8'), digestText(newestLines(input.lines))));
  for (const { path, text } of files) writeFileSync(join(rootDir, 'bench', path), text);
  return ['README.md', ...files.map(({ path }) => `bench/${path}`)];
}

function serverVersions(entries: readonly Entry[]): string[] {
  const programs = new Set(entries.flatMap(({ broker }) => (typeof broker === 'object' ? [broker.program] : [])));
  return [...programs].map(programVersion).filter((version) => version !== '');
}

/**
 * The newest run of each bench and case: a run's lines stay together, so that ratios are of one run. A run that measured scalebus in
 * fewer rounds than a budget leaves it was somebody's quick look, and is not reported.
 */
export function newestLines(lines: readonly Line[]): Line[] {
  const newest = new Map<string, string>();
  const key = (line: Line): string => `${line.bench}\n${line.case}`;
  const quick = new Set(lines.filter(isQuick).map((line) => `${key(line)}\n${line.at}`));
  const kept = lines.filter((line) => !quick.has(`${key(line)}\n${line.at}`));
  for (const line of kept) {
    const known = newest.get(key(line)) ?? '';
    if (line.at > known) newest.set(key(line), line.at);
  }
  return kept.filter((line) => newest.get(key(line)) === line.at);
}

function isQuick(line: Line): boolean {
  return line.kind === 'figure' && line.peer.startsWith('scalebus') && line.rounds < roundsMin;
}

function head(lines: readonly Line[]): string {
  const intro = [
    '# Bench',
    '',
    '<!-- Written by `npm run bench -- report` from bench/results; a change by hand is lost. -->',
    '',
    'Figures of scalebus, of the bare sockets of Node (`limit`) and of other systems, each from one run on one machine: compare',
    'inside a table, never across machines. How it is measured: [docs/internals/performance.md](../docs/internals/performance.md).',
    'Run it yourself: `npm run bench -- <name> --peers all`; `npm run bench -- --list` names benches and contenders.',
  ];
  if (lines.length === 0) return [...intro, '', 'Nothing was measured yet.'].join('\n');
  const machines = new Set(
    lines.map(({ cpu, cores, platform, node, commit, at }) =>
      [`- ${cpu}, ${cores} cores, ${platform}, Node ${node}`, `commit ${commit}, ${at.slice(0, 10)}`].join('; '),
    ),
  );
  return [...intro, '', 'Measured on:', '', ...machines].join('\n');
}

function plotsOf(bench: string, figures: readonly FigureLine[]): ReportFile[] {
  const groups = groupsOf(figures, (line) => line.opsPerSec);
  const delays = groupsOf(figures, (line) => (bench === 'latency' ? line.p99us : undefined));
  return [
    ...(groups.length === 0
      ? []
      : [
          {
            path: `plots/${bench}.svg`,
            text: plotSvg({ title: `${bench}: operations a second`, groups, scale: 'log' }),
          },
        ]),
    ...(delays.length === 0
      ? []
      : [
          {
            path: `plots/${bench}-p99.svg`,
            text: plotSvg({ title: `${bench}: p99, us`, groups: delays, scale: 'log' }),
          },
        ]),
  ];
}

function groupsOf(figures: readonly FigureLine[], value: (line: FigureLine) => number | undefined): BarGroup[] {
  const names = [...new Set(figures.map((line) => line.case))];
  return names.flatMap((title) => {
    const bars = figures.flatMap((line) => {
      const found = value(line);
      return line.case === title && found !== undefined
        ? [{ label: line.peer, value: found, text: amount(found) }]
        : [];
    });
    return bars.length === 0 ? [] : [{ title, bars }];
  });
}

function figureTable(figures: readonly FigureLine[]): string {
  const { head: headings, rows } = figureCells(figures);
  return markdown(headings, rows, 2);
}

function goalTable(goals: readonly GoalLine[]): string {
  return markdown(goalHead, goals.map(goalCells), 2);
}

function markdown(headings: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = headings.map((_, index) => (index < left ? '---' : '---:'));
  return [row(headings), row(rule), ...rows.map(row)].join('\n');
}

function settingsText(
  entries: readonly Entry[],
  lines: readonly Line[],
  versions: Readonly<Record<string, string>>,
): string {
  const used = entries.filter(({ name }) => lines.some((line) => 'peer' in line && line.peer === name));
  const settings = used.map(({ name, settings: text }) => `- ${name}: ${text}`);
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    '## Settings',
    '',
    'Each system runs at the settings that its own documents advise for speed.',
    ...(settings.length === 0 ? [] : ['', ...settings]),
    '',
    `Packages of the peers, locked in bench/peers: ${packages.join(', ')}.`,
  ].join('\n');
}
