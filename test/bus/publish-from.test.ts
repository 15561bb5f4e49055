import assert from 'node:assert/strict';
import { config, merge, of, Subject } from 'rxjs';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus } from '../../src/bus/event-bus.js';
import { after } from '../../src/core/clock.js';
import { SeededRandom } from '../../src/core/random.js';
import { fromCredit } from '../../src/cluster/rpc/sources.js';
import type { CreditRequest } from '../../src/reactive/credit-source.js';
import { Simulator } from '../../src/testing/simulator.js';
import { TestCluster } from './three-nodes.js';

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

describe('bus/publish-from a credit source', () => {
  it('asks for no more than there is room for and a few ahead, and publishes all in order', async () => {
    const { bus, sim } = createBus();
    const got: unknown[] = [];
    const doors: (() => void)[] = [];
    const handler = ({ value }: { value: unknown }): Promise<void> => {
      got.push(value);
      return new Promise((resolve) => doors.push(resolve));
    };
    bus.subscribe('/t', handler, { overflow: 'block', queueMax: 4, concurrencyMax: 1 });
    const source = countTo(100);
    const report = bus.publishFrom('/t', source.source, { queueMax: 3 });
    await sim.runAsync(10);
    // One runs, four wait in the subscription; of three that may be ahead it asks again when half are taken.
    assert.deepEqual([source.made(), got.length], [7, 1]);
    while (got.length < 100) {
      doors.shift()?.();
      await sim.runAsync(1);
      assert.ok(source.made() <= got.length + 7, `${source.made()} made, ${got.length} handled`);
    }
    const { published, droppedAtSource, receipt } = await sim.settle(report, 10);
    assert.deepEqual([published, droppedAtSource, receipt.dropped], [100, 0, 0]);
    assert.deepEqual(got, [...Array.from({ length: 100 }).keys()]);
    assert.equal(source.isAborted(), false);
  });

  it('asks for no more than a slow subscription of another node has room for', async () => {
    const cluster = new TestCluster(1, { ownLaneEventsMax: 32 });
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    let ahead = 0;
    const source = countTo(1000);
    const subscription = cluster.bus('b').subscribe(
      '/t',
      ({ value }) => {
        got.push(value);
        ahead = Math.max(ahead, source.made() - got.length);
        return new Promise<void>((resolve) => {
          cluster.sim.setTimer(after(cluster.sim.now(), 1), resolve);
        });
      },
      { overflow: 'block', queueMax: 8, concurrencyMax: 1 },
    );
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    const report = await cluster.sim.settle(cluster.bus('a').publishFrom('/t', source.source), 30_000);
    await cluster.sim.runAsync(1000);
    assert.deepEqual([report.published, report.receipt.dropped, got.length], [1000, 0, 1000]);
    assert.deepEqual(got, [...Array.from({ length: 1000 }).keys()]);
    // What is asked for ahead, the lane, the queue and its places for lanes.
    assert.ok(ahead > 0 && ahead <= 64 + 32 + 16, String(ahead));
    await cluster.stop();
  });

  it('rejects with what the source failed with, after what it sent before', async () => {
    const { bus, sim } = createBus();
    const got: unknown[] = [];
    bus.subscribe('/t', ({ value }) => void got.push(value));
    const failing = fromCredit<number>((request) => {
      request.onCredit(() => {
        request.next(1);
        request.next(2);
        request.fail(new RangeError('the cursor broke'));
        request.next(3);
      });
    });
    await assert.rejects(sim.settle(bus.publishFrom('/t', failing), 10), /the cursor broke/);
    assert.deepEqual(got, [1, 2]);
    const throwing = fromCredit(() => {
      throw new RangeError('no cursor');
    });
    await assert.rejects(sim.settle(bus.publishFrom('/t', throwing), 10), /no cursor/);
  });

  it('lets go of a source that sends what nobody asked for', async () => {
    const { bus, sim } = createBus();
    let signal: AbortSignal | undefined;
    const flood = fromCredit<number>((request) => {
      ({ signal } = request);
      request.onCredit((count) => {
        for (let value = 0; value <= count; value += 1) request.next(value);
      });
    });
    await assert.rejects(sim.settle(bus.publishFrom('/t', flood, { queueMax: 2 }), 10), { code: 'overflow' });
    assert.equal(signal?.aborted, true);
  });

  it('lets go of the source when the bus stops', async () => {
    const { bus, sim } = createBus();
    let request: CreditRequest<number> | undefined;
    const report = bus.publishFrom(
      '/t',
      fromCredit<number>((given) => {
        request = given;
        given.onCredit(() => undefined);
      }),
    );
    await sim.runAsync(1);
    request?.next(1);
    await sim.runAsync(1);
    bus.stop();
    request?.next(2);
    await assert.rejects(sim.settle(report, 10), { code: 'stopped' });
    assert.equal(request?.signal.aborted, true);
  });
});

/** A credit source of the numbers below `end`, which sends as much as it is asked for at once. */
function countTo(end: number): {
  readonly source: ReturnType<typeof fromCredit<number>>;
  made(): number;
  isAborted(): boolean;
} {
  let made = 0;
  let signal: AbortSignal | undefined;
  const source = fromCredit<number>((request) => {
    ({ signal } = request);
    request.onCredit((count) => {
      for (let left = count; left > 0 && made < end; left -= 1) {
        request.next(made);
        made += 1;
      }
      if (made === end) request.complete();
    });
  });
  return { source, made: () => made, isAborted: () => signal?.aborted === true };
}

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
