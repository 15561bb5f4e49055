import { BoundedQueue } from '../../core/bounded-queue.js';
import { after, type CancelTimer, type Clock, type MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { TransportMessage } from '../../spi/device.js';

/** What the QoS 1 sender needs and obeys. */
export interface OutgoingDeps {
  readonly clock: Clock;
  /** Messages in flight: the smaller of this side's bound and the client's Receive Maximum. */
  readonly inFlightMax: number;
  /** Messages that wait for room in flight. */
  readonly queueMax: number;
  readonly ackTimeoutMs: number;
  /** Puts one message on the wire. */
  readonly write: (message: TransportMessage, packetId: number) => void;
  /** The oldest message in flight is older than `ackTimeoutMs`; the owner ends the connection. */
  readonly onOverdue: () => void;
}

/**
 * QoS 1 towards the device (MQTT 5, 4.3.2 and 4.9): packet identifiers, the window of messages in flight, a bounded queue behind
 * it. Nothing is sent twice on one connection, and a session ends with its connection, so what is in flight then is uncertain.
 */
export class MqttOutgoing {
  readonly #deps: OutgoingDeps;
  readonly #queue: BoundedQueue<Waiting>;
  /** In the order of sending, so the first is the oldest. */
  readonly #inFlight = new Map<number, InFlight>();
  #lastId = 0;
  #cancelTimer: CancelTimer | undefined;
  #ended = false;

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
    this.#queue = new BoundedQueue(deps.queueMax);
  }

  /** Resolves when the client acknowledged. Rejects with `overloaded` when the queue is full. */
  send(message: TransportMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { message, resolve, reject };
      if (this.#inFlight.size < this.#deps.inFlightMax) this.#launch(waiting);
      else if (!this.#queue.push(waiting)) {
        reject(new ClusterError('overloaded', `${this.#queue.max} messages to the device wait already`));
      }
    });
  }

  /** The client acknowledged; `refusal` is its reason code when it refused. False when nothing with this id is in flight. */
  acknowledge(packetId: number, refusal: number | undefined): boolean {
    const done = this.#inFlight.get(packetId);
    if (done === undefined) return false;
    this.#inFlight.delete(packetId);
    if (refusal === undefined) done.resolve();
    else done.reject(new ClusterError('rejected', `the device refused the message with reason code ${refusal}`));
    const next = this.#queue.shift();
    if (next !== undefined) this.#launch(next);
    return true;
  }

  /** The connection has ended: what was in flight may have arrived, what waited has not. */
  end(): void {
    this.#ended = true;
    this.#cancelTimer?.();
    for (const flying of this.#inFlight.values()) {
      flying.reject(new ClusterError('link-lost', 'the device went away before it acknowledged'));
    }
    this.#inFlight.clear();
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) {
      waiting.reject(new ClusterError('unavailable', 'the device went away before the message was sent'));
    }
  }

  #launch(waiting: Waiting): void {
    const packetId = this.#nextId();
    const { resolve, reject } = waiting;
    this.#inFlight.set(packetId, { sentAt: this.#deps.clock.now(), resolve, reject });
    this.#deps.write(waiting.message, packetId);
    if (this.#cancelTimer === undefined) this.#arm();
  }

  #nextId(): number {
    // The window is smaller than the numbers there are, so this ends.
    do this.#lastId = this.#lastId >= 65_535 ? 1 : this.#lastId + 1;
    while (this.#inFlight.has(this.#lastId));
    return this.#lastId;
  }

  /** One timer for the oldest; it is set again when it fires and others are in flight. */
  #arm(): void {
    const [oldest] = this.#inFlight.values();
    if (oldest === undefined) return;
    const { clock, ackTimeoutMs } = this.#deps;
    this.#cancelTimer = clock.setTimer(after(oldest.sentAt, ackTimeoutMs), () => {
      this.#cancelTimer = undefined;
      // After a long tick the acknowledgement may already be there, unread.
      clock.afterTurn(() => this.#judge());
    });
  }

  #judge(): void {
    if (this.#ended || this.#cancelTimer !== undefined) return;
    const [oldest] = this.#inFlight.values();
    const { clock, ackTimeoutMs } = this.#deps;
    if (oldest !== undefined && clock.now() - oldest.sentAt >= ackTimeoutMs) this.#deps.onOverdue();
    else this.#arm();
  }
}

interface InFlight {
  readonly sentAt: MonotonicMs;
  readonly resolve: () => void;
  readonly reject: (error: ClusterError) => void;
}

interface Waiting {
  readonly message: TransportMessage;
  readonly resolve: () => void;
  readonly reject: (error: ClusterError) => void;
}
