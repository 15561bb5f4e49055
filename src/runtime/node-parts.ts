import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Random } from '../core/random.js';
import type { Connections } from '../spi/connections.js';

/** What a gateway or a rule runner built on a node takes from it. For extenders. */
export interface NodeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Plain connections, whatever the links use: devices have listeners of their own. */
  readonly deviceConnections: Connections;
}
