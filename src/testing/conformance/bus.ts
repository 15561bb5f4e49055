import assert from 'node:assert/strict';
import { ClusterError, mayHaveRun } from '../../core/errors.js';
import type { BusEvent } from '../../spi/bus.js';
import { groupCases } from './bus-groups.js';
import { Hall, hasCode, type BusFixture, type HallCases } from './bus-hall.js';
import type { TestRunner } from './suite.js';

/** What every implementation of `BusDoor` must do, on one node and on several. */
export function checkBus(runner: TestRunner, name: string, make: () => Promise<BusFixture>): void {
  runner.describe(`${name} as bus`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const hall = new Hall(await make());
        try {
          await check(hall);
        } finally {
          await hall.stop();
        }
      });
    }
  });
}

const cases: HallCases = {
  'matches ** with no segment, in the middle, and before two or more': async (hall) => {
    const got = await hall.collect(1, ['/a/**', '/b/**/x', '/c/**/x/y/z']);
    for (const topic of ['/a', '/a/1/2', '/b/x', '/b/1/2/x', '/c/x/y/z', '/c/1/2/x/y/z']) hall.publish(0, topic);
    for (const topic of ['/b/x/1', '/c/x/y', '/c/x/z']) hall.publish(0, topic);
    await hall.until(() => got.length === 6);
    await hall.rest();
    assert.deepEqual(got, ['/a', '/a/1/2', '/b/x', '/b/1/2/x', '/c/x/y/z', '/c/1/2/x/y/z']);
  },

  'takes a trailing slash and a missing leading one as the same topic': async (hall) => {
    const got = await hall.collect(1, ['a/b/']);
    hall.publish(0, '/a/b');
    hall.publish(0, 'a/b/');
    await hall.until(() => got.length === 2);
    assert.deepEqual(got, ['/a/b', '/a/b']);
  },

  'reaches by broadcast whatever some topic of the pattern would reach': async (hall) => {
    const exact = await hall.collect(1, ['/a/1/on']);
    const wild = await hall.collect(2, ['/a/*/on', '/a/{n}/on']);
    const other = await hall.collect(2, ['/b/**']);
    hall.doors[0].broadcast('/a/*/on', 1);
    await hall.until(() => exact.length === 1 && wild.length === 1);
    await hall.rest();
    assert.deepEqual([exact.length, wild.length, other.length], [1, 1, 0]);
  },

  'expands captures and alternatives, and refuses a wildcard that is part of a segment': async (hall) => {
    const seen: string[] = [];
    await hall.subscribe(1, '/device/{id}/online,offline', (event) => void seen.push(event.captures['id'] ?? ''));
    hall.publish(0, '/device/7/online');
    hall.publish(0, '/device/8/offline');
    hall.publish(0, '/device/9/other');
    await hall.until(() => seen.length === 2);
    assert.deepEqual(seen, ['7', '8']);
    assert.throws(() => hall.doors[0].subscribe('/id-*/x', () => undefined), hasCode('invalid-topic'));
    assert.throws(() => hall.doors[0].publish('/a/*', 1), hasCode('invalid-topic'));
  },

  'gives a broker-only subscription nothing of its own node, and a local-only one nothing of others': async (hall) => {
    const broker = await hall.collect(1, ['/x'], { local: false });
    const local = await hall.collect(1, ['/x'], { broker: false });
    hall.publish(1, '/x');
    if (hall.isCluster) hall.publish(0, '/x');
    await hall.until(() => local.length === 1 && broker.length === (hall.isCluster ? 1 : 0));
    await hall.rest();
    assert.deepEqual([broker.length, local.length], [hall.isCluster ? 1 : 0, 1]);
  },

  'runs a handler once for two patterns that overlap': async (hall) => {
    const got = await hall.collect(1, ['/x/*', '/x/1', '/**']);
    hall.publish(0, '/x/1');
    await hall.until(() => got.length > 0);
    await hall.rest();
    assert.equal(got.length, 1);
  },

  ...groupCases,

  'ends the handlers of one priority before the next, and an error does not stop it': async (hall) => {
    const log: string[] = [];
    await hall.subscribe(1, '/p', () => void log.push('second'), { priority: 2 });
    await hall.subscribe(1, '/p', () => Promise.reject(new Error('first fails')), { priority: 1 });
    await hall.subscribe(
      1,
      '/p',
      async () => {
        log.push('first begins');
        for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
        log.push('first ends');
      },
      { priority: 1 },
    );
    hall.publish(0, '/p');
    await hall.until(() => log.length === 3);
    assert.deepEqual(log, ['first begins', 'first ends', 'second']);
  },

  'says in the receipt who got it': async (hall) => {
    await hall.collect(0, ['/r']);
    await hall.collect(1, ['/r']);
    await hall.collect(2, ['/r']);
    const receipt = hall.doors[0].publish('/r', 1);
    const expected = hall.isCluster ? { local: 1, nodes: 2 } : { local: 3, nodes: 0 };
    assert.deepEqual(receipt, { ...expected, groups: 0, dropped: 0 });
    assert.deepEqual(hall.doors[0].publish('/nobody', 1), { local: 0, nodes: 0, groups: 0, dropped: 0 });
  },

  'evaluates a lazy payload never without and once with many subscribers': async (hall) => {
    let calls = 0;
    const value = (): number => (calls += 1);
    hall.doors[0].publish('/lazy', value);
    assert.equal(calls, 0);
    const [first, second] = [await hall.collect(1, ['/lazy']), await hall.collect(2, ['/lazy'])];
    hall.doors[0].publish('/lazy', value);
    await hall.until(() => first.length === 1 && second.length === 1);
    assert.equal(calls, 1);
  },

  'keeps the order of one publisher': async (hall) => {
    const values: unknown[] = [];
    await hall.subscribe(1, '/o/*', (event) => void values.push(event.value));
    for (let index = 0; index < 1000; index += 1) hall.doors[0].publish(`/o/${index % 7}`, index);
    await hall.until(() => values.length === 1000);
    assert.deepEqual(
      values,
      Array.from({ length: 1000 }, (_, index) => index),
    );
  },

  'confirms what was handled, and says who failed': async (hall) => {
    await hall.subscribe(1, '/c', () => undefined);
    const good = await hall.settle(hall.doors[0].publishConfirmed('/c', 1, { level: 'handled' }));
    assert.deepEqual([good.confirmed.length, good.missing.length, good.resent], [1, 0, false]);
    await hall.subscribe(2, '/c', () => Promise.reject(new Error('no')));
    const bad = await hall.settle(hall.doors[0].publishConfirmed('/c', 1, { level: 'handled' }));
    assert.deepEqual(
      bad.missing.map(({ why }) => why),
      ['handler-failed'],
    );
  },

  'answers a request, and says at once that nobody does': async (hall) => {
    await assert.rejects(hall.settle(hall.doors[0].request('/q/1', 1)), hasCode('no-responders'));
    const responder = hall.doors[1].respond('/q/{n}', (event) => `${event.captures['n'] ?? ''} ${String(event.value)}`);
    await hall.settle(responder.ready({ scope: 'cluster' }));
    const answer = await hall.settle(hall.doors[0].request('/q/7', 'x'));
    assert.equal(answer.value, '7 x');
    responder.stop();
  },

  'cancels responders when the asker has what it wanted': async (hall) => {
    let cancelled = 0;
    let begin: (() => void) | undefined;
    // Who was not asked yet when the first answers is not asked at all.
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const responders = [
      hall.doors[1].respond('/w', async () => {
        await begun;
        return 'first';
      }),
      hall.doors[2].respond('/w', (_, context) => {
        context.cancel.listen(() => (cancelled += 1));
        begin?.();
        return new Promise(() => undefined);
      }),
    ];
    for (const responder of responders) await hall.settle(responder.ready({ scope: 'cluster' }));
    const answer = await hall.settle(hall.doors[0].request('/w', 1));
    assert.equal(answer.value, 'first');
    await hall.until(() => cancelled === 1);
  },

  'takes many answers': async (hall) => {
    for (const index of [1, 2] as const) {
      const responder = hall.doors[index].respond('/m', async function* answers() {
        for (let count = 0; count < 40; count += 1) {
          await Promise.resolve();
          yield index * 100 + count;
        }
      });
      await hall.settle(responder.ready({ scope: 'cluster' }));
    }
    const values = await hall.settle(takeAll(hall.doors[0].requestMany('/m', 1)));
    assert.equal(new Set(values).size, 80);
    const few = await hall.settle(takeAll(hall.doors[0].requestMany('/m', 1, { answersMax: 5 })));
    assert.equal(few.length, 5);
  },

  'tells the asker what a responder threw': async (hall) => {
    const responder = hall.doors[1].respond('/t', () => Promise.reject(new Error('valve stuck')));
    await hall.settle(responder.ready({ scope: 'cluster' }));
    await assert.rejects(hall.settle(hall.doors[0].request('/t', 1)), /\[remote\].*valve stuck/);
  },

  'tells the asker the code, details and causes that a responder threw, and that it ran': async (hall) => {
    const details = { valve: 7 };
    const responder = hall.doors[1].respond('/t', () => {
      throw new ClusterError('overloaded', 'no pressure', { details, cause: new RangeError('too low') });
    });
    await hall.settle(responder.ready({ scope: 'cluster' }));
    await assert.rejects(hall.settle(hall.doors[0].request('/t', 1)), (error) => {
      assert.ok(error instanceof ClusterError && error.cause instanceof Error);
      assert.deepEqual([error.code, error.details, error.cause.name], ['overloaded', details, 'RangeError']);
      assert.match(error.message, /^\[overloaded\] no pressure/);
      assert.equal(mayHaveRun(error), true);
      return true;
    });
  },

  'replaces patterns of a running subscription': async (hall) => {
    const got: string[] = [];
    const subscription = await hall.subscribe(1, '/u/old', (event) => void got.push(event.topic));
    subscription.update(['/u/new', '/u/other']);
    await hall.settle(subscription.ready({ scope: 'cluster' }));
    hall.publish(0, '/u/old');
    hall.publish(0, '/u/new');
    await hall.until(() => got.length === 1);
    await hall.rest();
    assert.deepEqual(got, ['/u/new']);
    assert.equal(subscription.revision, 1);
  },

  'keeps what a restarted node wants, and nothing of its older life, whatever is still said of that': async (hall) => {
    const older = await hall.collect(1, ['/life/old', '/life/both']);
    await hall.collect(2, ['/life/other']);
    // One node alone has no peer whose life could end.
    if (!(await hall.restart(1))) return;
    const newer = await hall.collect(1, ['/life/new', '/life/both', '/life/probe']);
    const reached = (topic: string): number => hall.doors[0].publish(topic, topic).nodes;
    // While it is absent it wants nothing of either life.
    await hall.until(() => reached('/life/probe') === 1 && reached('/life/old') === 0);
    await hall.rest();
    const got = (): readonly string[] => newer.filter((topic) => topic !== '/life/probe');
    assert.deepEqual([reached('/life/old'), reached('/life/both'), reached('/life/new')], [0, 1, 1]);
    await hall.until(() => got().length === 2);
    await hall.rest();
    assert.deepEqual([older, got()], [[], ['/life/both', '/life/new']]);
  },

  'narrows a pattern to a set of values, also for other nodes': async (hall) => {
    const values = new Set(Array.from({ length: 2000 }, (_, index) => `d${index}`));
    const got = await hall.collect(1, ['/device/{id}/up'], { only: { capture: 'id', values } });
    hall.publish(0, '/device/d1999/up');
    hall.publish(0, '/device/d2000/up');
    await hall.until(() => got.length === 1);
    await hall.rest();
    assert.deepEqual(got, ['/device/d1999/up']);
  },

  'carries headers, keys and every kind of data': async (hall) => {
    const events: BusEvent[] = [];
    await hall.subscribe(1, '/d', (event) => void events.push(event));
    const value = { list: [1, { two: 2n }], bytes: Uint8Array.of(1, 2), map: new Map([['a', new Set([1])]]) };
    hall.doors[0].publish('/d', value, { headers: { trace: 'abc' }, key: 'k' });
    await hall.until(() => events.length === 1);
    assert.deepEqual(events[0]?.value, value);
    assert.deepEqual({ ...events[0].headers }, { trace: 'abc' });
  },
};

async function takeAll(events: AsyncIterable<BusEvent>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const event of events) values.push(event.value);
  return values;
}
