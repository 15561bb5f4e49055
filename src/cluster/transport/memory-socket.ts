import { type Address, addressToText } from '../../core/address.js';
import { assert } from '../../core/assert.js';
import { after } from '../../core/clock.js';
import { datagramBytesMax } from '../../core/limits.js';
import type { DatagramHandler, DatagramSocket } from '../../spi/datagrams.js';
import type { Fabric } from './memory-connection.js';

/** An address that datagrams are sent to. */
export interface DatagramTarget {
  readonly host: string;
  /** Who is bound there now. */
  findSocket(): MemorySocket | undefined;
}

/** What a socket in memory knows of its host. */
export interface MemorySocketDeps {
  readonly host: string;
  readonly local: Address;
  readonly target: (to: string) => DatagramTarget;
  readonly forget: () => void;
}

/** A datagram socket in memory: each datagram is copied when it is sent. */
export class MemorySocket implements DatagramSocket {
  readonly local: Address;
  readonly #fabric: Fabric;
  readonly #deps: MemorySocketDeps;
  readonly #from: string;
  #handle: DatagramHandler | undefined;
  #open = true;

  constructor(fabric: Fabric, deps: MemorySocketDeps) {
    this.#fabric = fabric;
    this.#deps = deps;
    this.local = deps.local;
    this.#from = addressToText({ host: deps.host, port: deps.local.port });
  }

  send(to: string, bytes: Uint8Array): void {
    assert(bytes.length <= datagramBytesMax, `at most ${datagramBytesMax} bytes, not ${bytes.length}`);
    if (!this.#open) return;
    const target = this.#deps.target(to);
    const { conditions } = this.#fabric;
    if (conditions === undefined) {
      this.#post(target, 0, bytes);
      return;
    }
    const from = this.#deps.host;
    const delayMs = conditions.datagramDelayMs(from, target.host, bytes.length);
    if (delayMs !== undefined) this.#post(target, delayMs, bytes);
    const againMs = conditions.duplicateDelayMs(from, target.host);
    if (againMs !== undefined) this.#post(target, againMs, bytes);
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

  /** Lends the bytes, which nobody else has, and spoils them after: who keeps them finds out in the first test. */
  deliver(from: string, bytes: Uint8Array): void {
    if (!this.#open || this.#handle === undefined) return;
    this.#handle(from, bytes);
    bytes.fill(spoiled);
  }

  #post(target: DatagramTarget, delayMs: number, bytes: Uint8Array): void {
    const { clock, conditions } = this.#fabric;
    // Not `slice`, which a Buffer answers with shared memory.
    const copy = new Uint8Array(bytes);
    if (conditions === undefined) {
      clock.afterTurn(() => target.findSocket()?.deliver(this.#from, copy));
      return;
    }
    clock.setTimer(after(clock.now(), delayMs), () =>
      conditions.arrive(target.host, 'datagram', () => target.findSocket()?.deliver(this.#from, copy)),
    );
  }
}

/** What is left of a datagram after its delivery. */
const spoiled = 0xdd;
