import assert from 'node:assert/strict';
import type { Digest } from '../../../src/protocol/swim/messages.js';
import { Bench, life } from './bench.js';

const names = Array.from({ length: 20 }, (_, index) => `member-${index}`);
const larger = { count: 900, hash: 1 };

describe('anti-entropy', () => {
  it('asks for the rest by itself when the end of an answer overtook what came with it', () => {
    const bench = settled();
    bench.receive('member-1', [ack(larger)]);
    assert.equal(bench.partsOf('sync').length, 1);
    bench.clear();
    bench.receive('member-1', [{ kind: 'sync-end', ...larger, truncated: true }]);
    bench.receive('member-1', [record('late')]);
    bench.run(100);
    assert.equal(bench.partsOf('sync').length, 1);
  });

  it('is not held up by ends that overtake their answers', () => {
    const bench = settled();
    const asked = talk(bench, 20_000, () => larger, { news: true });
    assert.ok(asked >= 19, `${asked} pulls in 20 s`);
  });

  it('asks about once a second while it is far behind, though it asks in vain', () => {
    const bench = settled();
    const asked = talk(bench, 20_000, () => larger, { news: false });
    assert.ok(asked >= 15 && asked <= 40, `${asked} pulls in 20 s`);
  });

  it('asks less and less when the difference is small and nothing comes', () => {
    const bench = settled();
    const asked = talk(bench, 60_000, () => ({ count: bench.machine.view.liveCount, hash: 1 }), { news: false });
    assert.ok(asked >= 6 && asked <= 12, `${asked} pulls in a minute`);
  });

  it('asks less and less when it is behind because its table is full', () => {
    const bench = settled({ membersMax: 21 });
    const asked = talk(bench, 60_000, () => larger, { news: false });
    assert.ok(asked >= 6 && asked <= 12, `${asked} pulls in a minute`);
  });

  it('answers with what members said, and with a doubt that is ahead of it apart', () => {
    const bench = settled();
    const doubt = {
      kind: 'suspect',
      name: 'member-3',
      epoch: 100,
      incarnation: 2,
      from: 'member-2',
      refused: false,
    } as const;
    bench.receive('member-2', [doubt]);
    bench.clear();
    bench.receive('member-1', [
      { kind: 'sync', bits: 0, leaves: [1] },
      { kind: 'pad', bytes: 1200 },
    ]);
    const answer = bench.sent.filter(({ to }) => to === 'member-1:1').flatMap(({ parts }) => parts);
    const told = answer.flatMap((part) => (part.kind === 'record' && part.life.name === 'member-3' ? [part] : []));
    // The member never said in incarnation 2 what it is known to have said in 0.
    assert.deepEqual(
      told.map(({ incarnation }) => incarnation),
      [0],
    );
    assert.ok(answer.some((part) => part.kind === 'suspect' && part.name === 'member-3' && part.incarnation === 2));
    const other = Bench.up(names);
    other.receive(
      'member-1',
      answer.filter(({ kind }) => kind === 'record' || kind === 'suspect'),
    );
    assert.equal(other.machine.view.findMember('member-3')?.status, 'suspect');
  });

  it('forgets what it asked in vain once somebody agrees', () => {
    const bench = settled();
    talk(bench, 30_000, () => ({ count: bench.machine.view.liveCount, hash: 1 }), { news: false });
    bench.receive('member-1', [ack(ownDigest(bench))]);
    bench.run(250);
    bench.clear();
    bench.receive('member-2', [ack({ count: bench.machine.view.liveCount, hash: 2 })]);
    assert.equal(bench.partsOf('sync').length, 1);
  });
});

/** A node whose first, eager questions are over. */
function settled(options: Parameters<typeof Bench.up>[1] = {}): Bench {
  const bench = Bench.up(names, options);
  talk(bench, 5000, () => ownDigest(bench), { news: false });
  bench.clear();
  return bench;
}

/**
 * Lets members answer pings with a digest, and pulls with an end that overtakes the news of one member. Returns how many pulls there
 * were.
 */
function talk(bench: Bench, durationMs: number, digest: () => Digest, { news }: { readonly news: boolean }): number {
  let asked = 0;
  bench.run(durationMs, () => {
    for (let rest = bench.sent.splice(0); rest.length > 0; rest = bench.sent.splice(0)) {
      for (const { to, parts } of rest) {
        const name = to.slice(0, -2);
        for (const part of parts) {
          if (part.kind === 'ping') bench.receive(name, [{ ...ack(digest()), seq: part.seq }]);
          if (part.kind !== 'sync') continue;
          asked += 1;
          bench.receive(name, [{ kind: 'sync-end', ...digest(), truncated: false }]);
          if (news) bench.receive(name, [record(`late-${asked}`)]);
        }
      }
    }
  });
  return asked;
}

function ack({ count, hash }: Digest): { kind: 'ack'; seq: number; count: number; hash: number; lagMs: 0; tables: [] } {
  return { kind: 'ack', seq: 999_999, count, hash, lagMs: 0, tables: [] };
}

function record(name: string): { kind: 'record'; life: ReturnType<typeof life>; incarnation: number } {
  return { kind: 'record', life: life(name), incarnation: 0 };
}

function ownDigest({ machine }: Bench): Digest {
  return { count: machine.view.liveCount, hash: machine.view.tableHash };
}
