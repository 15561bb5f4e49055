import assert from 'node:assert/strict';
import type { BusEvent } from '../../src/spi/bus.js';
import { GroupChecker } from '../../src/testing/bus/group-checker.js';

const value = { life: 'a@1', number: 1 };
const event: BusEvent = { topic: '/g', value, headers: {}, source: 'a', captures: {} };
const member = { node: 'b', dropped: (): number => 0, gapOf: (): number => 0 };

describe('testing/group-checker', () => {
  it('objects to an event that two members got', () => {
    const group = started();
    group.got(member, event);
    group.got({ ...member, node: 'c' }, event);
    assert.deepEqual(group.faults, ['group g got a@1#1 at b and c']);
  });

  it('objects to a promised event that nobody got and nobody was told of', () => {
    const group = started();
    group.judge(() => 0);
    assert.equal(group.faults.length, 1);
  });

  it('excuses it when it was told, or a member or its publisher died while it was on its way', () => {
    const told = started();
    told.judge(() => 1);
    const died = started();
    died.died(10);
    died.judge(() => 0);
    const before = started();
    before.died(4);
    before.judge(() => 0);
    const alone = started();
    alone.publisherDied('b@1', 10);
    alone.judge(() => 0);
    assert.equal(alone.faults.length, 1);
    const publisher = started();
    publisher.publisherDied('a@1', 10);
    publisher.judge(() => 0);
    assert.deepEqual([...told.faults, ...died.faults, ...publisher.faults], []);
    assert.equal(before.faults.length, 1);
  });
});

function started(): GroupChecker {
  const group = new GroupChecker('g');
  group.add(member);
  group.willPublish(value, 5);
  group.promised(value);
  return group;
}
