import type { BusDoor } from '../../spi/bus.js';
import type { RuleMessage, RuleNode } from '../../spi/rule.js';
import type { RuleCounters } from '../rule-counters.js';
import type { Expression } from '../rule-expression.js';
import { countHop } from '../rule-hops.js';
import type { Template } from '../rule-template.js';

/** Where and how to publish. */
export interface PublishTarget {
  readonly topic: Template;
  /** Keeps order, and decides the member of a hashed group, for what is published. */
  readonly key: ((message: RuleMessage) => string) | undefined;
  /** What to publish in place of the message's own value; made, as topic and key are, of the message that came. */
  readonly value: Expression | undefined;
}

/**
 * Publishes each message and hands it on. Headers go along, with a count of the rules that an event came through, so that rules
 * that feed each other in a ring end.
 */
export class PublishNode implements RuleNode {
  readonly kind = 'publish';
  readonly #bus: BusDoor;
  readonly #target: PublishTarget;
  readonly #counters: RuleCounters;

  constructor(bus: BusDoor, target: PublishTarget, counters: RuleCounters) {
    this.#bus = bus;
    this.#target = target;
    this.#counters = counters;
  }

  handle(message: RuleMessage, output: (message: RuleMessage) => void): void {
    const { topic, key, value: make } = this.#target;
    const target = topic(message);
    const headers = countHop(message, target);
    const options = key === undefined ? { headers } : { headers, key: key(message) };
    const value = make === undefined ? message.value : make(message);
    const receipt = this.#bus.publish(target, value, options);
    this.#counters.published += 1;
    if (receipt.local + receipt.nodes + receipt.groups === 0) this.#counters.unheard += 1;
    output({ ...message, topic: target, value, headers });
  }
}
