import { silentLogger } from '../../src/core/logger.js';
import { connectGuestIn, type GuestOptions } from '../../src/runtime/connect-guest.js';
import type { GuestNode } from '../../src/runtime/guest-node.js';
import { NodeCipher } from '../../src/runtime/node-cipher.js';
import { NodeSecrets } from '../../src/runtime/node-secrets.js';
import { noMetrics } from '../../src/spi/no-metrics.js';
import type { SimCluster } from '../../src/testing/sim-cluster.js';

/** Attaches a guest from a machine of its own. */
export function attachGuest(
  cluster: SimCluster,
  key: Uint8Array | undefined,
  options: GuestOptions,
): Promise<GuestNode> {
  const machine = cluster.network.machine('laptop');
  const environment = {
    clock: machine.clock,
    random: cluster.simulator.random.fork('laptop'),
    secrets: new NodeSecrets(),
    cipher: new NodeCipher(),
    datagrams: machine.datagrams,
    connections: machine.connections,
    deviceConnections: machine.connections,
    logger: silentLogger,
    metrics: noMetrics,
    publicHost: () => 'laptop',
  };
  return connectGuestIn(environment, key, options);
}
