import assert from 'node:assert/strict';
import { Subject, take, toArray } from 'rxjs';
import { Listeners } from '../../src/core/listeners.js';
import { createTimeOperators } from '../../src/reactive/time-operators.js';
import { fromListener } from '../../src/reactive/from-listener.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('reactive/time-operators', () => {
  it('delay, debounce and throttle by the given clock', () => {
    const sim = new Simulator({ seed: 1 });
    const time = createTimeOperators(sim);
    const source = new Subject<number>();
    const got: Record<string, number[]> = { delayed: [], quiet: [], first: [] };
    source.pipe(time.delay(10)).subscribe((value) => got['delayed']?.push(value, sim.now()));
    source.pipe(time.debounceTime(10)).subscribe((value) => got['quiet']?.push(value, sim.now()));
    source.pipe(time.throttleTime(10)).subscribe((value) => got['first']?.push(value, sim.now()));
    for (const value of [1, 2, 3]) {
      source.next(value);
      sim.run(4);
    }
    sim.run(100);
    assert.deepEqual(got, { delayed: [1, 10, 2, 14, 3, 18], quiet: [3, 18], first: [1, 0] });
  });

  it('interval and timer tick by the given clock and stop with their subscriber', () => {
    const sim = new Simulator({ seed: 1 });
    const time = createTimeOperators(sim);
    const ticks: number[] = [];
    const subscription = time.interval(10).subscribe(() => ticks.push(sim.now()));
    time
      .timer(5, 20)
      .pipe(take(2))
      .subscribe(() => ticks.push(sim.now()));
    sim.run(35);
    subscription.unsubscribe();
    sim.run(100);
    assert.deepEqual(ticks, [5, 10, 20, 25, 30]);
    assert.equal(sim.run(1000), 0);
  });

  it('buffers by time and by count', () => {
    const sim = new Simulator({ seed: 1 });
    const source = new Subject<number>();
    const got: number[][] = [];
    source.pipe(createTimeOperators(sim).bufferTime(10, 2)).subscribe((values) => got.push(values));
    for (let value = 0; value < 5; value += 1) source.next(value);
    sim.run(11);
    source.complete();
    assert.deepEqual(got.slice(0, 3), [[0, 1], [2, 3], [4]]);
  });

  it('times out', () => {
    const sim = new Simulator({ seed: 1 });
    const errors: string[] = [];
    new Subject<number>().pipe(createTimeOperators(sim).timeout(50)).subscribe({
      error: (error: Error) => errors.push(error.name),
    });
    sim.run(49);
    assert.deepEqual(errors, []);
    sim.run(2);
    assert.deepEqual(errors, ['TimeoutError']);
  });
});

describe('reactive/from-listener', () => {
  it('listens while somebody is subscribed', () => {
    const listeners = new Listeners<number>();
    const got: number[][] = [];
    fromListener<number>((listener) => listeners.add(listener))
      .pipe(take(2), toArray())
      .subscribe((values) => got.push(values));
    assert.equal(listeners.size, 1);
    for (const value of [1, 2, 3]) listeners.tell(value);
    assert.deepEqual(got, [[1, 2]]);
    assert.equal(listeners.size, 0);
  });
});
