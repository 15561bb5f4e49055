import assert from 'node:assert/strict';
import type { DatagramSocket } from '../../src/spi/datagrams.js';
import { checkConnections } from '../../src/testing/conformance/connections.js';
import { checkDatagrams } from '../../src/testing/conformance/datagrams.js';
import { simulatedWaiter } from '../../src/testing/conformance/suite.js';
import type { EdgeFaults } from '../../src/testing/sim-network-faults.js';
import { SimNetwork } from '../../src/testing/sim-network.js';
import { Simulator } from '../../src/testing/simulator.js';
import type { SimHostOptions } from '../../src/testing/simulator-host.js';

const mocha = { describe, it };

checkDatagrams(mocha, 'a simulated network', async () => {
  const { network, simulator } = make();
  return {
    ...simulatedWaiter(simulator),
    datagrams: network.machine('10.0.0.1').datagrams,
    host: '10.0.0.1',
    other: network.machine('10.0.0.2').datagrams,
    otherHost: '10.0.0.2',
    stop: async () => undefined,
  };
});

for (const [name, faults, host] of [
  ['a simulated network', {}, {}],
  ['a simulated network that cuts streams into small pieces', { chunkBytesMax: 5000 }, {}],
  ['a simulated network of busy hosts', { delayMaxMs: 10 }, { eventCostMs: 0.05 }],
] as const) {
  checkConnections(mocha, name, async () => {
    const { network, simulator } = make(faults, host);
    return {
      ...simulatedWaiter(simulator),
      connections: network.machine('10.0.0.1').connections,
      other: network.machine('10.0.0.2').connections,
      otherLocal: { host: '10.0.0.2', port: 0 },
      nobody: { host: '10.0.0.2', port: 9 },
      tellsResets: true,
      floodBytes: 1_000_000,
      stop: async () => undefined,
    };
  });
}

