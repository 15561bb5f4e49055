import assert from 'node:assert/strict';
import { after, toMonotonicMs } from '../../src/core/clock.js';
import { SimHost, type SimHostOptions } from '../../src/testing/simulator-host.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('simulated host', () => {
  it('runs everything at once while it is idle', () => {
    const { simulator, host, ran, log } = make();
    host.clock.setTimer(toMonotonicMs(5), log('timer'));
    at(simulator, 5, () => host.arrive('datagram', log('packet')));
    simulator.run(10);
    assert.deepEqual(ran, ['timer@5', 'packet@5']);
  });

  it('runs the end of a turn after what arrives at the same instant', () => {
    const { simulator, host, ran, log } = make();
    at(simulator, 5, () => host.arrive('stream', () => host.clock.afterTurn(log('end'))));
    at(simulator, 5, () => host.arrive('stream', log('bytes')));
    simulator.run(10);
    assert.deepEqual(ran, ['bytes@5', 'end@5']);
  });

  it('queues what happens while an event costs time, in the order of the loop', () => {
    const { simulator, host, ran, log } = make({ eventCostMs: 2 });
    const first = (): void => {
      log('first')();
      host.clock.afterTurn(log('end'));
    };
    at(simulator, 1, () => host.arrive('stream', first));
    at(simulator, 2, () => host.arrive('stream', log('second')));
    host.clock.setTimer(toMonotonicMs(2), log('timer'));
    simulator.run(20);
    // It was polling, so what arrived comes first, then the end of that turn, then the timer of the next.
    assert.deepEqual(ran, ['first@1', 'second@3', 'end@5', 'timer@7']);
  });

  it('hands over 32 arrivals before it looks at timers', () => {
    const { simulator, host, ran, log } = make();
    host.pause(10);
    host.clock.setTimer(toMonotonicMs(5), log('timer'));
    for (let index = 0; index < 40; index += 1) at(simulator, 5, () => host.arrive('datagram', log('packet')));
    simulator.run(20);
    assert.equal(ran.length, 41);
    assert.equal(ran.indexOf('timer@10'), 32);
  });

  it('takes timers before packets after a stall in an immediate, and packets first after one in a timer', () => {
    for (const [phase, expected] of [
      ['immediate', ['timer@10', 'packet@10']],
      ['timer', ['packet@10', 'timer@10']],
    ] as const) {
      const { simulator, host, ran, log } = make();
      host.stall(10, phase);
      at(simulator, 3, () => host.arrive('datagram', log('packet')));
      host.clock.setTimer(toMonotonicMs(4), log('timer'));
      simulator.run(20);
      assert.deepEqual(ran, expected);
    }
  });

  it('takes either first after a stall in I/O, as the seed says', () => {
    const firsts = new Map<string, number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const { simulator, host, ran, log } = make({}, seed);
      host.stall(10, 'io');
      at(simulator, 3, () => host.arrive('datagram', log('packet')));
      host.clock.setTimer(toMonotonicMs(4), log('timer'));
      simulator.run(20);
      firsts.set(ran[0] ?? '', (firsts.get(ran[0] ?? '') ?? 0) + 1);
    }
    const timers = firsts.get('timer@10') ?? 0;
    assert.ok(timers > 120 && timers < 180, `${timers} of 200`);
  });

  it('lets timers run while its I/O is blocked, then delivers what was held in order', () => {
    const { simulator, host, ran, log } = make();
    host.blockIo(10);
    assert.equal(host.ioDelayMs, 10);
    at(simulator, 3, () => host.arrive('datagram', log('a')));
    at(simulator, 4, () => host.arrive('stream', log('b')));
    host.clock.setTimer(toMonotonicMs(5), log('timer'));
    at(simulator, 10, () => host.arrive('stream', log('c')));
    simulator.run(20);
    assert.deepEqual(ran, ['timer@5', 'a@10', 'b@10', 'c@10']);
    assert.equal(host.ioDelayMs, 0);
  });

  it('drops datagrams that its system has no room for, and keeps streams', () => {
    const { simulator, host, ran, log } = make({ datagramQueueMax: 3 });
    host.stall(10, 'timer');
    for (let index = 0; index < 5; index += 1) at(simulator, 1, () => host.arrive('datagram', log('d')));
    for (let index = 0; index < 5; index += 1) at(simulator, 2, () => host.arrive('stream', log('s')));
    simulator.run(20);
    assert.deepEqual(ran, ['d@10', 'd@10', 'd@10', 's@10', 's@10', 's@10', 's@10', 's@10']);
    assert.equal(host.overflowCount, 2);
    at(simulator, 1, () => host.arrive('datagram', log('d')));
    simulator.run(20);
    assert.equal(ran.length, 9);
  });

  it('cancels a timer that is due and still waits for the loop', () => {
    const { simulator, host, ran, log } = make();
    const cancel = host.clock.setTimer(toMonotonicMs(2), log('timer'));
    host.stall(10, 'immediate');
    at(simulator, 5, cancel);
    simulator.run(20);
    assert.deepEqual(ran, []);
  });

  it('runs nothing of a life that ended, and a new life at once', () => {
    const { simulator, host, ran, log } = make();
    const old = host.clock;
    old.setTimer(toMonotonicMs(5), log('old timer'));
    old.afterTurn(log('old end'));
    host.stall(1000, 'timer');
    host.arrive('datagram', log('old packet'));
    host.kill();
    old.setTimer(toMonotonicMs(6), log('dead timer'));
    simulator.run(1);
    host.revive();
    old.setTimer(toMonotonicMs(6), log('dead timer'));
    old.afterTurn(log('dead end'));
    host.clock.setTimer(toMonotonicMs(7), log('new timer'));
    host.arrive('datagram', log('new packet'));
    simulator.run(2000);
    assert.deepEqual(ran, ['new packet@1', 'new timer@7']);
  });

  it('shows its own clock, and never fires before it shows the time asked for', () => {
    const { simulator, host } = make({ clockOriginMs: 123_456.789, clockSkewPpm: 137 });
    const { clock } = host;
    assert.equal(clock.now(), 123_456.789);
    let fired = 0;
    const tick = (due: number): void => {
      fired += 1;
      assert.ok(clock.now() >= due, `${clock.now()} < ${due}`);
      const next = after(clock.now(), 0.1);
      clock.setTimer(next, () => tick(next));
    };
    tick(0);
    simulator.run(1000);
    assert.ok(fired >= 10_000 && fired < 10_010, `${fired}`);
    assert.ok(Math.abs(clock.now() - 123_456.789 - 1000.137) < 1e-6);
  });
});

function make(options: SimHostOptions = {}, seed = 1) {
  const simulator = new Simulator({ seed });
  const host = new SimHost('a', simulator, options);
  const ran: string[] = [];
  const log = (name: string) => (): void => void ran.push(`${name}@${simulator.now()}`);
  return { simulator, host, ran, log };
}

/** Runs something of the world outside the host. */
function at(simulator: Simulator, delayMs: number, run: () => void): void {
  simulator.setTimer(after(simulator.now(), delayMs), run);
}
