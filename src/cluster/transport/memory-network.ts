import { type Address, addressToText } from '../../core/address.js';
import { after, type Clock } from '../../core/clock.js';
import type { Connection, Connections, ConnectionServer, DialOptions } from '../../spi/connections.js';
import type { Datagrams, DatagramSocket } from '../../spi/datagrams.js';
import { type Fabric, MemoryConnection } from './memory-connection.js';
import { type DatagramTarget, MemorySocket } from './memory-socket.js';
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
  readonly #directory = new Directory();

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
    const known = this.#directory.find(name);
    if (known !== undefined) return known;
    const host = new Host(name, this.#fabric, this.#directory);
    this.#directory.add(host);
    return host;
  }

  /**
   * The processes of a host are gone at once: nothing of theirs is called again, and they may start anew. `reset`: its
   * system still answers and resets their connections; `silent`: nothing is said, so conditions should cut the host off too.
   */
  crash(name: string, how: 'reset' | 'silent'): void {
    this.#directory.find(name)?.crash(how);
  }
}

/** Who is where. Parsed addresses are remembered for the whole network: in each socket they would grow with its square. */
class Directory {
  readonly #hosts = new Map<string, Host>();
  readonly #targets = new Map<string, Target>();

  find(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  add(host: Host): void {
    this.#hosts.set(host.name, host);
  }

  /** Reads `host:port`; what is none becomes a target that nobody is at. */
  target(to: string): Target {
    const known = this.#targets.get(to);
    if (known !== undefined) return known;
    const colon = to.lastIndexOf(':');
    const host = to.startsWith('[') ? to.slice(1, colon - 1) : to.slice(0, colon);
    const target = new Target(this, host, Number(to.slice(colon + 1)));
    // Members gossip addresses, so a stranger may name any number of them.
    if (this.#targets.size >= targetsMax) this.#targets.clear();
    this.#targets.set(to, target);
    return target;
  }
}

class Target implements DatagramTarget {
  readonly host: string;
  readonly #port: number;
  readonly #directory: Directory;
  #machine: Host | undefined;

  constructor(directory: Directory, host: string, port: number) {
    this.#directory = directory;
    this.host = host;
    this.#port = port;
  }

  findSocket(): MemorySocket | undefined {
    // A host may be made after it was first sent to, and never goes away.
    this.#machine ??= this.#directory.find(this.host);
    return this.#machine?.findSocket(this.#port);
  }
}

class Host implements MemoryHost, Datagrams, Connections {
  readonly name: string;
  readonly #fabric: Fabric;
  readonly #directory: Directory;
  readonly #sockets = new Map<number, MemorySocket>();
  readonly #servers = new Map<string, MemoryServer>();
  readonly #connections = new Set<MemoryConnection>();
  #nextPort = firstFreePort;

  constructor(name: string, fabric: Fabric, directory: Directory) {
    this.name = name;
    this.#fabric = fabric;
    this.#directory = directory;
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
      target: (to) => this.#directory.target(to),
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
    const other = this.#directory.find(peerHost);
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

/** Parsed addresses that a network remembers. */
const targetsMax = 65_536;

/** Start of the dynamic ports (RFC 6335). */
const firstFreePort = 49_152;

/** TCP's first wait for an answer to a SYN (RFC 6298). */
const handshakeRetryMs = 1000;

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

function taken(): Error {
  return Object.assign(new Error('address already in use'), { code: 'EADDRINUSE' });
}