describe('simulated network', () => {
  it('loses, repeats and reorders as asked, and counts it', async () => {
    const { simulator, network, left, right, heard } = await datagramPair();
    network.faults.setEverywhere({ lossPercent: 20, duplicatePercent: 10, reorderPercent: 5 });
    for (let index = 0; index < 200; index += 1) {
      left.send(text(right), Uint8Array.of(index));
      await simulator.runAsync(2);
    }
    await simulator.runAsync(100);
    const { counts } = network.faults;
    assert.ok(counts.lost > 20 && counts.lost < 60, `${counts.lost} lost`);
    assert.ok(counts.duplicated > 5 && counts.duplicated < 40, `${counts.duplicated} duplicated`);
    assert.ok(counts.reordered > 2, `${counts.reordered} reordered`);
    assert.equal(heard.length, 200 - counts.lost + counts.duplicated);
    assert.notDeepEqual(
      heard,
      heard.toSorted((a, b) => a - b),
    );
  });

  it('loses nothing on a quiet edge, and gives one seed one run', async () => {
    const prints: number[] = [];
    for (const seed of [3, 3, 4]) {
      const { simulator, left, right, heard } = await datagramPair(seed);
      for (let index = 0; index < 50; index += 1) left.send(text(right), Uint8Array.of(index));
      await simulator.runAsync(10);
      assert.equal(heard.length, 50);
      prints.push(simulator.fingerprint);
    }
    assert.equal(prints[0], prints[1]);
    assert.notEqual(prints[0], prints[2]);
  });

  it('does not shift one kind of fault when another changes', async () => {
    const arrivals: string[] = [];
    for (const duplicatePercent of [0, 50]) {
      const { simulator, network, left, right, heard } = await datagramPair();
      network.faults.setEverywhere({ lossPercent: 50, duplicatePercent, delayMinMs: 1, delayMaxMs: 1 });
      for (let index = 0; index < 100; index += 1) left.send(text(right), Uint8Array.of(index));
      await simulator.runAsync(10);
      arrivals.push([...new Set(heard)].toSorted((a, b) => a - b).join(','));
    }
    // A datagram whose first copy was lost may still come as a duplicate, so the run without is contained in the other.
    const more = new Set(arrivals[1]?.split(','));
    assert.ok(arrivals[0]?.split(',').every((one) => more.has(one)));
  });

  it('partitions, isolates, cuts one way, and heals', async () => {
    const { simulator, network, left, right, heard } = await datagramPair();
    const { faults } = network;
    const passes = async (): Promise<boolean> => {
      const before = heard.length;
      left.send(text(right), Uint8Array.of(1));
      await simulator.runAsync(10);
      return heard.length > before;
    };
    assert.equal(await passes(), true);
    faults.partition(['a'], ['b', 'c']);
    assert.equal(await passes(), false);
    faults.partition(['a', 'b'], ['c']);
    assert.equal(await passes(), true);
    faults.isolate('b');
    assert.equal(await passes(), false);
    faults.heal();
    assert.equal(await passes(), true);
    faults.cut('b', 'a');
    assert.equal(await passes(), true);
    faults.cut('a', 'b');
    assert.equal(await passes(), false);
    faults.heal();
    faults.setEdge('a', 'b', { mtuBytes: 0 });
    assert.equal(await passes(), false);
    assert.equal(faults.counts.tooLong, 1);
    faults.clearEdges();
    assert.equal(await passes(), true);
  });

  it('holds a stream during a cut and carries it on after, as TCP does', async () => {
    const { simulator, network, left, heard } = await streamPair();
    network.faults.cut('b', 'a');
    left.write(new Uint8Array(1000));
    await simulator.runAsync(20_000);
    assert.equal(heard.length, 0);
    assert.equal(left.bufferedBytes, 1000);
    network.faults.heal();
    await simulator.runAsync(60_000);
    assert.equal(heard.length, 1000);
    assert.equal(left.bufferedBytes, 0);
  });

  it('gives a stream up after a quarter of an hour without any acknowledgement', async () => {
    const { simulator, network, left, heard } = await streamPair();
    network.faults.isolate('b');
    left.write(new Uint8Array(1000));
    await simulator.runAsync(800_000);
    assert.deepEqual(heard.leftEnds, []);
    await simulator.runAsync(800_000);
    assert.deepEqual(heard.leftEnds, ['failed']);
  });

  it('delays a lossy stream and loses nothing of it', async () => {
    const { simulator, network, left, heard } = await streamPair();
    network.faults.setEverywhere({ lossPercent: 30, chunkBytesMax: 100 });
    left.write(new Uint8Array(10_000));
    await simulator.runAsync(5);
    assert.ok(heard.length < 10_000);
    await simulator.runAsync(60_000);
    assert.equal(heard.length, 10_000);
    assert.ok(network.faults.counts.piecesHeld > 0);
  });

  it('resets the connections of a killed process and refuses new ones', async () => {
    const { simulator, network, heard, port } = await streamPair();
    network.kill('b', 'reset');
    await simulator.runAsync(10);
    assert.deepEqual([heard.leftEnds, heard.rightEnds], [['reset'], []]);
    const dial = network.machine('a').connections.dial({ host: 'b', port }, { timeoutMs: 1000 });
    await assert.rejects(simulator.settle(dial, 2000), { details: 'refused' });
  });

  it('says nothing when a machine goes dark, and resets when it comes back with another life', async () => {
    const { simulator, network, left, heard, port } = await streamPair();
    network.kill('b', 'silent');
    left.write(Uint8Array.of(1));
    await simulator.runAsync(5000);
    assert.deepEqual(heard.leftEnds, []);
    const dial = network.machine('a').connections.dial({ host: 'b', port }, { timeoutMs: 1000 });
    await assert.rejects(simulator.settle(dial, 2000), { details: 'silent' });
    network.revive('b');
    await simulator.runAsync(20_000);
    assert.deepEqual([heard.leftEnds, heard.rightEnds, heard.length], [['reset'], [], 0]);
  });

  it('refuses, silences and swallows dials', async () => {
    const { simulator, network, port } = await streamPair();
    const dial = () => network.machine('a').connections.dial({ host: 'b', port }, { timeoutMs: 1000 });
    network.faults.setDialFate('b', 'refuse');
    await assert.rejects(simulator.settle(dial(), 2000), { details: 'refused' });
    network.faults.setDialFate('b', 'silence');
    await assert.rejects(simulator.settle(dial(), 2000), { details: 'silent' });
    network.faults.setDialFate('b', 'swallow');
    const swallowed = await simulator.settle(dial(), 2000);
    swallowed.write(new Uint8Array(1_000_000));
    await simulator.runAsync(10_000);
    assert.ok(swallowed.bufferedBytes > 0, 'what is swallowed is never acknowledged');
    network.faults.setDialFate('b', 'open');
    await simulator.settle(dial(), 2000);
  });

  it('dials through when a cut heals before the time is up', async () => {
    const { simulator, network, port } = await streamPair();
    network.faults.isolate('b');
    const dial = network.machine('a').connections.dial({ host: 'b', port }, { timeoutMs: 10_000 });
    await simulator.runAsync(1500);
    network.faults.heal();
    await simulator.settle(dial, 5000);
  });

  it('connects to a stalled process, whose system answers for it, and delivers when it wakes', async () => {
    const { simulator, network, heard, left } = await streamPair();
    network.machine('b').loop.stall(5000, 'immediate');
    left.write(Uint8Array.of(1, 2));
    const dial = network
      .machine('a')
      .connections.dial({ host: 'b', port: Number(left.remote.split(':')[1]) }, { timeoutMs: 1000 });
    await simulator.settle(dial, 1000);
    assert.equal(heard.length, 0);
    await simulator.runAsync(6000);
    assert.equal(heard.length, 2);
  });

  it('keeps what a host sends while its I/O is blocked', async () => {
    const { simulator, network, left, right, heard } = await datagramPair();
    network.machine('a').loop.blockIo(100);
    left.send(text(right), Uint8Array.of(7));
    await simulator.runAsync(99);
    assert.deepEqual(heard, []);
    await simulator.runAsync(10);
    assert.deepEqual(heard, [7]);
  });
});

