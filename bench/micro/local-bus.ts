/**
 * Publishes on the local bus: exact topics with 10, 100,000 and 1,000,000 subscriptions on a hot topic, wildcards, many
 * subscribers of one topic, nobody. Run with `npx tsx --expose-gc bench/micro/local-bus.ts`; one JSON line a case.
 */
import { performance } from 'node:perf_hooks';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus } from '../../src/bus/event-bus.js';
import { toMonotonicMs, toWallMs, type Clock } from '../../src/core/clock.js';
import { SeededRandom } from '../../src/core/random.js';

const clock: Clock = {
  now: () => toMonotonicMs(performance.now()),
  wallMs: () => toWallMs(Date.now()),
  setTimer: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
  afterTurn: (run) => void setImmediate(run),
};

const value = { deviceId: 'boiler-7', temperature: 71.5, time: 1 };

function createBus(): EventBus {
  return createLocalBus({ clock, random: new SeededRandom(1), self: { name: 'bench', epoch: 1 } });
}

function measure(name: string, count: number, publish: (index: number) => void): void {
  for (let index = 0; index < Math.min(count, 200_000); index += 1) publish(index);
  const rates = Array.from({ length: 5 }, () => {
    const start = performance.now();
    for (let index = 0; index < count; index += 1) publish(index);
    return (count / (performance.now() - start)) * 1000;
  }).toSorted((left, right) => left - right);
  const rate = Math.round(rates[2] ?? 0);
  console.log(JSON.stringify({ bench: 'micro/local-bus', case: name, publishesPerSecond: rate }));
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

for (const subscriptions of [10, 100_000, 1_000_000]) {
  const bus = createBus();
  let got = 0;
  const before = heapBytes();
  for (let index = 0; index < subscriptions; index += 1) {
    bus.subscribe(`/device/boiler/${index}/temperature`, () => {
      got += 1;
    });
  }
  const perSubscription = Math.round((heapBytes() - before) / subscriptions);
  const hot = '/device/boiler/7/temperature';
  measure(`exact, ${subscriptions} subscriptions, one hot topic`, 3_000_000, () => bus.publish(hot, value));
  const topics = Array.from({ length: 10_000 }, (_, index) => `/device/boiler/${index % subscriptions}/temperature`);
  measure(`exact, ${subscriptions} subscriptions, many topics`, 1_000_000, (index) => {
    bus.publish(topics[index % topics.length] ?? hot, value);
  });
  if (got === 0) throw new Error('nothing arrived');
  console.log(
    JSON.stringify({ bench: 'micro/local-bus', case: `${subscriptions}`, bytesPerSubscription: perSubscription }),
  );
}

{
  const bus = createBus();
  for (let index = 0; index < 10; index += 1) bus.subscribe(`/device/*/${index}/**`, () => undefined);
  measure('wildcards, hot topic', 3_000_000, () => bus.publish('/device/boiler/7/temperature', value));
  measure('wildcards, every topic new', 300_000, (index) => bus.publish(`/device/boiler/${index}/temperature`, value));
}
{
  const bus = createBus();
  for (let index = 0; index < 100; index += 1) bus.subscribe('/one', () => undefined);
  measure('100 subscribers of one topic', 200_000, () => bus.publish('/one', value));
}
{
  const bus = createBus();
  const before = heapBytes();
  measure('nobody', 3_000_000, () => bus.publish('/nobody/here', () => ({ ...value })));
  console.log(JSON.stringify({ bench: 'micro/local-bus', case: 'nobody', heapGrowthBytes: heapBytes() - before }));
}
