import assert from 'node:assert/strict';
import { call, defineService } from '../../cluster/rpc/contract.js';
import { mayHaveRun } from '../../core/errors.js';
import { checkRpcBounds } from './rpc-bounds.js';
import { collect, expectCode, rejected, type RpcFixture } from './rpc-fixture.js';
import { sample, Served } from './rpc-served.js';
import type { TestRunner } from './suite.js';

/** What calls must do over every implementation of `Links`. */
export function checkRpc(runner: TestRunner, name: string, make: () => Promise<RpcFixture>): void {
  runner.describe(`calls over ${name}`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        const served = new Served(fixture);
        try {
          await fixture.settle(fixture.one.whenAvailable(sample));
          await check(toPlace(fixture), served);
          await fixture.until(() => fixture.streamCount() === 0);
        } finally {
          served.release();
          await fixture.stop();
        }
      });
    }
  });
  checkRpcBounds(runner, name, make);
}

type Case = (at: Place, served: Served) => Promise<void>;

/** The fixture in a form that a case may take apart. */
interface Place extends Pick<RpcFixture, 'one' | 'two' | 'oneName' | 'twoName'> {
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  readonly rest: () => Promise<void>;
  readonly drop: () => void;
}

function toPlace(fixture: RpcFixture): Place {
  const { one, two, oneName, twoName } = fixture;
  return {
    one,
    two,
    oneName,
    twoName,
    until: (condition) => fixture.until(condition),
    settle: (promise) => fixture.settle(promise),
    rest: () => fixture.rest(),
    drop: () => fixture.drop(),
  };
}

