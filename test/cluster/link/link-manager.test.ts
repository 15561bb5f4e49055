import assert from 'node:assert/strict';
import { addressToText } from '../../../src/core/address.js';
import { must } from '../../../src/core/assert.js';
import { emptyBytes } from '../../../src/core/bytes.js';
import { ClusterError } from '../../../src/core/errors.js';
import { SeededRandom } from '../../../src/core/random.js';
import { bytesToText, textToBytes } from '../../../src/core/text.js';
import { silentLogger } from '../../../src/core/logger.js';
import type { Connection, Connections } from '../../../src/spi/connections.js';
import type { Stream } from '../../../src/spi/links.js';
import { GuestLinks } from '../../../src/cluster/link/guest-links.js';
import { createOwnEngine, type EngineFactory } from '../../../src/cluster/link/link-engine.js';
import { type GivenLinkOptions, resolveLinkOptions } from '../../../src/cluster/link/link-options.js';
import { encodeSetup } from '../../../src/protocol/rsocket/setup.js';
import { RecordingSink, request } from '../../../src/testing/conformance/link-pair.js';
import { memoryMember } from '../../../src/testing/memory-membership.js';
import { SimNetwork } from '../../../src/testing/sim-network.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { CountedMetrics } from '../../testing/counted-metrics.js';
import { introduce, type LinkNode, LinkWorld, makeNode, TestSecrets } from './link-world.js';

const keyA = textToBytes('a key of thirty-two bytes, first');
const keyB = textToBytes('a key of thirty-two bytes, other');

