import pc from 'picocolors';
import { nodeNames } from './children.js';
import type { View } from './process.js';

/** What the live view shows. */
export interface Shown {
  /** What the observer last said, and how long ago. */
  readonly view: View | undefined;
  readonly viewAgeMs: number;
  readonly fleet: { readonly connected: number; readonly reports: number; readonly commands: number } | undefined;
  /** Process id by node, of those that run. */
  readonly processes: ReadonlyMap<string, number>;
  readonly mqttAddress: string | undefined;
  readonly notes: readonly string[];
}

/** The observer speaks twice a second; silence of this length means that it is away. */
const staleMs = 2000;
const linesOfAlarms = 5;
const linesOfNotes = 4;
const widths = [10, 10, 18, 10, 9];

/** The live view as lines, always as many, so that nothing jumps. */
export function viewLines(shown: Shown): string[] {
  const { view, fleet } = shown;
  const seen = view?.seen ?? { reports: 0, alarms: 0, acknowledged: 0, refused: 0 };
  const devices = fleet === undefined ? 'no devices yet' : `${fleet.connected} devices at ${shown.mqttAddress ?? ''}`;
  const alarms = (view?.lastAlarms ?? []).map((alarm) => pc.red(alarm));
  return [
    pc.bold('scalebus: three node processes, twenty MQTT devices, one bus, no broker'),
    '',
    pc.dim(row('node', 'process', 'address', 'state', 'events')),
    ...nodeNames.map((name) => nodeLine(name, shown)),
    '',
    `  ${devices}, ${fleet?.reports ?? 0} reports sent, ${fleet?.commands ?? 0} commands carried out`,
    `  seen by the observer: ${seen.reports} reports, ${seen.alarms} alarms, ${seen.acknowledged} commands acknowledged, ${seen.refused} refused`,
    `  command round trip, rule to device and back: ${roundTrips(view?.lastRoundTripsMs ?? [])}`,
    '',
    pc.bold('  last alarms'),
    ...filled(alarms, linesOfAlarms),
    '',
    ...filled(
      shown.notes.map((note) => pc.dim(note)),
      linesOfNotes,
    ),
    pc.dim('  kill -9 one of the processes and watch; Ctrl-C ends everything'),
  ];
}

function nodeLine(name: string, { view, viewAgeMs, processes }: Shown): string {
  const member = view?.members.find((one) => one.name === name);
  const rate = view?.rates[name];
  const isStale = viewAgeMs > staleMs;
  const state = isStale ? 'unknown' : (member?.status ?? 'starting');
  const events = rate === undefined || isStale ? '' : `${rate.toFixed(1)}/s`;
  const line = row(name, String(processes.get(name) ?? 'ended'), member?.address ?? '', state, events);
  return state === 'alive' ? line : pc.yellow(line);
}

function row(...cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('')}`;
}

/** The last lines of a list, and empty ones where there are not so many yet. */
function filled(lines: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, index) => `  ${lines.slice(-count)[index] ?? ''}`);
}

function roundTrips(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return 'none yet';
  const sorted = [...valuesMs].toSorted((left, right) => left - right);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms of the last ${sorted.length}`;
}
