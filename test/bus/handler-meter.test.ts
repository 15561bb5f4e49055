import assert from 'node:assert/strict';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus } from '../../src/bus/event-bus.js';
import { after } from '../../src/core/clock.js';
import { SeededRandom } from '../../src/core/random.js';
import { Simulator } from '../../src/testing/simulator.js';
import { TestCluster } from './three-nodes.js';

describe('bus/handler-meter', () => {
  it('tells how long events waited and how long their handler took', async () => {
    const { bus, sim } = createBus();
    const options = { concurrencyMax: 1, measureEvery: 1 };
    const subscription = bus.subscribe('/t', () => pause(sim, 10), options);
    assert.deepEqual(subscription.stats.timing, timing(0, 0, 0, 0, 0));
    for (let count = 0; count < 3; count += 1) bus.publish('/t', count);
    await sim.runAsync(100);
    // The second waited for the first, the third for both.
    assert.deepEqual(subscription.stats.timing, timing(3, 10, 20, 10, 10));
    assert.deepEqual(bus.subscriptions()[0]?.timing, timing(3, 10, 20, 10, 10));
  });

  it('measures one event in so many, the first among them', async () => {
    const { bus, sim } = createBus();
    const subscription = bus.subscribe('/t', () => undefined, { measureEvery: 4 });
    for (let count = 0; count < 10; count += 1) bus.publish('/t', count);
    await sim.runAsync(1);
    assert.deepEqual([subscription.stats.received, subscription.stats.timing?.samples], [10, 3]);
  });

  it('measures a handler that fails, and lets its failure be counted', async () => {
    const { bus, sim } = createBus();
    let calls = 0;
    const subscription = bus.subscribe(
      '/t',
      () => {
        calls += 1;
        if (calls === 1) throw new Error('at once');
        return pause(sim, 30).then(() => Promise.reject(new Error('later')));
      },
      { measureEvery: 1 },
    );
    bus.publish('/t', 1);
    bus.publish('/t', 2);
    await sim.runAsync(100);
    assert.equal(subscription.stats.failed, 2);
    assert.deepEqual(subscription.stats.timing, timing(2, 0, 0, 15, 30));
  });

  it('measures nothing and says nothing unless it is asked to', async () => {
    const { bus, sim } = createBus();
    const subscription = bus.subscribe('/t', () => pause(sim, 10), { concurrencyMax: 1 });
    for (let count = 0; count < 3; count += 1) bus.publish('/t', count);
    await sim.runAsync(100);
    assert.deepEqual(subscription.stats, { received: 3, handled: 3, dropped: 0, failed: 0, queued: 0 });
    for (const measureEvery of [-1, 1.5, Number.NaN]) {
      assert.throws(() => bus.subscribe('/t', () => undefined, { measureEvery }), { code: 'invalid-options' });
    }
  });

  it('counts the wait of another node’s events from their arrival, by this node’s clock', async () => {
    const cluster = new TestCluster(1, { links: { delayMs: 200 } });
    await cluster.add('a', 'b');
    const options = { concurrencyMax: 1, measureEvery: 1 };
    const subscription = cluster.bus('b').subscribe('/t', () => pause(cluster.sim, 10), options);
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 5000);
    for (let count = 0; count < 3; count += 1) cluster.bus('a').publish('/t', count);
    await cluster.sim.runAsync(2000);
    assert.deepEqual(subscription.stats.timing, timing(3, 10, 20, 10, 10));
    await cluster.stop();
  });
});

function timing(...[samples, lagMsMean, lagMsMax, handlerMsMean, handlerMsMax]: readonly number[]): object {
  return { samples, lagMsMean, lagMsMax, handlerMsMean, handlerMsMax };
}

function createBus(): { bus: EventBus; sim: Simulator } {
  const sim = new Simulator({ seed: 1 });
  const deps = { clock: sim, random: new SeededRandom(1), self: { name: 'one', epoch: 1 } };
  return { bus: createLocalBus(deps), sim };
}

function pause(sim: Simulator, ms: number): Promise<void> {
  return new Promise((resolve) => {
    sim.setTimer(after(sim.now(), ms), resolve);
  });
}
