import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteReader } from '../../../src/core/bytes.js';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { textToBytes } from '../../../src/core/text.js';
import type { TableEffects } from '../../../src/protocol/table/effects.js';
import { TableMachine } from '../../../src/protocol/table/table-machine.js';
import { tableLimits, type TableLimits } from '../../../src/protocol/table/table-limits.js';

const writerId = { name: 'w', epoch: 10 };
const readerId = { name: 'r', epoch: 20 };
const wireVersion = 2;
const link = 1;

describe('table machine', () => {
  it('brings a reader to the writer’s rows and learns that it holds them', () => {
    const pair = new Pair();
    pair.writer.set('t', 'a', textToBytes('1'), pair.fromWriter);
    pair.connect();
    pair.writer.set('t', 'b', textToBytes('2'), pair.fromWriter);
    assert.equal(pair.writer.isHeld('t', 2), false);
    pair.settle();
    pair.check();
    assert.equal(pair.writer.isHeld('t', 2), true);
    assert.deepEqual(pair.changes, ['set a', 'set b']);
  });

  it('sends a change once however many peers’ turns it takes', () => {
    const pair = new Pair();
    pair.connect();
    pair.settle();
    for (let round = 0; round < 5; round += 1) pair.writer.set('t', 'a', textToBytes(String(round)), pair.fromWriter);
    pair.settle();
    pair.check();
    assert.deepEqual(pair.changes, ['set a'], 'only the last of one turn travels');
    assert.equal(pair.reader.findReplica('t', writerId)?.revision, 5);
  });

  it('catches up from the log after a reconnect', () => {
    const pair = new Pair();
    pair.connect();
    for (let index = 0; index < 10; index += 1) {
      pair.writer.set('t', `k${index}`, textToBytes('x'), pair.fromWriter);
    }
    pair.settle();
    pair.disconnect(true);
    pair.writer.remove('t', 'k3', pair.fromWriter);
    pair.connect();
    pair.changes.length = 0;
    const before = pair.rowMessages;
    pair.settle();
    pair.check();
    assert.deepEqual(pair.changes, ['removed k3']);
    assert.equal(pair.rowMessages, before + 1);
  });

  it('sends a snapshot when the log does not reach back, and drops what it does not bring', () => {
    const pair = new Pair({ ...tableLimits, logMax: 4 });
    pair.connect();
    pair.writer.set('t', 'old', textToBytes('x'), pair.fromWriter);
    pair.settle();
    pair.disconnect(true);
    pair.writer.remove('t', 'old', pair.fromWriter);
    for (let index = 0; index < 20; index += 1) {
      pair.writer.set('t', `k${index}`, textToBytes('x'), pair.fromWriter);
    }
    pair.connect();
    pair.settle();
    pair.check();
    assert.ok(pair.changes.includes('removed old'));
  });

  it('carries 100,000 rows in chunks within credit', function carries() {
    this.timeout(10_000);
    const pair = new Pair();
    const value = textToBytes('value of some thirty-two bytes..');
    for (let index = 0; index < 100_000; index += 1) {
      pair.writer.set('t', `/device/${index}/*`, value, pair.fromWriter);
    }
    pair.connect();
    pair.settle();
    pair.check();
    assert.ok(pair.longest <= tableLimits.chunkBytes + 4200, `a chunk of ${pair.longest} bytes`);
    assert.ok(pair.mostInOnePump <= tableLimits.chunksPerTurnMax);
  });

  it('takes nothing of an epoch that a newer one replaced', () => {
    const pair = new Pair();
    pair.connect();
    pair.writer.set('t', 'a', textToBytes('1'), pair.fromWriter);
    pair.pumpWriter();
    pair.reader.memberSeen({ name: 'w', epoch: 11 }, pair.fromReader);
    pair.settle();
    assert.equal(pair.reader.findReplica('t', writerId), undefined);
    assert.ok(pair.reader.counts.stale > 0);
  });

  it('drops a part with its member and takes it again when the member comes back', () => {
    const pair = new Pair();
    pair.connect();
    pair.writer.set('t', 'a', textToBytes('1'), pair.fromWriter);
    pair.settle();
    pair.reader.memberGone({ name: 'w', epoch: 9 }, pair.fromReader);
    assert.equal(pair.reader.findReplica('t', writerId)?.rows.size, 1, 'news of an older life change nothing');
    pair.reader.memberGone(writerId, pair.fromReader);
    assert.deepEqual(pair.changes, ['set a', 'gone']);
    pair.reader.memberSeen(writerId, pair.fromReader);
    pair.settle();
    pair.check();
  });

  it('keeps a part while a suspect’s link is down, and drops it when the node never was a member', () => {
    const pair = new Pair();
    pair.connect();
    pair.writer.set('t', 'a', textToBytes('1'), pair.fromWriter);
    pair.settle();
    pair.disconnect(true);
    assert.equal(pair.reader.findReplica('t', writerId)?.rows.size, 1);
    pair.connect();
    pair.settle();
    pair.disconnect(false);
    assert.equal(pair.reader.findReplica('t', writerId), undefined);
  });

  it('pulls when a digest says that rows are missing, once it has waited long enough', () => {
    const pair = new Pair();
    pair.connect();
    pair.settle();
    pair.writer.set('t', 'a', textToBytes('1'), pair.fromWriter);
    pair.pumpWriter();
    pair.toReader.length = 0;
    pair.gossip(0);
    pair.gossip(tableLimits.patienceMs - 1);
    assert.equal(pair.reader.counts.repairs, 0);
    pair.gossip(tableLimits.patienceMs);
    pair.settle();
    pair.check();
    assert.equal(pair.reader.counts.repairs, 1);
  });

  it('refuses rows beyond its limits and changes nothing then', () => {
    const pair = new Pair({ ...tableLimits, rowsMax: 2, valueBytesMax: 8 });
    const set = (key: string, text: string): void => pair.writer.set('t', key, textToBytes(text), pair.fromWriter);
    set('a', '1');
    set('b', '2');
    assert.throws(() => set('c', '3'), /too-large/);
    assert.throws(() => set('a', 'much too long'), /too-large/);
    assert.throws(() => set('x'.repeat(5000), '1'), /too-large/);
    assert.equal(pair.writer.digest('t').revision, 2);
    set('a', '9');
    pair.connect();
    pair.settle();
    pair.check();
  });

  it('opens a table late on either side', () => {
    const pair = new Pair();
    pair.connect();
    pair.settle();
    pair.reader.open('late', pair.fromReader);
    pair.settle();
    pair.writer.open('late', pair.fromWriter);
    pair.writer.set('late', 'a', textToBytes('1'), pair.fromWriter);
    pair.settle();
    assert.equal(pair.reader.findReplica('late', writerId)?.rows.size, 1);
    assert.equal(pair.writer.isHeld('late', 1), true);
  });

  it('converges under lost messages, reconnects and small logs', () => {
    const act = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), key: fc.nat(9), value: fc.nat(3) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), key: fc.nat(9) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), at: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('restartReader' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.constantFrom(3, 50), (acts, logMax) => {
        const pair = new Pair({ ...tableLimits, logMax, chunkBytes: 24, patienceMs: 10 });
        pair.connect();
        for (const one of acts) {
          switch (one.kind) {
            case 'set':
              pair.writer.set('t', `k${one.key}`, textToBytes(String(one.value)), pair.fromWriter);
              break;
            case 'remove':
              pair.writer.remove('t', `k${one.key}`, pair.fromWriter);
              break;
            case 'step':
              pair.step();
              break;
            case 'lose':
              pair.toReader.splice(one.at, 1);
              break;
            case 'swap':
              pair.toReader.push(...pair.toReader.splice(0, 1));
              break;
            case 'cut':
              pair.disconnect(true);
              pair.connect();
              break;
            case 'restartReader':
              pair.restartReader();
          }
        }
        pair.settle();
        for (let round = 1; round <= 4; round += 1) {
          pair.gossip(round * 100);
          pair.settle();
        }
        pair.check();
      }),
      { numRuns: 400 },
    );
  });

  it('survives any bytes on either channel', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(5), (bytes, kind) => {
        const pair = new Pair();
        pair.connect();
        pair.settle();
        const framed = Uint8Array.from([1, kind, 1, 0x74, ...bytes]);
        for (const message of [bytes, framed]) {
          pair.reader.receiveRows(link, new ByteReader(message), pair.fromReader);
          pair.writer.receiveAnswer(link, new ByteReader(message), pair.fromWriter);
        }
        const replica = pair.reader.findReplica('t', writerId);
        assert.ok((replica?.rows.size ?? 0) <= 64);
      }),
    );
  });
});

