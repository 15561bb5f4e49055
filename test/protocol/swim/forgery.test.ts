import assert from 'node:assert/strict';
import type { RecordMessage } from '../../../src/protocol/swim/messages.js';
import { Bench, life } from './bench.js';

const names = Array.from({ length: 20 }, (_, index) => `member-${index}`);

/** Without a key anybody can say anything in a member's name. What that can cause is bounded, not impossible. */
describe('forged words in clear', function forgery() {
  // Thousands of datagrams take a machine that is busy otherwise more than mocha's two seconds.
  this.timeout(20_000);

  it('about thousands of unknown names make a node send no more than its paces allow, whatever is forged', () => {
    const victimBytes: number[] = [];
    for (const forged of [500, 4000]) {
      const bench = Bench.up(names);
      for (let from = 0; from < forged; from += 25) {
        const parts = Array.from({ length: 25 }, (_, index) => unknown(`x-${from + index}`, 'victim:1'));
        bench.receive('member-1', parts);
      }
      const bytes = run(bench, 10_000);
      victimBytes.push(bytes);
      // Three datagrams of news each 200 ms, a ping a second with three that are asked and a stream, and five pulls a second.
      assert.ok(bytes <= 10 * (15 + 5 + 5) * 1400, `${bytes} bytes in 10 s`);
    }
    const [few = 0, many = 0] = victimBytes;
    assert.ok(few > 0 && many < 3 * few, `${few} bytes for 500 names, ${many} for 4000`);
  });

  it('about unknown names end at the size of the table', () => {
    const bench = Bench.up(names, { membersMax: 100 });
    for (let index = 0; index < 500; index += 1) bench.receive('member-1', [unknown(`x-${index}`, 'victim:1')]);
    assert.equal(bench.machine.view.liveCount, 100);
    assert.equal(bench.machine.counts['drop-table-full'], 500 - 79);
  });

  it('about a later life at our own address make us rise once in five seconds', () => {
    const bench = Bench.up(names);
    const epochs = new Set<number>();
    for (let index = 0; index < 100; index += 1) {
      bench.receive('member-1', [own(bench.machine.view.self.epoch + 5000)]);
      epochs.add(bench.machine.view.self.epoch);
      bench.nowMs += 100;
    }
    assert.equal(epochs.size, 2);
  });

  it('about the last of all epochs do not make us leave the numbers that can be told', () => {
    const bench = Bench.up(names);
    const before = bench.machine.view.self.epoch;
    bench.receive('member-1', [own(Number.MAX_SAFE_INTEGER)]);
    assert.equal(bench.machine.view.self.epoch, before);
    assert.ok(bench.machine.phase === 'up');
  });
});

function unknown(name: string, address: string): RecordMessage {
  return { kind: 'alive', life: life(name, 100, address), incarnation: 0 };
}

function own(epoch: number): RecordMessage {
  return { kind: 'alive', life: life('self', epoch, 'self:1'), incarnation: 0 };
}

/** Lets the true members answer; returns the bytes that went to the address that was made up. */
function run(bench: Bench, durationMs: number): number {
  let bytes = 0;
  bench.run(durationMs, () => {
    for (const sent of bench.sent.splice(0)) {
      if (sent.to === 'victim:1') bytes += sent.bytes;
      for (const part of sent.parts) {
        if (part.kind !== 'ping' || `${part.name}:1` !== sent.to) continue;
        bench.receive(part.name, [{ kind: 'ack', seq: part.seq, count: 0, hash: 0, lagMs: 0, tables: [] }]);
      }
    }
  });
  return bytes;
}