function make(faults: Partial<EdgeFaults> = {}, host: SimHostOptions = {}, seed = 1) {
  const simulator = new Simulator({ seed });
  const network = new SimNetwork(simulator, host);
  network.faults.setEverywhere(faults);
  return { simulator, network };
}

async function datagramPair(seed = 1) {
  const { simulator, network } = make({}, {}, seed);
  const left = await network.machine('a').datagrams.bind({ host: 'a', port: 0 });
  const right = await network.machine('b').datagrams.bind({ host: 'b', port: 0 });
  const heard: number[] = [];
  right.listen((_, bytes) => heard.push(bytes[0] ?? -1));
  return { simulator, network, left, right, heard };
}

async function streamPair() {
  const { simulator, network } = make();
  const heard = { length: 0, leftEnds: [] as string[], rightEnds: [] as string[] };
  const server = await network.machine('b').connections.listen({ host: 'b', port: 0 }, (connection) => {
    connection.listen({
      onBytes: (bytes) => {
        heard.length += bytes.length;
      },
      onDrain: () => undefined,
      onClosed: (reason) => heard.rightEnds.push(reason),
    });
  });
  const left = await simulator.settle(network.machine('a').connections.dial(server.local, { timeoutMs: 1000 }), 1000);
  left.listen({
    onBytes: () => undefined,
    onDrain: () => undefined,
    onClosed: (reason) => heard.leftEnds.push(reason),
  });
  await simulator.runAsync(10);
  return { simulator, network, left, heard, port: server.local.port };
}

function text(socket: DatagramSocket): string {
  return `${socket.local.host}:${socket.local.port}`;
}
