import assert from 'node:assert/strict';
import { silentLogger } from '../../../src/core/logger.js';
import { bytesToText, textToBytes } from '../../../src/core/text.js';
import { TableRoom } from '../../../src/cluster/table/table-room.js';
import type { SharedTable } from '../../../src/spi/tables.js';
import { MemoryLinks, type MemoryNode } from '../../../src/testing/memory-links.js';
import { CountedMetrics } from '../../testing/counted-metrics.js';
import { Simulator } from '../../../src/testing/simulator.js';

describe('table room', () => {
  let clock: Simulator;
  let hub: MemoryLinks;
  const running: TableRoom[] = [];

  beforeEach(() => {
    clock = new Simulator({ seed: 1 });
    hub = new MemoryLinks(clock);
  });

  afterEach(async () => {
    for (const room of running.splice(0)) await room.stop();
    assert.equal(hub.violations, 0);
    hub.stop();
  });

  it('shows each node the rows of the others', async () => {
    const [one, two, three] = [await add('one'), await add('two'), await add('three')];
    one.table.set('a', textToBytes('1'));
    two.table.set('b', textToBytes('2'));
    await clock.runAsync(50);
    assert.deepEqual(rows(three, one), { a: '1' });
    assert.deepEqual(rows(one, two), { b: '2' });
    assert.deepEqual(rows(one, three), {});
    one.table.remove('a');
    await clock.runAsync(50);
    assert.deepEqual(rows(two, one), {});
  });

  it('tells when every peer holds a revision, and not before', async () => {
    const one = await add('one');
    await add('two');
    await add('three');
    await clock.runAsync(50);
    hub.delay('one', 'three', 200);
    one.table.set('a', textToBytes('1'));
    let held = false;
    one.table.whenHeld(one.table.revision, () => {
      held = true;
    });
    await clock.runAsync(150);
    assert.equal(held, false);
    await clock.runAsync(100);
    assert.equal(held, true);
  });

  it('stops waiting for a peer that is gone', async () => {
    const one = await add('one');
    await add('two');
    await clock.runAsync(50);
    hub.cut('one', 'two');
    one.table.set('a', textToBytes('1'));
    let held = false;
    one.table.whenHeld(1, () => {
      held = true;
    });
    await clock.runAsync(1000);
    assert.equal(held, false);
    await clock.runAsync(3000);
    assert.equal(held, true);
  });

  it('comes back level after lost links and a restart', async () => {
    const one = await add('one');
    const two = await add('two');
    for (let round = 0; round < 20; round += 1) {
      one.table.set(`k${round % 7}`, textToBytes(String(round)));
      if (round % 3 === 0) hub.drop('one', 'two');
      await clock.runAsync(20);
    }
    await clock.runAsync(500);
    assert.equal(two.table.rowsOf(one.node.id).size, 7);
    const gone: string[] = [];
    two.table.listen((change) => gone.push(change.kind));
    const again = await start(hub.restart('one'));
    again.table.set('new', textToBytes('life'));
    await clock.runAsync(500);
    assert.deepEqual(gone, ['gone', 'set']);
    assert.deepEqual(rows(two, again), { new: 'life' });
    assert.deepEqual(rows(two, one), {});
  });

  it('waits for credit and catches up when it comes', async () => {
    const one = await add('one');
    const two = await add('two');
    await clock.runAsync(50);
    hub.congest('one', 'two', true);
    for (let index = 0; index < 5000; index += 1) one.table.set(`k${index}`, textToBytes('x'.repeat(50)));
    await clock.runAsync(100);
    assert.equal(two.table.rowsOf(one.node.id).size, 0);
    hub.congest('one', 'two', false);
    await clock.runAsync(500);
    assert.equal(two.table.rowsOf(one.node.id).size, 5000);
  });

  it('asks again when the peer was not ready', async () => {
    const lazy = hub.add('lazy');
    const one = await add('one');
    one.table.set('a', textToBytes('1'));
    await clock.runAsync(300);
    const late = await start(lazy);
    late.table.set('b', textToBytes('2'));
    await clock.runAsync(1000);
    assert.deepEqual(rows(late, one), { a: '1' });
    assert.deepEqual(rows(one, late), { b: '2' });
  });

  async function add(name: string): Promise<Running> {
    return start(hub.add(name));
  }

  async function start(node: MemoryNode): Promise<Running> {
    const { links, membership } = node;
    const room = new TableRoom({ links, membership, clock, logger: silentLogger, metrics: new CountedMetrics() });
    const table = room.open('t');
    await room.start();
    running.push(room);
    return { node, table };
  }
});

interface Running {
  readonly node: MemoryNode;
  readonly table: SharedTable;
}

function rows(at: Running, of: Running): Record<string, string> {
  return Object.fromEntries(Array.from(at.table.rowsOf(of.node.id), ([key, value]) => [key, bytesToText(value)]));
}
