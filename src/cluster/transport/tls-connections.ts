import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  connect,
  type ConnectionOptions,
  createSecureContext,
  createServer,
  type PeerCertificate as NodeCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { Address } from '../../core/address.js';
import { after, type Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Connection, Connections, ConnectionServer, DialOptions, PeerCertificate } from '../../spi/connections.js';
import type { Counter, Metrics } from '../../spi/metrics.js';
import { noMetrics } from '../../spi/no-metrics.js';
import type { AwakeLoop } from './awake-loop.js';
import { SocketConnection } from './socket-connection.js';
import { awaitDial } from './socket-dial.js';
import { startListening } from './socket-listening.js';
import { countAcceptFailures, remoteOf, resetSocket } from './tcp-connections.js';
import { lingerDefaultMs } from './transport-defaults.js';

/** How TLS connections are opened. Certificates and keys are PEM text. */
export interface TlsConnectionsOptions {
  readonly clock: Clock;
  /** This side's certificate, with the chain that others need to check it. Needed to listen, and to dial who asks for one. */
  readonly certificate?: string;
  readonly key?: string;
  /** Authorities that the other side's certificate must come from. @defaultValue those that Node trusts */
  readonly authorities?: string;
  /** Asks who dials for a certificate and refuses who has none from `authorities`. @defaultValue true */
  readonly mutual?: boolean;
  /**
   * Requires that the certificate of who is dialed names the dialed host. False checks the authorities alone: for clusters whose
   * certificates name nodes, not addresses, and that compare `certificate.names` themselves. @defaultValue true
   */
  readonly checkHost?: boolean;
  /** Who dials must finish the handshake within it. @defaultValue 10000 */
  readonly handshakeMs?: number;
  /** How long an ended connection waits for the other side. @defaultValue 5000 */
  readonly lingerMs?: number;
  readonly metrics?: Metrics;
  /** Keeps the loop awake for answers. @defaultValue it sleeps as it likes */
  readonly awake?: AwakeLoop | undefined;
}

/**
 * Connections over TLS 1.3 on TCP; `invalid-options` is thrown at once for a certificate or key that cannot be read, or that do
 * not belong together. With TLS 1.3 who dials learns only after `dial` that the other side refused its certificate: the
 * connection then fails.
 */
export class TlsConnections implements Connections {
  readonly #options: TlsConnectionsOptions;
  readonly #context: SecureContext;
  readonly #failures: Counter;
  readonly #handshakeFailures: Counter;

  constructor(options: TlsConnectionsOptions) {
    this.#options = options;
    this.#context = createContext(secureOptions(options));
    const metrics = options.metrics ?? noMetrics;
    this.#failures = countAcceptFailures(metrics);
    this.#handshakeFailures = metrics.counter(
      'scalebus_tls_handshake_failed_total',
      'Incoming connections that were closed because their TLS handshake failed or took too long.',
    );
  }

  async listen(local: Address, accept: (connection: Connection) => void): Promise<ConnectionServer> {
    const { mutual = true, handshakeMs = 10_000, certificate, key } = this.#options;
    if (certificate === undefined || key === undefined) {
      throw new ClusterError('invalid-options', 'who listens with TLS needs a certificate and its key');
    }
    const server = createServer(
      {
        ...secureOptions(this.#options),
        requestCert: mutual,
        rejectUnauthorized: mutual,
        handshakeTimeout: handshakeMs,
        noDelay: true,
      },
      (socket) => {
        // Only the TCP socket below can be reset.
        const below: unknown = Reflect.get(socket, '_parent');
        const reset = isSocket(below) ? () => resetSocket(below) : () => void socket.destroy();
        accept(this.#wrap(socket, remoteOf(socket) ?? 'unknown', reset));
      },
    );
    server.on('tlsClientError', () => this.#handshakeFailures.add());
    return startListening(server, local, this.#failures);
  }

  async dial(to: Address, options: DialOptions): Promise<Connection> {
    const { clock } = this.#options;
    const until = after(clock.now(), options.timeoutMs);
    // First TCP alone: Node cannot wrap a socket well that still tries one address of a name after the other.
    const below = await awaitDial({
      to,
      clock,
      timeoutMs: options.timeoutMs,
      event: 'connect',
      open: () => connectTcp({ host: to.host, port: to.port, noDelay: true }),
      wrap: (socket) => socket.on('error', () => undefined),
    });
    return awaitDial({
      to,
      clock,
      timeoutMs: until - clock.now(),
      event: 'secureConnect',
      open: () => connect(this.#dialOptions(to, below)),
      wrap: (socket) => this.#wrap(socket, remoteOf(below) ?? 'unknown', () => resetSocket(below)),
    });
  }

  #dialOptions(to: Address, socket: Socket): ConnectionOptions {
    const options: ConnectionOptions = {
      secureContext: this.#context,
      socket,
      // What the certificate must name. An address may not be sent as server name (RFC 6066), but is compared all the same.
      host: to.host,
    };
    if (isIP(to.host) === 0) options.servername = to.host;
    if (this.#options.checkHost === false) options.checkServerIdentity = () => undefined;
    return options;
  }

  #wrap(socket: TLSSocket, remote: string, reset: () => void): SocketConnection {
    const connection = new SocketConnection({
      socket,
      clock: this.#options.clock,
      lingerMs: this.#options.lingerMs ?? lingerDefaultMs,
      awake: this.#options.awake,
      remote,
      certificate: toCertificate(socket),
      reset,
    });
    socket.on('data', (chunk: Buffer) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      if (!connection.take(bytes)) socket.pause();
    });
    return connection;
  }
}

function secureOptions({ certificate, key, authorities }: TlsConnectionsOptions): SecureContextOptions {
  return {
    minVersion: 'TLSv1.3',
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(authorities === undefined ? {} : { ca: authorities }),
  };
}

function createContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw ClusterError.from(cause, 'invalid-options');
  }
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'resetAndDestroy' in value && 'destroyed' in value;
}

function toCertificate(socket: TLSSocket): PeerCertificate {
  // Without a certificate of the other side Node gives an object without members.
  const certificate: Partial<NodeCertificate> = socket.getPeerCertificate();
  const names = new Set<string>();
  for (const name of [certificate.subject?.CN ?? []].flat()) names.add(name);
  for (const name of alternativeNames(certificate.subjectaltname ?? '')) names.add(name);
  return { authorized: socket.authorized, names: [...names] };
}

/** Node prints alternative names as `DNS:a, IP Address:1.2.3.4`, with a value in JSON quotes when it has odd characters. */
function alternativeNames(text: string): readonly string[] {
  const found = text.matchAll(/(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...found].map(([, name = '']) => (name.startsWith('"') ? unquote(name) : name));
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    // A name that only its quoted form can show; it will match nobody.
    return text;
  }
}