const cases: Readonly<Record<string, Case>> = {
  'answers with what the handler gives': async ({ settle }, { client }) => {
    const value = { text: 'grüezi', list: [1, 2.5, true], inner: { nothing: null } };
    assert.deepEqual(await settle(client.echo(value)), value);
    assert.equal(await settle(client.observed(21)), 42);
    assert.deepEqual(await settle(client.bytes(Uint8Array.of(1, 2, 3))), Uint8Array.of(3, 2, 1));
  },

  'answers many calls at once, each its own': async ({ settle }, { client }) => {
    const numbers = Array.from({ length: 500 }, (_, index) => index);
    assert.deepEqual(await settle(Promise.all(numbers.map((number) => client.echo(number)))), numbers);
  },

  'calls itself with the same rules': async ({ settle, two, twoName }) => {
    const own = two.client(sample);
    assert.equal(await settle(own.echo('here')), 'here');
    const error = await settle(rejected(own.fail('plain')));
    assert.equal(error.code, 'remote');
    assert.equal(error.node, twoName);
    assert.equal((await settle(own.where(undefined))).caller, twoName);
    assert.deepEqual(await settle(collect(own.count(5))), [1, 2, 3, 4, 5]);
    assert.deepEqual(await settle(collect(own.upper(['a', 'b']))), ['A', 'B']);
    await expectCode(settle(own.hang('local', { timeoutMs: 50 })), 'deadline-exceeded');
  },

  'carries code, message, details, causes and node of an error': async ({ settle, twoName }, { client }) => {
    const thrown = await settle(rejected(client.fail('boiler')));
    assert.equal(thrown.code, 'not-found');
    assert.match(thrown.message, /no such device/);
    assert.deepEqual(thrown.details, { device: 'boiler' });
    assert.equal(thrown.node, twoName);
    assert.deepEqual([mayHaveRun('not-found'), mayHaveRun(thrown)], [false, true], 'the code alone says too little');
    const plain = await settle(rejected(client.fail('plain')));
    assert.equal(plain.code, 'remote');
    assert.match(plain.message, /the handler broke/);
    const causes = [];
    for (let cause = plain.cause; cause instanceof Error; cause = cause.cause) causes.push(cause.name, cause.stack);
    // No stack leaves a node unless it is asked for.
    const bare = ['TypeError', 'TypeError: the handler broke', 'RangeError', 'RangeError: too far'];
    assert.deepEqual(causes, bare);
  },

  'refuses what a schema refuses, with the paths': async ({ settle }, { client }) => {
    assert.equal(await settle(client.checked(1)), 2);
    const input = await settle(rejected(client.checked(-5)));
    assert.deepEqual([input.code, mayHaveRun(input)], ['invalid-value', false]);
    assert.deepEqual(input.details, [{ path: 'celsius', message: 'must be positive' }]);
    const output = await settle(rejected(client.checked(13)));
    assert.deepEqual([output.code, mayHaveRun(output)], ['invalid-value', true]);
  },

  'carries headers, depth and the caller': async ({ settle, oneName }, { client }) => {
    const where = await settle(client.where(undefined, { headers: { tenant: 'north' } }));
    assert.deepEqual(where, { caller: oneName, headers: { tenant: 'north' }, depth: 1, hasDeadline: true });
  },

  'ends a call at its deadline, on both sides': async ({ settle, until }, { client, aborted }) => {
    await expectCode(settle(client.hang('slow', { timeoutMs: 80 })), 'deadline-exceeded');
    await until(() => aborted.includes('slow'));
  },

  'cancels on the other side when the caller gives up': async ({ settle, until, rest }, { client, aborted }) => {
    const abort = new AbortController();
    const answer = rejected(client.hang('given up', { signal: abort.signal }));
    await rest();
    abort.abort(new Error('not needed'));
    assert.equal((await settle(answer)).code, 'cancelled');
    await until(() => aborted.includes('given up'));
  },

  'says who is missing at once': async ({ settle, one }, { client }) => {
    const nobody = defineService('conformance.nobody', { version: '1.0.0', methods: { ask: call() } });
    await expectCode(settle(one.client(nobody).ask()), 'no-responders');
    await expectCode(settle(client.echo(1, { node: 'stranger' })), 'not-found');
    await expectCode(settle(client.echo(1, { tags: { zone: 'none' } })), 'not-found');
  },

  'finds out about another contract when the service is discovered': async ({ settle, one, two, until }) => {
    const told: string[] = [];
    one.listenIncompatible(({ why }) => told.push(why));
    const wanted = defineService('conformance.drift', { version: '1.0.0', methods: { read: call<void, string>() } });
    const client = one.client(wanted);
    const served = defineService('conformance.drift', { version: '2.0.0', methods: { read: call<void, string>() } });
    two.register(served, { read: () => 'x' });
    await until(() => told.length > 0);
    await expectCode(settle(client.read()), 'incompatible');
    assert.deepEqual(one.instances(wanted), []);
  },

  'streams every item in order, however small the credit': async ({ settle }, { client }) => {
    const all = Array.from({ length: 300 }, (_, index) => index + 1);
    assert.deepEqual(await settle(collect(client.count(300))), all);
    assert.deepEqual(await settle(collect(client.count(300, { credit: 1 }))), all);
    assert.deepEqual(await settle(collect(client.count(0))), []);
    assert.deepEqual(await settle(collect(client.credited(300, { credit: 7 }))), all);
  },

  'produces no faster than the consumer takes': async ({ settle, rest }, served) => {
    const items = served.client.endless('paced', { credit: 8 })[Symbol.asyncIterator]();
    assert.equal((await settle(items.next())).value, 1);
    await rest();
    assert.ok(served.produced <= 8 + 8, `${served.produced} items for a credit of 8`);
    const before = served.produced;
    for (let index = 0; index < 100; index += 1) await settle(items.next());
    await rest();
    assert.ok(served.produced >= before + 90);
    assert.ok(served.produced <= 101 + 16);
    await items.return?.();
  },

  'asks a credit source for exactly what the caller allows': async ({ rest, settle }, served) => {
    const items = served.client.credited(1000, { credit: 10 })[Symbol.asyncIterator]();
    await settle(items.next());
    await rest();
    assert.ok(served.asked >= 10 && served.asked <= 20, `asked for ${served.asked}`);
    await items.return?.();
  },

  'cancels the producer when the consumer leaves the loop': async ({ settle, until }, served) => {
    const first = async (): Promise<number> => {
      for await (const item of served.client.endless('left')) return item;
      return 0;
    };
    assert.equal(await settle(first()), 1);
    await until(() => served.aborted.includes('left'));
    const subscription = served.client.endless('unsubscribed').toObservable().subscribe();
    await until(() => served.produced > 70);
    subscription.unsubscribe();
    await until(() => served.aborted.includes('unsubscribed'));
  },

  'drops by the policy of a source that cannot be slowed': async ({ settle, rest }, { client, source }) => {
    const items = client.lossy(undefined, { credit: 2 })[Symbol.asyncIterator]();
    const first = items.next();
    await rest();
    for (let value = 1; value <= 20; value += 1) source.next(value);
    source.complete();
    const got = [(await settle(first)).value];
    for (let next = await settle(items.next()); next.done !== true; next = await settle(items.next())) {
      got.push(next.value);
    }
    assert.deepEqual(got, [1, 2, 17, 18, 19, 20]);
  },

  'works on some items at once and rejects with the first error': async ({ settle, until }, served) => {
    let [most, working] = [0, 0];
    const work = async (item: number): Promise<void> => {
      working += 1;
      most = Math.max(most, working);
      await served.client.echo(item);
      working -= 1;
    };
    await settle(served.client.count(40).drain(3, work));
    assert.equal(most, 3);
    const broken = served.client.endless('drained').drain(2, () => {
      throw new Error('the consumer broke');
    });
    await assert.rejects(settle(broken), /the consumer broke/);
    await until(() => served.aborted.includes('drained'));
  },

  'gives the items before an error, then the error': async ({ settle }, { client }) => {
    const got: number[] = [];
    const all = async (): Promise<void> => {
      for await (const item of client.failing(3)) got.push(item);
    };
    const error = await settle(rejected(all()));
    assert.equal(error.code, 'remote');
    assert.deepEqual(got, [1, 2, 3]);
  },

  'talks both ways, and lets the handler end first': async ({ settle }, { client }) => {
    const words = Array.from({ length: 200 }, (_, index) => `word ${index}`);
    assert.deepEqual(
      await settle(collect(client.upper(words, { credit: 5 }))),
      words.map((word) => word.toUpperCase()),
    );
    assert.deepEqual(await settle(collect(client.early(endlessWords()))), ['only']);
  },

  'hands over messages': async ({ settle, until }, { client, notes }) => {
    await settle(client.note('first'));
    await settle(client.note('second'));
    await until(() => notes.length === 2);
    assert.deepEqual(notes, ['first', 'second']);
  },

  'fails what is in flight when the link is lost, and recovers': async ({ settle, rest, drop, one }, served) => {
    const call1 = rejected(served.client.hang('lost', { timeoutMs: 5000 }));
    const items = served.client.endless('lost stream')[Symbol.asyncIterator]();
    await settle(items.next());
    await rest();
    drop();
    assert.equal((await settle(call1)).code, 'link-lost');
    const rest2 = async (): Promise<void> => {
      while ((await items.next()).done !== true);
    };
    assert.equal((await settle(rejected(rest2()))).code, 'link-lost');
    await settle(one.whenAvailable(sample));
    assert.equal(await settle(served.client.echo('again')), 'again');
  },

  'refuses without running when it stops, and finishes what runs': async ({ settle, one, two, rest }, served) => {
    const hanging = served.client.hang('drained');
    await rest();
    assert.equal(await settle(two.withdraw(5000)), true);
    assert.deepEqual(one.instances(sample), [], 'everybody knows before it resolves');
    two.refuse();
    const finished = two.finish(5000);
    served.release();
    assert.equal(await settle(finished), true);
    assert.equal(await settle(hanging), 'late');
    await expectCode(settle(served.client.once('too late')), 'no-responders');
    assert.deepEqual(served.runs, []);
  },

  'collects an answer of every instance': async ({ settle, one, oneName, twoName, until }, served) => {
    one.register(sample, served.handlers());
    await until(() => one.instances(sample).length === 2);
    const results = await settle(one.callAll(sample, 'echo', 7));
    const shown = results.map((result) => `${result.node} ${result.kind === 'value' ? String(result.value) : 'error'}`);
    assert.deepEqual(shown.toSorted(), [`${oneName} 7`, `${twoName} 7`].toSorted());
  },

  'serves calls by name': async ({ settle, one, twoName }) => {
    assert.equal(await settle(one.invoke('conformance.sample', 'echo', 'x', { node: twoName })), 'x');
    assert.deepEqual(await settle(one.invoke('conformance.sample', 'bytes', Uint8Array.of(1, 2))), Uint8Array.of(2, 1));
    assert.deepEqual(await settle(collect(one.invokeStream('conformance.sample', 'count', 3))), [1, 2, 3]);
    await expectCode(settle(one.invoke('conformance.sample', 'nothing', 1)), 'not-found');
  },
};

async function* endlessWords(): AsyncGenerator<string, void, undefined> {
  for (;;) yield 'word';
}
