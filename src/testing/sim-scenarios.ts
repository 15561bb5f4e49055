import { busScenario } from './bus/bus-scenario.js';
import { eventScenario } from './event-scenario.js';
import { membershipScenario } from './membership/membership-scenario.js';
import { nodeScenario } from './node-scenario.js';
import { runRpcSeed } from './rpc/rpc-seed.js';
import type { SimScenario } from './sim-scenario.js';

/** Calls of every kind on links in memory, see rpc/rpc-seed.ts. */
const callScenario: SimScenario = {
  name: 'calls',
  summary:
    'calls under lost links, delays, cuts, congestion and restarts: settled in time, run at most once, nothing leaks',
  run: async (seed) => {
    const { violations, fingerprint, outcomes } = await runRpcSeed(seed);
    return { ok: violations.length === 0, faults: violations, fingerprint, counts: outcomes };
  },
};

/** The scenarios that `npm run sim` runs when it is given none: every seed of them has to pass. */
export const simScenarios: readonly SimScenario[] = [
  nodeScenario,
  membershipScenario,
  callScenario,
  busScenario,
  eventScenario,
];

/** Scenarios that run when they are named: they still find what is not understood, and a gate that is known to fail guards nothing. */
export const openScenarios: readonly SimScenario[] = [];
