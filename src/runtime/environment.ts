import type { HostResolver } from '../cluster/membership/seeds.js';
import type { Clock } from '../core/clock.js';
import type { WireVersions } from '../core/limits.js';
import type { Logger } from '../core/logger.js';
import type { Random } from '../core/random.js';
import type { Connections } from '../spi/connections.js';
import type { Datagrams } from '../spi/datagrams.js';
import type { Metrics } from '../spi/metrics.js';
import type { Cipher, Secrets } from '../spi/secrets.js';

/** The world of one node. `createNode()` gives the machine's, the simulator gives a simulated one; the assembly is the same. */
export interface NodeEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly cipher: Cipher;
  /** Looks seeds up; without one their names go to the sockets as they are. */
  readonly resolver?: HostResolver;
  readonly datagrams: Datagrams;
  readonly connections: Connections;
  /** Plain connections for devices, whatever the links use. */
  readonly deviceConnections: Connections;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What this node speaks, where a simulation has builds of several versions side by side; what this build speaks when absent. */
  readonly wireVersions?: WireVersions;
  /** The address that others reach this machine by, when a node listens on every address and advertises none. */
  readonly publicHost: () => string;
}

/** The wire versions that a node plays, when it is made to play other ones than this build's. */
export function versionsOf({ wireVersions }: NodeEnvironment): Pick<NodeEnvironment, 'wireVersions'> {
  return wireVersions === undefined ? {} : { wireVersions };
}
