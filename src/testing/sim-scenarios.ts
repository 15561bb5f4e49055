import { nodeScenario } from './node-scenario.js';
import type { SimScenario } from './sim-scenario.js';
/** All. */
export const simScenarios: readonly SimScenario[] = [nodeScenario];
