import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, type MonotonicMs } from '../../../src/core/clock.js';
import { ClusterError } from '../../../src/core/errors.js';
import { TimerWheel } from '../../../src/core/timer-wheel.js';
import { type ActiveCall, CallLine, type LinedCall } from '../../../src/cluster/rpc/call-line.js';
import { LiveList } from '../../../src/cluster/rpc/live-list.js';
import { Simulator } from '../../../src/testing/simulator.js';

describe('call line', () => {
  it('holds what a Set would, and is active as long as it holds something', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(7), { maxLength: 100 }), (steps) => {
        const { line, active, wheel, call } = newLine();
        const calls = Array.from({ length: 8 }, () => call(1000));
        const set = new Set<Call>();
        for (const index of steps) {
          const one = calls[index] ?? call(1000);
          if (set.delete(one)) line.delete(one);
          else {
            set.add(one);
            line.add(one);
          }
          line.delete(call(1000));
          assert.equal(line.callCount, set.size);
          assert.deepEqual([active.size, wheel.size], set.size > 0 ? [1, 1] : [0, 0]);
        }
        line.abandon(new ClusterError('stopped', 'over'));
        assert.deepEqual(
          calls.filter((one) => one.abandoned),
          calls.filter((one) => set.has(one)),
        );
        assert.deepEqual([line.callCount, active.size, wheel.size], [0, 0, 0]);
        assert.ok(calls.every((one) => one.line === undefined && !one.lineNext && !one.linePrevious));
      }),
    );
  });

  it('tells each call its deadline in time, whoever was first when the timer was set', () => {
    const { simulator, line, call } = newLine();
    const first = call(1000);
    line.add(first);
    simulator.run(300);
    const second = call(1000);
    line.add(second);
    const third = call(1000);
    line.add(third);
    simulator.run(300);
    line.delete(first);
    line.delete(third);
    simulator.run(2000);
    assert.deepEqual([first.toldAt, third.toldAt], [undefined, undefined]);
    assert.ok(second.toldAt !== undefined && second.toldAt >= 1300 && second.toldAt <= 1320, `${second.toldAt}`);
    assert.equal(line.callCount, 0);
  });

  it('keeps a call that moves its deadline on, and those behind it', () => {
    const { simulator, line, call } = newLine();
    const stale = call(1000, 200);
    const other = call(1000);
    line.add(stale);
    line.add(other);
    simulator.run(3000);
    assert.ok(stale.toldAt !== undefined && stale.toldAt >= 1200 && stale.toldAt <= 1220, `${stale.toldAt}`);
    assert.ok(other.toldAt !== undefined && other.toldAt >= 1000 && other.toldAt <= 1220, `${other.toldAt}`);
  });

  it('sets no timer for calls without a deadline', () => {
    const { line, wheel, active, call } = newLine();
    line.add(call(Number.POSITIVE_INFINITY));
    assert.deepEqual([active.size, wheel.size, line.callCount], [1, 0, 1]);
  });
});

class Call implements LinedCall {
  deadlineAt: MonotonicMs;
  line: CallLine | undefined;
  lineNext: LinedCall | undefined;
  linePrevious: LinedCall | undefined;
  abandoned = false;
  toldAt: number | undefined;
  readonly #simulator: Simulator;
  #staleMs: number;

  constructor(simulator: Simulator, timeoutMs: number, staleMs: number) {
    this.#simulator = simulator;
    this.#staleMs = staleMs;
    this.deadlineAt = after(simulator.now(), timeoutMs);
  }

  onDeadline(): void {
    if (this.#staleMs > 0) {
      this.deadlineAt = after(this.deadlineAt, this.#staleMs);
      this.#staleMs = 0;
      return;
    }
    this.toldAt = this.#simulator.now();
    this.line?.delete(this);
  }

  abandon(): void {
    this.abandoned = true;
    this.line?.delete(this);
  }
}

function newLine(): {
  simulator: Simulator;
  wheel: TimerWheel;
  active: LiveList<ActiveCall>;
  line: CallLine;
  call: (timeoutMs: number, staleMs?: number) => Call;
} {
  const simulator = new Simulator({ seed: 1 });
  const wheel = new TimerWheel(simulator);
  const active = new LiveList<ActiveCall>();
  const line = new CallLine({ deadlines: wheel, active });
  return { simulator, wheel, active, line, call: (timeoutMs, staleMs = 0) => new Call(simulator, timeoutMs, staleMs) };
}
