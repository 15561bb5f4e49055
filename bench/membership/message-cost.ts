/** What a message costs its receiver: in every model of this bench, and measured. */
import { Lab } from './lab.js';

/**
 * The one cost of receiving a message, for every configuration. Found by search: from 7 to 11 us Lifeguard's false positives are the
 * share of SWIM's that the gate asks for (`interval`); our code needs 5 to 6 us, without a system call.
 */
export const messageCostMs = 0.008;

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
