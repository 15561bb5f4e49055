import assert from 'node:assert/strict';
import { call, channel, defineService, oneWay, stream } from '../../cluster/rpc/contract.js';
import type { ServiceClient } from '../../cluster/rpc/service-types.js';
import { mayHaveRun } from '../../core/errors.js';
import { payloadBytesMax } from '../../core/limits.js';
import { collect, rejected, type RpcFixture } from './rpc-fixture.js';
import type { TestRunner } from './suite.js';

/** What calls must do at their bounds, over every implementation of `Links`. */
export function checkRpcBounds(runner: TestRunner, name: string, make: () => Promise<RpcFixture>): void {
  runner.describe(`the bounds of calls over ${name}`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        try {
          await check(fixture);
          await fixture.until(() => fixture.streamCount() === 0);
        } finally {
          await fixture.stop();
        }
      });
    }
  });
}

const bounds = defineService('conformance.bounds', {
  version: '1.0.0',
  methods: {
    size: call<Uint8Array, Uint8Array>({ raw: true }),
    large: call<Uint8Array, Uint8Array>({ raw: true }),
    many: stream<Uint8Array, Uint8Array>({ raw: true }),
    mirror: channel<Uint8Array, Uint8Array>({ raw: true }),
    post: oneWay<Uint8Array>({ raw: true }),
    headers: call<void, Readonly<Record<string, string>>>(),
  },
});

const cases: Readonly<Record<string, (fixture: RpcFixture) => Promise<void>>> = {
  'refuses what no link carries where it is, before any of it is sent': async (fixture) => {
    const { client, runs } = await serve(fixture);
    const refused = async (calling: Promise<unknown>, ran: boolean): Promise<void> => {
      const error = await fixture.settle(rejected(calling));
      assert.deepEqual([error.code, mayHaveRun(error)], ['too-large', ran], error.message);
      assert.match(error.message, /takes \d+ bytes, at most \d+ pass/);
    };
    const [nothing, noLinkCarries] = [new Uint8Array(0), new Uint8Array(payloadBytesMax + 1)];
    await refused(client.size(noLinkCarries), false);
    await refused(client.post(noLinkCarries), false);
    await refused(collect(client.many(noLinkCarries)), false);
    assert.deepEqual(runs, []);
    await refused(client.large(nothing), true);
    const items = client.many(nothing)[Symbol.asyncIterator]();
    assert.deepEqual((await fixture.settle(items.next())).value, Uint8Array.of(1));
    await refused(items.next(), true);
    await refused(collect(client.mirror([nothing, noLinkCarries])), true);
    assert.equal((await fixture.settle(client.size(Uint8Array.of(7)))).length, 1, 'the link goes on');
  },

  'takes as many bytes of headers as it says, and no more': async (fixture) => {
    const { client, runs } = await serve(fixture);
    const most = { a: 'é'.repeat(4095), b: '' };
    assert.deepEqual(await fixture.settle(client.headers(undefined, { headers: most })), most);
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`${index + 10}`, 'é'.repeat(63)]));
    assert.deepEqual(await fixture.settle(client.headers(undefined, { headers: many })), many);
    assert.deepEqual(runs, ['headers', 'headers']);
    const error = await fixture.settle(rejected(client.headers(undefined, { headers: { a: 'é'.repeat(4096) } })));
    assert.deepEqual([error.code, mayHaveRun(error), runs.length], ['too-large', false, 2]);
  },
};

interface Served {
  readonly client: ServiceClient<typeof bounds.methods>;
  /** The handlers that were entered. */
  readonly runs: string[];
}

async function serve(fixture: RpcFixture): Promise<Served> {
  const { one, two } = fixture;
  const runs: string[] = [];
  const tooMuch = new Uint8Array(payloadBytesMax + 1);
  const entered = <T>(name: string, answer: T): T => {
    runs.push(name);
    return answer;
  };
  two.register(bounds, {
    size: (input) => entered('size', input),
    large: () => entered('large', tooMuch),
    many: () => entered('many', [Uint8Array.of(1), tooMuch]),
    mirror: (input) => entered('mirror', input),
    post: () => entered('post', undefined),
    headers: (_input, { headers }) => entered('headers', headers),
  });
  await fixture.settle(one.whenAvailable(bounds));
  return { client: one.client(bounds), runs };
}
