/** What a rule node gets and gives: a value with the topic it came on. */
export interface RuleMessage {
  readonly topic: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * One step of a rule: takes a message, hands zero or more on. It MUST NOT keep `output` after the returned promise settles. What
 * it throws ends this message only; the rule counts it.
 */
export interface RuleNode {
  readonly kind: string;
  handle(message: RuleMessage, output: (message: RuleMessage) => void): void | Promise<void>;
}
