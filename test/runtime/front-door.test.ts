import assert from 'node:assert/strict';
import { MemoryNetwork } from '../../src/cluster/transport/memory-network.js';
import type { Connection } from '../../src/spi/connections.js';
import { openFrontDoor } from '../../src/runtime/front-door.js';
import { Simulator } from '../../src/testing/simulator.js';

const host = '127.0.0.1';

describe('front door', () => {
  it('opens both kinds on the first port', async () => {
    const { nets, open } = makeWorld();
    const door = await open([7700, 7701]);
    assert.deepEqual(door.local, { host, port: 7700 });
    assert.deepEqual(door.datagrams.local, door.local);
    assert.deepEqual(await takenPorts(nets, [7700, 7701]), ['tcp 7700', 'udp 7700']);
  });

  it('goes on to the next port when either kind is taken, and leaves nothing open behind', async () => {
    const { nets, open } = makeWorld();
    await nets.connections.listen({ host, port: 7700 }, ignore);
    await nets.datagrams.bind({ host, port: 7701 });
    const door = await open([7700, 7701, 7702]);
    assert.equal(door.local.port, 7702);
    assert.deepEqual(await takenPorts(nets, [7700, 7701, 7702]), ['tcp 7700', 'udp 7701', 'tcp 7702', 'udp 7702']);
  });

  it('refuses a port that was asked for and is taken, and names it', async () => {
    for (const take of ['tcp', 'udp'] as const) {
      const { nets, open } = makeWorld();
      if (take === 'tcp') await nets.connections.listen({ host, port: 9000 }, ignore);
      else await nets.datagrams.bind({ host, port: 9000 });
      await assert.rejects(open([9000]), {
        code: 'address-in-use',
        message: `[address-in-use] port 9000 on ${host} is taken; stop the other program or give another port`,
      });
      assert.deepEqual(await takenPorts(nets, [9000]), [`${take} 9000`]);
    }
  });

  it('says so when every port of the profile is taken', async () => {
    const { open } = makeWorld();
    await open([1, 2]);
    await open([1, 2]);
    await assert.rejects(open([1, 2]), /\[address-in-use\] ports 1 to 2 on 127\.0\.0\.1 are all taken/);
  });

  it('takes any port for 0, and asks again when that number is taken for datagrams', async () => {
    const { nets, open } = makeWorld();
    const probe = await nets.connections.listen({ host, port: 0 }, ignore);
    await probe.close();
    // Ports are handed out in order here, so the next one is known.
    await nets.datagrams.bind({ host, port: probe.local.port + 1 });
    const door = await open([0]);
    assert.equal(door.datagrams.local.port, door.local.port);
    assert.ok(door.local.port > probe.local.port + 1);
  });

  it('hands on another error as it is, with nothing open', async () => {
    const { nets } = makeWorld();
    const opening = openFrontDoor(nets, { host: '10.9.9.9', ports: [7700, 7701] }, ignore);
    await assert.rejects(opening, { code: 'unavailable' });
  });

  it('hands over the connections that come', async () => {
    const { nets, open, accepted, simulator } = makeWorld();
    const door = await open([7700]);
    await simulator.settle(nets.connections.dial(door.local, { timeoutMs: 100 }), 1000);
    assert.equal(await simulator.runUntil(() => accepted.length === 1, 1000), true);
  });
});

function makeWorld() {
  const simulator = new Simulator({ seed: 1 });
  const nets = new MemoryNetwork({ clock: simulator }).host(host);
  const accepted: Connection[] = [];
  const open = (ports: readonly number[]) =>
    openFrontDoor(nets, { host, ports }, (connection) => accepted.push(connection));
  return { nets, open, accepted, simulator };
}

type Nets = ReturnType<typeof makeWorld>['nets'];

/** Which of the ports cannot be had now. */
async function takenPorts(nets: Nets, ports: readonly number[]): Promise<string[]> {
  const taken: string[] = [];
  for (const port of ports) {
    const tcp = await nets.connections.listen({ host, port }, ignore).catch(() => undefined);
    if (tcp === undefined) taken.push(`tcp ${port}`);
    const udp = await nets.datagrams.bind({ host, port }).catch(() => undefined);
    if (udp === undefined) taken.push(`udp ${port}`);
    await tcp?.close();
    await udp?.close();
  }
  return taken;
}

function ignore(): void {
  // These tests look at who listens, not at what comes.
}
