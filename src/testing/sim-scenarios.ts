import { membershipScenario } from './membership/membership-scenario.js';
import { nodeScenario } from './node-scenario.js';
import type { SimScenario } from './sim-scenario.js';
/** All. */
export const simScenarios: readonly SimScenario[] = [nodeScenario, membershipScenario];
