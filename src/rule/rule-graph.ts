import { ClusterError } from '../core/errors.js';
import type { RuleMessage, RuleNode } from '../spi/rule.js';

/** A rule node and those that get what it hands on. */
export interface RuleStep {
  readonly node: RuleNode;
  readonly next: readonly RuleStep[];
}

/**
 * Runs a message through a graph. A step that fails ends that branch and is reported; its siblings go on. Returns a promise only
 * if some node does, so that a rule without commands costs none.
 */
export function runStep(
  step: RuleStep,
  message: RuleMessage,
  fail: (error: ClusterError) => void,
): Promise<void> | undefined {
  const waits: Promise<void>[] = [];
  const onOutput = (next: RuleMessage): void => {
    for (const one of step.next) {
      const wait = runStep(one, next, fail);
      if (wait !== undefined) waits.push(wait);
    }
  };
  let own: void | Promise<void> = undefined;
  try {
    own = step.node.handle(message, onOutput);
  } catch (error) {
    fail(ClusterError.from(error, 'handler-failed'));
  }
  return own === undefined && waits.length === 0 ? undefined : settle(own, waits, fail);
}

async function settle(
  own: void | Promise<void>,
  waits: readonly Promise<void>[],
  fail: (error: ClusterError) => void,
): Promise<void> {
  try {
    await own;
  } catch (error) {
    fail(ClusterError.from(error, 'handler-failed'));
  }
  // Read after the node is done: until then it may hand more on.
  await Promise.all(waits);
}
