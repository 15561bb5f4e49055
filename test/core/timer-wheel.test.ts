import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, type Clock, type MonotonicMs, toMonotonicMs } from '../../src/core/clock.js';
import { TimerWheel, type WheelEntry } from '../../src/core/timer-wheel.js';
import { SimHost } from '../../src/testing/simulator-host.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('timer wheel', () => {
  it('tells deadlines at their tick, never early', () => {
    const { simulator, wheel, ring } = make();
    wheel.set(ring('a'), toMonotonicMs(25));
    wheel.set(ring('b'), toMonotonicMs(30));
    wheel.set(ring('c'), toMonotonicMs(30.1));
    simulator.run(100);
    assert.deepEqual(ring.rung, ['a@30', 'b@30', 'c@40']);
    assert.equal(wheel.size, 0);
  });

  it('tells a deadline in the past at the next tick, and not inside set', () => {
    const { simulator, wheel, ring } = make();
    simulator.run(1234);
    wheel.set(ring('late'), toMonotonicMs(5));
    assert.deepEqual(ring.rung, []);
    simulator.run(20);
    assert.deepEqual(ring.rung, ['late@1240']);
  });

  it('replaces the deadline of an entry that has one', () => {
    const { simulator, wheel, ring } = make();
    const entry = ring('a');
    wheel.set(entry, toMonotonicMs(50));
    wheel.set(entry, toMonotonicMs(20_000));
    wheel.set(entry, toMonotonicMs(70));
    simulator.run(30_000);
    assert.deepEqual(ring.rung, ['a@70']);
  });

  it('lets an entry set itself and cancel others while it is told', () => {
    const { simulator, wheel, ring } = make();
    const victim = ring('victim');
    const again = ring('again', (now) => {
      wheel.cancel(victim);
      if (now < 100) wheel.set(again, after(now, 50));
    });
    wheel.set(again, toMonotonicMs(10));
    wheel.set(victim, toMonotonicMs(10));
    simulator.run(1000);
    assert.deepEqual(ring.rung, ['again@10', 'again@60', 'again@110']);
  });

  it('holds one timer of the clock while it has entries, and none when it is empty', () => {
    const { simulator, wheel, ring, liveTimers } = make();
    const entries = Array.from({ length: 1000 }, (_, index) => ring(`${index}`));
    entries.forEach((entry, index) => wheel.set(entry, toMonotonicMs(1000 + index * 37)));
    assert.equal(liveTimers(), 1);
    simulator.run(500);
    assert.equal(liveTimers(), 1);
    for (const entry of entries.slice(1)) wheel.cancel(entry);
    assert.equal(liveTimers(), 1);
    wheel.cancel(entries[0] ?? ring(''));
    // At the end of the turn, so that a wheel which is filled again at once keeps its timer.
    assert.equal(liveTimers(), 1);
    simulator.run(1);
    assert.equal(liveTimers(), 0);
    wheel.set(ring('x'), toMonotonicMs(2000));
    wheel.clear();
    assert.equal(liveTimers(), 0);
    assert.equal(wheel.size, 0);
    simulator.run(5000);
    assert.deepEqual(ring.rung, []);
  });

  it('wakes seldom for what is far away', () => {
    const { simulator, wheel, ring } = make();
    wheel.set(ring('day'), toMonotonicMs(86_400_000));
    const before = simulator.eventCount;
    simulator.run(86_400_010);
    assert.deepEqual(ring.rung, ['day@86400000']);
    assert.ok(simulator.eventCount - before <= 5, `${simulator.eventCount - before} wake-ups`);
  });

  it('tells what lies beyond its last level', () => {
    const { simulator, wheel, ring } = make();
    const year = 365 * 86_400_000;
    wheel.set(ring('year'), toMonotonicMs(3 * year));
    wheel.set(ring('soon'), toMonotonicMs(20));
    simulator.run(2 * year);
    assert.deepEqual(ring.rung, ['soon@20']);
    simulator.run(2 * year);
    assert.deepEqual(ring.rung, ['soon@20', `year@${3 * year}`]);
  });

  it('goes on after an entry that throws', () => {
    const { simulator, wheel, ring } = make();
    const bad = ring('bad', () => {
      throw new Error('loud');
    });
    wheel.set(bad, toMonotonicMs(10));
    wheel.set(ring('next'), toMonotonicMs(10));
    assert.throws(() => simulator.run(50), /loud/);
    simulator.run(50);
    assert.deepEqual(ring.rung, ['bad@10', 'next@10']);
  });

  it('tells everything in order when its timer comes late', () => {
    const simulator = new Simulator({ seed: 1 });
    const host = new SimHost('a', simulator);
    const wheel = new TimerWheel(host.clock);
    const ring = ringer(host.clock);
    const draw = simulator.random.fork('deadlines');
    const times = Array.from({ length: 300 }, () => 10 * (1 + draw.below(500)));
    times.forEach((time, index) => wheel.set(ring(`${time}#${index}`), toMonotonicMs(time)));
    simulator.run(700);
    host.stall(2500, 'timer');
    simulator.run(10_000);
    const expected = times.map((time, index) => ({ time, index })).toSorted((a, b) => a.time - b.time);
    assert.deepEqual(
      ring.rung.map((one) => one.split('@')[0]),
      expected.map(({ time, index }) => `${time}#${index}`),
    );
    for (const one of ring.rung) {
      const [due = 0, told = 0] = one.split('@').map((text) => Number.parseFloat(text));
      assert.equal(told, due > 700 && due < 3200 ? 3200 : due);
    }
  });

  it('agrees with a sorted list for any sets, cancels and waits', () => {
    const command = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        id: fc.nat(19),
        inMs: fc.oneof(fc.nat(100), fc.nat(10_000), fc.nat(5_000_000)),
      }),
      fc.record({ kind: fc.constant('cancel' as const), id: fc.nat(19), inMs: fc.constant(0) }),
      fc.record({
        kind: fc.constant('wait' as const),
        id: fc.constant(0),
        inMs: fc.oneof(fc.nat(50), fc.nat(3000), fc.nat(1_000_000)),
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), fc.nat(1000), (commands, startMs) => {
        const simulator = new Simulator({ seed: 1 });
        simulator.run(startMs / 7);
        const model = new Model(simulator);
        const wheel = new TimerWheel(simulator);
        const ring = ringer(simulator);
        const entries = Array.from({ length: 20 }, (_, id) => ring(String(id)));
        for (const { kind, id, inMs } of commands) {
          const entry = entries[id];
          if (entry === undefined) continue;
          if (kind === 'wait') simulator.run(inMs);
          else if (kind === 'cancel') wheel.cancel(entry);
          else wheel.set(entry, after(simulator.now(), inMs));
          model.step(kind, id, inMs);
          assert.equal(wheel.size, model.size);
        }
        simulator.run(6_000_000);
        model.step('wait', 0, 0);
        assert.deepEqual(ring.rung, model.rung);
      }),
      { numRuns: 300 },
    );
  });
});

