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

function createEvent(isPromised = false): SharedEvent {
  return new SharedEvent('/a', 1, { headers: {}, source: 'n', expiresAt: undefined, isPromised });
}
