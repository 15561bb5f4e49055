import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { after } from '../../src/core/clock.js';
import { ClusterError } from '../../src/core/errors.js';
import type { ClusterNode } from '../../src/runtime/cluster-node.js';
import { createNode } from '../../src/runtime/create-node.js';
import type { MembersEvent } from '../../src/runtime/members-stream.js';
import { lan } from '../../src/runtime/profiles.js';
import type { Metrics } from '../../src/spi/metrics.js';
import { noMetrics } from '../../src/spi/no-metrics.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const echoService = defineService('test.echo', {
  version: '1.0.0',
  methods: { echo: call<string, string>({ idempotent: true }), slow: call<number, string>() },
});

describe('whole nodes', function wholeNodes() {
  // Simulated time costs little; making keys and codecs for several nodes takes some real time.
  this.timeout(10_000);

  describe('at the start', () => {
    it('find each other, and are ready for the first call and the first event', async () => {
      const cluster = new SimCluster(1, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      serve(n1);
      const got: unknown[] = [];
      n1.bus.subscribe('/a/*', ({ value, source }) => {
        got.push([value, source]);
      });
      const n2 = await start(cluster, 'n2');
      // Nothing is waited for between start and the first use.
      const receipt = n2.bus.publish('/a/b', 1);
      const answer = cluster.settle(n2.rpc.client(echoService).echo('hi'), 5000);
      assert.equal(await answer, 'hi n1');
      assert.deepEqual([receipt.nodes, receipt.local], [1, 0]);
      await cluster.pass(100);
      assert.deepEqual(got, [[1, 'n2']]);
      assert.deepEqual(names(n1), ['n1 alive', 'n2 alive']);
      assert.deepEqual(names(n2), ['n1 alive', 'n2 alive']);
    });

    it('say that they are not started, before', () => {
      const node = createNode({ name: 'idle' });
      assert.deepEqual([node.state, node.name], ['idle', 'idle']);
      for (const use of [() => node.bus, () => node.rpc, () => node.address, () => node.members(), () => node.epoch]) {
        assert.throws(use, { code: 'not-started', message: '[not-started] node idle is idle; await start() first' });
      }
    });

    it('refuse to be made with wrong options, before anything is opened', () => {
      assert.throws(() => createNode({ name: 'no name' }), { code: 'invalid-options' });
      assert.throws(() => createNode({ profile: lan() }), { code: 'insecure-address' });
      assert.throws(() => createNode({ rpc: { servedMax: 0 } }), { code: 'invalid-options' });
    });

    it('refuse a name that is taken, naming where it is and what to do, and leave nothing open', async () => {
      const cluster = new SimCluster(2, ['n1', 'n2']);
      await start(cluster, 'n1', { name: 'twin' });
      const second = cluster.start('n2', { name: 'twin' });
      await assert.rejects(cluster.settle(second, 20_000), {
        code: 'name-taken',
        message:
          '[name-taken] membership failed to start: another node named twin answers at n1:7700; ' +
          'give this one another name, or stop that one',
      });
      assert.equal(cluster.node('n2').state, 'stopped');
      await assertFree(cluster, 'n2');
      assert.deepEqual(names(cluster.node('n1')), ['twin alive']);
    });

    it('refuse to begin alone when joining is required, naming the seeds, and leave nothing open', async () => {
      const cluster = new SimCluster(3, ['n1', 'n2']);
      const alone = cluster.start('n1', { seeds: ['n2:7700', 'n9:1'], joinRequired: true });
      await assert.rejects(
        cluster.settle(alone, 20_000),
        /\[join-failed\] membership failed to start: none of the seeds n2:7700, n9:1 answered within 3000 ms.*: check/,
      );
      await assertFree(cluster, 'n1');
    });

    it('leave nothing open when they fail after their rooms have started', async () => {
      const cluster = new SimCluster(17, ['n1', 'n2']);
      const n2 = await start(cluster, 'n2');
      const metrics: Metrics = {
        ...noMetrics,
        counter: (name, help, labels) => {
          // The first service is registered when every room runs.
          if (name === 'scalebus_rpc_served_total') throw new Error('no more counters');
          return noMetrics.counter(name, help, labels);
        },
      };
      const failing = cluster.start('n1', { metrics });
      await assert.rejects(cluster.settle(failing, 20_000), /no more counters/);
      const n1 = cluster.node('n1');
      assert.equal(n1.state, 'stopped');
      await assertFree(cluster, 'n1');
      assert.ok(await cluster.simulator.runUntil(() => names(n2).length === 1, 5000), names(n2).join());
      await cluster.settle(n1.stop(), 1000);
    });

    it('begin alone when no seed answers, and join when one comes up', async () => {
      const cluster = new SimCluster(4, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1', { seeds: ['n2:7700'] });
      assert.deepEqual(names(n1), ['n1 alive']);
      await start(cluster, 'n2', { seeds: [] });
      assert.ok(await cluster.simulator.runUntil(() => names(n1).length === 2, 40_000));
    });

    it('refuse a port that is taken, and leave the other kind of port free', async () => {
      const cluster = new SimCluster(5, ['n1']);
      const { datagrams } = cluster.network.machine('n1');
      const socket = await datagrams.bind({ host: 'n1', port: 7700 });
      await assert.rejects(cluster.settle(cluster.start('n1'), 10_000), {
        code: 'address-in-use',
        message: /front door failed to start: port 7700 on n1 is taken; stop the other program or give another port/,
      });
      await socket.close();
      await assertFree(cluster, 'n1');
    });

    it('do not hear nodes of another label', async () => {
      const cluster = new SimCluster(6, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      const n2 = await start(cluster, 'n2', { label: 'other' });
      await cluster.pass(60_000);
      assert.deepEqual([names(n1), names(n2)], [['n1 alive'], ['n2 alive']]);
    });

    it('listen beyond loopback with a key, and talk to nobody who has another', async () => {
      const cluster = new SimCluster(7, ['n1', 'n2', 'n3']);
      const keyed = { insecure: false, key: 'sixteen letters!' };
      const n1 = await start(cluster, 'n1', keyed);
      serve(n1);
      const n2 = await start(cluster, 'n2', keyed);
      assert.equal(await cluster.settle(n2.rpc.client(echoService).echo('hi'), 5000), 'hi n1');
      const n3 = await start(cluster, 'n3', { insecure: false, key: 'sixteen others!!' });
      await cluster.pass(60_000);
      assert.deepEqual([names(n1), names(n3)], [['n1 alive', 'n2 alive'], ['n3 alive']]);
    });
  });

  describe('at the end', () => {
    it('finish what they were asked, tell the others, and leave nothing open', async () => {
      const cluster = new SimCluster(8, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      serve(n1);
      n1.bus.subscribe('/a', () => undefined);
      const n2 = await start(cluster, 'n2');
      const told: string[] = [];
      n2.members$.subscribe((event) => told.push(tellEvent(event)));
      const slow = n2.rpc.client(echoService).slow(300);
      await cluster.pass(50);
      const stopping = cluster.stop('n1');
      assert.equal(n1.state, 'stopping');
      assert.equal(await cluster.settle(slow, 5000), 'slow n1');
      // The withdrawal was known before the call was done, so nothing new went there meanwhile.
      assert.deepEqual(n2.rpc.instances('test.echo'), []);
      assert.equal(n2.bus.publish('/a', 1).nodes, 0);
      await cluster.settle(stopping, 10_000);
      assert.equal(n1.state, 'stopped');
      await cluster.pass(100);
      assert.deepEqual(told, ['n1,n2', 'left n1']);
      await assertFree(cluster, 'n1');
    });

    it('refuse new calls while they drain, as not executed', async () => {
      const cluster = new SimCluster(9, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      serve(n1);
      const n2 = await start(cluster, 'n2');
      const slow = n2.rpc.client(echoService).slow(300);
      await cluster.pass(50);
      const stopping = cluster.stop('n1');
      await cluster.pass(50);
      const late = n2.rpc.client(echoService, { timeoutMs: 1000 }).echo('late');
      const error = await cluster.settle(
        late.then(
          () => undefined,
          (cause: unknown) => cause,
        ),
        5000,
      );
      assert.ok(error instanceof ClusterError);
      assert.match(error.code, /^(?:not-executed|no-responders|not-found|unavailable)$/);
      assert.equal(await cluster.settle(slow, 5000), 'slow n1');
      await cluster.settle(stopping, 10_000);
    });

    it('wait no longer than drainMs for work that does not end', async () => {
      const cluster = new SimCluster(10, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1', { drainMs: 500 });
      serve(n1);
      const n2 = await start(cluster, 'n2');
      const hopeless = n2.rpc.client(echoService, { timeoutMs: 60_000 }).slow(50_000);
      await cluster.pass(50);
      const startedMs = cluster.simulator.now();
      await cluster.settle(cluster.stop('n1'), 10_000);
      assert.ok(cluster.simulator.now() - startedMs < 3000, `took ${cluster.simulator.now() - startedMs} ms`);
      await assert.rejects(cluster.settle(hopeless, 5000), { code: 'link-lost' });
    });

    it('close everything though listeners of undelivered events and of faults throw', async () => {
      const cluster = new SimCluster(16, ['n1', 'n2']);
      const errors: string[] = [];
      const logger = { error: (text: string) => void errors.push(text), info: () => undefined, debug: () => undefined };
      const n1 = await start(cluster, 'n1', { drainMs: 100, logger });
      const n2 = await start(cluster, 'n2');
      await cluster.settle(n2.bus.subscribe('/t', () => undefined).ready({ scope: 'cluster' }), 5000);
      const heard: string[] = [];
      n1.bus.onUndelivered(({ kind }) => {
        heard.push(kind);
        throw new Error('a listener of events');
      });
      n1.bus.onUndelivered(({ kind }) => void heard.push(kind));
      n1.bus.onFault(({ error }) => {
        heard.push(error.code);
        throw new Error('a listener of faults');
      });
      cluster.kill('n2', 'silent');
      assert.equal(n1.bus.publish('/t', 1).nodes, 1);
      await cluster.settle(n1.stop(), 20_000);
      assert.deepEqual(heard, ['unknown', 'handler-failed', 'unknown']);
      assert.deepEqual(errors, ['a fault of the bus', 'a listener of faults has thrown']);
      assert.equal(n1.state, 'stopped');
      await assertFree(cluster, 'n1');
    });

    it('may stop twice, before they started, and while they start', async () => {
      const cluster = new SimCluster(11, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      assert.equal(n1.stop(), n1.stop());
      await cluster.settle(n1.stop(), 10_000);
      const early = createNode({ name: 'early' });
      await early.stop();
      assert.equal(early.state, 'stopped');
      await assert.rejects(early.start(), { code: 'stopped' });
      await assert.rejects(n1.start(), { code: 'stopped' });
      await assert.rejects(n1.bus.request('/a', 1), { code: 'stopped' });
      await assert.rejects(n1.rpc.client(echoService).echo('x'), { code: 'stopped' });
      const starting = cluster.start('n2', { seeds: ['n1:7700'] });
      await cluster.pass(10);
      const stopping = cluster.node('n2').stop();
      await cluster.settle(Promise.all([starting, stopping]), 20_000);
      assert.equal(cluster.node('n2').state, 'stopped');
      await assertFree(cluster, 'n2');
    });
  });

  describe('in between', () => {
    it('start again under their name after a stop and after a crash, each life later than the one before', async () => {
      const cluster = new SimCluster(12, ['n1', 'n2']);
      const n2 = await start(cluster, 'n2', { seeds: ['n1:7700'] });
      const epochs: number[] = [];
      for (const end of ['stop', 'reset', 'silent'] as const) {
        const n1 = await start(cluster, 'n1', { seeds: ['n2:7700'] });
        serve(n1);
        epochs.push(n1.epoch);
        const isKnown = () => n2.rpc.instances('test.echo').some((one) => one.epoch === n1.epoch);
        assert.ok(await cluster.simulator.runUntil(isKnown, 10_000), end);
        assert.equal(await cluster.settle(n2.rpc.client(echoService).echo('hi'), 10_000), 'hi n1', end);
        if (end === 'stop') await cluster.settle(cluster.stop('n1'), 10_000);
        else cluster.kill('n1', end);
        await cluster.pass(2000);
      }
      assert.deepEqual(
        epochs,
        epochs.toSorted((left, right) => left - right),
      );
      assert.equal(new Set(epochs).size, 3);
    });

    it('show a node that was killed as suspect within 3 s, and route around it', async () => {
      const cluster = new SimCluster(13, ['n1', 'n2', 'n3']);
      const [n1, n2] = [await start(cluster, 'n1'), await start(cluster, 'n2')];
      for (const node of [n1, n2, await start(cluster, 'n3')]) serve(node);
      await cluster.pass(1000);
      cluster.kill('n3', 'silent');
      const isSuspected = () => [n1, n2].every((node) => !names(node).includes('n3 alive'));
      assert.ok(await cluster.simulator.runUntil(isSuspected, 3000));
      const client = n1.rpc.client(echoService, { select: 'round-robin', timeoutMs: 1000 });
      for (let count = 0; count < 6; count += 1) {
        assert.match(await cluster.settle(client.echo('hi'), 2000), /^hi n[12]$/);
      }
    });

    it('stop by themselves when a later life of their name came up where they could not be asked', async () => {
      const cluster = new SimCluster(14, ['n1', 'n2', 'n3']);
      await start(cluster, 'n1');
      const errors: string[] = [];
      const logger = { error: (text: string) => errors.push(text), info: () => undefined, debug: () => undefined };
      const older = await start(cluster, 'n2', { name: 'twin', logger });
      cluster.network.faults.isolate('n2');
      const newer = await start(cluster, 'n3', { name: 'twin' });
      assert.ok(newer.epoch > older.epoch);
      cluster.network.faults.heal();
      assert.ok(await cluster.simulator.runUntil(() => older.state === 'stopped', 120_000), older.state);
      assert.match(errors.join(), /another node of this name has come up; this one stops/);
      assert.equal(newer.state, 'running');
      await assertFree(cluster, 'n2');
    });

    it('tell their members as a list first and then change by change, to each who asks', async () => {
      const cluster = new SimCluster(15, ['n1', 'n2']);
      const n1 = await start(cluster, 'n1');
      const told: string[] = [];
      let ended = false;
      n1.members$.subscribe({
        next: (event) => told.push(tellEvent(event)),
        complete: () => {
          ended = true;
        },
      });
      await start(cluster, 'n2');
      await cluster.pass(500);
      const late: string[] = [];
      n1.members$.subscribe((event) => late.push(tellEvent(event)));
      await cluster.settle(cluster.stop('n2'), 10_000);
      await cluster.pass(500);
      await cluster.settle(cluster.stop('n1'), 10_000);
      assert.deepEqual(told, ['n1', 'joined n2', 'left n2']);
      assert.deepEqual(late, ['n1,n2', 'left n2']);
      assert.equal(ended, true);
    });
  });
});

async function start(cluster: SimCluster, name: string, options = {}): Promise<ClusterNode> {
  return cluster.settle(cluster.start(name, options), 30_000);
}

function serve(node: ClusterNode): void {
  const { clock } = node.parts;
  node.rpc.register(echoService, {
    echo: (text) => `${text} ${node.name}`,
    slow: (delayMs) =>
      new Promise((resolve) => {
        clock.setTimer(after(clock.now(), delayMs), () => resolve(`slow ${node.name}`));
      }),
  });
}

function names(node: ClusterNode): string[] {
  return node
    .members()
    .map((member) => `${member.name} ${member.status}`)
    .toSorted();
}

function tellEvent(event: MembersEvent): string {
  if (event.kind !== 'snapshot') return `${event.kind} ${event.member.name}`;
  return event.members
    .map((member) => member.name)
    .toSorted()
    .join();
}

/** Both kinds of port can be had, so nothing of the node is left. */
async function assertFree(cluster: SimCluster, name: string): Promise<void> {
  const { datagrams, connections } = cluster.network.machine(name);
  const socket = await datagrams.bind({ host: name, port: 7700 });
  const server = await connections.listen({ host: name, port: 7700 }, () => undefined);
  await socket.close();
  await server.close();
}
