import assert from 'node:assert/strict';
import { LocalHealth } from '../../../src/protocol/swim/local-health.js';
import { Bench } from './bench.js';

const others = ['a', 'b', 'c', 'd', 'e'];

describe('local health', () => {
  it('stays between none and the most', () => {
    const health = new LocalHealth(8);
    health.change(-1);
    assert.equal(health.factor, 1);
    health.change(20);
    assert.equal(health.score, 8);
    health.change(-1);
    assert.equal(health.score, 7);
  });

  it('takes one step for a stall that others may accuse us of, however long, and none for a shorter one', () => {
    const bench = Bench.up(others);
    bench.machine.slip(bench.now, 900);
    assert.equal(bench.machine.view.healthScore, 0);
    bench.machine.slip(bench.now, 5000);
    assert.equal(bench.machine.view.healthScore, 1);
    assert.equal(bench.machine.counts.stalled, 2);
  });

  it('is well again after as many plain periods as it had steps, when every probe is answered', () => {
    const bench = atTop({});
    const wellMs = untilWell(bench);
    assert.ok(wellMs <= 8000, `${wellMs} ms`);
    assert.ok(wellMs > 6000, `${wellMs} ms: one step a period`);
  });

  it('waits out the scaled period after each answer when that is asked for, as the paper does', () => {
    const bench = atTop({ healthScalesAnswered: true });
    const wellMs = untilWell(bench);
    assert.ok(wellMs > 40_000 && wellMs <= 45_000, `${wellMs} ms`);
  });

  it('still gives an answer the scaled time', () => {
    const bench = atTop({});
    bench.clear();
    const from = bench.nowMs;
    while (bench.machine.counts['probe-failed'] === 0) bench.run(20);
    const waitedMs = bench.nowMs - from;
    assert.ok(waitedMs > 9000 && waitedMs <= 10_100, `${waitedMs} ms`);
  });
});

/** A machine that doubts itself as much as it can, just before its next probe. */
function atTop(options: Parameters<typeof Bench.up>[1]): Bench {
  const bench = Bench.up(others, { ...options, dogpile: false, adaptiveTimeout: false });
  for (let incarnation = 0; incarnation < 8; incarnation += 1) {
    bench.receive('a', [{ kind: 'suspect', name: 'self', epoch: 5000, incarnation, from: 'a', refused: false }]);
  }
  assert.equal(bench.machine.view.healthScore, 8);
  return bench;
}

/** How long it takes until health is as good as it was, while everyone answers at once. */
function untilWell(bench: Bench): number {
  const from = bench.nowMs;
  while (bench.machine.view.healthScore > 0 && bench.nowMs < 60_000) bench.run(20, () => answerPings(bench));
  return bench.nowMs - from;
}

function answerPings(bench: Bench): void {
  for (const { to, parts } of bench.sent.splice(0)) {
    for (const part of parts) {
      if (part.kind !== 'ping') continue;
      bench.receive(to.slice(0, -2), [{ kind: 'ack', seq: part.seq, count: 0, hash: 0, lagMs: 0, tables: [] }]);
    }
  }
}
