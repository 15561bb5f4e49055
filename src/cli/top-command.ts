import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { NodeStats } from '../runtime/node-stats.js';
import type { GuestWork } from './guest-commands.js';
import { toJson } from './terminal.js';

/** How often the live view asks. */
const topPeriodMs = 1000;

/** `scalebus top`: members, links, subscriptions and topics by rate, once or until stopped. */
export async function showTop({ guest, terminal, json }: GuestWork, once: boolean): Promise<void> {
  const update = createLogUpdate(process.stdout);
  let before: Sample | undefined;
  while (!terminal.signal.aborted) {
    const sample: Sample = { atMs: performance.now(), stats: await guest.stats() };
    if (json) terminal.line(toJson(sample.stats));
    else if (once) for (const line of topLines(sample, before)) terminal.line(line);
    else update(topLines(sample, before).join('\n'));
    before = sample;
    if (once) return;
    await pause(topPeriodMs, terminal.signal);
  }
  update.done();
}

interface Sample {
  readonly atMs: number;
  readonly stats: NodeStats;
}

/** The view as lines: rates are per second since the sample before. */
export function topLines(sample: Sample, before: Sample | undefined): string[] {
  const { stats } = sample;
  const seconds = before === undefined ? undefined : (sample.atMs - before.atMs) / 1000;
  const rate = (count: number, earlier: number | undefined): string =>
    seconds === undefined || earlier === undefined ? '     ' : ((count - earlier) / seconds).toFixed(1).padStart(8);
  const topics = stats.topics.map(({ topic, count }) => {
    const earlier = before?.stats.topics.find((one) => one.topic === topic)?.count;
    return `  ${rate(count, earlier)}/s ${topic}`;
  });
  const subscriptions = stats.subscriptions.map((one) => {
    const earlier = before?.stats.subscriptions.find((other) => other.id === one.id)?.received;
    return `  ${rate(one.received, earlier)}/s ${one.id} ${pc.dim(one.patterns.join(' '))} ${one.dropped > 0 ? pc.red(`${one.dropped} dropped`) : ''}`;
  });
  return [
    pc.bold(`members of ${stats.name}`),
    ...stats.members.map((member) => `  ${member.name} ${member.address} ${member.status}`),
    pc.bold('links'),
    ...stats.links.map((link) => `  ${link.peer} ${link.role} ${link.bufferedBytes} B buffered`),
    pc.bold('subscriptions'),
    ...subscriptions,
    pc.bold('topics'),
    ...topics,
  ];
}

function pause(periodMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, periodMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
