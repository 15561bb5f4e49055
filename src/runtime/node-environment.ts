import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { AwakeLoop } from '../cluster/transport/awake-loop.js';
import { TcpConnections } from '../cluster/transport/tcp-connections.js';
import { TlsConnections } from '../cluster/transport/tls-connections.js';
import { UdpDatagrams } from '../cluster/transport/udp-datagrams.js';
import type { Clock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import type { Connections } from '../spi/connections.js';
import type { Metrics } from '../spi/metrics.js';
import type { NodeEnvironment } from './environment.js';
import { NodeCipher } from './node-cipher.js';
import { NodeClock } from './node-clock.js';
import { NodeResolver } from './node-resolver.js';
import { createNodeRandom } from './node-random.js';
import { NodeSecrets } from './node-secrets.js';
import type { NodeOptions, OptionSources, ResolvedNodeOptions } from './options.js';
import { ProcessMetrics } from './process-metrics.js';

/** The machine that this process runs on. */
export function createNodeEnvironment(given: NodeOptions, options: ResolvedNodeOptions): NodeEnvironment {
  const clock = new NodeClock();
  const metrics = given.metrics ?? new ProcessMetrics();
  return {
    clock,
    random: createNodeRandom(),
    secrets: new NodeSecrets(),
    cipher: new NodeCipher(),
    resolver: new NodeResolver(),
    datagrams: new UdpDatagrams({ metrics }),
    connections: createConnections(clock, metrics, options),
    logger: given.logger ?? silentLogger,
    metrics,
    deviceConnections: new TcpConnections({ clock, metrics }),
    publicHost: findPublicHost,
  };
}

function createConnections(
  clock: Clock,
  metrics: Metrics,
  { tls, awakeMaxUs }: Pick<ResolvedNodeOptions, 'tls' | 'awakeMaxUs'>,
): Connections {
  const awake = awakeMaxUs === 0 ? undefined : new AwakeLoop({ clock, awakeMaxUs });
  if (tls === undefined) return new TcpConnections({ clock, metrics, awake });
  const { key, cert, ca, mutual } = tls;
  // Nodes are known by name, not by address: hello compares the certificate's names with the node's.
  return new TlsConnections({
    clock,
    metrics,
    awake,
    key,
    certificate: cert,
    authorities: ca,
    mutual,
    checkHost: false,
  });
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
