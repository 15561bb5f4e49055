import pc from 'picocolors';
import type { Fleet } from './devices.js';
import type { View } from './process.js';

/** The live view as lines. */
export function viewLines(view: View | undefined, fleet: Fleet | undefined, notes: readonly string[]): string[] {
  const lines = [pc.bold('scalebus: three nodes, twenty MQTT devices, one bus'), ''];
  if (view === undefined) return [...lines, 'starting ...', ...lastNotes(notes)];
  for (const member of [...view.members].toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const status = member.status === 'alive' ? pc.green(member.status) : pc.yellow(member.status);
    const rate = view.rates[member.name];
    lines.push(
      `  ${member.name.padEnd(10)} ${member.address.padEnd(18)} ${status.padEnd(18)} ${rate === undefined ? '' : `${rate.toFixed(1)} events/s`}`,
    );
  }
  const { reports, alarms, acknowledged, refused } = view.seen;
  lines.push('', `  ${reports} reports, ${alarms} alarms, ${acknowledged} commands acknowledged, ${refused} refused`);
  if (fleet !== undefined) lines.push(`  ${fleet.connected} devices connected, ${fleet.reports} reports sent`);
  lines.push(`  command round trip: ${roundTrips(view.lastRoundTripsMs)}`, '', pc.bold('  last alarms'));
  for (const alarm of view.lastAlarms) lines.push(`  ${pc.red(alarm)}`);
  return [...lines, '', ...lastNotes(notes), pc.dim('  Ctrl-C ends it; kill -9 one of the processes and watch')];
}

function lastNotes(notes: readonly string[]): string[] {
  return notes.slice(-4).map((note) => pc.dim(`  ${note}`));
}

function roundTrips(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return 'none yet';
  const sorted = [...valuesMs].toSorted((left, right) => left - right);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms of the last ${sorted.length}`;
}
