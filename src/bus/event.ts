import type { MonotonicMs } from '../core/clock.js';
import { readCaptures, type TopicPattern } from '../core/topic.js';
import type { BusEvent } from '../spi/bus.js';

/** No headers; shared, frozen. */
export const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/** An event on its way to subscriptions of this node. One object is shared by all that change nothing about it. */
export class SharedEvent implements BusEvent {
  readonly topic: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: string;
  readonly captures: Readonly<Record<string, string>> = noHeaders;
  /** Nobody wants it later than this. */
  readonly expiresAt: MonotonicMs | undefined;
  /** A lossless subscription promised its lane a place for it. */
  readonly isPromised: boolean;

  constructor(topic: string, value: unknown, rest: EventRest) {
    this.topic = topic;
    this.value = value;
    this.headers = rest.headers;
    this.source = rest.source;
    this.expiresAt = rest.expiresAt;
    this.isPromised = rest.isPromised === true;
  }
}

/** What an event has beside topic and value; one object serves every event without options. */
export interface EventRest {
  readonly headers: Readonly<Record<string, string>>;
  readonly source: string;
  readonly expiresAt: MonotonicMs | undefined;
  readonly isPromised?: boolean;
}

/** An event as one subscription sees it: with its own decoded value, and captures that are read when asked for. */
export class OwnEvent implements BusEvent {
  readonly topic: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: string;
  readonly #patterns: readonly TopicPattern[];
  #captures: Readonly<Record<string, string>> | undefined;

  constructor(event: SharedEvent, value: unknown, patterns: readonly TopicPattern[]) {
    this.topic = event.topic;
    this.value = value;
    this.headers = event.headers;
    this.source = event.source;
    this.#patterns = patterns;
  }

  get captures(): Readonly<Record<string, string>> {
    return (this.#captures ??= this.#read());
  }

  #read(): Readonly<Record<string, string>> {
    for (const pattern of this.#patterns) {
      const captures = readCaptures(pattern, this.topic);
      // The first pattern that captured anything; several of one subscription may match.
      for (const _ in captures) return captures;
    }
    return noHeaders;
  }
}
