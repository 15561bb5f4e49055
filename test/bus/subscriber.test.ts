import assert from 'node:assert/strict';
import { SharedEvent } from '../../src/bus/event.js';
import { Gate } from '../../src/bus/gate.js';
import { resolveSubscribeOptions } from '../../src/bus/subscribe-options.js';
import { Subscriber } from '../../src/bus/subscriber.js';
import { createWanted } from '../../src/bus/wanted.js';
import type { EventHandler, SubscribeOptions } from '../../src/spi/bus.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/subscriber', () => {
  it('tells room, idleness and progress when a gate opens and its handler returns at once', () => {
    const subscriber = createSubscriber(() => undefined, { overflow: 'block', queueMax: 1, concurrencyMax: 1 });
    const log: string[] = [];
    subscriber.state.onProgress = () => void log.push('progress');
    const before = new Gate();
    for (let count = 0; count < 2; count += 1) assert.equal(subscriber.offer(createEvent(), before), true);
    assert.equal(subscriber.hasRoom, false);
    subscriber.whenRoom(() => void log.push('room'));
    subscriber.whenIdle(() => void log.push('idle'));
    before.settle(true);
    assert.equal(subscriber.handled, 2);
    assert.deepEqual(log.slice(0, 3), ['room', 'idle', 'progress']);
  });

  it('handles one event at a time, in order, when a handler that returns at once offers the next from the queue', () => {
    const log: string[] = [];
    const handler: EventHandler = ({ value }) => {
      log.push(`begin ${String(value)}`);
      // When the last that waited is begun, nothing but the count of handlers holds the next one back.
      if (value === 2 || value === 3) subscriber.offer(createEvent(false, value + 1));
      log.push(`end ${String(value)}`);
    };
    const subscriber = createSubscriber(handler, { concurrencyMax: 1 });
    const before = new Gate();
    for (const value of [1, 2]) subscriber.offer(createEvent(false, value), before);
    before.settle(true);
    assert.deepEqual(
      log,
      [1, 2, 3, 4].flatMap((value) => [`begin ${value}`, `end ${value}`]),
    );
    assert.deepEqual([subscriber.inFlight, subscriber.handled], [0, 4]);
  });

  it('is idle after its last handler has thrown or stopped it, from the queue', () => {
    for (const fails of [true, false]) {
      const subscriber = createSubscriber(
        () => {
          if (fails) throw new Error('no');
          subscriber.stop();
        },
        { concurrencyMax: 1 },
      );
      const before = new Gate();
      subscriber.offer(createEvent(), before);
      let isIdle = false;
      subscriber.whenIdle(() => (isIdle = true));
      before.settle(true);
      assert.deepEqual([isIdle, subscriber.inFlight], [true, 0]);
    }
  });

  it('is idle once it was stopped with nothing under way, whatever waited', () => {
    const subscriber = createSubscriber(() => undefined, {});
    subscriber.offer(createEvent(), new Gate());
    let isIdle = false;
    subscriber.whenIdle(() => (isIdle = true));
    subscriber.stop();
    assert.deepEqual([isIdle, subscriber.dropped], [true, 1]);
  });

  it('drops and counts what a peer sends beyond every place, and settles its gate', () => {
    const options = { overflow: 'block', queueMax: 1, concurrencyMax: 1 } as const;
    const subscriber = createSubscriber(() => new Promise(() => undefined), options);
    const placesMax = 100_000;
    const done = new Gate();
    let taken = 0;
    for (let count = 0; count < placesMax; count += 1) {
      if (subscriber.offer(createEvent(true), undefined, done)) taken += 1;
    }
    assert.ok(taken < placesMax);
    assert.equal(subscriber.inFlight, taken);
    assert.deepEqual([subscriber.dropped, done.failed], [placesMax - taken, placesMax - taken]);
  });
});

function createSubscriber(handler: EventHandler, options: SubscribeOptions): Subscriber {
  const host = { clock: new Simulator({ seed: 1 }), onFault: () => undefined, onOverflow: () => undefined };
  const setup = { options: resolveSubscribeOptions(options), order: 0, wanted: createWanted('/**') };
  return new Subscriber(host, handler, setup);
}

function createEvent(isPromised = false, value = 1): SharedEvent {
  return new SharedEvent('/a', value, { headers: {}, source: 'n', expiresAt: undefined, isPromised });
}
