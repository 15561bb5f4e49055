/** What a rule node gets and gives: a value with the topic it came on. Shared between nodes: read-only by contract. */
export interface RuleMessage {
  readonly topic: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** The cluster's node that published it. */
  readonly source: string;
  /** Names that the rule's pattern captured, unescaped. */
  readonly captures: Readonly<Record<string, string>>;
}

/**
 * One step of a rule: takes a message, hands zero or more on. It MUST NOT call `output` after it returned or, if it returned a
 * promise, after that settled. What it throws ends this message only; the rule counts it. One instance serves one rule, and is
 * never called again after the rule stopped.
 */
export interface RuleNode {
  readonly kind: string;
  handle(message: RuleMessage, output: (message: RuleMessage) => void): void | Promise<void>;
}
