import type { SimScenario } from '../sim-scenario.js';
import { runBusSeed } from './run-bus-seed.js';

/** Buses on memory links, without the rest of a node: what only whole nodes can show is the node scenario's. */
export const busScenario: SimScenario = {
  name: 'bus',
  summary: 'publish, subscribe and lose links, nodes and patience; every event is accounted for',
  run: (seed) => runBusSeed(seed),
};
