import assert from 'node:assert/strict';
import { Bench, life } from './bench.js';

const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];

describe('gossip rounds', () => {
  it('come each gossip period while news is fresh, then each probe period', () => {
    const { rounds, tellings } = told(quiet({ gossipPeriodMs: 100, gossipFanout: 1 }), 10_000);
    // Eight tellings among thirteen, half of them fresh; some ride with probes.
    assert.equal(tellings, 8);
    const pauses = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
    const late = pauses.indexOf(1000);
    assert.ok(late >= 1 && late <= 3, pauses.join());
    assert.ok(
      pauses.slice(0, late).every((pause) => pause === 100) && pauses.slice(late).every((pause) => pause === 1000),
    );
  });

  it('come as they did when all news counts as fresh', () => {
    const { rounds, tellings } = told(quiet({ gossipPeriodMs: 100, gossipFanout: 1, freshShare: 1 }), 10_000);
    assert.equal(tellings, 8);
    assert.equal((rounds.at(-1) ?? 0) - (rounds[0] ?? 0), (rounds.length - 1) * 100);
  });

  it('come at once again when something fresh comes', () => {
    const bench = quiet({ gossipPeriodMs: 100, gossipFanout: 1 });
    told(bench, 500);
    bench.receive('b', [{ kind: 'alive', life: life('c'), incarnation: 2 }]);
    const [first = 10_000] = told(bench, 1000).rounds;
    assert.ok(first <= 100, `${first} ms`);
  });

  it('do not wait for those who say good-bye', () => {
    const bench = Bench.up(['a', 'b'], { gossipPeriodMs: 100, gossipFanout: 1 });
    bench.run(20_000);
    bench.machine.leave(bench.now, bench.out);
    bench.run(400);
    assert.equal(bench.machine.phase, 'left');
  });
});

/** A machine that has one piece of fresh news. */
function quiet(options: NonNullable<Parameters<typeof Bench.up>[1]>): Bench {
  const bench = Bench.up(others, { ...options, dogpile: false });
  bench.run(60_000, () => answer(bench));
  bench.clear();
  bench.receive('a', [{ kind: 'alive', life: life('b'), incarnation: 1 }]);
  return bench;
}

/** When datagrams went out that carry nothing but news, from now; and how often news was told in all. */
function told(bench: Bench, durationMs: number): { readonly rounds: readonly number[]; readonly tellings: number } {
  const rounds: number[] = [];
  let tellings = 0;
  const from = bench.nowMs;
  bench.run(durationMs, () => {
    for (const { parts } of bench.sent) {
      // A pull carries who asks, which is no news.
      if (parts.some(({ kind }) => kind === 'sync')) continue;
      const news = parts.filter(({ kind }) => kind === 'alive').length;
      tellings += news;
      if (news === parts.length) rounds.push(bench.nowMs - from);
    }
    answer(bench);
  });
  return { rounds, tellings };
}

function answer(bench: Bench): void {
  for (const { to, parts } of bench.sent.splice(0)) {
    for (const part of parts) {
      if (part.kind !== 'ping') continue;
      bench.receive(to.slice(0, -2), [{ kind: 'ack', seq: part.seq, count: 0, hash: 0, lagMs: 0, tables: [] }]);
    }
  }
}