/** The wheel as one sorted list. */
class Model {
  readonly rung: string[] = [];
  readonly #simulator: Simulator;
  readonly #originMs: number;
  #due: { readonly id: number; readonly at: number }[] = [];

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.#originMs = simulator.now();
  }

  get size(): number {
    return this.#due.length;
  }

  step(kind: 'set' | 'cancel' | 'wait', id: number, inMs: number): void {
    const now = this.#simulator.now();
    if (kind === 'wait') {
      const told = this.#due.filter(({ at }) => at <= now).toSorted((left, right) => left.at - right.at);
      for (const one of told) this.rung.push(`${one.id}@${one.at}`);
      this.#due = this.#due.filter(({ at }) => at > now);
      return;
    }
    this.#due = this.#due.filter((one) => one.id !== id);
    if (kind === 'set') this.#due.push({ id, at: this.#firstTick(now, after(now, inMs)) });
  }

  /** The time of the first tick after `now` that is not before `at`, found by walking there. */
  #firstTick(now: number, at: number): number {
    let tick = Math.max(0, Math.floor((at - this.#originMs) / 10) - 2);
    while (this.#originMs + tick * 10 <= now || this.#originMs + tick * 10 < at) tick += 1;
    return this.#originMs + tick * 10;
  }
}

function ringer(clock: Clock) {
  const rung: string[] = [];
  const ring = (name: string, then?: (now: MonotonicMs) => void): WheelEntry => ({
    onDeadline: (now) => {
      assert.equal(now, clock.now());
      rung.push(`${name}@${now}`);
      then?.(now);
    },
    wheelNext: undefined,
    wheelPrevious: undefined,
    wheelSlot: -1,
    wheelTick: 0,
  });
  return Object.assign(ring, { rung });
}

function make() {
  const simulator = new Simulator({ seed: 1 });
  let live = 0;
  const clock: Clock = {
    now: () => simulator.now(),
    wallMs: () => simulator.wallMs(),
    afterTurn: (run) => simulator.afterTurn(run),
    setTimer: (at, fire) => {
      let pending = true;
      live += 1;
      const settle = (): void => {
        if (pending) live -= 1;
        pending = false;
      };
      const cancel = simulator.setTimer(at, () => {
        settle();
        fire();
      });
      return () => {
        settle();
        cancel();
      };
    },
  };
  return { simulator, wheel: new TimerWheel(clock), ring: ringer(simulator), liveTimers: () => live };
}
