import assert from 'node:assert/strict';
import type { RecordMessage } from '../../../src/protocol/swim/messages.js';
import { Bench, life } from './bench.js';

const others = ['a', 'b', 'c', 'd', 'e'];

describe('a later life of a live member', () => {
  it('takes its place when it has answered where it is said to be, and not before', () => {
    const bench = Bench.up(others);
    bench.receive('a', [later('b', 200, 'moved:1')]);
    assert.deepEqual(bench.events, []);
    const ping = bench.partsOf('ping')[0];
    assert.ok(ping?.to === 'moved:1' && ping.epoch === 200);
    bench.receive('b', [ack(ping.seq)], 200);
    assert.deepEqual(bench.events, ['failed b@100/0', 'joined b@200/0']);
    assert.equal(bench.machine.view.findMember('b')?.address, 'moved:1');
  });

  it('is no news while nobody answers there, and is dropped in the end', () => {
    const bench = Bench.up(others);
    bench.receive('a', [later('b', 200, 'nowhere:1')]);
    bench.run(3000, () => answerMembers(bench));
    assert.deepEqual(bench.events, []);
    assert.ok(!bench.partsOf('alive').some(({ life: told }) => told.epoch === 200));
    assert.equal(bench.machine.counts['claim-unproved'], 1);
    assert.equal(bench.sent.filter(({ to }) => to === 'nowhere:1').length, 0);
    assert.equal(bench.answered.filter(({ to }) => to === 'nowhere:1').length, 2);
  });

  it('is not proved by the answer of somebody else', () => {
    const bench = Bench.up(others);
    bench.receive('a', [later('b', 200, 'moved:1')]);
    const seq = bench.partsOf('ping')[0]?.seq ?? -1;
    bench.receive('a', [ack(seq)]);
    bench.receive('b', [ack(seq)], 100);
    assert.deepEqual(bench.events, []);
    bench.receive('c', [{ kind: 'gone', seq, name: 'c', epoch: 100 }]);
    assert.equal(bench.machine.counts['claim-unproved'], 1);
  });

  it('is asked at the old address too: a node that was restarted answers', () => {
    const bench = Bench.up(others);
    bench.receive('a', [later('b', 200, 'b:1')]);
    assert.deepEqual(bench.events, []);
    const ping = bench.partsOf('ping')[0];
    assert.ok(ping?.to === 'b:1' && ping.epoch === 200);
    bench.receive('b', [ack(ping.seq)], 200);
    assert.deepEqual(bench.events, ['failed b@100/0', 'joined b@200/0']);
  });

  it('is no news when it was forged: who is at the old address says so, and nobody is told of it', () => {
    const bench = Bench.up(others);
    bench.receive('a', [later('b', 200, 'b:1')]);
    const seq = bench.partsOf('ping')[0]?.seq ?? -1;
    bench.receive('b', [{ kind: 'gone', seq, name: 'b', epoch: 100 }]);
    bench.run(3000, () => answerMembers(bench));
    assert.deepEqual(bench.events, []);
    assert.equal(bench.machine.counts['claim-unproved'], 1);
    assert.ok(!bench.partsOf('alive').some(({ life: told }) => told.epoch === 200));
  });

  it('needs no proof when the member is gone already', () => {
    const bench = Bench.up(others, { confirmDeath: false });
    bench.receive('a', [{ kind: 'failed', name: 'c', epoch: 100, incarnation: 0, from: 'a' }]);
    bench.receive('a', [later('c', 200, 'moved:1')]);
    assert.deepEqual(bench.events, ['failed c@100/0', 'joined c@200/0']);
  });

  it('makes a node send two pings at most, however many are forged, to an address that was made up', () => {
    const names = Array.from({ length: 200 }, (_, index) => `member-${index}`);
    const bench = Bench.up(names);
    let given = 0;
    for (let from = 0; from < 200; from += 1) {
      const forged = [later(names[from] ?? '', 200, 'victim:1')];
      given += bench.packet('a', forged).length;
      bench.receive('a', forged);
    }
    bench.run(1500, () => answerMembers(bench));
    const sent = [...bench.answered, ...bench.sent].filter(({ to }) => to === 'victim:1');
    const bytes = sent.reduce((sum, one) => sum + one.bytes, 0);
    assert.ok(sent.length <= 128, `${sent.length} datagrams`);
    assert.ok(bytes <= given, `${bytes} bytes for ${given}`);
    assert.ok(bench.machine.counts['drop-claim-full'] > 0);
    assert.ok(!bench.events.some((event) => event.startsWith('failed')));
  });
});

function later(name: string, epoch: number, address: string): RecordMessage {
  return { kind: 'alive', life: life(name, epoch, address), incarnation: 0 };
}

function ack(seq: number): { kind: 'ack'; seq: number; count: number; hash: number; lagMs: number; tables: [] } {
  return { kind: 'ack', seq, count: 0, hash: 0, lagMs: 0, tables: [] };
}

/** Every member answers at its own address. */
function answerMembers(bench: Bench): void {
  const sent = bench.sent.splice(0);
  bench.answered.push(...sent);
  for (const { to, parts } of sent) {
    const name = to.slice(0, -2);
    for (const part of parts) if (part.kind === 'ping' && part.name === name) bench.receive(name, [ack(part.seq)]);
  }
}
