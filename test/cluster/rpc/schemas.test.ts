import assert from 'node:assert/strict';
import { type } from 'arktype';
import * as v from 'valibot';
import * as z from 'zod';
import { call, defineService, stream } from '../../../src/cluster/rpc/contract.js';
import type { SchemaFault } from '../../../src/cluster/rpc/schema-check.js';
import { ClusterError, mayHaveRun } from '../../../src/core/errors.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const zodOrder = z.object({ id: z.string(), readings: z.array(z.object({ celsius: z.number().max(30) })) });
const valibotOrder = v.object({
  id: v.string(),
  readings: v.array(v.object({ celsius: v.pipe(v.number(), v.maxValue(30)) })),
});
const arktypeOrder = type({ id: 'string', readings: type({ celsius: 'number <= 30' }).array() });

/** What all three infer. */
type Order = z.infer<typeof zodOrder>;

const libraries = {
  zod: defineService('zod.store', {
    version: '1.0.0',
    methods: {
      put: call({ input: zodOrder, output: z.number() }),
      wrong: call({ input: zodOrder, output: z.object({ sum: z.number() }) }),
      each: stream({ input: zodOrder, output: z.number().max(30) }),
    },
  }),
  valibot: defineService('valibot.store', {
    version: '1.0.0',
    methods: {
      put: call({ input: valibotOrder, output: v.number() }),
      wrong: call({ input: valibotOrder, output: v.object({ sum: v.number() }) }),
      each: stream({ input: valibotOrder, output: v.pipe(v.number(), v.maxValue(30)) }),
    },
  }),
  arktype: defineService('arktype.store', {
    version: '1.0.0',
    methods: {
      put: call({ input: arktypeOrder, output: type('number') }),
      wrong: call({ input: arktypeOrder, output: type({ sum: 'number' }) }),
      each: stream({ input: arktypeOrder, output: type('number <= 30') }),
    },
  }),
};

const good: Order = { id: 'x', readings: [{ celsius: 20 }, { celsius: 22 }] };
const hot: Order = { id: 'x', readings: [{ celsius: 20 }, { celsius: 99 }] };

describe('schemas', () => {
  for (const [name, contract] of Object.entries(libraries)) {
    it(`of ${name} check what goes in and what comes out, on the serving side, and list the paths`, async () => {
      const simulator = new Simulator({ seed: 5 });
      const cluster = new MemoryRpc(simulator, simulator.random);
      const { rpc: server } = await cluster.add('server');
      const { rpc: caller } = await cluster.add('caller');
      let runs = 0;
      server.register(contract, {
        put: ({ readings }: Order) => {
          runs += 1;
          return readings.reduce((sum, { celsius }) => sum + celsius, 0);
        },
        // What the compiler would refuse may still come from a cast.
        wrong: () => JSON.parse('{"sum":"much"}') as { sum: number },
        each: ({ readings }: Order) => readings.map(({ celsius }) => celsius * 1.2),
      });
      await simulator.runAsync(100);
      const client = caller.client(contract);
      const settle = <T>(promise: Promise<T>): Promise<T> => simulator.settle(promise, 1000);
      const faultOf = async (promise: Promise<unknown>): Promise<{ error: ClusterError; paths: string[] }> => {
        const error = await settle(promise.catch((reason: unknown) => reason));
        assert.ok(error instanceof ClusterError && error.code === 'invalid-value', String(error));
        const faults = error.details as readonly SchemaFault[];
        return { error, paths: faults.map(({ path }) => path) };
      };
      assert.equal(await settle(client.put(good)), 42);

      const input = await faultOf(client.put(hot));
      assert.deepEqual(input.paths, ['readings.1.celsius']);
      assert.match(input.error.message, /input does not fit its schema: readings\.1\.celsius: /);
      assert.deepEqual([runs, mayHaveRun(input.error)], [1, false]);

      const output = await faultOf(client.wrong(good));
      assert.deepEqual([output.paths, mayHaveRun(output.error)], [['sum'], true]);

      const items: number[] = [];
      const taking = async (): Promise<void> => {
        const each = client.each({ id: 'x', readings: [{ celsius: 20 }, { celsius: 30 }] });
        for await (const item of each) items.push(item);
      };
      assert.match((await faultOf(taking())).error.message, /output does not fit/);
      assert.deepEqual(items, [24], 'the items before the one that does not fit have come');
      await cluster.stop();
    });
  }

  it('that take their time are waited for where that is possible, and refused where it is not', async () => {
    const late = z.string().refine((text) => Promise.resolve(text !== 'no'));
    const lazy = defineService('lazy', {
      version: '1.0.0',
      methods: { say: call({ input: late, output: late }), list: stream<string, string>({ output: late }) },
    });
    const simulator = new Simulator({ seed: 6 });
    const cluster = new MemoryRpc(simulator, simulator.random);
    const { rpc } = await cluster.add('a');
    rpc.register(lazy, { say: (text) => text, list: (text) => [text] });
    const client = rpc.client(lazy);
    assert.equal(await simulator.settle(client.say('yes'), 1000), 'yes');
    const refused = client.say('no').catch((error: unknown) => error);
    const error = await simulator.settle(refused, 1000);
    assert.ok(error instanceof ClusterError && error.code === 'invalid-value');
    const first = client.list('item')[Symbol.asyncIterator]().next();
    assert.equal((await simulator.settle(first, 1000)).value, 'item');
    await cluster.stop();
  });

  it('are part of the hash, so that a contract with others is seen to differ', () => {
    const make = (input: typeof zodOrder | undefined): number =>
      defineService('s', { version: '1.0.0', methods: { put: call(input === undefined ? {} : { input }) } }).description
        .hash;
    assert.notEqual(make(zodOrder), make(undefined));
    assert.equal(make(zodOrder), make(zodOrder));
  });
});
