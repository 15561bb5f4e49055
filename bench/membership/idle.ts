/** T8, T10 in part: what a settled cluster costs: datagrams, bytes, processor time of the machine, memory of a known member. */
import { Lab } from './lab.js';
import type { Extent } from './main.js';
import type { Teller } from './tell.js';

/** Sweeps sizes. */
export function idle(tell: Teller, extent: Extent): void {
  for (const n of extent.smoke ? [16] : extent.full ? [16, 128, 1000, 10_000] : [16, 128, 1000]) {
    const before = process.memoryUsage();
    const lab = new Lab({ nodes: n, seed: 8 });
    lab.run(15_000);
    const after = process.memoryUsage();
    const seconds = extent.smoke ? 5 : n >= 10_000 ? 20 : 60;
    const [sent, bytes, cpu] = [lab.sent, lab.sentBytes, process.cpuUsage()];
    const asked = pullsOf(lab);
    lab.run(seconds * 1000);
    const { user, system } = process.cpuUsage(cpu);
    const about = { n, seeds: 1 };
    const perNode = (value: number): number => value / (n * seconds);
    tell.figure({
      metric: 'datagrams / node / s',
      value: perNode(lab.sent - sent),
      target: 2.001,
      reference: 2,
      ...about,
    });
    tell.figure({
      metric: 'payload bytes / node / s',
      value: perNode(lab.sentBytes - bytes),
      target: 90,
      reference: 93,
      ...about,
    });
    // What agrees is compared by six bytes on each acknowledgement; a pull would be a datagram of its own.
    tell.figure({ metric: 'pulls / node / s in sync', value: perNode(pullsOf(lab) - asked), target: 0, ...about });
    tell.figure({
      metric: 'processor ms / node / s',
      value: perNode((user + system) / 1000),
      target: 1,
      reference: 0.43,
      note: 'machine and simulation, without sockets',
      ...about,
    });
    if (n < 1000) continue;
    const grown =
      after.heapUsed + after.external + after.arrayBuffers - before.heapUsed - before.external - before.arrayBuffers;
    tell.figure({ metric: 'memory bytes / node and known member', value: grown / (n * n), target: 300, ...about });
  }
}

function pullsOf(lab: Lab): number {
  return lab.nodes.reduce((sum, { machine }) => sum + machine.counts['sync-asked'], 0);
}
