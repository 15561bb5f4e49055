/**
 * `npm start`: three node processes, twenty MQTT devices, a rule, and what the observer sees. A process that dies is started again
 * under its name. `--once` ends by itself when enough has crossed the cluster, and prints a summary as JSON.
 */
import { createLogUpdate } from 'log-update';
import { type Fleet, startFleet } from './devices.js';
import type { View } from './process.js';
import { startChildren } from './children.js';
import { viewLines } from './view.js';

const once = process.argv.includes('--once');
const goal = { reports: 100, alarms: 5, acknowledged: 5 };
const onceTimeoutMs = 60_000;

const startedMs = Date.now();
const screen = createLogUpdate(process.stdout);
const notes: string[] = [];
let view: View | undefined;
let viewAtMs = startedMs;
let fleet: Fleet | undefined;
let ending: Promise<void> | undefined;

const children = startChildren({
  onNote: (note) => {
    notes.push(note);
    if (once) process.stderr.write(`${note}\n`);
  },
  onMqtt: (address) => {
    fleet ??= startFleet({ url: `mqtt://${address}`, count: 20 });
  },
  onView: (latest) => {
    view = latest;
    viewAtMs = Date.now();
    if (once) checkGoal();
  },
});
const drawing = once ? undefined : setInterval(draw, 500);

const deadline = once
  ? setTimeout(() => end(1, `not reached within ${onceTimeoutMs / 1000} s`), onceTimeoutMs)
  : undefined;
process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));

function checkGoal(): void {
  const seen = view?.seen;
  if (seen === undefined) return;
  if (seen.reports >= goal.reports && seen.alarms >= goal.alarms && seen.acknowledged >= goal.acknowledged) end(0);
}

function end(code: number, reason?: string): void {
  ending ??= stop(code, reason);
}

async function stop(code: number, reason: string | undefined): Promise<void> {
  clearTimeout(deadline);
  clearInterval(drawing);
  const last = view;
  await fleet?.stop();
  await children.stop();
  screen.done();
  if (once) console.log(JSON.stringify(summarize(last, code, reason), undefined, 2));
  process.exit(code);
}

function summarize(last: View | undefined, code: number, reason: string | undefined): object {
  const sorted = [...(last?.lastRoundTripsMs ?? [])].toSorted((left, right) => left - right);
  return {
    ok: code === 0,
    ...(reason === undefined ? {} : { reason, goal }),
    ...last?.seen,
    members: last?.members.map((member) => `${member.name} ${member.status}`).toSorted() ?? [],
    commandMedianMs: sorted[Math.floor(sorted.length / 2)],
    tookMs: Date.now() - startedMs,
  };
}

function draw(): void {
  const viewAgeMs = Date.now() - viewAtMs;
  const { processes, mqttAddress } = children;
  const lines = viewLines({ view, viewAgeMs, fleet, processes, mqttAddress, notes });
  // A frame as a whole: what is only patched may leave parts of lines behind.
  screen.clear();
  screen(lines.join('\n'));
}
