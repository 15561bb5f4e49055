import assert from 'node:assert/strict';
import { MemoryNetwork } from '../../../src/cluster/transport/memory-network.js';
import { checkConnections } from '../../../src/testing/conformance/connections.js';
import { checkDatagrams } from '../../../src/testing/conformance/datagrams.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { Simulator } from '../../../src/testing/simulator.js';

const mocha = { describe, it };

checkDatagrams(mocha, 'a network in memory', async () => {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator });
  return {
    ...simulatedWaiter(simulator),
    datagrams: network.host('10.0.0.1').datagrams,
    host: '10.0.0.1',
    other: network.host('fd00::2').datagrams,
    otherHost: 'fd00::2',
    stop: async () => undefined,
  };
});

checkConnections(mocha, 'a network in memory', async () => {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator, lingerMs: 300 });
  return {
    ...simulatedWaiter(simulator),
    connections: network.host('10.0.0.1').connections,
    other: network.host('10.0.0.2').connections,
    otherLocal: { host: '10.0.0.2', port: 0 },
    nobody: { host: '10.0.0.2', port: 9 },
    tellsResets: true,
    floodBytes: 1_000_000,
    stop: async () => undefined,
  };
});

checkConnections(mocha, 'a path in memory', async () => {
  const simulator = new Simulator({ seed: 1 });
  const { connections } = new MemoryNetwork({ clock: simulator, lingerMs: 300 }).host('a');
  return {
    ...simulatedWaiter(simulator),
    connections,
    other: connections,
    otherLocal: { host: '/run/scalebus', port: 0 },
    nobody: { host: '/run/nobody', port: 0 },
    tellsResets: true,
    floodBytes: 1_000_000,
    stop: async () => undefined,
  };
});

describe('network in memory', () => {
  it('delivers in the next turn, never inside send or write', async () => {
    const { simulator, left, right } = make();
    const socket = await left.datagrams.bind({ host: 'a', port: 1 });
    const other = await right.datagrams.bind({ host: 'b', port: 1 });
    const heard: number[] = [];
    other.listen((_, bytes) => heard.push(bytes.length));
    socket.send('b:1', new Uint8Array(3));
    assert.deepEqual(heard, []);
    assert.equal(simulator.run(0), 1);
    assert.deepEqual(heard, [3]);
  });

  it('lends bytes: who keeps them sees them change', async () => {
    const { simulator, left, right } = make();
    const socket = await left.datagrams.bind({ host: 'a', port: 1 });
    const other = await right.datagrams.bind({ host: 'b', port: 1 });
    const kept: Uint8Array[] = [];
    other.listen((_, bytes) => kept.push(bytes));
    socket.send('b:1', Uint8Array.of(1));
    simulator.run(0);
    assert.deepEqual(kept, [Uint8Array.of(0xdd)]);
  });

  it('copies a Buffer too, whose slice would share memory', async () => {
    const { simulator, left, right } = make();
    const socket = await left.datagrams.bind({ host: 'a', port: 1 });
    const other = await right.datagrams.bind({ host: 'b', port: 1 });
    const heard: number[] = [];
    other.listen((_, bytes) => heard.push(...bytes));
    const reused = Buffer.from([1]);
    socket.send('b:1', reused);
    reused[0] = 9;
    simulator.run(0);
    assert.deepEqual(heard, [1]);
  });

  it('shows bytes that were changed while they waited, as a real socket might', async () => {
    const { simulator, left, right } = make();
    const heard: number[] = [];
    const server = await right.connections.listen({ host: 'b', port: 0 }, (connection) =>
      connection.listen({
        onBytes: (bytes) => heard.push(...bytes),
        onDrain: () => undefined,
        onClosed: () => undefined,
      }),
    );
    const dialed = await simulator.settle(left.connections.dial(server.local, { timeoutMs: 10 }), 10);
    const slab = Uint8Array.of(1, 2);
    dialed.write(slab);
    slab[1] = 9;
    simulator.run(0);
    assert.deepEqual(heard, [1, 9]);
  });

  it('binds wildcards and its own name, and nothing of others', async () => {
    const { left } = make();
    for (const host of ['a', '0.0.0.0', '::', '']) {
      const socket = await left.datagrams.bind({ host, port: 0 });
      assert.equal(socket.local.host, host);
    }
    for (const host of ['b', '127.0.0.1']) {
      await assert.rejects(left.datagrams.bind({ host, port: 0 }), { code: 'unavailable' });
      await assert.rejects(
        left.connections.listen({ host, port: 0 }, () => undefined),
        { code: 'unavailable' },
      );
    }
    const wild = await left.datagrams.bind({ host: '0.0.0.0', port: 7 });
    await assert.rejects(left.datagrams.bind({ host: 'a', port: wild.local.port }), { code: 'address-in-use' });
  });

  it('gives the same host for the same name', () => {
    const { network, left } = make();
    assert.equal(network.host('a'), left);
  });

  it('refuses a dial to a host that nobody made', async () => {
    const { simulator, left } = make();
    const dial = left.connections.dial({ host: 'nowhere', port: 1 }, { timeoutMs: 10 });
    await assert.rejects(simulator.settle(dial, 10), { code: 'unavailable', details: 'refused' });
  });

  it('frees everything of a host that crashed, and tells it nothing', async () => {
    const { simulator, network, left, right } = make();
    const ends: string[] = [];
    const handlers = (side: string) => ({
      onBytes: () => ends.push(`${side} bytes`),
      onDrain: () => undefined,
      onClosed: (reason: string) => ends.push(`${side} ${reason}`),
    });
    const server = await right.connections.listen({ host: 'b', port: 5 }, (one) => one.listen(handlers('right')));
    await right.datagrams.bind({ host: 'b', port: 5 });
    const dialed = await simulator.settle(left.connections.dial(server.local, { timeoutMs: 10 }), 10);
    dialed.listen(handlers('left'));
    network.crash('b', 'reset');
    network.crash('nobody', 'reset');
    await simulator.runAsync(10);
    assert.deepEqual(ends, ['left reset']);
    await right.connections.listen({ host: 'b', port: 5 }, () => undefined);
    await right.datagrams.bind({ host: 'b', port: 5 });
  });

  it('runs out of ports with a word', async () => {
    const { left } = make();
    for (let port = 49_152; port <= 65_535; port += 1) await left.datagrams.bind({ host: 'a', port });
    await assert.rejects(left.datagrams.bind({ host: 'a', port: 0 }), /no free port is left/);
  });
});

function make() {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator });
  return { simulator, network, left: network.host('a'), right: network.host('b') };
}
