/** Tables for people, from lines. */
import type { FigureLine, GoalLine, Line } from './lines.js';

/** Aligns columns; the first two to the left, figures to the right. */
export function alignRows(rows: readonly (readonly string[])[], left = 2): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index < left ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The columns of a figure line, in order: heading and cell. */
export function figureCells(lines: readonly FigureLine[]): { head: string[]; rows: string[][] } {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line.figures ?? {})))];
  const columns: readonly (readonly [string, (line: FigureLine) => string])[] = [
    ['case', (line) => line.case],
    ['peer', (line) => line.peer],
    ['rounds', (line) => line.rounds.toString()],
    ['ops/s', (line) => amount(line.opsPerSec)],
    ['±%', (line) => percent(line.spread)],
    ['p50 us', (line) => amount(line.p50us)],
    ['p99 us', (line) => amount(line.p99us)],
    ['p99.9 us', (line) => amount(line.p999us)],
    ['CPU us/op', (line) => amount(line.cpuUsPerOp)],
    ['RSS MiB', (line) => amount(line.rssPeakMiB)],
    ['wire B/op', (line) => amount(line.wireBytesPerOp)],
    ['of limit', (line) => amount(line.ratioToLimit)],
    ...names.map((name) => [name, (line: FigureLine) => amount(line.figures?.[name])] as const),
  ];
  const used = columns.filter(([, cell], index) => index < 2 || lines.some((line) => cell(line) !== ''));
  return {
    head: used.map(([head]) => head),
    rows: lines.map((line) => used.map(([, cell]) => cell(line))),
  };
}

/** Who is missing and why: a line for each case and reason, however many it is about. */
export function absentTexts(lines: readonly Line[]): string[] {
  const groups = new Map<string, { readonly name: string; readonly text: string; readonly peers: string[] }>();
  for (const line of lines) {
    if (line.kind !== 'skipped' && line.kind !== 'failed') continue;
    const { case: name, peer } = line;
    const text = `${line.kind}: ${line.why.split('\n')[0] ?? ''}`;
    const key = `${name}\n${text}`;
    const group = groups.get(key) ?? { name, text, peers: [] };
    group.peers.push(peer);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ name, text, peers }) => `${name}, ${peers.join(', ')}: ${text}`);
}

/** The text for a terminal: figures, goals, and who is missing. */
export function tableText(lines: readonly Line[]): string {
  const figures = lines.filter((line) => line.kind === 'figure');
  const parts: string[] = [];
  if (figures.length > 0) {
    const { head, rows } = figureCells(figures);
    parts.push(alignRows([head, ...rows]));
  }
  const goals = lines.filter((line) => line.kind === 'goal');
  if (goals.length > 0) parts.push(alignRows([goalHead, ...goals.map(goalCells)]));
  const absent = absentTexts(lines);
  if (absent.length > 0) parts.push(absent.join('\n'));
  return parts.join('\n\n');
}

/** Headings of goal rows. */
export const goalHead: readonly string[] = ['case', 'goal', 'value', 'target', 'met'];

/** One goal as cells. */
export function goalCells(line: GoalLine): string[] {
  const { case: name, metric, value, target, met } = line;
  return [name, metric, amount(value), amount(target), met ? 'yes' : 'no'];
}

/** A figure as people read it: 1.23M, 45.6k, 0.78. */
export function amount(value: number | undefined): string {
  if (value === undefined) return '';
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return size >= 1000 ? Math.round(value).toString() : trim(value);
}

function trim(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : Math.round(value * 100).toString();
}
