import assert from 'node:assert/strict';
import { Subject } from 'rxjs';
import { createLocalBus } from '../../src/bus/create-local-bus.js';
import type { EventBus, EventBusOptions } from '../../src/bus/event-bus.js';
import { decodeWith } from '../../src/bus/schema.js';
import { CancelSource } from '../../src/core/cancel.js';
import type { ClusterError } from '../../src/core/errors.js';
import { SeededRandom } from '../../src/core/random.js';
import type { BusEvent, BusFault, GroupStrategy, OverflowPolicy } from '../../src/spi/bus.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/local', () => {
  describe('topics', () => {
    it('runs a handler once for two patterns that overlap', () => {
      const { bus } = createBus();
      const got: string[] = [];
      bus.subscribe(['/a/*', '/a/b', '/**'], (event) => void got.push(event.topic));
      assert.deepEqual(bus.publish('a/b/', 1), { local: 1, nodes: 0, groups: 0, dropped: 0 });
      assert.deepEqual(got, ['/a/b']);
    });

    it('reads captures from the event, and expands alternatives', () => {
      const { bus } = createBus();
      const got: unknown[] = [];
      bus.subscribe('/device/{id}/online,offline', (event) => void got.push([event.captures['id'], event.topic]));
      bus.publish('/device/7/online', 1);
      bus.publish('/device/8/offline', 1);
      bus.publish('/device/8/other', 1);
      assert.deepEqual(got, [
        ['7', '/device/7/online'],
        ['8', '/device/8/offline'],
      ]);
    });

    it('refuses a wildcard in publish and reaches all with broadcast', () => {
      const { bus } = createBus();
      const got: string[] = [];
      bus.subscribe('/a/1/on', () => void got.push('exact'));
      bus.subscribe('/a/*/on', () => void got.push('star'));
      bus.subscribe('/b/**', () => void got.push('other'));
      assert.throws(() => bus.publish('/a/*/on', 1), hasCode('invalid-topic'));
      assert.equal(bus.broadcast('/a/*/on', 1).local, 2);
      assert.deepEqual(got.toSorted(), ['exact', 'star']);
    });

    it('narrows a pattern to a set of captured values', () => {
      const { bus } = createBus();
      const got: string[] = [];
      const only = { capture: 'id', values: new Set(['1', '2']) };
      const subscription = bus.subscribe('/d/{id}/x', (event) => void got.push(event.topic), { only });
      assert.equal(bus.publish('/d/1/x', 1).local, 1);
      assert.equal(bus.publish('/d/3/x', 1).local, 0);
      subscription.update('/d/{id}/x', { capture: 'id', values: new Set(['3']) });
      assert.equal(bus.publish('/d/1/x', 1).local, 0);
      assert.equal(bus.publish('/d/3/x', 1).local, 1);
      assert.throws(() => bus.subscribe('/**/{id}', () => undefined, { only }), hasCode('invalid-topic'));
    });
  });

  describe('subscriptions', () => {
    it('gives a broker-only subscription nothing that this node published', () => {
      const { bus } = createBus();
      bus.subscribe('/a', () => assert.fail(), { local: false });
      assert.equal(bus.publish('/a', 1).local, 0);
    });

    it('replaces patterns atomically and drops what waits and is no longer wanted', async () => {
      const { bus, sim } = createBus();
      const got: string[] = [];
      const doors: (() => void)[] = [];
      const subscription = bus.subscribe(
        '/a/*',
        (event) => {
          got.push(event.topic);
          return new Promise<void>((resolve) => doors.push(resolve));
        },
        { concurrencyMax: 1 },
      );
      for (const topic of ['/a/1', '/a/2', '/a/3']) bus.publish(topic, 0);
      subscription.update(['/a/1', '/a/3']);
      assert.equal(subscription.revision, 1);
      await openAll(sim, doors, 3);
      assert.deepEqual(got, ['/a/1', '/a/3']);
      assert.deepEqual(subscription.stats, { received: 3, handled: 2, dropped: 1, failed: 0, queued: 0 });
    });

    it('calls no handler after stop', async () => {
      const { bus, sim } = createBus();
      const doors: (() => void)[] = [];
      let calls = 0;
      const subscription = bus.subscribe(
        '/a',
        () => {
          calls += 1;
          return new Promise<void>((resolve) => doors.push(resolve));
        },
        { concurrencyMax: 1 },
      );
      bus.publishMany('/a', [1, 2, 3]);
      subscription.stop();
      subscription.stop();
      await openAll(sim, doors, 1);
      assert.equal(calls, 1);
      assert.equal(bus.publish('/a', 1).local, 0);
      assert.equal(subscription.stats.dropped, 2);
    });

    it('isolates a handler that throws, and counts and tells it', async () => {
      const { bus, sim } = createBus();
      const faults: BusFault[] = [];
      bus.onFault((fault) => void faults.push(fault));
      let other = 0;
      const bad = bus.subscribe('/a', () => assert.fail('bad handler'), { id: 'bad' });
      bus.subscribe('/a', () => Promise.reject(new Error('bad later')));
      bus.subscribe('/a', () => void (other += 1));
      assert.equal(bus.publish('/a', 1).local, 3);
      await sim.runAsync(1);
      assert.equal(other, 1);
      assert.equal(bad.stats.failed, 1);
      assert.deepEqual(
        faults.map(({ error }) => error.code),
        ['handler-failed', 'handler-failed'],
      );
      assert.equal(faults[0]?.subscription, 'bad');
    });

    it('refuses what is no schema where it is given', () => {
      for (const schema of [{}, undefined, 5, 'text']) {
        assert.throws(() => decodeWith(schema as never), {
          code: 'invalid-options',
          message: /schema: give a schema of/,
        });
      }
    });

    it('drops what decode refuses without filling the buffer', () => {
      const { bus } = createBus();
      const got: unknown[] = [];
      const schema = {
        '~standard': {
          validate: (value: unknown) =>
            typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'no number', path: ['x'] }] },
        },
      };
      const subscription = bus.subscribe('/a', (event) => void got.push(event.value), {
        decode: decodeWith(schema),
        queueMax: 1,
      });
      bus.publishMany('/a', [1, 'x', 2, 'y', 3]);
      assert.deepEqual(got, [2, 4, 6]);
      assert.equal(subscription.stats.dropped, 2);
    });

    it('names the option that is wrong', () => {
      const { bus } = createBus();
      const wrong = (options: object): void => void bus.subscribe('/a', () => undefined, options);
      assert.throws(() => wrong({ concurrencyMax: 0 }), /concurrencyMax/);
      assert.throws(() => wrong({ queueMax: 0 }), /queueMax/);
      assert.throws(() => wrong({ overflow: 'spill' }), /overflow/);
      assert.throws(() => wrong({ local: false, broker: false }), /local/);
      assert.throws(() => wrong({ group: { name: 'g', strategy: 'best' } }), /strategy/);
      assert.throws(() => wrong({ group: { name: '', strategy: 'random' } }), /group.name/);
    });
  });

  describe('overflow', () => {
    const cases: readonly (readonly [OverflowPolicy, readonly number[], number])[] = [
      ['drop-oldest', [1, 4, 5], 0],
      ['drop-newest', [1, 2, 3], 2],
      ['latest', [1, 5], 0],
      ['block', [1, 2, 3], 2],
    ];
    for (const [overflow, expected, dropped] of cases) {
      it(`keeps ${expected.join(', ')} of 1 to 5 with ${overflow} and two places`, async () => {
        const { bus, sim } = createBus();
        const got: unknown[] = [];
        const doors: (() => void)[] = [];
        let told = 0;
        bus.subscribe(
          '/a',
          (event) => {
            got.push(event.value);
            return new Promise<void>((resolve) => doors.push(resolve));
          },
          { overflow, queueMax: 2, concurrencyMax: 1, onDropped: (count) => (told += count) },
        );
        assert.equal(bus.publishMany('/a', [1, 2, 3, 4, 5]).dropped, dropped);
        await openAll(sim, doors, 5);
        assert.deepEqual(got, expected);
        assert.equal(told, 5 - expected.length);
      });
    }

    it('ends a subscription with policy error, and its Observable fails', () => {
      const { bus } = createBus();
      const errors: unknown[] = [];
      bus
        .observe('/a', { overflow: 'error', queueMax: 1, concurrencyMax: 1 })
        .subscribe({ error: (error: ClusterError) => void errors.push(error.code) });
      bus.publishMany('/a', [1, 2, 3]);
      assert.deepEqual(errors, []);
      const subscription = bus.subscribe('/b', () => new Promise(() => undefined), {
        overflow: 'error',
        queueMax: 1,
        concurrencyMax: 1,
      });
      bus.publishMany('/b', [1, 2, 3]);
      assert.equal(bus.publish('/b', 4).local, 0);
      assert.equal(subscription.stats.received, 3);
    });

    it('pulls an AsyncIterable only while block subscriptions have room', async () => {
      const { bus, sim } = createBus();
      const got: unknown[] = [];
      const doors: (() => void)[] = [];
      bus.subscribe(
        '/a',
        (event) => {
          got.push(event.value);
          return new Promise<void>((resolve) => doors.push(resolve));
        },
        { overflow: 'block', queueMax: 2, concurrencyMax: 1 },
      );
      let pulled = 0;
      async function* source(): AsyncGenerator<number> {
        while (pulled < 100) {
          await Promise.resolve();
          pulled += 1;
          yield pulled;
        }
      }
      const report = bus.publishFrom('/a', source());
      await sim.runAsync(1);
      assert.equal(pulled, 3);
      await openAll(sim, doors, 200);
      const { published, receipt } = await sim.settle(report, 10);
      assert.equal(published, 100);
      assert.equal(receipt.dropped, 0);
      assert.deepEqual(
        got,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
    });

    it('goes on pulling when a block subscription of a later priority handles at once', async () => {
      const { bus, sim } = createBus();
      const doors: (() => void)[] = [];
      bus.subscribe('/a', () => new Promise<void>((resolve) => doors.push(resolve)), { priority: 1 });
      const options = { overflow: 'block', priority: 2, queueMax: 1, concurrencyMax: 1 } as const;
      const subscription = bus.subscribe('/a', () => undefined, options);
      async function* source(): AsyncGenerator<number> {
        for (let value = 0; value < 10; value += 1) {
          await Promise.resolve();
          yield value;
        }
      }
      const report = bus.publishFrom('/a', source());
      await openAll(sim, doors, 20);
      assert.equal((await sim.settle(report, 10)).published, 10);
      await openAll(sim, doors, 5);
      assert.equal(subscription.stats.handled, 10);
    });

    it('publishes an Observable with a lossy policy only', async () => {
      const { bus, sim } = createBus();
      const doors: (() => void)[] = [];
      bus.subscribe('/a', () => new Promise<void>((resolve) => doors.push(resolve)), {
        overflow: 'block',
        queueMax: 1,
        concurrencyMax: 1,
      });
      const subject = new Subject<number>();
      await assert.rejects(bus.publishFrom('/a', subject, { overflow: 'block' }), hasCode('invalid-options'));
      const report = bus.publishFrom('/a', subject, { overflow: 'drop-newest', queueMax: 2 });
      for (let value = 0; value < 10; value += 1) subject.next(value);
      subject.complete();
      await openAll(sim, doors, 20);
      const { published, droppedAtSource } = await sim.settle(report, 10);
      assert.deepEqual([published, droppedAtSource], [4, 6]);
    });
  });

  describe('concurrency', () => {
    it('runs no more handlers at once than it says, and in order, though one publishes to its own topic', async () => {
      const { bus, sim } = createBus();
      const log: string[] = [];
      const doors: (() => void)[] = [];
      const handler = async ({ value }: BusEvent): Promise<void> => {
        log.push(`begin ${String(value)}`);
        if (value === 2) bus.publish('/t', 3);
        await new Promise<void>((resolve) => doors.push(resolve));
        log.push(`end ${String(value)}`);
      };
      bus.subscribe('/t', handler, { concurrencyMax: 1 });
      bus.publishMany('/t', [1, 2]);
      await openAll(sim, doors, 4);
      assert.deepEqual(log, ['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
    });
  });

  describe('priorities', () => {
    it('ends every handler of one priority before the next begins, and errors do not stop it', async () => {
      const { bus, sim } = createBus();
      const log: string[] = [];
      const later = (name: string, ms: number) => async (): Promise<void> => {
        log.push(`${name} begins`);
        await sim.settleLater(ms);
        log.push(`${name} ends`);
      };
      bus.subscribe('/a', later('second', 1), { priority: 2 });
      bus.subscribe('/a', later('first', 5), { priority: 1 });
      bus.subscribe('/a', () => assert.fail(), { priority: 1 });
      assert.equal(bus.publish('/a', 1).local, 3);
      await sim.runAsync(100);
      assert.deepEqual(log, ['first begins', 'first ends', 'second begins', 'second ends']);
    });

    it('keeps the order of events in a later tier', async () => {
      const { bus, sim } = createBus();
      const got: unknown[] = [];
      const delays = [20, 1];
      bus.subscribe('/a', () => sim.settleLater(delays.shift() ?? 1), { priority: 1 });
      bus.subscribe('/a', (event) => void got.push(event.value), { priority: 2 });
      bus.publishMany('/a', [1, 2]);
      await sim.runAsync(100);
      assert.deepEqual(got, [1, 2]);
    });
  });

  describe('groups', () => {
    const strategies: readonly GroupStrategy[] = ['random', 'local-first', 'oldest', 'hashed', 'least-in-flight'];
    for (const strategy of strategies) {
      it(`gives each event to one member with ${strategy}`, () => {
        const { bus } = createBus();
        const counts = [0, 0, 0];
        counts.forEach((_, index) =>
          bus.subscribe('/a/*', () => void (counts[index] = (counts[index] ?? 0) + 1), {
            group: { name: 'g', strategy },
          }),
        );
        for (let index = 0; index < 300; index += 1) {
          assert.deepEqual(bus.publish(`/a/${index}`, 1), { local: 1, nodes: 0, groups: 1, dropped: 0 });
        }
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          300,
        );
        if (strategy === 'oldest') assert.deepEqual(counts, [300, 0, 0]);
        else for (const count of counts) assert.ok(count > 50, counts.join(' '));
      });
    }

    it('sends one key to one member, whatever the topic', () => {
      const { bus } = createBus();
      const owners = new Map<unknown, Set<string>>();
      for (const member of ['x', 'y', 'z']) {
        bus.subscribe('/a/*', (event) => void (owners.get(event.value) ?? new Set()).add(member), {
          group: { name: 'g', strategy: 'hashed' },
        });
      }
      for (let index = 0; index < 100; index += 1) {
        const key = `k${index % 10}`;
        if (!owners.has(key)) owners.set(key, new Set());
        bus.publish(`/a/${index}`, key, { key });
      }
      for (const members of owners.values()) assert.equal(members.size, 1);
    });

    it('gives the least busy member the next event', () => {
      const { bus } = createBus();
      const counts = [0, 0];
      const group = { name: 'g', strategy: 'least-in-flight' } as const;
      bus.subscribe('/a', () => new Promise<void>(() => void (counts[0] = (counts[0] ?? 0) + 1)), { group });
      bus.subscribe('/a', () => void (counts[1] = (counts[1] ?? 0) + 1), { group });
      for (let index = 0; index < 50; index += 1) bus.publish('/a', 1);
      assert.ok((counts[0] ?? 0) <= 1);
    });

    it('refuses another strategy for a group that exists', () => {
      const { bus } = createBus();
      const first = bus.subscribe('/a', () => undefined, { group: { name: 'g', strategy: 'oldest' } });
      const other = (): unknown => bus.subscribe('/b', () => undefined, { group: { name: 'g', strategy: 'random' } });
      assert.throws(other, hasCode('group-conflict'));
      first.stop();
      other();
    });
  });

  describe('publishing', () => {
    it('evaluates a lazy payload never without and once with many subscribers', () => {
      const { bus } = createBus();
      let calls = 0;
      const value = (): number => (calls += 1);
      bus.publish('/a', value);
      assert.equal(calls, 0);
      bus.subscribe('/a', () => undefined);
      bus.subscribe('/*', () => undefined);
      assert.equal(bus.publish('/a', value).local, 2);
      assert.equal(calls, 1);
    });

    it('shows all subscriptions one order, even for what handlers publish', () => {
      const { bus } = createBus();
      const seen: unknown[][] = [[], []];
      bus.subscribe('/a', (event) => {
        seen[0]?.push(event.value);
        if (event.value === 1) assert.equal(bus.publish('/a', 2).local, 2);
      });
      bus.subscribe('/a', (event) => void seen[1]?.push(event.value));
      bus.publish('/a', 1);
      assert.deepEqual(seen, [
        [1, 2],
        [1, 2],
      ]);
    });

    it('drops what waited longer than its time to live', async () => {
      const { bus, sim } = createBus();
      const got: unknown[] = [];
      bus.subscribe(
        '/a',
        (event) => {
          got.push(event.value);
          return sim.settleLater(50);
        },
        { concurrencyMax: 1 },
      );
      bus.publish('/a', 1);
      bus.publish('/a', 2, { ttlMs: 10 });
      bus.publish('/a', 3, { ttlMs: 1000 });
      await sim.runAsync(200);
      assert.deepEqual(got, [1, 3]);
    });

    it('confirms handled when handlers are done, and says who failed', async () => {
      const { bus, sim } = createBus();
      let done = false;
      bus.subscribe('/a', async () => {
        await sim.settleLater(5);
        done = true;
      });
      const first = await sim.settle(bus.publishConfirmed('/a', 1, { level: 'handled' }), 100);
      assert.equal(done, true);
      assert.deepEqual(first.confirmed, ['one']);
      assert.deepEqual(first.missing, []);
      bus.subscribe('/a', () => assert.fail());
      const second = await sim.settle(bus.publishConfirmed('/a', 1, { level: 'handled' }), 100);
      assert.deepEqual(second.missing, [{ node: 'one', why: 'handler-failed' }]);
      bus.subscribe('/a', () => new Promise(() => undefined));
      const third = await sim.settle(bus.publishConfirmed('/a', 1, { level: 'handled', timeoutMs: 20 }), 100);
      assert.deepEqual(third.missing, [{ node: 'one', why: 'deadline' }]);
    });

    it('refuses values that are not data with their path, when told to check', () => {
      const { bus } = createBus({ checkValues: true });
      bus.subscribe('/a', () => undefined);
      const value = { readings: [1, { unit: () => 'C' }] };
      assert.throws(() => bus.publish('/a', value), /readings\[1\]\.unit/);
    });

    it('lets hooks change, swallow and forbid', () => {
      const { bus } = createBus({
        hooks: {
          onPublish: (draft) => (draft.topic === '/no' ? undefined : { ...draft, value: `${String(draft.value)}!` }),
          onDeliver: (event) => (event.value === 'hide!' ? undefined : event),
          allow: ({ action, topic }) => action !== 'publish' || !topic.startsWith('/secret'),
        },
      });
      const got: unknown[] = [];
      bus.subscribe('/**', (event) => void got.push(event.value));
      bus.publish('/a', 'x');
      bus.publish('/no', 'x');
      bus.publish('/a', 'hide');
      assert.throws(() => bus.publish('/secret/a', 1), hasCode('unauthorized'));
      assert.deepEqual(got, ['x!']);
    });
  });

  describe('observe', () => {
    it('is cold, ends with unsubscribe, and completes with the bus', () => {
      const { bus } = createBus();
      const got: unknown[] = [];
      let completed = 0;
      const events = bus.observe('/a');
      assert.equal(bus.publish('/a', 0).local, 0);
      const first = events.subscribe((event) => void got.push(event.value));
      events.subscribe({ complete: () => (completed += 1) });
      assert.equal(bus.publish('/a', 1).local, 2);
      first.unsubscribe();
      assert.equal(bus.publish('/a', 2).local, 1);
      bus.stop();
      assert.equal(completed, 1);
      assert.deepEqual(got, [1]);
      assert.throws(() => bus.publish('/a', 1), hasCode('stopped'));
    });

    it('updates the patterns of everyone who is subscribed, and of those to come', () => {
      const { bus } = createBus();
      const got: string[] = [];
      const events = bus.observe('/a');
      events.subscribe((event) => void got.push(event.topic));
      events.update('/b');
      events.subscribe((event) => void got.push(event.topic));
      bus.publish('/a', 1);
      bus.publish('/b', 1);
      assert.deepEqual(got, ['/b', '/b']);
      events.stop();
      assert.equal(bus.publish('/b', 1).local, 0);
    });

    it('refuses block', () => {
      const { bus } = createBus();
      assert.throws(() => bus.observe('/a', { overflow: 'block' }), hasCode('invalid-options'));
    });
  });

  describe('requests', () => {
    it('answers at once that nobody responds', async () => {
      const { bus } = createBus();
      await assert.rejects(bus.request('/q', 1), hasCode('no-responders'));
    });

    it('takes the first answer and cancels the others', async () => {
      const { bus, sim } = createBus();
      let cancelled = 0;
      bus.respond('/q/{n}', async (event) => {
        await sim.settleLater(1);
        return `fast ${event.captures['n'] ?? ''}`;
      });
      bus.respond('/q/*', (_, context) => {
        context.cancel.listen(() => (cancelled += 1));
        return new Promise(() => undefined);
      });
      const answer = await sim.settle(bus.request('/q/7', 1), 100);
      assert.equal(answer.value, 'fast 7');
      assert.equal(cancelled, 1);
    });

    it('ends at its deadline, and cancels', async () => {
      const { bus, sim } = createBus();
      let cancelled = 0;
      bus.respond('/q', (_, context) => {
        context.cancel.listen(() => (cancelled += 1));
        return new Promise(() => undefined);
      });
      const answer = bus.request('/q', 1, { timeoutMs: 50 });
      answer.catch(() => undefined);
      await sim.runAsync(100);
      await assert.rejects(answer, hasCode('deadline-exceeded'));
      assert.equal(cancelled, 1);
    });

    it('is cancelled by its asker with an AbortSignal, and its responder has one', async () => {
      const { bus, sim } = createBus();
      const seen: AbortSignal[] = [];
      bus.respond('/a', (_event, { signal }) => {
        seen.push(signal);
        return new Promise(() => undefined);
      });
      const abort = new AbortController();
      const request = bus.request('/a', 1, { signal: abort.signal });
      request.catch(() => undefined);
      await sim.runAsync(1);
      assert.deepEqual(
        seen.map(({ aborted }) => aborted),
        [false],
      );
      abort.abort();
      await assert.rejects(request, { code: 'cancelled' });
      assert.deepEqual(
        seen.map(({ aborted }) => aborted),
        [true],
      );
      await assert.rejects(bus.request('/a', 1, { signal: abort.signal }), { code: 'cancelled' });
      await sim.runAsync(1);
      assert.equal(seen.length, 1, 'what was aborted before it began asks nobody');
    });

    it('is cancelled by its asker', async () => {
      const { bus, sim } = createBus();
      const cancel = new CancelSource();
      bus.respond('/q', () => new Promise(() => undefined));
      const answer = bus.request('/q', 1, { cancel });
      answer.catch(() => undefined);
      await sim.runAsync(1);
      cancel.cancel();
      await assert.rejects(answer, hasCode('cancelled'));
    });

    it('tells the asker what a handler threw', async () => {
      const { bus } = createBus();
      bus.respond('/q', () => assert.fail('wrong valve'));
      await assert.rejects(bus.request('/q', 1), /\[remote\].*wrong valve/);
    });

    it('gives many answers of many responders until all ended, a count, or a stall', async () => {
      const { bus, sim } = createBus();
      async function* count(): AsyncGenerator<number> {
        for (let index = 0; index < 3; index += 1) {
          await sim.settleLater(1);
          yield index;
        }
      }
      bus.respond('/q', count);
      bus.respond('/q', () => 10);
      const all = await sim.settle(collect(bus.requestMany('/q', 1)), 100);
      assert.deepEqual(new Set(all), new Set([0, 1, 2, 10]));
      assert.equal((await sim.settle(collect(bus.requestMany('/q', 1, { answersMax: 2 })), 100)).length, 2);
      bus.respond('/q', () => new Promise(() => undefined));
      const stalled = await sim.settle(collect(bus.requestMany('/q', 1, { stallMs: 20 })), 100);
      assert.equal(stalled.length, 4);
    });

    it('asks a responder for more only as answers are taken', async () => {
      const { bus, sim } = createBus();
      let made = 0;
      bus.respond('/q', async function* endless() {
        for (;;) {
          await Promise.resolve();
          yield (made += 1);
        }
      });
      const answers = bus.requestMany('/q', 1)[Symbol.asyncIterator]();
      await sim.settle(answers.next(), 100);
      await sim.runAsync(10);
      assert.ok(made <= 20, String(made));
      await answers.return?.();
    });

    it('asks one member of a responder group', async () => {
      const { bus, sim } = createBus();
      let asked = 0;
      for (let index = 0; index < 3; index += 1) {
        bus.respond('/q', () => (asked += 1), { group: { name: 'g', strategy: 'random' } });
      }
      await sim.settle(collect(bus.requestMany('/q', 1)), 100);
      assert.equal(asked, 1);
    });
  });
});

class TestClock extends Simulator {
  settleLater(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer((this.now() + ms) as ReturnType<Simulator['now']>, resolve);
    });
  }
}

function createBus(options: EventBusOptions = {}): { bus: EventBus & { stop(): void }; sim: TestClock } {
  const sim = new TestClock({ seed: 1 });
  const deps = { clock: sim, random: new SeededRandom(1), self: { name: 'one', epoch: 1 } };
  return { bus: createLocalBus(deps, options), sim };
}

async function openAll(sim: Simulator, doors: (() => void)[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    doors.shift()?.();
    await sim.runAsync(1);
  }
}

async function collect(events: AsyncIterable<BusEvent>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const event of events) values.push(event.value);
  return values;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => (error as ClusterError).code === code;
}
