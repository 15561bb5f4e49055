import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, toMonotonicMs } from '../../src/core/clock.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('simulator', () => {
  it('runs events in order of time, and of asking within one instant', () => {
    const simulator = new Simulator({ seed: 1 });
    const ran: string[] = [];
    for (const [name, at] of [
      ['c', 5],
      ['a', 1],
      ['d', 5],
      ['b', 1],
    ] as const) {
      simulator.setTimer(toMonotonicMs(at), () => ran.push(`${name}@${simulator.now()}`));
    }
    assert.equal(simulator.run(10), 4);
    assert.deepEqual(ran, ['a@1', 'b@1', 'c@5', 'd@5']);
    assert.equal(simulator.now(), 10);
  });

  it('agrees with a sorted list for any timers and cancels', () => {
    const step = fc.record({ at: fc.integer({ min: 0, max: 50 }), cancel: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const simulator = new Simulator({ seed: 1 });
        const ran: number[] = [];
        const cancels = steps.map(({ at }, index) => simulator.setTimer(toMonotonicMs(at), () => ran.push(index)));
        steps.forEach(({ cancel }, index) => {
          if (cancel) cancels[index]?.();
        });
        simulator.run(100);
        const expected = steps
          .map((one, index) => ({ ...one, index }))
          .filter(({ cancel }) => !cancel)
          .toSorted((left, right) => left.at - right.at || left.index - right.index)
          .map(({ index }) => index);
        assert.deepEqual(ran, expected);
        assert.equal(simulator.pendingCount, 0);
      }),
    );
  });

  it('never fires inside setTimer, and fires late times at once', () => {
    const simulator = new Simulator({ seed: 1 });
    simulator.run(10);
    const ran: number[] = [];
    simulator.setTimer(toMonotonicMs(3), () => ran.push(simulator.now()));
    assert.deepEqual(ran, []);
    simulator.run(0);
    assert.deepEqual(ran, [10]);
  });

  it('runs afterTurn behind everything that is due at this instant', () => {
    const simulator = new Simulator({ seed: 1 });
    const ran: string[] = [];
    simulator.setTimer(toMonotonicMs(1), () => {
      ran.push('first');
      simulator.afterTurn(() => ran.push('after'));
    });
    simulator.setTimer(toMonotonicMs(1), () => ran.push('second'));
    simulator.setTimer(toMonotonicMs(1.5), () => ran.push('later'));
    simulator.run(2);
    assert.deepEqual(ran, ['first', 'second', 'after', 'later']);
  });

  it('sweeps cancelled timers, so that they do not pile up', () => {
    const simulator = new Simulator({ seed: 1 });
    for (let index = 0; index < 100_000; index += 1) {
      simulator.setTimer(toMonotonicMs(1000 + index), () => undefined)();
    }
    assert.ok(simulator.pendingCount < 200, `${simulator.pendingCount} pending`);
  });

  it('stops at the end of a run and goes on from there', () => {
    const simulator = new Simulator({ seed: 1 });
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      simulator.setTimer(after(simulator.now(), 10), tick);
    };
    simulator.setTimer(toMonotonicMs(10), tick);
    simulator.run(35);
    assert.equal(ticks, 3);
    simulator.run(5);
    assert.equal(ticks, 4);
  });

  it('shows a wall time that begins at a fixed moment and moves with the run', () => {
    const simulator = new Simulator({ seed: 1, wallStartMs: 5000 });
    simulator.run(1234.5);
    assert.equal(simulator.wallMs(), 6234);
  });

  it('lets promises of any depth run between events', async () => {
    const simulator = new Simulator({ seed: 1 });
    const ran: string[] = [];
    const chain = async (depth: number): Promise<void> => {
      for (let index = 0; index < depth; index += 1) await Promise.resolve();
      ran.push(`chain@${simulator.now()}`);
    };
    simulator.setTimer(toMonotonicMs(1), () => void chain(500));
    simulator.setTimer(toMonotonicMs(1), () => ran.push('event'));
    assert.equal(await simulator.runAsync(2), 2);
    assert.deepEqual(ran, ['chain@1', 'event']);
  });

  it('stops where a condition comes true', async () => {
    const simulator = new Simulator({ seed: 1 });
    let done = false;
    simulator.setTimer(toMonotonicMs(7), () => {
      void (async () => {
        await Promise.resolve();
        done = true;
      })();
    });
    simulator.setTimer(toMonotonicMs(50), () => undefined);
    assert.equal(await simulator.runUntil(() => done, 100), true);
    assert.equal(simulator.now(), 7);
    assert.equal(await simulator.runUntil(() => false, 100), false);
    assert.equal(simulator.now(), 107);
  });

  it('settles a promise that needs simulated time, and says when it does not', async () => {
    const simulator = new Simulator({ seed: 1 });
    const sleep = (delayMs: number): Promise<string> =>
      new Promise((resolve) => {
        simulator.setTimer(after(simulator.now(), delayMs), () => resolve(`slept ${delayMs}`));
      });
    assert.equal(await simulator.settle(sleep(20), 30), 'slept 20');
    await assert.rejects(simulator.settle(sleep(20), 10), /settle within 10/);
    await assert.rejects(simulator.settle(Promise.reject(new Error('no')), 10), /^Error: no$/);
  });

  it('passes on what an event throws, and can run on', async () => {
    const simulator = new Simulator({ seed: 1 });
    simulator.setTimer(toMonotonicMs(1), () => {
      throw new Error('loud');
    });
    assert.throws(() => simulator.run(5), /loud/);
    simulator.setTimer(toMonotonicMs(2), () => {
      throw new Error('louder');
    });
    await assert.rejects(simulator.runAsync(5), /louder/);
    assert.equal(simulator.run(5), 0);
  });

  it('refuses to run inside a run', () => {
    const simulator = new Simulator({ seed: 1 });
    simulator.setTimer(toMonotonicMs(1), () => simulator.run(1));
    assert.throws(() => simulator.run(5), /not running already/);
  });

  it('gives one seed one run, with and without promises between events', async () => {
    const load = (simulator: Simulator): void => {
      const draw = simulator.random.fork('load');
      const spawn = (depth: number): void => {
        if (depth === 0) return;
        simulator.mark(depth);
        for (let index = 0; index < 3; index += 1) {
          simulator.setTimer(after(simulator.now(), draw.below(1000) / 7), () => spawn(depth - 1));
        }
      };
      spawn(6);
    };
    const prints: number[] = [];
    for (const seed of [1, 1, 2]) {
      const simulator = new Simulator({ seed });
      load(simulator);
      simulator.run(1000);
      prints.push(simulator.fingerprint);
    }
    const awaited = new Simulator({ seed: 1 });
    load(awaited);
    await awaited.runAsync(1000);
    prints.push(awaited.fingerprint);
    assert.equal(prints[0], prints[1]);
    assert.equal(prints[0], prints[3]);
    assert.notEqual(prints[0], prints[2]);
  });

  it('runs a million events fast enough for thousands of nodes', () => {
    const simulator = new Simulator({ seed: 1 });
    const draw = simulator.random.fork('times');
    let ran = 0;
    const next = (): void => {
      ran += 1;
      simulator.setTimer(after(simulator.now(), 1 + draw.below(1000)), next);
    };
    for (let index = 0; index < 10_000; index += 1) next();
    const started = performance.now();
    simulator.run(50_100);
    const tookMs = performance.now() - started;
    assert.ok(ran > 990_000, `${ran} events`);
    // It takes 0.4 s on an idle core of 2020s hardware; the bound only catches a wrong order of growth.
    assert.ok(tookMs < 8000, `${tookMs} ms`);
  }).timeout(20_000);
});
