import assert from 'node:assert/strict';
import { of } from 'rxjs';
import * as z from 'zod';
import { call, defineService, stream } from '../../../src/cluster/rpc/contract.js';
import type { RpcRoom } from '../../../src/cluster/rpc/rpc-room.js';
import type { RpcStream } from '../../../src/cluster/rpc/service-types.js';
import { must } from '../../../src/core/assert.js';
import { ClusterError } from '../../../src/core/errors.js';
import { bytesToText, textToBytes } from '../../../src/core/text.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const thermostat = defineService('thermostat', {
  version: '1.2.0',
  methods: {
    read: call<{ id: string }, { celsius: number; at: string }>({ idempotent: true }),
    write: call({ input: z.object({ id: z.string(), celsius: z.number().max(30) }), output: z.string() }),
    watch: stream<{ id: string }, number>(),
  },
});

describe('rpc room', function room() {
  // Simulated seconds cost real ones when many share the machine.
  this.timeout(20_000);

  let simulator: Simulator;
  let cluster: MemoryRpc;

  beforeEach(() => {
    simulator = new Simulator({ seed: 11 });
    cluster = new MemoryRpc(simulator, simulator.random);
  });

  afterEach(async () => {
    assert.equal(cluster.hub.violations, 0);
    await cluster.stop();
  });

  it('infers the types of both sides', async () => {
    const { rpc } = await cluster.add('a');
    serve(rpc, 'a');
    const client = rpc.client(thermostat);
    const reading: Promise<{ celsius: number; at: string }> = client.read({ id: 'x' });
    const watching: RpcStream<number> = client.watch({ id: 'x' });
    // Each of these must stay an error of the compiler.
    // @ts-expect-error the id is missing
    const missing = (): unknown => client.read({});
    // @ts-expect-error the schema says a number
    const mistyped = (): unknown => client.write({ id: 'x', celsius: 'warm' });
    // @ts-expect-error there is no such method
    const unknown = (): unknown => client.heat();
    // @ts-expect-error a handler is missing
    const partial = (): unknown => rpc.register(thermostat, { read: () => ({ celsius: 1, at: '' }) });
    assert.equal([missing, mistyped, unknown, partial].length, 4);
    assert.deepEqual(await simulator.settle(reading, 1000), { celsius: 20, at: 'a' });
    assert.ok(watching);
  });

  it('restarts node after node under load without one failed call', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) serve((await cluster.add(name)).rpc, name);
    const { rpc } = await cluster.add('caller');
    await simulator.runAsync(200);
    const client = rpc.client(thermostat, { select: 'random' });
    const seen = new Set<string>();
    let [settled, failed] = [0, 0];
    const load = { stopping: false };
    const callOn = async (): Promise<void> => {
      while (!load.stopping) {
        try {
          seen.add(await client.write({ id: 'x', celsius: 21 }));
        } catch {
          failed += 1;
        }
        settled += 1;
        await new Promise<void>((resolve) => void simulator.setTimer(simulator.now(), resolve));
      }
    };
    const callers = Promise.all(Array.from({ length: 16 }, callOn));
    for (const name of names) {
      await simulator.settle(cluster.leave(name, 3000), 10_000);
      await simulator.runAsync(300);
      serve((await cluster.add(name)).rpc, `${name} again`);
      await simulator.runAsync(300);
    }
    load.stopping = true;
    await simulator.settle(callers, 10_000);
    assert.equal(failed, 0, `${failed} of ${settled} calls failed`);
    assert.ok(settled > 500);
    for (const name of names) assert.ok(seen.has(name) && seen.has(`${name} again`), [...seen].join());
  });

  it('keeps memory bounded when the consumer never reads a gigabyte that is offered', async () => {
    const big = defineService('big', { version: '1.0.0', methods: { all: stream<void, string>() } });
    const { rpc } = await cluster.add('a');
    const { rpc: consumer } = await cluster.add('b');
    let produced = 0;
    rpc.register(big, {
      async *all() {
        for (; produced < 1024; produced += 1) yield 'x'.repeat(1_048_576);
      },
    });
    await simulator.runAsync(100);
    const items = consumer.client(big).all(undefined, { credit: 4 })[Symbol.asyncIterator]();
    assert.equal((await simulator.settle(items.next(), 1000)).done, false);
    await simulator.runAsync(60_000);
    assert.ok(produced <= 8, `${produced} MiB were produced for a credit of 4`);
    await items.return?.();
    await simulator.runAsync(100);
    assert.deepEqual([rpc.inFlight, consumer.inFlight], [idle, idle]);
  });

  it('carries deadline and depth over hops, and ends a loop', async () => {
    const loop = defineService('loop', { version: '1.0.0', methods: { next: call<void, number>() } });
    const left: number[] = [];
    for (const name of ['a', 'b']) {
      const { rpc } = await cluster.add(name, { depthMax: 10 });
      const client = rpc.client(loop, { timeoutMs: 60_000 });
      const other = name === 'a' ? 'b' : 'a';
      rpc.register(loop, {
        next: (_input, context) => {
          assert.equal(rpc.current()?.depth, context.depth);
          left.push(context.remainingMs());
          return client.next(undefined, { node: other });
        },
      });
    }
    await simulator.runAsync(100);
    const client = cluster.get('a').rpc.client(loop, { timeoutMs: 500 });
    const error = await simulator.settle(rejected(client.next(undefined, { node: 'b' })), 1000);
    assert.equal(error.code, 'call-depth');
    assert.equal(left.length, 10);
    assert.ok(
      left.every((ms) => ms > 0 && ms <= 500),
      left.join(),
    );
  });

  it('tries another node when one refuses, whatever the method', async () => {
    for (const name of ['a', 'b']) serve((await cluster.add(name)).rpc, name);
    const { rpc } = await cluster.add('caller');
    await simulator.runAsync(100);
    cluster.get('a').rpc.refuse();
    const client = rpc.client(thermostat, { select: 'round-robin' });
    for (let index = 0; index < 10; index += 1) {
      const answer = await simulator.settle(client.write({ id: 'x', celsius: 20 }), 1000);
      assert.equal(answer, 'b');
    }
  });

  it('routes by key, node and tag', async () => {
    for (const name of ['a', 'b', 'c']) {
      serve((await cluster.add(name)).rpc, name, { zone: name === 'c' ? 'south' : 'north' });
    }
    await simulator.runAsync(100);
    const client = cluster.get('a').rpc.client(thermostat);
    const ask = async (options: object): Promise<string> =>
      (await simulator.settle(client.read({ id: 'x' }, options), 1000)).at;
    assert.equal(await ask({}), 'a', 'local first');
    assert.equal(await ask({ node: 'b' }), 'b');
    assert.equal(await ask({ tags: { zone: 'south' } }), 'c');
    const byKey = new Map<string, string>();
    for (let key = 0; key < 30; key += 1) byKey.set(`k${key}`, await ask({ select: 'rendezvous', key: `k${key}` }));
    assert.equal(new Set(byKey.values()).size, 3);
    await cluster.crash('b');
    await simulator.runAsync(100);
    for (const [key, node] of byKey) {
      if (node !== 'b') assert.equal(await ask({ select: 'rendezvous', key }), node);
    }
    assert.equal(await ask({ select: (all: readonly { node: string }[]) => all.find((one) => one.node === 'c') }), 'c');
  });

  it('steers away from a node that the membership doubts', async () => {
    for (const name of ['a', 'b']) serve((await cluster.add(name)).rpc, name);
    const { rpc, node } = await cluster.add('caller');
    await simulator.runAsync(100);
    const doubted = node.membership.findMember('a');
    assert.ok(doubted);
    node.membership.tell('suspect', { ...doubted, status: 'suspect' });
    const client = rpc.client(thermostat, { select: 'round-robin' });
    for (let index = 0; index < 6; index += 1) {
      assert.equal((await simulator.settle(client.read({ id: 'x' }), 1000)).at, 'b');
    }
  });

  it('wraps calls on both sides in order', async () => {
    const log: string[] = [];
    const { rpc } = await cluster.add('a', {
      clientInterceptors: [(out, next) => [log.push(`client ${out.method}`), next(out)][1]],
      serverInterceptors: [
        (input, context, next) => [log.push(`outer ${context.caller}`), next(input)][1],
        (input, _context, next) => [log.push('inner'), next(input)][1],
      ],
    });
    serve(rpc, 'a');
    await simulator.settle(rpc.client(thermostat).read({ id: 'x' }), 1000);
    assert.deepEqual(log, ['client read', 'outer a', 'inner']);
  });

  it('tells who serves without missing anyone', async () => {
    const { rpc } = await cluster.add('a');
    serve(rpc, 'a');
    const told: string[] = [];
    const subscription = rpc
      .instances$(thermostat)
      .subscribe(({ kind, instance }) => told.push(`${kind} ${instance.node}`));
    serve((await cluster.add('b')).rpc, 'b');
    await simulator.runAsync(100);
    await cluster.crash('b');
    await simulator.runAsync(100);
    subscription.unsubscribe();
    assert.deepEqual(told, ['added a', 'added b', 'removed b']);
  });

  it('keeps the services of a node that restarted when its earlier life is said to have left, late', async () => {
    const { rpc, node } = await cluster.add('a');
    const { node: earlier, rpc: old } = await cluster.add('b');
    serve(old, 'b life 1');
    await simulator.runAsync(200);
    const member = must(node.membership.findMember('b'), 'b as a member');
    const client = rpc.client(thermostat);
    const ask = async (): Promise<string> => (await simulator.settle(client.read({ id: 'x' }), 1000)).at;
    assert.equal(await ask(), 'b life 1');
    await cluster.crash('b');
    const { node: later, rpc: fresh } = await cluster.add('b');
    serve(fresh, 'b life 2');
    await simulator.runAsync(200);
    assert.ok(later.id.epoch > earlier.id.epoch);
    const told: string[] = [];
    const watching = rpc.instances$(thermostat).subscribe(({ kind }) => told.push(kind));
    for (const late of ['left', 'failed', 'left'] as const) {
      node.membership.tellOnly({ kind: late, member: { ...member, status: late } });
      await simulator.runAsync(200);
      assert.deepEqual(
        rpc.instances(thermostat).map((one) => `${one.node}@${one.epoch}`),
        [`b@${later.id.epoch}`],
      );
      assert.equal(await ask(), 'b life 2');
    }
    watching.unsubscribe();
    assert.deepEqual(told, ['added']);
  });

  it('serves a stock client by composite metadata and JSON', async () => {
    const { rpc } = await cluster.add('a');
    serve(rpc, 'a');
    const stock = cluster.hub.add('curl', 'stock');
    await simulator.runAsync(100);
    const link = stock.links.findLink('a');
    assert.ok(link);
    const route = textToBytes('thermostat/read');
    const metadata = Uint8Array.from([0xfe, 0, 0, route.length + 1, route.length, ...route]);
    const answers: string[] = [];
    link.open(
      { kind: 'rpc', interaction: 'response', metadata, data: textToBytes('{"id":"x"}'), credit: 1 },
      {
        onNext: (payload) => answers.push(bytesToText(payload.data())),
        onComplete: () => undefined,
        onFail: () => answers.push('failed'),
        onCredit: () => undefined,
        onCancel: () => undefined,
      },
    );
    await simulator.runAsync(100);
    assert.deepEqual(answers, ['{"celsius":20,"at":"a"}']);
  });

  it('knows the current call before the node has a client, and behind an await once it has one', async () => {
    const { rpc } = await cluster.add('a');
    const caller = await cluster.add('b');
    const seen: (string | undefined)[] = [];
    const echo = defineService('echo', {
      version: '1.0.0',
      methods: { now: call<null, null>(), late: call<null, null>() },
    });
    rpc.register(echo, {
      now: () => {
        seen.push(rpc.current()?.method);
        return null;
      },
      late: async () => {
        await Promise.resolve();
        seen.push(rpc.current()?.method);
        return null;
      },
    });
    await simulator.runAsync(100);
    const client = caller.rpc.client(echo);
    await simulator.settle(client.now(null), 1000);
    await simulator.settle(client.late(null), 1000);
    assert.deepEqual([...seen, rpc.current()], ['now', 'late', undefined]);
  });

  it('answers at once what needs no waiting, and waits for a thenable, a promise and an Observable', async () => {
    const { rpc } = await cluster.add('a');
    const caller = await cluster.add('b');
    const many = defineService('many', {
      version: '1.0.0',
      methods: { plain: call<null, number>(), promised: call<null, number>(), observed: call<null, number>() },
    });
    rpc.register(many, { plain: () => 1, promised: () => Promise.resolve(2), observed: () => of(0, 3) });
    await simulator.runAsync(100);
    const client = caller.rpc.client(many);
    const answers = Promise.all([client.plain(null), client.promised(null), client.observed(null)]);
    assert.deepEqual(await simulator.settle(answers, 1000), [1, 2, 3]);
    assert.deepEqual(rpc.inFlight, idle);
  });

  it('runs a handler of its own node after the call, as another node would', async () => {
    const { rpc } = await cluster.add('a');
    const order: string[] = [];
    const here = defineService('here', { version: '1.0.0', methods: { run: call<null, null>() } });
    rpc.register(here, { run: () => (order.push('handler'), null) });
    const answer = rpc.client(here).run(null);
    order.push('called');
    await simulator.settle(answer, 1000);
    assert.deepEqual(order, ['called', 'handler']);
  });

  it('lists the paths that zod refused', async () => {
    const { rpc } = await cluster.add('a');
    serve(rpc, 'a');
    const error = await simulator.settle(rejected(rpc.client(thermostat).write({ id: 'x', celsius: 99 })), 1000);
    assert.equal(error.code, 'invalid-value');
    assert.match(error.message, /celsius: /);
  });
});

const idle = { made: 0, served: 0 };

function serve(rpc: RpcRoom, at: string, tags: Record<string, string> = {}): void {
  rpc.register(
    thermostat,
    {
      read: () => ({ celsius: 20, at }),
      write: () => at,
      watch: () => [1, 2, 3],
    },
    { tags },
  );
}

async function rejected(promise: Promise<unknown>): Promise<ClusterError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
  throw new Error('it resolved');
}
