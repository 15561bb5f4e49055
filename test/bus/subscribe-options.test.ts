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
    'no handler': [['/a'], 'invalid-options'],
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
});