/** A writer and a reader of one table, and the messages between them. */
class Pair {
  readonly #limits: TableLimits;
  readonly writer: TableMachine;
  reader: TableMachine;
  readonly toReader: Uint8Array[] = [];
  readonly toWriter: Uint8Array[] = [];
  readonly changes: string[] = [];
  rowMessages = 0;
  longest = 0;
  mostInOnePump = 0;
  readonly fromWriter: TableEffects;
  readonly fromReader: TableEffects;

  constructor(limits: TableLimits = tableLimits) {
    this.#limits = limits;
    this.writer = new TableMachine(limits);
    this.reader = new TableMachine(limits);
    const nothing = { heldMoved: () => undefined, wake: () => undefined, broken: () => undefined };
    this.fromWriter = {
      ...nothing,
      sendRows: (_link, message) => {
        this.toReader.push(message);
        this.rowMessages += 1;
        this.longest = Math.max(this.longest, message.length);
      },
      sendAnswer: () => undefined,
      changed: () => undefined,
    };
    this.fromReader = {
      ...nothing,
      sendRows: () => undefined,
      sendAnswer: (_link, message) => this.toWriter.push(message),
      changed: (_table, change) => {
        this.changes.push('key' in change ? `${change.kind} ${change.key}` : change.kind);
      },
    };
    this.writer.open('t', this.fromWriter);
    this.reader.open('t', this.fromReader);
  }

