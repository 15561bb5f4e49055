import type { Clock } from '../../core/clock.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import { checkFunction, optionError } from '../../core/options.js';
import type { GossipMessage } from '../../spi/membership.js';

/** Hands users' messages to those that listen to their topic, in the next turn: a listener may call the membership again. */
export class GossipDesk {
  readonly #clock: Clock;
  readonly #topics = new Map<string, Listeners<GossipMessage>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(topic: string, listener: (message: GossipMessage) => void): Unlisten {
    checkFunction('the listener', listener);
    const listeners = this.#topics.get(topic) ?? new Listeners<GossipMessage>();
    this.#topics.set(topic, listeners);
    const unlisten = listeners.add(listener);
    return () => {
      unlisten();
      if (listeners.size === 0 && this.#topics.get(topic) === listeners) this.#topics.delete(topic);
    };
  }

  /** Takes a message; one that nobody listens to is let go. */
  heard(message: GossipMessage): void {
    if (!this.#topics.has(message.topic)) return;
    this.#clock.afterTurn(() => this.#topics.get(message.topic)?.tell(message));
  }
}

/** Throws `invalid-options` for a message of programs that is none: types are gone at run time. */
export function checkMessage(topic: unknown, bytes: unknown): void {
  if (typeof topic !== 'string') throw optionError('the topic', 'give a text', topic);
  if (!(bytes instanceof Uint8Array)) throw optionError('the message', 'give a Uint8Array', bytes);
}

/** Throws `invalid-options` for what names no member. */
export function checkReceiver(to: unknown): void {
  const isNamed = typeof to === 'object' && to !== null && 'name' in to && 'epoch' in to;
  if (!isNamed) throw optionError('the receiver', 'give a member, or { name, epoch }', to);
}
