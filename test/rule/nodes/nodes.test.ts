import assert from 'node:assert/strict';
import { CancelSource } from '../../../src/core/cancel.js';
import { ClusterError } from '../../../src/core/errors.js';
import { CommandNode } from '../../../src/rule/nodes/command-node.js';
import { FilterNode } from '../../../src/rule/nodes/filter-node.js';
import { PublishNode } from '../../../src/rule/nodes/publish-node.js';
import { ThrottleNode } from '../../../src/rule/nodes/throttle-node.js';
import { hopsHeader } from '../../../src/rule/rule-hops.js';
import { createRuleCounters } from '../../../src/rule/rule-counters.js';
import type { RuleMessage } from '../../../src/spi/rule.js';
import { checkRuleNode, ruleMessage } from '../../../src/testing/conformance/rule-node.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { PlainCluster } from '../../device/plain-bus.js';

const mocha = { describe, it };

checkRuleNode(mocha, 'where', () => ({
  node: new FilterNode((message) => isHot(message), createRuleCounters()),
  handled: [
    [ruleMessage(31), [31]],
    [ruleMessage(30), []],
  ],
  impossible: ruleMessage('no number'),
  settle: (promise) => promise,
}));

checkRuleNode(mocha, 'throttle', () => ({
  node: new ThrottleNode(
    new Simulator({ seed: 1 }),
    { everyMs: 1000, key: ({ captures }) => captures['x'] ?? '', keysMax: 10 },
    createRuleCounters(),
  ),
  handled: [
    [ruleMessage(1, { captures: { x: 'a' } }), [1]],
    [ruleMessage(2, { captures: { x: 'a' } }), []],
    [ruleMessage(3, { captures: { x: 'b' } }), [3]],
  ],
  impossible: undefined,
  settle: (promise) => promise,
}));

checkRuleNode(mocha, 'publish', () => ({
  node: new PublishNode(
    new PlainCluster(new Simulator({ seed: 1 })).bus('n1'),
    { topic: () => '/out', key: undefined, value: ({ value }) => [value] },
    createRuleCounters(),
  ),
  handled: [[ruleMessage(1), [[1]]]],
  impossible: ruleMessage(1, { headers: { [hopsHeader]: '16' } }),
  settle: (promise) => promise,
}));

checkRuleNode(mocha, 'command', () => {
  const simulator = new Simulator({ seed: 1 });
  const bus = new PlainCluster(simulator).bus('n1');
  bus.respond('/device/p/d/command/{name}', ({ value, captures }) => {
    if (value === 'impossible') throw new ClusterError('remote', 'no');
    return [captures['name'], value];
  });
  const deps = { bus, clock: simulator, counters: createRuleCounters(), cancel: new CancelSource() };
  const target = {
    product: () => 'p',
    device: () => 'd',
    name: () => 'fan',
    input: ({ value }: RuleMessage) => value,
    timeoutMs: 1000,
    answerTo: undefined,
  };
  return {
    node: new CommandNode(deps, target),
    handled: [[ruleMessage(7), [['fan', 7]]]],
    impossible: ruleMessage('impossible'),
    settle: (promise) => simulator.settle(promise, 5000),
  };
});

describe('a throttle', () => {
  it('lets a key pass again after its time, and forgets the oldest beyond its bound', () => {
    const simulator = new Simulator({ seed: 1 });
    const counters = createRuleCounters();
    const options = { everyMs: 1000, key: ({ topic }: RuleMessage) => topic, keysMax: 2 };
    const node = new ThrottleNode(simulator, options, counters);
    const passed: string[] = [];
    const give = (topic: string): void => node.handle(ruleMessage(0, { topic }), (next) => passed.push(next.topic));
    for (const topic of ['/a', '/b', '/a', '/c', '/b']) give(topic);
    // /a was forgotten for /c, so it passes too early.
    give('/a');
    assert.deepEqual(passed, ['/a', '/b', '/c', '/a']);
    simulator.run(1000);
    give('/c');
    assert.equal(passed.at(-1), '/c');
    assert.equal(counters.throttled, 2);
  });
});

describe('a publishing node', () => {
  it('counts the rules that an event came through', () => {
    const bus = new PlainCluster(new Simulator({ seed: 1 })).bus('n1');
    const headers: string[] = [];
    bus.subscribe('/out', (event) => void headers.push(event.headers[hopsHeader] ?? ''));
    const node = new PublishNode(bus, { topic: () => '/out', key: undefined, value: undefined }, createRuleCounters());
    node.handle(ruleMessage(1), (next) => node.handle(next, () => undefined));
    // What a device wrote there itself neither stops it nor lets it go on for ever.
    for (const forged of ['-1000', 'x', '1e400']) {
      node.handle(ruleMessage(1, { headers: { [hopsHeader]: forged } }), () => undefined);
    }
    assert.deepEqual(headers, ['1', '2', '1', '1', '1']);
  });
});

function isHot({ value }: RuleMessage): boolean {
  if (typeof value !== 'number') throw new ClusterError('handler-failed', 'no number');
  return value > 30;
}
