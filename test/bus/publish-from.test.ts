import assert from 'node:assert/strict';
import { config, merge, of, Subject } from 'rxjs';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus } from '../../src/bus/event-bus.js';
import { SeededRandom } from '../../src/core/random.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/publish-from an Observable', () => {
  const unhandled: unknown[] = [];

  beforeEach(() => {
    unhandled.length = 0;
    config.onUnhandledError = (error) => void unhandled.push(error);
  });

  afterEach(() => {
    config.onUnhandledError = null;
  });

  it('rejects and lets go of the source when the bus has stopped', async () => {
    const { bus, sim } = createBus();
    const source = new Subject<number>();
    const report = bus.publishFrom('/t', source);
    source.next(1);
    bus.stop();
    source.next(2);
    await assert.rejects(sim.settle(report, 10), { code: 'stopped' });
    await timersRun();
    assert.deepEqual([source.observed, unhandled], [false, []]);
  });

  it('rejects and lets go of the source at a value that is no data', async () => {
    const { bus, sim } = createBus();
    bus.subscribe('/t', () => undefined);
    const source = new Subject<unknown>();
    const report = bus.publishFrom('/t', source);
    source.next(new WeakMap());
    await assert.rejects(sim.settle(report, 10), { code: 'invalid-value' });
    await timersRun();
    assert.deepEqual([source.observed, unhandled], [false, []]);
  });

  it('rejects when the bus stops while values wait, and stops whole', async () => {
    const { bus, sim } = createBus();
    const options = { overflow: 'block', queueMax: 1, concurrencyMax: 1 } as const;
    bus.subscribe('/t', () => new Promise(() => undefined), options);
    bus.subscribe('/other', () => undefined);
    const source = new Subject<number>();
    const report = bus.publishFrom('/t', source);
    for (let value = 0; value < 5; value += 1) source.next(value);
    assert.doesNotThrow(() => bus.stop());
    await assert.rejects(sim.settle(report, 10), { code: 'stopped' });
    assert.deepEqual([source.observed, bus.subscriptions()], [false, []]);
  });

  it('rejects when a value that waited is refused, and goes on handling events', async () => {
    const { bus, sim } = createBus();
    const doors: (() => void)[] = [];
    const handler = (): Promise<void> => new Promise((resolve) => doors.push(resolve));
    const subscription = bus.subscribe('/t', handler, { overflow: 'block', queueMax: 1, concurrencyMax: 1 });
    const source = new Subject<unknown>();
    const report = bus.publishFrom('/t', source);
    for (const value of [1, 2, new WeakMap()]) source.next(value);
    doors.shift()?.();
    await assert.rejects(sim.settle(report, 10), { code: 'invalid-value' });
    doors.shift()?.();
    await sim.runAsync(1);
    assert.deepEqual([source.observed, subscription.stats.handled, subscription.stats.failed], [false, 2, 0]);
  });

  it('lets go of a source that gave too much inside subscribe', async () => {
    const { bus, sim } = createBus();
    const options = { overflow: 'block', queueMax: 1, concurrencyMax: 1 } as const;
    bus.subscribe('/t', () => new Promise(() => undefined), options);
    const later = new Subject<number>();
    const report = bus.publishFrom('/t', merge(of(1, 2, 3, 4), later), { queueMax: 1 });
    await assert.rejects(sim.settle(report, 10), { code: 'overflow' });
    assert.equal(later.observed, false);
  });
});

function createBus(): { bus: EventBus & { stop(): void }; sim: Simulator } {
  const sim = new Simulator({ seed: 1 });
  const deps = { clock: sim, random: new SeededRandom(1), self: { name: 'one', epoch: 1 } };
  return { bus: createLocalBus(deps, { checkValues: true }), sim };
}

/** RxJS tells errors that nobody took from a timer. */
function timersRun(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
