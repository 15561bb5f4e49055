/**
 * Tells publishers how many of their events arrived, beside the system under test: a one-way flood needs a window, and
 * most systems have none. Every contender pays the same: one small write for each event-loop turn that received.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { doNotCount } from './meter.js';

const recordBytes = 8;

/** The receiving process: counts events for each topic index and reports the counts once a turn. */
export class CreditSource {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counts: number[];
  readonly #changed: boolean[];
  #scheduled = false;
  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.#report();
  };

  constructor(topics: number) {
    this.#counts = Array.from({ length: topics }, () => 0);
    this.#changed = Array.from({ length: topics }, () => false);
    this.#server = createServer((socket) => {
      doNotCount(socket);
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port to dial. */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  /** Counts one event. */
  count(topic: number): void {
    this.#counts[topic] = (this.#counts[topic] ?? 0) + 1;
    this.#changed[topic] = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onTurn);
  }

  /** Events of all topics since the start or the last reset. */
  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Starts again from zero; nothing may be in flight. */
  reset(): void {
    this.#counts.fill(0);
    this.#changed.fill(false);
  }

  /** Closes the side channel. */
  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #report(): void {
    for (const [topic, changed] of this.#changed.entries()) {
      if (!changed) continue;
      this.#changed[topic] = false;
      const record = Buffer.allocUnsafe(recordBytes);
      record.writeUInt16LE(topic, 0);
      record.writeUIntLE(this.#counts[topic] ?? 0, 2, 6);
      for (const socket of this.#sockets) socket.write(record);
    }
  }
}

/** The publishing process: what arrived of its own topic, at each receiver. */
export class CreditSink {
  readonly #topic: number;
  readonly #sockets: Socket[] = [];
  readonly #arrived: number[] = [];
  readonly #mode: 'all' | 'any';
  #listener = (): void => undefined;

  /** `all`: every receiver gets each event; `any`: one of them does. */
  constructor(topic: number, mode: 'all' | 'any') {
    this.#topic = topic;
    this.#mode = mode;
  }

  /** Dials the receivers. */
  async start(ports: readonly number[]): Promise<void> {
    await Promise.all(ports.map(async (port, index) => this.#dial(port, index)));
  }

  /** Calls the listener whenever a count grew. */
  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** Events that arrived: at the slowest receiver, or in sum. */
  get arrived(): number {
    if (this.#mode === 'any') return this.#arrived.reduce((sum, count) => sum + count, 0);
    return Math.min(...this.#arrived);
  }

  /** Starts again from zero. */
  reset(): void {
    this.#arrived.fill(0);
  }

  /** Closes the side channel. */
  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(port: number, index: number): Promise<void> {
    this.#arrived[index] = 0;
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, resolve);
      doNotCount(socket);
      this.#sockets.push(socket);
      let rest = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        let at = 0;
        for (; at + recordBytes <= bytes.length; at += recordBytes) {
          if (bytes.readUInt16LE(at) === this.#topic) {
            this.#arrived[index] = bytes.readUIntLE(at + 2, 6);
          }
        }
        rest = bytes.subarray(at);
        this.#listener();
      });
    });
  }
}
