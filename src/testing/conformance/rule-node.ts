import assert from 'node:assert/strict';
import type { RuleMessage, RuleNode } from '../../spi/rule.js';
import type { TestRunner } from './suite.js';

/** A rule node made anew, and what it does with messages. */
export interface RuleNodeFixture {
  readonly node: RuleNode;
  /** Messages, and what comes out of each: the values handed on, in order. */
  readonly handled: readonly (readonly [message: RuleMessage, values: readonly unknown[]])[];
  /** A message that the node cannot handle; `undefined` when it handles all. */
  readonly impossible: RuleMessage | undefined;
  /** Lets the node's promises settle. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

/** What every rule node must do. */
export function checkRuleNode(runner: TestRunner, name: string, make: () => RuleNodeFixture): void {
  runner.describe(`${name} as a rule node`, () => {
    for (const [title, check] of Object.entries(cases)) runner.it(title, async () => check(make()));
  });
}

/** A message for a rule node, with what a test does not care about. */
export function ruleMessage(value: unknown, more: Partial<RuleMessage> = {}): RuleMessage {
  return { topic: '/a', value, headers: {}, source: 'n1', captures: {}, ...more };
}

const cases: Readonly<Record<string, (fixture: RuleNodeFixture) => Promise<void>>> = {
  'has a kind to be named by': async ({ node }) => {
    assert.match(node.kind, /^[a-z][a-z-]*$/);
  },

  'hands on what it should, and nothing after it is done': async (fixture) => {
    for (const [message, values] of fixture.handled) {
      const outputs: unknown[] = [];
      const done = fixture.node.handle(message, (next) => outputs.push(next.value));
      if (done !== undefined) await fixture.settle(done);
      assert.deepEqual(outputs, values);
      await fixture.settle(Promise.resolve());
      assert.deepEqual(outputs, values);
    }
  },

  'changes nothing of the message that it got': async (fixture) => {
    for (const [message] of fixture.handled) {
      const before = structuredClone(message);
      const done = fixture.node.handle(message, () => undefined);
      if (done !== undefined) await fixture.settle(done);
      assert.deepEqual(message, before);
    }
  },

  'fails for a message that it cannot handle, and goes on with the next': async (fixture) => {
    const { node, impossible, handled } = fixture;
    if (impossible === undefined) return;
    const outputs: unknown[] = [];
    await assert.rejects(async () => {
      const done = node.handle(impossible, (next) => outputs.push(next.value));
      if (done !== undefined) await fixture.settle(done);
    });
    assert.equal(outputs.length, 0);
    const [first] = handled;
    if (first === undefined) return;
    const done = node.handle(first[0], (next) => outputs.push(next.value));
    if (done !== undefined) await fixture.settle(done);
    assert.deepEqual(outputs, first[1]);
  },
};