describe('link manager', function manager() {
  // Simulated seconds cost real ones when many share the machine.
  this.timeout(20_000);

  it('makes one link for each pair of members', async () => {
    const world = new LinkWorld();
    const nodes: LinkNode[] = [];
    for (const name of ['a', 'b', 'c', 'd']) nodes.push(await world.add(name));
    meet(nodes);
    await world.until(() => nodes.every((node) => node.links.links().length === 3));
    await world.run(5000);
    for (const node of nodes) {
      assert.equal(node.links.links().length, 3);
      assert.equal(node.events.filter((event) => event.startsWith('up')).length, 3);
      assert.equal(node.events.filter((event) => event.startsWith('down')).length, 0);
    }
    const dials = nodes.reduce((sum, node) => sum + node.connections.dialed.length, 0);
    assert.equal(dials, 6, 'the larger name yields, so no pair dialled twice');
    await world.stop();
  });

  it('ends simultaneous dials with one link and without a flap, whatever the delays', async () => {
    let raced = 0;
    for (let seed = 1; seed <= 24; seed += 1) {
      const simulator = new Simulator({ seed });
      const network = new SimNetwork(simulator);
      network.faults.setEverywhere({ delayMinMs: 0, delayMaxMs: 40, chunkBytesMax: 50 });
      const options = { dialYieldMs: 0, redialMinMs: 20 };
      const left = await simNode(network, 'a', '10.0.0.1', options);
      const right = await simNode(network, 'b', '10.0.0.2', options);
      introduce(left, right);
      const both = (): boolean => left.links.findLink('b') !== undefined && right.links.findLink('a') !== undefined;
      assert.ok(await simulator.runUntil(both, 20_000), `seed ${seed}: no link`);
      // A replaced link has 10 s to drain, and a dial that lost may be tried again within them.
      await simulator.runAsync(12_000);
      assert.deepEqual([left.events, right.events], [['up b@1'], ['up a@1']], `seed ${seed}`);
      const calls = [left, right].map((node) => {
        node.links.serve('rpc', (incoming) => {
          incoming.stream.nextAndComplete(emptyBytes, emptyBytes);
          return new RecordingSink();
        });
        const sink = new RecordingSink();
        node.links.links()[0]?.open(request({ interaction: 'response' }), sink);
        return sink;
      });
      assert.ok(await simulator.runUntil(() => calls.every((sink) => sink.isOver), 1000), `seed ${seed}`);
      raced += left.connections.dialed.length + right.connections.dialed.length > 1 ? 1 : 0;
    }
    assert.ok(raced > 5, `${raced} of 24 runs had two dials`);
  });

  it('dials again after a loss, and slower while nobody is there', async () => {
    const world = new LinkWorld();
    const left = await world.add('a');
    const right = await world.add('b');
    introduce(left, right);
    await world.until(() => left.links.findLink('b') !== undefined && right.links.findLink('a') !== undefined);
    await world.run(20_000);
    must(left.connections.dialed[0], 'a connection').destroy();
    await world.until(() => left.events.length === 3 && right.events.length === 3);
    assert.deepEqual(left.events, ['up b@1', 'down b@1 closed', 'up b@1']);
    assert.deepEqual(right.events, ['up a@1', 'down a@1 reset', 'up a@1']);
    // Nobody listens any more.
    left.connections.isCut = true;
    right.connections.isCut = true;
    for (const node of world.nodes) for (const connection of node.connections.dialed) connection.destroy();
    const before = left.metrics.sum('scalebus_link_events_total');
    await world.run(60_000);
    const dials = [...left.metrics.values].find(([key]) => key.includes('"dialed"'))?.[1] ?? 0;
    assert.ok(dials > 5 && dials < 25, `${dials} dials in a minute (${before})`);
    assert.ok(left.membership.evidence.some(({ kind }) => kind === 'refused'));
    left.connections.isCut = false;
    await world.until(() => left.links.findLink('b') !== undefined);
    await world.stop();
  });

  it('spreads the dials of an absent member, by its chance, around a wait that doubles up to its maximum', async () => {
    const simulator = new Simulator({ seed: 1 });
    const waitsOf = async (epoch: number): Promise<readonly number[]> => {
      const dialedAt: number[] = [];
      const nobody: Connections = {
        listen: () => assert.fail('nobody listens'),
        dial: () => {
          dialedAt.push(simulator.now());
          return Promise.reject(new ClusterError('unavailable', 'nobody is there', { details: 'refused' }));
        },
      };
      const address = { host: '10.0.0.1', port: 7000 };
      // The epoch is part of the seed of a node's chance here.
      const node = makeNode({ name: 'a', epoch, address, clock: simulator, connections: nobody });
      node.membership.tell('joined', memoryMember({ name: 'b', epoch: 1 }, '10.0.0.2:7000'));
      await simulator.runAsync(400_000);
      await simulator.settle(node.links.stop(0), 10_000);
      return dialedAt.slice(1).map((at, index) => at - (dialedAt[index] ?? 0));
    };
    const [one, other] = [await waitsOf(1), await waitsOf(2)];
    for (const waits of [one, other]) {
      const shares = waits.map((waitMs, index) => waitMs / Math.min(10_000, 100 * 2 ** (index + 1)));
      assert.ok(shares.length > 30, `${shares.length} dials`);
      const [least, most] = [Math.min(...shares), Math.max(...shares)];
      assert.ok(least >= 0.49 && least < 0.7 && most > 1.3 && most <= 1.51, `${least} to ${most}`);
    }
    const same = one.filter((waitMs, index) => Math.abs(waitMs - (other[index] ?? 0)) < 1);
    assert.ok(same.length < 3, `${same.length} waits are the same for two seeds`);
  });

  it('links only those who hold the key, and believes old and new keys while they are rolled', async () => {
    const world = new LinkWorld();
    const left = await world.add('a', { keys: [keyA] });
    const right = await world.add('b', { keys: [keyB] });
    const rolling = await world.add('c', { keys: [keyB, keyA] });
    meet([left, right, rolling]);
    await world.run(20_000);
    assert.equal(left.links.findLink('b'), undefined);
    assert.equal(right.links.findLink('a'), undefined);
    assert.deepEqual(right.events, ['up c@1']);
    // c proves with the new key, which a does not know yet: a dials c and is believed, c is not.
    assert.deepEqual(left.events, []);
    const older = await world.add('d', { keys: [keyA, keyB] });
    meet([rolling, older]);
    await world.until(() => older.links.findLink('c') !== undefined);
    await world.stop();
  });

  it('replaces the link of an older life at once', async () => {
    const world = new LinkWorld();
    const left = await world.add('a');
    const right = await world.add('b');
    introduce(left, right);
    await world.until(() => left.events.length === 1);
    const lost = new RecordingSink();
    left.links.findLink('b')?.open(request({ interaction: 'stream' }), lost);
    const reborn = await world.add('b', {}, 2);
    reborn.membership.tell('joined', memoryMember(left.links.self, left.links.self.address));
    await world.until(() => left.links.findLink('b')?.peer.epoch === 2);
    assert.deepEqual(left.events, ['up b@1', 'down b@1 replaced', 'up b@2']);
    await world.until(() => lost.isOver);
    // The older life may not come back.
    await world.run(30_000);
    assert.equal(left.links.findLink('b')?.peer.epoch, 2);
    await world.stop();
  });

  it('believes a node that lost its side of a link which this one still has', async () => {
    const simulator = new Simulator({ seed: 3 });
    const network = new SimNetwork(simulator);
    const left = await simNode(network, 'a', '10.0.0.1');
    const right = await simNode(network, 'b', '10.0.0.2');
    introduce(left, right);
    assert.ok(await simulator.runUntil(() => left.events.length === 1 && right.events.length === 1, 10_000));
    // b's process forgets its connection without a word; its name is the larger one, so its dial alone would lose.
    network.kill('10.0.0.2', 'silent');
    network.revive('10.0.0.2');
    const again = await simNode(network, 'b', '10.0.0.2');
    again.membership.tell('joined', memoryMember(left.links.self, left.links.self.address));
    assert.ok(await simulator.runUntil(() => again.links.findLink('a') !== undefined, 10_000));
    assert.deepEqual(left.events, ['up b@1', 'down b@1 replaced', 'up b@1']);
  });

  it('refuses new calls as not executed while it leaves, finishes those that run, and says that it left', async () => {
    const world = new LinkWorld();
    const left = await world.add('a');
    const right = await world.add('b');
    introduce(left, right);
    await world.until(() => left.events.length === 1 && right.events.length === 1);
    const running: Stream[] = [];
    right.links.serve('rpc', (incoming) => {
      running.push(incoming.stream);
      return new RecordingSink();
    });
    const link = must(left.links.findLink('b'), 'a link');
    const first = new RecordingSink();
    link.open(request({ interaction: 'response' }), first);
    await world.until(() => running.length === 1);
    const stopped = right.links.stop(5000);
    const second = new RecordingSink();
    link.open(request({ interaction: 'response' }), second);
    await world.until(() => second.isOver);
    assert.deepEqual(second.heard, ['fail 0x202 this node is leaving']);
    assert.ok(!first.isOver);
    running[0]?.nextAndComplete(emptyBytes, textToBytes('done'));
    await world.simulator.settle(stopped, 1000);
    await world.until(() => left.events.length === 2);
    assert.deepEqual(first.heard, ['next |done', 'complete']);
    assert.equal(left.events[1], 'down b@1 left');
    await right.links.stop(0);
    await world.stop();
  });

  it('gives up draining when its time is over', async () => {
    const world = new LinkWorld();
    const left = await world.add('a');
    const right = await world.add('b');
    introduce(left, right);
    await world.until(() => left.events.length === 1 && right.events.length === 1);
    right.links.serve('rpc', () => new RecordingSink());
    const sink = new RecordingSink();
    left.links.findLink('b')?.open(request({ interaction: 'response' }), sink);
    await world.run(10);
    const start = world.simulator.now();
    await world.simulator.settle(right.links.stop(3000), 10_000);
    assert.ok(world.simulator.now() - start >= 3000);
    await world.until(() => sink.isOver);
    assert.deepEqual(sink.heard, ['lost left']);
    await world.stop();
  });

  it('closes the link of a member that failed', async () => {
    const world = new LinkWorld();
    const left = await world.add('a');
    const right = await world.add('b');
    introduce(left, right);
    await world.until(() => left.events.length === 1);
    left.membership.tell('failed', memoryMember(right.links.self, right.links.self.address));
    await world.until(() => left.events.length === 2);
    assert.equal(left.events[1], 'down b@1 closed');
    await world.stop();
  });

  it('keeps links to the chosen members only, and makes others on demand', async () => {
    const world = new LinkWorld();
    const hub = await world.add('hub', { linksMax: 5 });
    for (let count = 0; count < 20; count += 1) {
      const node = await world.add(`n${count}`, { linksMax: 0 });
      introduce(hub, node);
    }
    await world.run(20_000);
    assert.equal(hub.links.links().length, 5);
    const other = must(
      world.nodes.find((node) => node !== hub && hub.links.findLink(node.name) === undefined),
      'a member without a link',
    );
    hub.links.demand(other.name);
    await world.until(() => hub.links.findLink(other.name) !== undefined);
    assert.equal(hub.links.links().length, 6);
    await world.stop();
  });

  it('exchanges with a node that it has no link to, over a connection that ends after it', async () => {
    const world = new LinkWorld();
    const left = await world.add('a', { keys: [keyA] });
    const right = await world.add('b', { keys: [keyA] });
    right.links.serve('swim', (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, textToBytes(`${incoming.stream.link.peer.name}!`));
      return new RecordingSink();
    });
    const answers: (string | undefined)[] = [];
    const ask = (name: string | undefined, address = addressToText(right.address)): void => {
      const exchange = { address, name, kind: 'swim', data: emptyBytes, timeoutMs: 2000 } as const;
      left.links.exchange(exchange, (answer) => answers.push(answer === undefined ? undefined : bytesToText(answer)));
    };
    ask(undefined);
    await world.until(() => answers.length === 1);
    ask('b');
    await world.until(() => answers.length === 2);
    ask('somebody else');
    await world.until(() => answers.length === 3);
    ask(undefined, '10.9.9.9:1');
    ask(undefined, 'no address at all');
    await world.until(() => answers.length === 5);
    assert.deepEqual(answers, ['a!', 'a!', undefined, undefined, undefined]);
    await world.run(1000);
    assert.deepEqual([...left.events, ...right.events], []);
    assert.equal(right.links.links().length, 0);
    await world.stop();
  });

  it('reports what it sees of members, and what it hears no more than once a period', async () => {
    const world = new LinkWorld();
    const left = await world.add('a', { keepAliveMs: 1000 });
    const right = await world.add('b', { keepAliveMs: 1000 });
    const heard: string[] = [];
    const report = left.membership.report.bind(left.membership);
    left.membership.report = (evidence) => {
      heard.push(evidence.kind);
      report(evidence);
    };
    introduce(left, right);
    await world.until(() => left.events.length === 1);
    heard.length = 0;
    await world.run(10_000);
    assert.ok(heard.length >= 8 && heard.length <= 11, `${heard.length} in ten periods`);
    right.connections.dialed[0]?.destroy();
    left.connections.dialed[0]?.destroy();
    await world.until(() => left.membership.evidence.length > 0);
    await world.stop();
  });
});

