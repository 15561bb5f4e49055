import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Clock, toMonotonicMs, toWallMs } from '../../../src/core/clock.js';
import { TurnClock } from '../../../src/cluster/rpc/turn-clock.js';

describe('turn clock', () => {
  it('reads the clock once for what happens together', () => {
    const { clock, turn } = countedClock();
    const first = turn.now();
    clock.atMs += 1;
    assert.equal(turn.now(), first);
    assert.equal(clock.readings, 2, 'one at the start, one for both');
  });

  it('reads again in the next run of promise callbacks', async () => {
    const { clock, turn } = countedClock();
    turn.now();
    clock.atMs += 500;
    await Promise.resolve();
    assert.equal(turn.now(), clock.atMs);
  });

  it('reads again after so many times, so that one reading does not grow old', () => {
    const { clock, turn } = countedClock();
    turn.now();
    clock.atMs += 500;
    let asked = 0;
    while (turn.now() < clock.atMs) asked += 1;
    assert.ok(asked < 16, `${asked} answers from one reading`);
  });

  it('numbers its readings, for who does something once in each', async () => {
    const { turn } = countedClock();
    assert.equal(turn.reading, 0, 'nothing was asked yet');
    turn.now();
    assert.equal(turn.reading, 1);
    turn.now();
    assert.equal(turn.reading, 1);
    await Promise.resolve();
    assert.equal(turn.reading, 0, 'the run is over');
    turn.now();
    assert.equal(turn.reading, 2);
  });

  it('tells by how much a reading grew old while its run went on', async () => {
    const { clock, turn } = countedClock();
    const at = turn.now();
    clock.atMs += 150;
    assert.equal(turn.now(), at);
    await Promise.resolve();
    assert.equal(turn.staleMs(at), 150);
    const later = turn.now();
    clock.atMs += 2;
    await Promise.resolve();
    assert.equal(turn.staleMs(later), 0, 'too little to matter');
  });

  it('forgets old readings in their order', async () => {
    const { clock, turn } = countedClock();
    const first = turn.now();
    for (let count = 0; count < 1024; count += 1) {
      clock.atMs += 20;
      await Promise.resolve();
      turn.now();
    }
    assert.equal(turn.staleMs(first), 20);
    clock.atMs += 20;
    await Promise.resolve();
    assert.equal(turn.staleMs(first), 0);
  });
});

class CountedClock implements Clock {
  atMs = 1000;
  readings = 0;

  now(): ReturnType<Clock['now']> {
    this.readings += 1;
    return toMonotonicMs(this.atMs);
  }

  wallMs(): ReturnType<Clock['wallMs']> {
    return toWallMs(this.atMs);
  }

  setTimer(): () => void {
    throw new Error('a turn clock sets no timer');
  }

  afterTurn(): void {
    throw new Error('a turn clock needs no turn');
  }
}

function countedClock(): { readonly clock: CountedClock; readonly turn: TurnClock } {
  const clock = new CountedClock();
  return { clock, turn: new TurnClock(clock) };
}
