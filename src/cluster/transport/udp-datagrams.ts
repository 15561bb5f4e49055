import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { type Address, findAddress } from '../../core/address.js';
import { assert } from '../../core/assert.js';
import { datagramBytesMax } from '../../core/limits.js';
import type { DatagramHandler, Datagrams, DatagramSocket } from '../../spi/datagrams.js';
import type { Counter, Metrics } from '../../spi/metrics.js';
import { noMetrics } from '../../spi/no-metrics.js';
import { bindError } from './transport-errors.js';

/** How UDP sockets are opened. */
export interface UdpDatagramsOptions {
  /**
   * Bytes that the system keeps while this process does not read; it may grant less (Linux: `net.core.rmem_max`, and each small
   * datagram takes about 800 of them). More survives a longer stall of the event loop. @defaultValue 1 MiB
   */
  readonly receiveBufferBytes?: number;
  readonly metrics?: Metrics;
}

/**
 * Datagrams over UDP, IPv4 and IPv6; a socket bound to `::` takes both. Hosts are addresses or `localhost`: who knows a name asks
 * for its addresses, and asks again, where it knows when. What cannot be sent is counted and dropped.
 */
export class UdpDatagrams implements Datagrams {
  readonly #receiveBufferBytes: number;
  readonly #failures: Counter;

  constructor(options: UdpDatagramsOptions = {}) {
    this.#receiveBufferBytes = options.receiveBufferBytes ?? 1_048_576;
    this.#failures = (options.metrics ?? noMetrics).counter(
      'scalebus_datagram_send_failed_total',
      'Datagrams that the system refused to send, or whose address is none.',
    );
  }

  bind(local: Address): Promise<DatagramSocket> {
    return new Promise((resolve, reject) => {
      const host = local.host === 'localhost' ? '127.0.0.1' : local.host;
      // Node itself would cut a larger port to 16 bits.
      if (!(isIPv4(host) || isIPv6(host)) || local.port < 0 || local.port > 65_535) {
        reject(bindError(local, 'a UDP socket needs an IP address and a port up to 65535'));
        return;
      }
      const type = isIPv4(host) ? 'udp4' : 'udp6';
      const socket = createSocket({ type, lookup: lookupNothing });
      const fail = (cause: unknown): void => {
        socket.close();
        reject(bindError(local, cause));
      };
      socket.once('error', fail);
      const bound = (): void => {
        socket.off('error', fail);
        growReceiveBuffer(socket, this.#receiveBufferBytes);
        resolve(new UdpSocket(socket, { host: local.host, port: socket.address().port }, this.#failures));
      };
      // Exclusive, so that two workers of one Node cluster do not share a port without knowing.
      try {
        socket.bind({ address: host, port: local.port, exclusive: true }, bound);
      } catch (cause) {
        fail(cause);
      }
    });
  }
}

class UdpSocket implements DatagramSocket {
  readonly local: Address;
  readonly #socket: Socket;
  readonly #failures: Counter;
  readonly #isIPv6: boolean;
  readonly #targets = new Map<string, Target | undefined>();
  readonly #origins = new Map<string, Origin>();
  #handle: DatagramHandler | undefined;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, local: Address, failures: Counter) {
    this.#socket = socket;
    this.local = local;
    this.#failures = failures;
    this.#isIPv6 = local.host.includes(':');
    socket.on('error', () => failures.add());
    socket.on('message', this.#onMessage);
  }

  send(to: string, bytes: Uint8Array): void {
    assert(bytes.length <= datagramBytesMax, `at most ${datagramBytesMax} bytes, not ${bytes.length}`);
    if (this.#closing !== undefined) return;
    const target = this.#target(to);
    if (target === undefined) {
      this.#failures.add();
      return;
    }
    // A copy from Node's pool, because a full system buffer makes Node keep the bytes until there is room.
    this.#socket.send(Buffer.from(bytes), target.port, target.host, this.#onSent);
  }

  listen(handle: DatagramHandler): void {
    this.#handle = handle;
  }

  close(): Promise<void> {
    this.#handle = undefined;
    this.#closing ??= new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
    return this.#closing;
  }

  readonly #onSent = (cause: unknown): void => {
    if (cause !== null && cause !== undefined) this.#failures.add();
  };

  readonly #onMessage = (message: Buffer, from: RemoteInfo): void => {
    if (this.#handle === undefined) return;
    // Not the Buffer itself: its `slice` shares memory where Uint8Array's copies.
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
    this.#handle(this.#originText(from), bytes);
  };

  /** The same text object for the same sender, so that maps keyed by it need not hash it anew for each datagram. */
  #originText(from: RemoteInfo): string {
    const known = this.#origins.get(from.address);
    if (known !== undefined && known.port === from.port) return known.text;
    const host = from.address.startsWith(mappedPrefix) ? from.address.slice(mappedPrefix.length) : from.address;
    const text = host.includes(':') ? `[${host}]:${from.port}` : `${host}:${from.port}`;
    // Sender addresses can be forged at will, so the table is emptied rather than kept in order of use.
    if (this.#origins.size >= addressesMax) this.#origins.clear();
    this.#origins.set(from.address, { port: from.port, text });
    return text;
  }

  #target(to: string): Target | undefined {
    const known = this.#targets.get(to);
    if (known !== undefined) return known;
    if (this.#targets.size >= addressesMax) this.#targets.clear();
    const target = this.#parseTarget(to);
    this.#targets.set(to, target);
    return target;
  }

  #parseTarget(to: string): Target | undefined {
    const address = findAddress(to);
    if (address === undefined || address.port === 0) return undefined;
    const { port } = address;
    const host = address.host === 'localhost' ? '127.0.0.1' : address.host;
    if (isIPv4(host)) return { host: this.#isIPv6 ? `${mappedPrefix}${host}` : host, port };
    return isIPv6(host) && this.#isIPv6 ? { host, port } : undefined;
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** The last port seen of an address, and the text of both. */
interface Origin {
  readonly port: number;
  readonly text: string;
}

/** Addresses whose parsed or printed form is remembered. */
const addressesMax = 4096;

/** IPv4 as an IPv6 socket sees it (RFC 4291, 2.5.5.2). */
const mappedPrefix = '::ffff:';

/** Every host that gets here is an address; answering at once makes `send` send at once. */
function lookupNothing(
  host: string,
  _options: unknown,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  done(null, host, isIPv4(host) ? 4 : 6);
}

function growReceiveBuffer(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // Some systems refuse what they cannot grant; the default size works too, it only holds less.
  }
}
