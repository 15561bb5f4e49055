import assert from 'node:assert/strict';
import { BusChecker, type CheckedSubscription } from '../../src/testing/bus/bus-checker.js';

const home = 'a@1';
const receipt = { local: 0, nodes: 1, groups: 0, dropped: 0 };

describe('testing/bus-checker', () => {
  it('expects nothing of who had no link when a subscription was made known, though it knows older ones of that node', () => {
    const checker = new BusChecker();
    const late = subscribe(checker, 'b@1', ['c@1']);
    publish(checker, 1);
    checker.judgeLosses();
    assert.deepEqual(checker.faults, []);
    late.sure([home]);
    publish(checker, 2);
    checker.judgeLosses();
    assert.deepEqual(checker.faults, ['b@1/0 lacks 1 events of a@1, told of 0']);
  });

  it('takes a gap without an end for what lies between the events around it, and for nothing else', () => {
    const checker = new BusChecker();
    const subscription = subscribe(checker, 'b@1', [home]);
    for (let number = 1; number <= 6; number += 1) publish(checker, number);
    for (const number of [1, 3]) take(subscription, number);
    subscription.gap({ node: 'a', epoch: 1, from: 4, to: undefined });
    take(subscription, 5);
    checker.judgeLosses();
    assert.deepEqual(checker.faults, ['b@1/0 lacks 2 events of a@1, told of 0']);
  });

  it('does not take what waited in the queue for the end of a gap', () => {
    const checker = new BusChecker();
    const subscription = subscribe(checker, 'b@1', [home]);
    for (let number = 1; number <= 4; number += 1) publish(checker, number);
    subscription.received = () => 2;
    subscription.gap({ node: 'a', epoch: 1, from: 3, to: undefined });
    for (const number of [1, 2]) take(subscription, number);
    checker.judgeLosses();
    assert.deepEqual(checker.faults, []);
  });

  it('lets a drop of a subscription excuse one event, whoever published it', () => {
    const checker = new BusChecker();
    const subscription = subscribe(checker, 'b@1', [home, 'c@1']);
    subscription.dropped = () => 1;
    publish(checker, 1);
    checker.judgeLosses();
    assert.deepEqual(checker.faults, []);
    publish(checker, 1, { life: 'c@1' });
    checker.judgeLosses();
    assert.deepEqual(checker.faults, ['b@1/0 lacks 1 events of c@1, told of 0']);
  });

  it('lets a receipt excuse as many copies as it told of', () => {
    const checker = new BusChecker();
    for (const life of ['b@1', 'b@1', 'd@1']) subscribe(checker, life, [home]);
    publish(checker, 1, { dropped: 2 });
    checker.judgeLosses();
    assert.deepEqual(checker.faults, []);
    publish(checker, 2, { dropped: 1 });
    checker.judgeLosses();
    assert.deepEqual(checker.faults, ['a@1#2 is at none of b@1/0 b@1/1 d@1/2, and its receipt told of 1 copies']);
  });
});

function subscribe(checker: BusChecker, life: string, knownTo: readonly string[]): CheckedSubscription {
  const subscription = checker.add(life, ['/a']);
  subscription.sure(knownTo);
  return subscription;
}

function publish(checker: BusChecker, number: number, { life = home, dropped = 0 } = {}): void {
  const value = { life, number };
  checker.willPublish(value, '/a', new Set(['shared b', 'shared d']));
  checker.published(value, { ...receipt, dropped });
}

function take(subscription: CheckedSubscription, number: number): void {
  subscription.got({ topic: '/a', value: { life: home, number }, headers: {}, source: 'a', captures: {} });
}
