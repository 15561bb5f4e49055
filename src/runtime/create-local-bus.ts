import { createLocalBus as createBus } from '../bus/create-local-bus.js';
import type { EventBus, EventBusOptions } from '../bus/event-bus.js';
import type { Clock } from '../core/clock.js';
import { type Logger, silentLogger } from '../core/logger.js';
import type { Random } from '../core/random.js';
import { checkBusOptions } from './bus-options.js';
import { NodeClock } from './node-clock.js';
import { createNodeRandom } from './node-random.js';
import { checkLocalBusKinds } from './option-kinds.js';

/** What a bus of one process may be given. */
export interface LocalBusOptions extends EventBusOptions {
  /** What its events name as their `source`. @defaultValue 'local' */
  readonly name?: string;
  /** Gets what handlers throw. @defaultValue says nothing */
  readonly logger?: Logger;
  /** For tests on a time of their own. @defaultValue this machine's */
  readonly clock?: Clock;
  /** For tests: decides between members of a group. @defaultValue this machine's */
  readonly random?: Random;
}

/**
 * Makes an event bus of this process alone, without a node: no port is opened and there is nothing to start. It keeps the whole contract
 * of a node's bus. `stop` ends every subscription. Throws `invalid-options`.
 */
export function createLocalBus(options: LocalBusOptions = {}): EventBus & { stop(): void } {
  checkLocalBusKinds(options);
  const { name = 'local', logger = silentLogger, clock = new NodeClock(), random = createNodeRandom() } = options;
  const { hooks, checkValues = false } = options;
  const busOptions = checkBusOptions(hooks === undefined ? { checkValues } : { checkValues, hooks });
  // The bus ends with its process, so there is one life of it.
  const bus = createBus({ clock, random, logger, self: { name, epoch: 1 } }, busOptions);
  bus.onFault(({ subscription, error }) => logger.error('a fault of the bus', { subscription, error }));
  return bus;
}
