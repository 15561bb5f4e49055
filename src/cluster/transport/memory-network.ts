import { type Address, addressToText } from '../../core/address.js';
import { assert } from '../../core/assert.js';
import { after, type Clock } from '../../core/clock.js';
import { datagramBytesMax } from '../../core/limits.js';
import type { Connection, Connections, ConnectionServer, DialOptions } from '../../spi/connections.js';
import type { DatagramHandler, Datagrams, DatagramSocket } from '../../spi/datagrams.js';
import { type Fabric, MemoryConnection } from './memory-connection.js';
import type { NetworkConditions } from './network-conditions.js';
import { lingerDefaultMs, receiveBufferBytes } from './transport-defaults.js';
import { bindError, dialError, targetToText } from './transport-errors.js';

/** How a network in memory is made. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Faults and delays. Without, everything arrives in the next turn. */
  readonly conditions?: NetworkConditions;
  /** How long an ended connection waits for the other side. @defaultValue 5000 */
  readonly lingerMs?: number;
}

/** The network as one host sees it. */
export interface MemoryHost {
  /** Its only address: what others write into `Address.host`. */
  readonly name: string;
  readonly datagrams: Datagrams;
  readonly connections: Connections;
}

/**
 * A network of hosts in memory, for tests, simulations and several nodes in one process. A host may bind its own name or a
 * wildcard address, and any path as a Unix socket; hosts that nobody asked for refuse connections.
 */
export class MemoryNetwork {
  readonly #fabric: Fabric;
  readonly #hosts = new Map<string, Host>();

  constructor(options: MemoryNetworkOptions) {
    this.#fabric = {
      clock: options.clock,
      conditions: options.conditions,
      lingerMs: options.lingerMs ?? lingerDefaultMs,
      receiveBuffer: new Uint8Array(receiveBufferBytes),
    };
  }

  /** The host of this name, the same object each time. */
  host(name: string): MemoryHost {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new Host(name, this.#fabric, (other) => this.#hosts.get(other));
      this.#hosts.set(name, host);
    }
    return host;
  }

  /**
   * The processes of a host are gone at once: nothing of theirs is called again, and they may start anew. `reset`: its
   * system still answers and resets their connections; `silent`: nothing is said, so conditions should cut the host off too.
   */
  crash(name: string, how: 'reset' | 'silent'): void {
    this.#hosts.get(name)?.crash(how);
  }
}

type FindHost = (name: string) => Host | undefined;

class Host implements MemoryHost, Datagrams, Connections {
  readonly name: string;
  readonly #fabric: Fabric;
  readonly #findHost: FindHost;
  readonly #sockets = new Map<number, MemorySocket>();
  readonly #servers = new Map<string, MemoryServer>();
  readonly #connections = new Set<MemoryConnection>();
  #nextPort = firstFreePort;

  constructor(name: string, fabric: Fabric, findHost: FindHost) {
    this.name = name;
    this.#fabric = fabric;
    this.#findHost = findHost;
  }

  get datagrams(): Datagrams {
    return this;
  }

  get connections(): Connections {
    return this;
  }

  async bind(local: Address): Promise<DatagramSocket> {
    this.#checkLocal(local);
    const port = local.port === 0 ? this.#freePort((one) => this.#sockets.has(one)) : local.port;
    if (this.#sockets.has(port)) throw bindError(local, taken());
    const socket = new MemorySocket(this.#fabric, {
      host: this.name,
      local: { host: local.host, port },
      findSocket: (host, toPort) => this.#findHost(host)?.findSocket(toPort),
      forget: () => this.#sockets.delete(port),
    });
    this.#sockets.set(port, socket);
    return socket;
  }

