import type { SimOutcome, SimScenario } from '../sim-scenario.js';
import { MembershipRun } from './membership-run.js';

/**
 * Membership under everything that a seed draws, then a quiet network: after it every running node knows exactly the running nodes,
 * within a time that follows from the options, and stays so. Production driver, machine and codec.
 */
export const membershipScenario: SimScenario = {
  name: 'membership',
  summary:
    'membership alone: loss, partitions, crashes, restarts, stalls, io-blocks; nine invariants, then one view in time',
  run: (seed): Promise<SimOutcome> => new MembershipRun(seed).run(),
};