  connect(): void {
    this.writer.linkUp(link, { ...readerId, wireVersion }, this.fromWriter);
    this.reader.linkUp(link, { ...writerId, wireVersion }, this.fromReader);
    this.reader.readable(link, this.fromReader);
  }

  disconnect(isMember: boolean): void {
    this.toReader.length = 0;
    this.toWriter.length = 0;
    this.writer.linkDown(link, true, this.fromWriter);
    this.reader.linkDown(link, isMember, this.fromReader);
  }

  restartReader(): void {
    this.disconnect(true);
    this.reader = new TableMachine(this.#limits);
    this.reader.open('t', this.fromReader);
    this.connect();
  }

  pumpWriter(): void {
    const before = this.rowMessages;
    this.writer.pump(link, { rows: 4, answers: 4 }, this.fromWriter);
    this.mostInOnePump = Math.max(this.mostInOnePump, this.rowMessages - before);
  }

  /** One pump of each side and one message each way. */
  step(): void {
    this.pumpWriter();
    this.reader.pump(link, { rows: 4, answers: 4 }, this.fromReader);
    const rows = this.toReader.shift();
    if (rows !== undefined) this.reader.receiveRows(link, new ByteReader(rows), this.fromReader);
    const answer = this.toWriter.shift();
    if (answer !== undefined) this.writer.receiveAnswer(link, new ByteReader(answer), this.fromWriter);
  }

  settle(): void {
    for (let idle = 0; idle < 3;) {
      const before = this.rowMessages;
      this.step();
      idle = this.toReader.length + this.toWriter.length === 0 && this.rowMessages === before ? idle + 1 : 0;
    }
  }

  gossip(atMs: number): void {
    const digest = this.writer.digest('t');
    this.reader.heard({ table: 't', node: writerId, digest }, toMonotonicMs(atMs), this.fromReader);
  }

  check(): void {
    const replica = this.reader.findReplica('t', writerId);
    assert.deepEqual(replica?.digest() ?? { revision: 0, hash: 0 }, this.writer.digest('t'));
  }
}
