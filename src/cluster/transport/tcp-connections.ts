import { connect, createServer, Socket, type SocketConstructorOpts } from 'node:net';
import { type Address, addressToText } from '../../core/address.js';
import type { Clock } from '../../core/clock.js';
import type { Connection, Connections, ConnectionServer, DialOptions } from '../../spi/connections.js';
import type { Counter, Metrics } from '../../spi/metrics.js';
import { noMetrics } from '../../spi/no-metrics.js';
import type { AwakeLoop } from './awake-loop.js';
import { SocketConnection } from './socket-connection.js';
import { awaitDial } from './socket-dial.js';
import { isLongPath, startListening } from './socket-listening.js';
import { lingerDefaultMs, receiveBufferBytes } from './transport-defaults.js';
import { dialError } from './transport-errors.js';

/** How TCP connections and Unix sockets are opened. */
export interface TcpConnectionsOptions {
  readonly clock: Clock;
  /** How long an ended connection waits for the other side. @defaultValue 5000 */
  readonly lingerMs?: number;
  readonly metrics?: Metrics;
  /** Keeps the loop awake for answers. @defaultValue it sleeps as it likes */
  readonly awake?: AwakeLoop | undefined;
}

/**
 * Connections over TCP, without Nagle's delay, and over Unix sockets (a host that begins with `/`). All sockets of one object read
 * into one buffer: a read and the call that hands it over are one step, so no two of them ever share it in time.
 */
export class TcpConnections implements Connections {
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #awake: AwakeLoop | undefined;
  readonly #failures: Counter;
  readonly #buffer = new Uint8Array(receiveBufferBytes);

  constructor(options: TcpConnectionsOptions) {
    this.#clock = options.clock;
    this.#lingerMs = options.lingerMs ?? lingerDefaultMs;
    this.#awake = options.awake;
    this.#failures = countAcceptFailures(options.metrics ?? noMetrics);
  }

  listen(local: Address, accept: (connection: Connection) => void): Promise<ConnectionServer> {
    // Paused, so that nothing is read before the handle has its new owner.
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
      const intake = new Intake(this.#buffer);
      const socket = adopt(accepted, intake);
      const remote = remoteOf(socket) ?? `${local.host}#client`;
      accept(this.#wrap(socket, intake, remote));
    });
    return startListening(server, local, this.#failures);
  }

  async dial(to: Address, options: DialOptions): Promise<Connection> {
    if (isLongPath(to)) throw dialError(to, 'failed', 'the socket path is too long');
    const intake = new Intake(this.#buffer);
    const { onread } = intake;
    return awaitDial({
      to,
      clock: this.#clock,
      timeoutMs: options.timeoutMs,
      event: 'connect',
      open: () =>
        to.host.startsWith('/')
          ? connect({ path: to.host, onread })
          : connect({ host: to.host, port: to.port, noDelay: true, onread }),
      wrap: (socket) => this.#wrap(socket, intake, remoteOf(socket) ?? to.host),
    });
  }

  #wrap(socket: Socket, intake: Intake, remote: string): SocketConnection {
    const connection = new SocketConnection({
      socket,
      clock: this.#clock,
      lingerMs: this.#lingerMs,
      awake: this.#awake,
      remote,
      certificate: undefined,
      reset: () => resetSocket(socket),
    });
    intake.connection = connection;
    return connection;
  }
}

/** Counts connections that the system had and could not hand over. */
export function countAcceptFailures(metrics: Metrics): Counter {
  return metrics.counter('scalebus_accept_failed_total', 'Connections that could not be accepted.');
}

/** Ends a TCP socket with a reset; a Unix socket knows none and is closed. */
export function resetSocket(socket: Socket): void {
  if (socket.remotePort === undefined || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}

/** `host:port` of the other side; `undefined` for a Unix socket, or when it is already gone. */
export function remoteOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const host = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
  return addressToText({ host, port: remotePort });
}

/** Where a socket puts what it reads: into one buffer, and from there to its connection. */
class Intake {
  connection: SocketConnection | undefined;
  readonly onread: { buffer: Uint8Array; callback: (length: number, buffer: Uint8Array) => boolean };

  constructor(buffer: Uint8Array) {
    const callback = (length: number): boolean => this.connection?.take(buffer.subarray(0, length)) ?? true;
    this.onread = { buffer, callback };
  }
}

/**
 * Gives an accepted connection's handle to a socket that reads into a buffer of ours: Node offers that to dialed sockets only, and
 * it saves a third of a receiver's processor time. This is how Node itself moves handles between processes; should a version keep
 * its handles elsewhere, the accepted socket is read in the usual way.
 */
function adopt(accepted: Socket, intake: Intake): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null) return readByEvents(accepted, intake);
  Reflect.set(accepted, '_handle', null);
  // Without a handle this only takes it off its server's books.
  accepted.destroy();
  const options: SocketConstructorOpts & { handle: object; onread: Intake['onread'] } = {
    handle,
    onread: intake.onread,
  };
  return new Socket(options).setNoDelay(true);
}

function readByEvents(socket: Socket, intake: Intake): Socket {
  socket.on('data', (chunk: Buffer) => {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (intake.connection?.take(bytes) === false) socket.pause();
  });
  return socket.resume();
}