  async listen(local: Address, accept: (connection: Connection) => void): Promise<ConnectionServer> {
    const isPath = local.host.startsWith('/');
    if (!isPath) this.#checkLocal(local);
    const isTaken = (one: number): boolean => this.#servers.has(String(one));
    const port = local.port === 0 && !isPath ? this.#freePort(isTaken) : local.port;
    const key = isPath ? local.host : String(port);
    if (this.#servers.has(key)) throw bindError(local, taken());
    const server: MemoryServer = {
      local: { host: local.host, port },
      accept,
      close: async () => {
        if (this.#servers.get(key) === server) this.#servers.delete(key);
      },
    };
    this.#servers.set(key, server);
    return server;
  }

  dial(to: Address, options: DialOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { clock, conditions } = this.#fabric;
      const peerHost = to.host.startsWith('/') ? this.name : to.host;
      let open = true;
      const settle = (run: () => void): void => {
        if (!open) return;
        open = false;
        cancelTimeout();
        run();
      };
      const cancelTimeout = clock.setTimer(after(clock.now(), options.timeoutMs), () =>
        this.#atHost(this.name, () => settle(() => reject(dialError(to, 'silent')))),
      );
      const fate = conditions?.dialFate(this.name, peerHost) ?? 'open';
      if (fate === 'silence') return;
      const answer = (run: () => void): void =>
        this.#carry(
          peerHost,
          this.name,
          () => this.#atHost(this.name, run),
          () => open,
        );
      this.#carry(
        this.name,
        peerHost,
        () => {
          const own = this.#connect(to, peerHost, fate);
          if (own === undefined) answer(() => settle(() => reject(dialError(to, 'refused'))));
          // One that nobody waits for any more is reset, so that the other side does not keep half of it.
          else answer(() => (open ? settle(() => resolve(own)) : own.destroy()));
        },
        () => open,
      );
    });
  }

  findSocket(port: number): MemorySocket | undefined {
    return this.#sockets.get(port);
  }

  findServer(key: string): MemoryServer | undefined {
    return this.#servers.get(key);
  }

  crash(how: 'reset' | 'silent'): void {
    for (const socket of this.#sockets.values()) socket.crash();
    this.#sockets.clear();
    this.#servers.clear();
    for (const connection of this.#connections) connection.crash(how);
    this.#connections.clear();
  }

  /** What the other machine's system does with a request to connect: nothing that its processes take part in. */
  #connect(to: Address, peerHost: string, fate: string): MemoryConnection | undefined {
    const other = this.#findHost(peerHost);
    const server = other?.findServer(to.host.startsWith('/') ? to.host : String(to.port));
    if (fate === 'swallow') return this.#newConnection(peerHost, targetToText(to));
    if (fate === 'refuse' || other === undefined || server === undefined) return undefined;
    const own = this.#newConnection(peerHost, targetToText(to));
    const from = addressToText({ host: this.name, port: this.#freePort(() => false) });
    const accepted = other.#newConnection(this.name, from);
    MemoryConnection.join(own, accepted);
    this.#atHost(peerHost, () => server.accept(accepted));
    return own;
  }

  #newConnection(peerHost: string, remote: string): MemoryConnection {
    const connection = new MemoryConnection(this.#fabric, {
      host: this.name,
      peerHost,
      remote,
      forget: (one) => this.#connections.delete(one),
    });
    this.#connections.add(connection);
    return connection;
  }

  #atHost(host: string, run: () => void): void {
    const { conditions } = this.#fabric;
    if (conditions === undefined) run();
    else conditions.arrive(host, 'stream', run);
  }

  /** Carries one step of a handshake; repeats it while nothing gets through and somebody still waits. */
  #carry(from: string, to: string, run: () => void, isWanted: () => boolean): void {
    const { clock, conditions } = this.#fabric;
    if (conditions === undefined) {
      clock.afterTurn(run);
      return;
    }
    let waitMs = handshakeRetryMs;
    const attempt = (): void => {
      if (!isWanted()) return;
      const delayMs = conditions.streamDelayMs(from, to);
      clock.setTimer(after(clock.now(), delayMs ?? waitMs), delayMs === undefined ? attempt : run);
      waitMs *= 2;
    };
    attempt();
  }

  #checkLocal(local: Address): void {
    if (local.host === this.name || wildcards.has(local.host)) return;
    throw bindError(local, `host ${this.name} has no such address`);
  }

  #freePort(isTaken: (port: number) => boolean): number {
    for (let tries = firstFreePort; tries <= 65_535; tries += 1) {
      const port = this.#nextPort;
      this.#nextPort = port === 65_535 ? firstFreePort : port + 1;
      if (!isTaken(port)) return port;
    }
    throw bindError({ host: this.name, port: 0 }, 'no free port is left');
  }
}

interface MemoryServer extends ConnectionServer {
  readonly accept: (connection: Connection) => void;
}

interface SocketDeps {
  readonly host: string;
  readonly local: Address;
  readonly findSocket: (host: string, port: number) => MemorySocket | undefined;
  readonly forget: () => void;
}

class MemorySocket implements DatagramSocket {
  readonly local: Address;
  readonly #fabric: Fabric;
  readonly #deps: SocketDeps;
  readonly #from: string;
  #handle: DatagramHandler | undefined;
  #open = true;

  constructor(fabric: Fabric, deps: SocketDeps) {
    this.#fabric = fabric;
    this.#deps = deps;
    this.local = deps.local;
    this.#from = addressToText({ host: deps.host, port: deps.local.port });
  }

  send(to: string, bytes: Uint8Array): void {
    assert(bytes.length <= datagramBytesMax, `at most ${datagramBytesMax} bytes, not ${bytes.length}`);
    if (!this.#open) return;
    const colon = to.lastIndexOf(':');
    const host = to.charCodeAt(0) === bracket ? to.slice(1, colon - 1) : to.slice(0, colon);
    const port = Number(to.slice(colon + 1));
    const { clock, conditions } = this.#fabric;
    // Not `slice`, which a Buffer answers with shared memory.
    const copy = new Uint8Array(bytes);
    const arrive = (): void => this.#deps.findSocket(host, port)?.deliver(this.#from, copy);
    if (conditions === undefined) {
      clock.afterTurn(arrive);
      return;
    }
    const from = this.#deps.host;
    const delayMs = conditions.datagramDelayMs(from, host, copy.length);
    if (delayMs !== undefined) this.#post(host, delayMs, arrive);
    const againMs = conditions.duplicateDelayMs(from, host);
    if (againMs !== undefined) this.#post(host, againMs, arrive);
  }

  listen(handle: DatagramHandler): void {
    this.#handle = handle;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#deps.forget();
  }

  /** Like `close`, for a process that is gone: its host forgets it by itself. */
  crash(): void {
    this.#open = false;
  }

  deliver(from: string, bytes: Uint8Array): void {
    if (!this.#open || this.#handle === undefined) return;
    const { receiveBuffer } = this.#fabric;
    receiveBuffer.set(bytes);
    this.#handle(from, receiveBuffer.subarray(0, bytes.length));
  }

  #post(host: string, delayMs: number, arrive: () => void): void {
    const { clock, conditions } = this.#fabric;
    clock.setTimer(after(clock.now(), delayMs), () => conditions?.arrive(host, 'datagram', arrive));
  }
}

/** Start of the dynamic ports (RFC 6335). */
const firstFreePort = 49_152;

/** TCP's first wait for an answer to a SYN (RFC 6298). */
const handshakeRetryMs = 1000;

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);
const bracket = '['.charCodeAt(0);

function taken(): Error {
  return Object.assign(new Error('address already in use'), { code: 'EADDRINUSE' });
}
