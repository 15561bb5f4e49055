/** What one rule has counted at this node. */
export interface RuleCounters {
  /** Events that came to this node; the rule's other nodes count their own. */
  in: number;
  /** Events for which `where` held. */
  matched: number;
  /** Held back by `everyMs`. */
  throttled: number;
  /** Events published. */
  published: number;
  /** Of those, the ones that nobody wanted. */
  unheard: number;
  commands: number;
  /** Commands that the device carried out. */
  answered: number;
  /** Steps that failed: an expression without its value, a topic that cannot be, a command without an answer. */
  failed: number;
  /** Events that this node's queue dropped, or that are known to be lost on the way here. */
  lost: number;
}

/** Counters at 0. */
export function createRuleCounters(): RuleCounters {
  return { in: 0, matched: 0, throttled: 0, published: 0, unheard: 0, commands: 0, answered: 0, failed: 0, lost: 0 };
}
