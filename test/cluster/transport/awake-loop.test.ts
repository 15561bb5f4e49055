import assert from 'node:assert/strict';
import { AwakeLoop } from '../../../src/cluster/transport/awake-loop.js';
import { type Clock, type MonotonicMs, toMonotonicMs, toWallMs } from '../../../src/core/clock.js';

describe('a loop that stays awake', () => {
  it('looks for bytes turn after turn, until they come', () => {
    const { clock, loop } = create(500);
    loop.onSent();
    for (let turn = 0; turn < 10; turn += 1) assert.ok(clock.turn(0.04), `turn ${turn}`);
    loop.onReceived();
    assert.ok(clock.turn(0.04), 'the one that was planned');
    assert.equal(clock.turn(0.04), false);
  });

  it('looks for as long as it may, and then sleeps', () => {
    const { clock, loop } = create(500);
    loop.onSent();
    assert.equal(clock.turnsUntilAsleep(0.125), 4);
  });

  it('waits no longer for what is sent meanwhile, and asks for no turn more', () => {
    const { clock, loop } = create(500);
    loop.onSent();
    for (let turn = 0; turn < 3; turn += 1) clock.turn(0.125);
    loop.onSent();
    loop.onSent();
    assert.equal(clock.planned, 1);
    assert.equal(clock.turnsUntilAsleep(0.125), 1);
  });

  it('sleeps nearly always in a process that sends all the time and is never answered', () => {
    const { clock, loop } = create(500);
    let turns = 0;
    for (let sent = 0; sent < 10_000; sent += 1) {
      loop.onSent();
      if (clock.turn(0.125)) turns += 1;
    }
    // A wait of four turns, and then 64 sends without one.
    assert.ok(turns < 800, `${turns} turns`);
  });

  it('is woken by nothing that comes without being waited for', () => {
    const { clock, loop } = create(500);
    loop.onReceived();
    assert.equal(clock.planned, 0);
  });

  it('lets more and more sends go by while nobody answers in time, but one in 65 is waited for', () => {
    const { clock, loop } = create(500);
    assert.deepEqual(
      Array.from({ length: 9 }, () => waitInVain(clock, loop)),
      [0, 1, 2, 4, 8, 16, 32, 64, 64],
    );
  });

  it('takes a step back with each answer in time', () => {
    const { clock, loop } = create(500);
    for (let wait = 0; wait < 5; wait += 1) waitInVain(clock, loop);
    // 16 go by, and the next wait in vain would let 32; two answers make that 8.
    for (let sent = 0; sent < 16; sent += 1) loop.onSent();
    for (let answer = 0; answer < 2; answer += 1) {
      loop.onSent();
      assert.equal(clock.planned, 1, `answer ${answer}`);
      loop.onReceived();
      clock.turn(0.125);
    }
    assert.equal(waitInVain(clock, loop), 0);
    assert.equal(waitInVain(clock, loop), 8);
  });
});

/** Sends until a wait begins, and lets it be in vain; returns how many sends went by without one. */
function waitInVain(clock: TurnClock, loop: AwakeLoop): number {
  let wentBy = 0;
  for (loop.onSent(); clock.planned === 0; loop.onSent()) {
    wentBy += 1;
    assert.ok(wentBy < 1000, 'it waits for one again');
  }
  clock.turnsUntilAsleep(0.125);
  return wentBy;
}

function create(awakeMaxUs: number): { readonly clock: TurnClock; readonly loop: AwakeLoop } {
  const clock = new TurnClock();
  return { clock, loop: new AwakeLoop({ clock, awakeMaxUs }) };
}

/** A clock whose turns the test makes. */
class TurnClock implements Clock {
  #nowMs = 1000;
  #runs: (() => void)[] = [];

  get planned(): number {
    return this.#runs.length;
  }

  now(): MonotonicMs {
    return toMonotonicMs(this.#nowMs);
  }

  wallMs(): ReturnType<Clock['wallMs']> {
    return toWallMs(this.#nowMs);
  }

  setTimer(): () => void {
    throw new Error('it needs no timer');
  }

  afterTurn(run: () => void): void {
    this.#runs.push(run);
  }

  /** Some time passes and the turn ends; false when nothing kept the loop awake for it. */
  turn(passedMs: number): boolean {
    const runs = this.#runs;
    this.#runs = [];
    this.#nowMs += passedMs;
    for (const run of runs) run();
    return runs.length > 0;
  }

  turnsUntilAsleep(turnMs: number): number {
    let turns = 0;
    for (;;) {
      if (!this.turn(turnMs)) return turns;
      turns += 1;
      assert.ok(turns < 1000, 'it sleeps at last');
    }
  }
}