describe('liveness of a link', () => {
  const options = { keepAliveMs: 1000, lifetimeMs: 4000 };

  async function pair(
    seed: number,
    others: GivenLinkOptions = options,
  ): Promise<{ simulator: Simulator; network: SimNetwork; left: LinkNode; right: LinkNode }> {
    const simulator = new Simulator({ seed });
    const network = new SimNetwork(simulator);
    const left = await simNode(network, 'a', '10.0.0.1', options);
    const right = await simNode(network, 'b', '10.0.0.2', others);
    introduce(left, right);
    const both = (): boolean => left.links.findLink('b') !== undefined && right.links.findLink('a') !== undefined;
    assert.ok(await simulator.runUntil(both, 10_000));
    return { simulator, network, left, right };
  }

  it('costs an idle pair one question and one answer a period, and a node one waking for all its links', async () => {
    const world = new LinkWorld();
    const asked: string[] = [];
    const names = ['a', 'b', 'c', 'd', 'e'];
    const nodes: LinkNode[] = [];
    for (const [index, name] of names.entries()) {
      const address = { host: `10.0.1.${index}`, port: 7000 };
      const { connections } = world.network.host(address.host);
      const createEngine: EngineFactory = (deps, engineOptions) => {
        const engine = createOwnEngine(deps, engineOptions);
        const keepAlive = engine.keepAlive.bind(engine);
        engine.keepAlive = () => {
          asked.push(`${name} ${world.simulator.now()}`);
          keepAlive();
        };
        return engine;
      };
      const node = makeNode({ name, address, clock: world.simulator, connections, options, createEngine });
      await world.simulator.settle(
        connections.listen(address, (connection) => node.links.accept(connection)),
        1000,
      );
      nodes.push(node);
    }
    meet(nodes);
    await world.until(() => nodes.every((node) => node.links.links().length === 4));
    await world.run(10_000);
    asked.length = 0;
    await world.run(100_000);
    const [pairs, periods] = [10, 100];
    assert.ok(asked.length >= pairs * (periods - 1) && asked.length <= pairs * (periods + 1), `${asked.length} asked`);
    assert.ok(new Set(asked).size <= names.length * (periods + 1), `${new Set(asked).size} wakings`);
    assert.ok(nodes.every((node) => node.links.links().length === 4));
    await world.stop();
  });

  it('ends as silent when no byte comes for a lifetime, and not before', async () => {
    const { simulator, network, left } = await pair(1);
    await simulator.runAsync(10_000);
    const start = simulator.now();
    network.faults.isolate('10.0.0.2');
    assert.ok(await simulator.runUntil(() => left.events.length === 2, 20_000));
    assert.equal(left.events[1], 'down b@1 silent');
    assert.ok(simulator.now() - start >= 3000 && simulator.now() - start <= 7000);
  });

  it('survives a block of our own event loop that is longer than the lifetime, in any phase', async () => {
    for (const phase of ['timer', 'io', 'immediate'] as const) {
      for (let seed = 1; seed <= 10; seed += 1) {
        const { simulator, network, left } = await pair(seed, { ...options, lifetimeMs: 8000 });
        // The other side would rightly give up on us; let it wait, so that only our own judgement is tested.
        await simulator.runAsync(seed * 137);
        network.machine('10.0.0.1').loop.stall(4900, phase);
        await simulator.runAsync(4900);
        network.machine('10.0.0.1').loop.stall(4900, phase);
        await simulator.runAsync(20_000);
        assert.deepEqual(left.events, ['up b@1'], `seed ${seed}, ${phase}`);
      }
    }
  });

  it('survives a block longer than the lifetime, whether or not bytes came meanwhile', async () => {
    for (const [phase, keepAliveMs] of [
      ['timer', 1000],
      ['io', 1000],
      ['immediate', 1000],
      ['immediate', 100_000],
    ] as const) {
      const simulator = new Simulator({ seed: 5 });
      const network = new SimNetwork(simulator);
      const left = await simNode(network, 'a', '10.0.0.1', options);
      const right = await simNode(network, 'b', '10.0.0.2', { keepAliveMs, lifetimeMs: 120_000 });
      introduce(left, right);
      assert.ok(await simulator.runUntil(() => left.events.length === 1 && right.events.length === 1, 10_000));
      network.machine('10.0.0.1').loop.stall(30_000, phase);
      await simulator.runAsync(60_000);
      assert.deepEqual(left.events, ['up b@1'], phase);
      assert.deepEqual(right.events, ['up a@1'], phase);
    }
  });
});

