import pc from 'picocolors';
import type { BusLinkInfo } from '../bus/link-info.js';
import { after, type Clock, type MonotonicMs } from '../core/clock.js';
import type { NodeStats } from '../runtime/node-stats.js';
import type { GuestWork } from './guest-commands.js';
import type { SubscriptionTiming } from '../spi/bus.js';
import { toJson } from './terminal.js';

/** How often the live view asks. */
const topPeriodMs = 1000;

/** `scalebus top`: members, links, subscriptions and topics by rate, once or until stopped. */
export async function showTop({ guest, terminal, json }: GuestWork, once: boolean): Promise<void> {
  const { clock, signal } = terminal;
  let before: TopSample | undefined;
  while (!signal.aborted) {
    const sample: TopSample = { at: clock.now(), stats: await guest.stats() };
    // A node counts topics from the first question on, and a rate needs two samples: the only one shown is the second.
    const isShown = !once || before !== undefined;
    if (isShown && json) terminal.line(toJson(sample.stats));
    else if (isShown && once) for (const line of topLines(sample, before)) terminal.line(line);
    else if (isShown) terminal.show(topLines(sample, before));
    before = sample;
    if (once && isShown) return;
    await pause(clock, signal);
  }
}

/** A node's counters and when they were read. */
export interface TopSample {
  readonly at: MonotonicMs;
  readonly stats: NodeStats;
}

/** The view as lines: rates are per second since the sample before. */
export function topLines(sample: TopSample, before: TopSample | undefined): string[] {
  const { stats } = sample;
  const seconds = before === undefined ? undefined : (sample.at - before.at) / 1000;
  const rate = (count: number, earlier: number | undefined): string =>
    seconds === undefined || earlier === undefined ? '       -' : ((count - earlier) / seconds).toFixed(1).padStart(8);
  const topics = stats.topics.map(({ topic, count }) => {
    const earlier =
      before === undefined ? undefined : (before.stats.topics.find((one) => one.topic === topic)?.count ?? 0);
    return `  ${rate(count, earlier)}/s ${topic}`;
  });
  const subscriptions = stats.subscriptions.map((one) => {
    const earlier = before?.stats.subscriptions.find((other) => other.id === one.id)?.received;
    const dropped = one.dropped > 0 ? pc.red(` ${one.dropped} dropped`) : '';
    return `  ${rate(one.received, earlier)}/s ${one.id} ${pc.dim(one.patterns.join(' '))}${dropped}${timingText(one.timing)}`;
  });
  return [
    pc.bold(`members of ${stats.name}`),
    ...stats.members.map((member) => `  ${member.name} ${member.address} ${member.status}`),
    pc.bold('links'),
    ...stats.links.map((link) => `  ${link.peer} ${link.role} ${link.bufferedBytes} B buffered`),
    pc.bold('events to nodes'),
    ...stats.lanes.map((lane) => {
      const earlier = before?.stats.lanes.find((other) => other.node === lane.node)?.sent;
      return `  ${rate(lane.sent, earlier)}/s ${laneText(lane)}`;
    }),
    pc.bold('subscriptions'),
    ...subscriptions,
    pc.bold('topics'),
    ...topics,
  ];
}

function timingText(timing: SubscriptionTiming | undefined): string {
  if (timing === undefined) return '';
  const [lag, handler] = [timing.lagMsMean, timing.handlerMsMean].map((ms) => ms.toFixed(1));
  return ` waits ${lag} ms, handler ${handler} ms`;
}

function laneText({ node, linked, inFlight, heldBytes, dropped, resent }: BusLinkInfo): string {
  const down = linked ? '' : ' without a link';
  const lost = dropped > 0 ? pc.red(` ${dropped} dropped`) : '';
  return `${node}${down} ${inFlight} unacknowledged ${heldBytes} B held ${resent} sent again${lost}`;
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(after(clock.now(), topPeriodMs), finish);
    signal.addEventListener('abort', finish);
  });
}
