import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { createTcpConnections } from '../cluster/transport/tcp-connections.js';
import { createTlsConnections } from '../cluster/transport/tls-connections.js';
import { createUdpDatagrams } from '../cluster/transport/udp-datagrams.js';
import { silentLogger } from '../core/logger.js';
import type { NodeEnvironment } from './environment.js';
import { NodeCipher } from './node-cipher.js';
import { NodeClock } from './node-clock.js';
import { createNodeRandom } from './node-random.js';
import { NodeSecrets } from './node-secrets.js';
import type { NodeOptions, OptionSources, ResolvedNodeOptions } from './options.js';
import { ProcessMetrics } from './process-metrics.js';

/** The machine that this process runs on. */
export function createNodeEnvironment(given: NodeOptions, options: ResolvedNodeOptions): NodeEnvironment {
  const clock = new NodeClock();
  return {
    clock,
    random: createNodeRandom(),
    secrets: new NodeSecrets(),
    cipher: new NodeCipher(),
    datagrams: createUdpDatagrams(),
    connections: options.tls === undefined ? createTcpConnections() : createTlsConnections(options.tls),
    logger: given.logger ?? silentLogger,
    metrics: given.metrics ?? new ProcessMetrics(),
    publicHost: findPublicHost,
  };
}

/** What options need of this machine. */
export function createOptionSources(): OptionSources {
  const secrets = new NodeSecrets();
  return {
    defaultName: () =>
      `node-${Array.from(secrets.randomBytes(4), (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
    hash: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
}

/** The first address of this machine that is not loopback; loopback when there is none. */
function findPublicHost(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const outside = addresses.filter((one) => !one.internal && !one.address.startsWith('fe80'));
  return (outside.find((one) => one.family === 'IPv4') ?? outside[0])?.address ?? '127.0.0.1';
}
