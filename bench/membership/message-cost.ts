/** What our code needs for one message, measured: a settled cluster of 128 without faults. */
import { Lab } from './lab.js';

/** Microseconds of processor time for one datagram: sent, received and answered, timers and the simulation's own cost included. */
export function measureMessageCostUs(): number {
  const lab = new Lab({ nodes: 128, seed: 9 });
  lab.run(20_000);
  const before = process.cpuUsage();
  const sentBefore = lab.sent;
  lab.run(60_000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (lab.sent - sentBefore);
}