describe('strangers', () => {
  it('have so long for a hello, and no longer', async () => {
    const { world, node, dial } = await strangers();
    const silent = await dial();
    await world.until(() => silent.closed);
    assert.equal(world.simulator.now() >= 5000, true);
    assert.equal(silent.bytes, 0);
    assert.equal(node.links.links().length, 0);
    await world.stop();
  });

  it('are bounded in number', async () => {
    const { world, dial } = await strangers({ strangersMax: 3 });
    const all = [await dial(), await dial(), await dial(), await dial()];
    await world.until(() => all[3]?.closed === true);
    assert.equal(all.filter((one) => one.closed).length, 1);
    await world.stop();
  });

  it('are dropped for garbage, and answered only where the protocol says so', async () => {
    const { world, node, dial } = await strangers();
    for (const garbage of [
      [0],
      [0xff, 0xff, 0xff, 1, 2, 3],
      [0, 0, 1, 7],
      Array.from(textToBytes('GET / HTTP/1.1\r\n\r\n')),
    ]) {
      const one = await dial();
      one.connection.write(Uint8Array.from(garbage));
      await world.until(() => one.closed);
    }
    const left = await world.add('a');
    introduce(left, node);
    await world.until(() => left.events.length === 1);
    await world.stop();
  });

  it('have so many bytes before their hello, however small and legal their frames', async () => {
    const { world, node, dial } = await strangers();
    const one = await dial();
    // KEEPALIVE that wants no answer: 17 bytes with its length field.
    const keepAlive = [0, 0, 14, 0, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const some = Uint8Array.from(Array.from({ length: 241 }, () => keepAlive).flat());
    const setup = setupBytes('application/x.scalebus-link');
    one.connection.write(setup);
    let written = setup.length;
    while (written + some.length <= 65_536) {
      one.connection.write(some);
      written += some.length;
      await world.run(1);
    }
    assert.equal(one.closed, false, `${written} bytes are allowed`);
    one.connection.write(some);
    await world.run(5);
    assert.equal(one.closed, true, `${written + some.length} bytes are not`);
    assert.equal(node.links.links().length, 0);
    await world.stop();
  });

  it('may not open streams before hello', async () => {
    const { world, dial } = await strangers();
    const one = await dial();
    one.connection.write(
      Uint8Array.from([...setupBytes('application/x.scalebus-link'), 0, 0, 10, 0, 0, 0, 1, 0x11, 0, 0, 0, 1, 1]),
    );
    await world.until(() => one.bytes > 0);
    // ERROR REJECTED on stream 1.
    assert.deepEqual([...one.last.subarray(3, 13)], [0, 0, 0, 1, 0x2c, 0, 0, 0, 2, 2]);
    await world.stop();
  });
});

describe('guests', () => {
  it('are no members, and call and are called', async () => {
    const world = new LinkWorld();
    const node = await world.add('a', { keys: [keyA] });
    const guest = newGuest(world, 'cli', [keyA]);
    node.links.serve('rpc', (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, incoming.payload.data().slice());
      return new RecordingSink();
    });
    const link = await world.simulator.settle(guest.dial('10.0.0.1:7000'), 5000);
    const sink = new RecordingSink();
    link.open(request({ interaction: 'response', data: textToBytes('hi') }), sink);
    await world.until(() => sink.isOver);
    assert.deepEqual(sink.heard, ['next |hi', 'complete']);
    assert.deepEqual(node.events, ['up cli@1']);
    assert.equal(node.links.links()[0]?.peer.role, 'guest');
    await world.simulator.settle(guest.stop(), 1000);
    await world.until(() => node.events.length === 2);
    assert.equal(node.events[1], 'down cli@1 left');
    await world.stop();
  });

  it('are refused without the key, and under the name of a member', async () => {
    const world = new LinkWorld();
    const node = await world.add('a', { keys: [keyA] });
    node.membership.tell('joined', memoryMember({ name: 'b', epoch: 1 }, '10.9.9.9:1'));
    const dial = (name: string, key: Uint8Array): Promise<unknown> =>
      world.simulator.settle(newGuest(world, name, [key]).dial('10.0.0.1:7000'), 9000);
    await assert.rejects(dial('cli', keyB), { code: 'unauthorized' });
    await assert.rejects(dial('b', keyA), { code: 'rejected' });
    await assert.rejects(dial('a', keyA), { code: 'rejected' });
    await assert.rejects(world.simulator.settle(newGuest(world, 'x', []).dial('10.0.0.77:7000'), 9000), {
      code: 'unavailable',
    });
    await world.stop();
  });
});

