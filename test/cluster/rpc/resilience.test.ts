import assert from 'node:assert/strict';
import { call, defineService, type ServiceContract, stream } from '../../../src/cluster/rpc/contract.js';
import type { RpcRoom } from '../../../src/cluster/rpc/rpc-room.js';
import { ClusterError } from '../../../src/core/errors.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const desk = defineService('desk', {
  version: '1.0.0',
  methods: {
    ask: call<string, string>(),
    again: call<string, string>({ idempotent: true }),
    list: stream<string, string>(),
  },
});

describe('calls at their limits', () => {
  let simulator: Simulator;
  let cluster: MemoryRpc;
  const ran: string[] = [];

  beforeEach(() => {
    ran.length = 0;
    simulator = new Simulator({ seed: 21 });
    cluster = new MemoryRpc(simulator, simulator.random, { links: { silentMs: 600_000 } });
  });
  afterEach(() => cluster.stop());

  it('leave an instance out that has enough of ours to do, and fail as overloaded when it is the last', async () => {
    const { rpc } = await cluster.add('caller', { inFlightMax: 2 });
    serve((await cluster.add('a')).rpc, 'a');
    await simulator.runAsync(50);
    const client = rpc.client(desk, { retry: { attemptsMax: 1 } });
    const hanging = [client.ask('hang'), client.ask('hang')].map((one) => one.catch(codeOf));
    await simulator.runAsync(10);
    assert.equal(await settle(client.ask('now').catch(codeOf)), 'overloaded');
    serve((await cluster.add('b')).rpc, 'b');
    await simulator.runAsync(50);
    assert.equal(await settle(client.ask('now')), 'b');
    assert.deepEqual(await settle(Promise.all(hanging), 20_000), ['deadline-exceeded', 'deadline-exceeded']);
    assert.deepEqual(ran, ['hang a', 'hang a', 'now b']);
  });

  it('go elsewhere, whatever the method, when a node serves as many as it may', async () => {
    serve((await cluster.add('a', { servedMax: 1 })).rpc, 'a');
    serve((await cluster.add('b')).rpc, 'b');
    const { rpc } = await cluster.add('caller');
    await simulator.runAsync(50);
    const client = rpc.client(desk, { select: 'round-robin' });
    const hanging = client.ask('hang', { node: 'a' }).catch(codeOf);
    await simulator.runAsync(10);
    for (let index = 0; index < 6; index += 1) assert.equal(await settle(client.ask('now')), 'b');
    assert.equal(await settle(client.ask('now', { node: 'a', timeoutMs: 500 }).catch(codeOf)), 'overloaded');
    await settle(hanging, 20_000);
    assert.deepEqual(
      ran.filter((run) => run.startsWith('now')),
      Array.from({ length: 6 }, () => 'now b'),
      'what was refused did not run',
    );
  });

  it('exclude the node that refused from the next attempt, however they select, calls and streams alike', async () => {
    const { rpc } = await cluster.add('caller', { breaker: { callsMin: 10_000 } });
    for (const name of ['a', 'b', 'c']) serve((await cluster.add(name)).rpc, name);
    await simulator.runAsync(50);
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    const client = rpc.client(desk, { select: 'rendezvous', retry: { attemptsMax: 2 } });
    const before = new Map<string, string>();
    for (const key of keys) before.set(key, await settle(client.ask('now', { key })));
    const ofA = keys.filter((key) => before.get(key) === 'a');
    assert.ok(ofA.length > 5, `${ofA.length} keys choose a`);
    cluster.get('a').rpc.refuse();
    for (const key of keys) {
      const was = before.get(key);
      const answers = [
        await settle(client.ask('now', { key })),
        ...(await settle(collect(client.list('now', { key })))),
      ];
      if (was === 'a') assert.ok(!answers.includes('a') && new Set(answers).size === 1, answers.join());
      else assert.deepEqual(answers, [was, was]);
    }
    const random = rpc.client(desk, { select: 'random', retry: { attemptsMax: 2 } });
    for (let index = 0; index < 100; index += 1) {
      assert.notEqual(await settle(random.ask('now')), 'a');
      assert.notDeepEqual(await settle(collect(random.list('now'))), ['a']);
    }
  });

  it('stop asking a peer that does not answer, and try it again later', async () => {
    const breaker = { callsMin: 4, failurePercent: 50, openMs: 2000 };
    const { rpc } = await cluster.add('caller', { breaker, retry: { attemptsMax: 1 } });
    serve((await cluster.add('a')).rpc, 'a');
    await simulator.runAsync(50);
    const client = rpc.client(desk);
    assert.equal(await settle(client.ask('now')), 'a');
    cluster.hub.cut('caller', 'a');
    const lost = Array.from({ length: 6 }, () => client.ask('now', { timeoutMs: 100 }).catch(codeOf));
    assert.deepEqual(new Set(await settle(Promise.all(lost))), new Set(['deadline-exceeded']));
    const startedAt = simulator.now();
    assert.equal(await settle(client.ask('now', { timeoutMs: 5000 }).catch(codeOf)), 'overloaded');
    assert.ok(simulator.now() - startedAt < 50, 'it fails at once');
    cluster.hub.heal('caller', 'a');
    await simulator.runAsync(2500);
    assert.equal(await settle(client.ask('now')), 'a');
    assert.equal(await settle(client.ask('now')), 'a', 'and it is closed again');
  });

  it('does not open for errors of handlers', async () => {
    const { rpc } = await cluster.add('caller', { breaker: { callsMin: 4 } });
    serve((await cluster.add('a')).rpc, 'a');
    await simulator.runAsync(50);
    const client = rpc.client(desk);
    for (let index = 0; index < 20; index += 1) {
      assert.equal(await settle(client.ask('fail').catch(codeOf)), 'not-found');
    }
    assert.equal(await settle(client.ask('now')), 'a');
  });

  it('add no more than their budget of retries to an overload', async () => {
    const { rpc } = await cluster.add('caller');
    let refused = 0;
    const { rpc: server } = await cluster.add('a', {
      serverInterceptors: [
        () => {
          refused += 1;
          throw new ClusterError('unavailable', 'too much to do');
        },
      ],
    });
    serve(server, 'a');
    await simulator.runAsync(50);
    const client = rpc.client(desk, { retry: { attemptsMax: 4, budgetPercent: 10, budgetMax: 5 } });
    for (let index = 0; index < 100; index += 1) await settle(client.again('now').catch(codeOf));
    // 100 first attempts, 5 retries saved up and a tenth of the calls.
    assert.ok(refused > 105 && refused <= 116, `${refused} attempts`);
  });

  it('ask all instances, or those of a node, an id or a tag, and tell each one’s value or error', async () => {
    const { rpc } = await cluster.add('caller');
    for (const [name, zone] of [
      ['a', 'north'],
      ['b', 'south'],
    ] as const) {
      const { rpc: server } = await cluster.add(name);
      serve(server, `${name}1`, { id: '1', tags: { zone } });
      serve(server, `${name}2`, { id: '2', tags: { zone: 'east' } });
    }
    await simulator.runAsync(50);
    const ask = async (input: string, options: object): Promise<string[]> => {
      const results = await settle(rpc.callAll(desk, 'ask', input, options), 20_000);
      const shown = results.map((one) => {
        const what = one.kind === 'value' ? one.value : one.error.code;
        return `${one.node}/${one.instanceId} ${what}`;
      });
      return shown.toSorted();
    };
    assert.deepEqual(await ask('now', {}), ['a/1 a1', 'a/2 a2', 'b/1 b1', 'b/2 b2']);
    assert.deepEqual(await ask('now', { node: 'b' }), ['b/1 b1', 'b/2 b2']);
    assert.deepEqual(await ask('now', { instanceId: '2' }), ['a/2 a2', 'b/2 b2']);
    assert.deepEqual(await ask('now', { tags: { zone: 'south' } }), ['b/1 b1']);
    assert.deepEqual(await ask('fail', { tags: { zone: 'east' } }), ['a/2 not-found', 'b/2 not-found']);
    assert.deepEqual(await ask('now', { tags: { zone: 'west' } }), []);
  });

  it('learn at discovery that a method has bytes on one side only, or another kind or major version', async () => {
    const { rpc } = await cluster.add('caller');
    const told: string[] = [];
    rpc.listenIncompatible(({ why }) => told.push(why));
    const raw = call<Uint8Array, Uint8Array>({ raw: true });
    const wanted = defineService('drift', { version: '1.4.0', methods: { read: raw } });
    const client = rpc.client(wanted);
    const others: readonly ServiceContract[] = [
      defineService('drift', { version: '1.0.0', methods: { read: call<Uint8Array, Uint8Array>() } }),
      defineService('drift', { version: '1.0.0', methods: { reed: raw } }),
      defineService('drift', { version: '2.0.0', methods: { read: raw } }),
    ];
    for (const [index, other] of others.entries()) {
      const { rpc: server } = await cluster.add(`s${index}`);
      // Each contract has one method.
      server.register(other, Object.fromEntries(Object.keys(other.methods).map((name) => [name, echo])) as never);
    }
    await simulator.runAsync(100);
    assert.deepEqual(told, [
      'method read is not raw there',
      'method read is not served',
      'version 2.0.0 is served, 1.4.0 is wanted',
    ]);
    assert.equal(await settle(client.read(new Uint8Array(1)).catch(codeOf)), 'incompatible');
    assert.deepEqual(rpc.instances(wanted), []);
    (await cluster.add('good')).rpc.register(wanted, { read: echo });
    await simulator.runAsync(100);
    assert.deepEqual(await settle(client.read(Uint8Array.of(7))), Uint8Array.of(7));
  });

  function settle<T>(promise: Promise<T>, maxMs = 10_000): Promise<T> {
    return simulator.settle(promise, maxMs);
  }

  function serve(rpc: RpcRoom, at: string, options: { id?: string; tags?: Record<string, string> } = {}): void {
    const answer = (input: string): string | Promise<string> => {
      ran.push(`${input} ${at}`);
      if (input === 'fail') throw new ClusterError('not-found', 'nothing here');
      return input === 'hang' ? new Promise<string>(() => undefined) : at;
    };
    rpc.register(desk, { ask: answer, again: answer, list: () => [at] }, options);
  }
});

const echo = (bytes: Uint8Array): Uint8Array => bytes;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function codeOf(error: unknown): string {
  return error instanceof ClusterError ? error.code : String(error);
}
