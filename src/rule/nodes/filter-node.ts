import type { RuleMessage, RuleNode } from '../../spi/rule.js';
import type { RuleCounters } from '../rule-counters.js';
import type { Expression } from '../rule-expression.js';

/** Hands on the messages for which a condition holds; without a condition, all of them. */
export class FilterNode implements RuleNode {
  readonly kind = 'where';
  readonly #condition: Expression | undefined;
  readonly #counters: RuleCounters;

  constructor(condition: Expression | undefined, counters: RuleCounters) {
    this.#condition = condition;
    this.#counters = counters;
  }

  handle(message: RuleMessage, output: (message: RuleMessage) => void): void {
    // Only `true` holds: a text or a number is a mistake in the rule, not a yes.
    if (this.#condition !== undefined && this.#condition(message) !== true) return;
    this.#counters.matched += 1;
    output(message);
  }
}