describe('stock clients', () => {
  it('are refused without the hook', async () => {
    const { world, dial } = await strangers();
    const one = await dial();
    one.connection.write(setupBytes('message/x.rsocket.composite-metadata.v0'));
    await world.until(() => one.closed);
    assert.deepEqual([...one.last.subarray(3, 13)], [0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 3]);
    await world.stop();
  });

  it('wait for the hook, and what they sent meanwhile is not lost', async () => {
    const names: string[] = [];
    const { world, node, dial } = await strangers({
      authenticate: (client) =>
        new Promise((resolve) => {
          names.push(client.metadataMime);
          world.simulator.setTimer((world.simulator.now() + 100) as never, () => resolve('browser-1'));
        }),
    });
    const forms: string[] = [];
    node.links.serve('rpc', (incoming) => {
      forms.push(`${incoming.metadataForm} ${incoming.stream.link.peer.role} ${bytesToText(incoming.payload.data())}`);
      incoming.stream.nextAndComplete(emptyBytes, textToBytes('yes'));
      return new RecordingSink();
    });
    const one = await dial();
    // REQUEST_RESPONSE on stream 1 with data "hey", in the same write as SETUP.
    const call = [0, 0, 9, 0, 0, 0, 1, 0x10, 0, 0x68, 0x65, 0x79];
    one.connection.write(Uint8Array.from([...setupBytes('message/x.rsocket.composite-metadata.v0'), ...call]));
    await world.until(() => one.bytes > 0);
    assert.deepEqual(forms, ['composite stock hey']);
    assert.deepEqual(node.events, ['up browser-1@0']);
    assert.equal(bytesToText(one.last.subarray(9)), 'yes');
    await world.stop();
  });

  it('are refused when the hook says no or fails', async () => {
    const hooks: readonly (() => Promise<string | undefined>)[] = [
      () => Promise.resolve(undefined),
      () => Promise.resolve(''),
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('bad token');
      },
      // A hook in JavaScript may answer anything.
      () => undefined as never,
      () => Promise.resolve({ name: 'x' } as never),
    ];
    for (const authenticate of hooks) {
      const { world, dial } = await strangers({ authenticate });
      const one = await dial();
      one.connection.write(setupBytes('message/x.rsocket.composite-metadata.v0'));
      await world.until(() => one.closed);
      assert.match(bytesToText(one.last), /not authenticated/);
      await world.stop();
    }
  });

  it('are refused under the name of this node, a member or a guest, whose links stay', async () => {
    let name = 'door';
    const { world, node, dial } = await strangers({ authenticate: () => Promise.resolve(name) });
    const member = await world.add('b');
    introduce(node, member);
    const guest = newGuest(world, 'cli', []);
    await world.simulator.settle(guest.dial('10.0.0.1:7000'), 5000);
    node.membership.tell('joined', memoryMember({ name: 'far', epoch: 1 }, '10.9.9.8:1'));
    await world.until(() => node.links.findLink('b') !== undefined);
    const before = [...node.events];
    for (name of ['door', 'b', 'far', 'cli']) {
      const one = await dial();
      one.connection.write(setupBytes('message/x.rsocket.composite-metadata.v0'));
      await world.until(() => one.closed);
      assert.match(bytesToText(one.last), /the name is taken/);
    }
    assert.deepEqual(node.events, before);
    name = 'browser-1';
    const one = await dial();
    one.connection.write(setupBytes('message/x.rsocket.composite-metadata.v0'));
    await world.until(() => node.events.length > before.length);
    assert.deepEqual(node.events.slice(before.length), ['up browser-1@0']);
    await world.simulator.settle(guest.stop(), 1000);
    await world.stop();
  });

  it('lose their name to a member that joins later', async () => {
    const { world, node, dial } = await strangers({ authenticate: () => Promise.resolve('b') });
    const one = await dial();
    one.connection.write(setupBytes('message/x.rsocket.composite-metadata.v0'));
    await world.until(() => node.events.length === 1);
    const member = await world.add('b');
    introduce(node, member);
    await world.until(() => node.links.findLink('b')?.peer.role === 'peer');
    assert.deepEqual(node.events, ['up b@0', 'down b@0 replaced', 'up b@1']);
    await world.stop();
  });
});

