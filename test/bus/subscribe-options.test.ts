import assert from 'node:assert/strict';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus } from '../../src/bus/event-bus.js';
import { Simulator } from '../../src/testing/simulator.js';

/** Programs in JavaScript, and values that come from outside, get past the types. */
describe('bus/subscribe-options', () => {
  const wrong: Readonly<Record<string, readonly [args: readonly unknown[], code: string]>> = {
    'a misspelt option': [['/a', () => undefined, { overfow: 'block' }], 'invalid-options'],
    'an array for a set of values': [
      ['/a/{id}', () => undefined, { only: { capture: 'id', values: ['1'] } }],
      'invalid-options',
    ],
    'an unknown part of a set of values': [
      ['/a/{id}', () => undefined, { only: { capture: 'id', values: new Set(), set: 1 } }],
      'invalid-options',
    ],
    'null for a set of values': [['/a/{id}', () => undefined, { only: null }], 'invalid-options'],
    'no handler': [['/a'], 'invalid-options'],
    'null for options': [['/a', () => undefined, null], 'invalid-options'],
    'a decode that is no function': [['/a', () => undefined, { decode: 5 }], 'invalid-options'],
    'a listener that is no function': [['/a', () => undefined, { onGap: 'x' }], 'invalid-options'],
    'a switch that is a text': [['/a', () => undefined, { local: 'no' }], 'invalid-options'],
    'an id that is a number': [['/a', () => undefined, { id: 5 }], 'invalid-options'],
    'a group that is a text': [['/a', () => undefined, { group: 'g' }], 'invalid-options'],
    'a group that is null': [['/a', () => undefined, { group: null }], 'invalid-options'],
    'a misspelt part of a group': [
      ['/a', () => undefined, { group: { name: 'g', strategy: 'random', stategy: 'x' } }],
      'invalid-options',
    ],
    'no pattern': [[[], () => undefined], 'invalid-topic'],
    'a number for a pattern': [[5, () => undefined], 'invalid-topic'],
    'a list with a number': [[['/a', 5], () => undefined], 'invalid-topic'],
  };
  for (const [what, [args, code]] of Object.entries(wrong)) {
    it(`refuse ${what} when it is subscribed, and nothing stays behind`, () => {
      const simulator = new Simulator({ seed: 1 });
      const bus = createLocalBus({ clock: simulator, random: simulator.random, self: { name: 'n1', epoch: 1 } });
      assert.throws(() => bus.subscribe(...(args as Parameters<EventBus['subscribe']>)), { code });
      assert.deepEqual(bus.subscriptions(), []);
      assert.equal(bus.publish('/a/1', 1).local, 0);
    });
  }

  it('are told apart from a set of values when a subscription is updated', () => {
    const simulator = new Simulator({ seed: 1 });
    const bus = createLocalBus({ clock: simulator, random: simulator.random, self: { name: 'n1', epoch: 1 } });
    const only = { capture: 'id', values: new Set(['1']) };
    const subscription = bus.subscribe('/a/{id}', () => undefined, { only });
    const update = (...args: readonly unknown[]) => subscription.update(...(args as [string]));
    assert.throws(() => update('/a/{id}', new Set(['2'])), /the options of only|only\.capture/);
    assert.throws(() => update(new Set(['/a/{id}'])), { code: 'invalid-topic' });
    assert.deepEqual([bus.publish('/a/1', 1).local, bus.publish('/a/2', 1).local], [1, 0], 'it wants what it wanted');
    update('/a/{id}', { capture: 'id', values: new Set(['2']) });
    assert.deepEqual([bus.publish('/a/1', 1).local, bus.publish('/a/2', 1).local], [0, 1]);
    update('/a/{id}');
    assert.deepEqual(
      [bus.publish('/a/1', 1).local, bus.publish('/a/2', 1).local],
      [1, 1],
      'no set narrows it any more',
    );
  });

  it('hold for an Observable alike, for those that are subscribed and for those to come', () => {
    const simulator = new Simulator({ seed: 1 });
    const bus = createLocalBus({ clock: simulator, random: simulator.random, self: { name: 'n1', epoch: 1 } });
    const observable = bus.observe('/a/{id}', { only: { capture: 'id', values: new Set(['1']) } });
    const seen: string[] = [];
    observable.subscribe(({ topic }) => seen.push(`early ${topic}`));
    observable.update('/a/{id}');
    observable.subscribe(({ topic }) => seen.push(`late ${topic}`));
    bus.publish('/a/2', 1);
    assert.deepEqual(seen.toSorted(), ['early /a/2', 'late /a/2']);
    assert.throws(() => bus.observe('/a').update([]), { code: 'invalid-topic' });
  });

  it('of ready are checked', async () => {
    const simulator = new Simulator({ seed: 1 });
    const bus = createLocalBus({ clock: simulator, random: simulator.random, self: { name: 'n1', epoch: 1 } });
    const subscription = bus.subscribe('/a', () => undefined);
    for (const options of [{ scope: 'all' }, { scop: 'cluster' }, { scope: 'cluster', timeoutMs: Number.NaN }, 5]) {
      await assert.rejects(subscription.ready(options as object), { code: 'invalid-options' });
    }
  });
});
