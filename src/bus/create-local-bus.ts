import { BusCore } from './bus-core.js';
import type { EventBus, EventBusDeps, EventBusOptions } from './event-bus.js';

/** Makes a bus for one process. It has nothing to start; `stop` ends every subscription. */
export function createLocalBus(deps: EventBusDeps, options: EventBusOptions = {}): EventBus & { stop(): void } {
  const core = new BusCore(deps, options);
  return Object.assign(core, { stop: (): void => core.end() });
}
