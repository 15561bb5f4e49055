import assert from 'node:assert/strict';
import { of } from 'rxjs';
import { call, channel, defineService, oneWay, stream } from '../../../src/cluster/rpc/contract.js';
import { resolveRpcOptions } from '../../../src/cluster/rpc/rpc-options.js';
import type { RpcRoom } from '../../../src/cluster/rpc/rpc-room.js';
import { fromCredit, withOverflow } from '../../../src/cluster/rpc/sources.js';
import { ClusterError, mayHaveRun } from '../../../src/core/errors.js';
import type { CreditRequest } from '../../../src/reactive/credit-source.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const echo = defineService('echo', {
  version: '1.0.0',
  methods: { one: call<number, number>(), many: stream<number, number>(), note: oneWay<number>() },
});

/** Programs in JavaScript, and values that come from outside, get past the types. */
describe('what calls are given', () => {
  const simulator = new Simulator({ seed: 3 });
  const cluster = new MemoryRpc(simulator, simulator.random);
  let caller: RpcRoom;
  let ran = 0;

  before(async () => {
    const { rpc } = await cluster.add('server');
    rpc.register(echo, {
      one: (value) => {
        ran += 1;
        return value;
      },
      many: async function* (value) {
        ran += 1;
        yield value;
      },
      note: () => undefined,
    });
    ({ rpc: caller } = await cluster.add('caller'));
    await simulator.settle(caller.whenAvailable(echo), 1000);
  });

  after(async () => {
    assert.equal(cluster.hub.violations, 0);
    await cluster.stop();
  });

  const wrongOptions: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ timeout: 5 }, /a call takes no option timeout; give timeoutMs, /],
    [null, /the options of a call: give an object of .*, not null/],
    [5, /the options of a call: .*, not 5/],
    [{ timeoutMs: Number.NaN }, /timeoutMs: give milliseconds from 0 on, Infinity for no deadline, not NaN/],
    [{ timeoutMs: -1 }, /timeoutMs: .* not -1/],
    [{ timeoutMs: '5' }, /timeoutMs: .* not '5'/],
    [{ signal: 5 }, /signal: give an AbortSignal, not 5/],
    [{ signal: { aborted: false } }, /signal: give an AbortSignal, not an object/],
    [{ headers: { n: 1 } }, /headers\.n: give a text, not 1/],
    [{ headers: { n: undefined } }, /headers\.n: give a text, not undefined/],
    [{ headers: { n: {} } }, /headers\.n: give a text, not an object/],
    [{ headers: null }, /headers: give an object of texts, not null/],
    [{ headers: ['a'] }, /headers: give an object of texts, not an array/],
    [{ select: 'nearest' }, /select: give one of local-first, .* not 'nearest'/],
    [{ key: 5 }, /key: give a text, not 5/],
    [{ node: 5 }, /node: give a text, not 5/],
    [{ tags: 'a' }, /tags: give an object of texts, not 'a'/],
  ];

  for (const [options, message] of wrongOptions) {
    it(`refuses ${String(message)} before anything is sent, and nothing of it is left`, async () => {
      const before = ran;
      const client = caller.client(echo);
      for (const run of [
        () => client.one(1, options as object),
        () => client.note(1, options as object),
        () => caller.callAll(echo, 'one', 1, options as object),
      ]) {
        await assert.rejects(run(), (error) => isRefusal(error, message));
      }
      assert.throws(
        () => client.many(1, options as object),
        (error) => isRefusal(error, message),
      );
      assert.equal(await simulator.settle(client.one(7), 1000), 7, 'the link is whole');
      assert.equal(ran, before + 1);
      assert.deepEqual(caller.inFlight, { made: 0, served: 0 });
    });
  }

  it('refuses credit and concurrency that take no item', async () => {
    const client = caller.client(echo);
    for (const credit of [0, 2.5, -1, '1', Number.NaN]) {
      assert.throws(() => client.many(1, { credit: credit as number }), { code: 'invalid-options' });
    }
    await assert.rejects(
      client.many(1).drain(0, () => 1),
      /concurrency: give a whole number from 1/,
    );
    await assert.rejects(client.many(1).drain(1, undefined as never), /project: give a function/);
  });

  it('refuses the input of a channel that is no source of items, with what to give', async () => {
    const words = defineService('words', { version: '1.0.0', methods: { talk: channel() } });
    const { talk } = caller.client(words);
    for (const [input, message] of [
      [5, /the input of talk: give an iterable such as an array, .* or an Observable, not 5/],
      ['words', /not 'words'/],
      [undefined, /not undefined/],
      [null, /not null/],
      [{ next: () => 1 }, /not an object/],
    ] as const) {
      assert.throws(
        () => talk(input as never),
        (error) => isRefusal(error, message),
      );
    }
    const served = caller.register(words, { talk: (input) => input });
    for (const input of [[1, 2], new Set([1, 2]), of(1, 2), withOverflow(of(1, 2), 'latest', 4), fromCredit(oneTwo)]) {
      const items: unknown[] = [];
      const done = talk(input).drain(1, (item) => items.push(item));
      await simulator.settle(done, 1000);
      assert.ok(items.includes(2), String(items));
    }
    served.stop();
  });

  it('ends a call whose select throws in order', async () => {
    const select = (): never => {
      throw new Error('nobody is good enough');
    };
    const failed: unknown = await caller
      .client(echo)
      .one(1, { select })
      .catch((error: unknown) => error);
    assert.ok(failed instanceof ClusterError && failed.code === 'handler-failed' && !mayHaveRun(failed));
    assert.match(String(failed.cause), /nobody is good enough/);
    assert.deepEqual(caller.inFlight, { made: 0, served: 0 });
  });

  it('says of a call without time, or aborted before, that it did not run', async () => {
    const client = caller.client(echo);
    const before = ran;
    const late: unknown = await client.one(1, { timeoutMs: 0 }).catch((error: unknown) => error);
    assert.ok(late instanceof ClusterError && late.code === 'deadline-exceeded' && !mayHaveRun(late));
    const gone: unknown = await client.one(1, { signal: AbortSignal.abort() }).catch((error: unknown) => error);
    assert.ok(gone instanceof ClusterError && gone.code === 'cancelled' && !mayHaveRun(gone));
    assert.equal(ran, before);
    assert.equal(await simulator.settle(client.one(2, { timeoutMs: Number.POSITIVE_INFINITY }), 1000), 2);
    assert.equal(await simulator.settle(client.one(3, { timeoutMs: Number.MAX_SAFE_INTEGER }), 1000), 3);
  });

  const given = (value: unknown): never => value as never;
  const throwing: Readonly<Record<string, readonly [run: () => unknown, message: RegExp]>> = {
    'a version that is none': [
      () => defineService('x', { version: '1', methods: {} }),
      /version of service x: .*'1\.0\.0'/,
    ],
    'a name with a space': [() => defineService('x y', { version: '1.0.0', methods: {} }), /the name of a service: /],
    'a contract without methods': [() => defineService('x', given({ version: '1.0.0' })), /methods of service x: /],
    'a function for a method': [
      () => defineService('x', { version: '1.0.0', methods: given({ a: () => 1 }) }),
      /method a: give what call\(\)/,
    ],
    'a misspelt part': [() => defineService('x', given({ version: '1.0.0', method: {} })), /takes no option method/],
    'a misspelt option of a method': [() => call(given({ idempotant: true })), /a method takes no option idempotant/],
    'a schema that is none': [() => call(given({ input: {} })), /input: give a schema/],
    'a name for a contract': [
      () => caller.client(given('echo')),
      /contract: give what defineService returned, not 'echo'/,
    ],
    'a misspelt option of a client': [
      () => caller.client(echo, given({ timeout: 1 })),
      /a client takes no option timeout/,
    ],
    'a client that chooses nohow': [() => caller.client(echo, given({ select: 'x' })), /select: give one of/],
    'retries that are no number': [
      () => caller.client(echo, { retry: { attemptsMax: Number.NaN } }),
      /retry\.attemptsMax: .* not NaN/,
    ],
    'handlers that lack one': [() => caller.register(echo, given({ one: () => 1 })), /give a function for many/],
    'a handler that nothing calls': [
      () => caller.register(echo, given({ one: () => 1, many: () => [], note: () => 1, own: () => 1 })),
      /it has no method own; its methods are one, many, note/,
    ],
    'no handlers': [() => caller.register(echo, given(undefined)), /handlers of echo: give an object/],
    'a misspelt option of register': [() => caller.register(echo, given({}), given({ tag: {} })), /no option tag/],
    'tags that are no texts': [
      () => caller.register(echo, given({}), given({ tags: { a: 1 } })),
      /tags\.a: give a text/,
    ],
    'instances of a number': [() => caller.instances(given(5)), /contract: give what/],
    'an Observable that is none': [() => withOverflow(given(5), 'latest'), /source: give an Observable/],
    'an array for one': [() => withOverflow(given([1]), 'latest'), /source: give an Observable, not an array/],
    'a policy that loses nothing': [() => withOverflow(of(1), given('block')), /policy: give one of/],
    'a credit source without a producer': [() => fromCredit(given(5)), /produce: give a function/],
    'a misspelt option of rpc': [() => resolveRpcOptions(given({ timeout: 5 })), /rpc takes no option timeout/],
    'a breaker that knows no such bound': [() => resolveRpcOptions(given({ breaker: { max: 1 } })), /no option max/],
    'interceptors that are no functions': [
      () => resolveRpcOptions(given({ clientInterceptors: [5] })),
      /rpc\.clientInterceptors: give a function, not 5/,
    ],
  };
  for (const [what, [run, message]] of Object.entries(throwing)) {
    it(`refuses ${what}`, () => assert.throws(run, (error) => isRefusal(error, message)));
  }

  it('rejects what cannot be waited for or called by name', async () => {
    const rejecting: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [caller.whenAvailable(given('echo')), /contract: give what defineService returned/],
      [caller.whenAvailable(echo, given({ min: 2 })), /whenAvailable takes no option min/],
      [caller.whenAvailable(echo, { instancesMin: 9, timeoutMs: Number.NaN }), /timeoutMs: .* not NaN/],
      [caller.invoke('echo', 'one', 1, given({ timeout: 1 })), /invoke takes no option timeout/],
      [caller.invoke('echo', 'one', 1, given({ cancel: AbortSignal.abort() })), /an AbortSignal as signal/],
      [caller.invoke(given(5), 'one', 1), /service: give the name of a service, not 5/],
      [caller.invoke('echo', 'one', 1, { timeoutMs: -1 }), /timeoutMs: .* not -1/],
    ];
    for (const [promise, message] of rejecting) await assert.rejects(promise, (error) => isRefusal(error, message));
    await assert.rejects(caller.invoke('echo', 'one', 1, { signal: AbortSignal.abort() }), { code: 'cancelled' });
    await assert.rejects(caller.callAll(echo, given('many'), given(1)), { code: 'incompatible' });
  });

  it('takes a class instance that has more than the handlers', async () => {
    class Service {
      readonly base = 5;
      one(value: number): number {
        return this.add(value);
      }
      async *many(value: number): AsyncGenerator<number> {
        yield this.add(value);
      }
      note(): void {
        // Nothing to note.
      }
      add(value: number): number {
        return this.base + value;
      }
    }
    const registration = caller.register(echo, new Service(), { id: 'class' });
    const client = caller.client(echo);
    assert.equal(await simulator.settle(client.one(1, { instanceId: 'class' }), 1000), 6);
    registration.stop();
  });
});

function oneTwo(request: CreditRequest<number>): void {
  let sent = 0;
  request.onCredit((count) => {
    for (let left = count; left > 0 && sent < 2; left -= 1) request.next((sent += 1));
    if (sent === 2) request.complete();
  });
}

function isRefusal(error: unknown, message: RegExp): boolean {
  assert.ok(error instanceof ClusterError, String(error));
  assert.equal(error.code, 'invalid-options');
  assert.equal(mayHaveRun(error), false);
  assert.match(error.message, message);
  return true;
}