function meet(nodes: readonly LinkNode[]): void {
  for (const [index, left] of nodes.entries()) for (const right of nodes.slice(index + 1)) introduce(left, right);
}

async function simNode(network: SimNetwork, name: string, host: string, options = {}): Promise<LinkNode> {
  const machine = network.machine(host);
  const address = { host, port: 7000 };
  const node = makeNode({ name, address, clock: machine.clock, connections: machine.connections, options });
  await network.simulator.settle(
    machine.connections.listen(address, (connection) => node.links.accept(connection)),
    1000,
  );
  return node;
}

/** A stranger's end of a connection. */
interface Stranger {
  readonly connection: Connection;
  closed: boolean;
  bytes: number;
  last: Uint8Array;
}

/** One node, and a way to knock on its door. */
async function strangers(options: GivenLinkOptions = {}): Promise<{
  world: LinkWorld;
  node: LinkNode;
  dial: () => Promise<Stranger>;
}> {
  const world = new LinkWorld();
  const node = await world.add('door', options);
  const dial = async (): Promise<Stranger> => {
    const { connections } = world.network.host('10.9.9.9');
    const connection = await world.simulator.settle(connections.dial(node.address, { timeoutMs: 1000 }), 2000);
    const stranger: Stranger = { connection, closed: false, bytes: 0, last: emptyBytes };
    connection.listen({
      onBytes: (bytes) => {
        stranger.bytes += bytes.length;
        stranger.last = bytes.slice();
      },
      onDrain: () => undefined,
      onClosed: () => {
        stranger.closed = true;
      },
    });
    return stranger;
  };
  return { world, node, dial };
}

function setupBytes(metadataMime: string): Uint8Array {
  const times = { keepAliveMs: 1000, lifetimeMs: 10_000, isLeased: false };
  return encodeSetup({ ...times, metadataMime, dataMime: 'application/json', metadata: emptyBytes, data: emptyBytes });
}

function newGuest(world: LinkWorld, name: string, keys: readonly Uint8Array[]): GuestLinks {
  return new GuestLinks(
    {
      self: { name, epoch: 1 },
      clock: world.simulator,
      secrets: new TestSecrets(new SeededRandom(7)),
      connections: world.network.host('10.8.8.8').connections,
      logger: silentLogger,
      metrics: new CountedMetrics(),
    },
    resolveLinkOptions({ keys }),
  );
}
