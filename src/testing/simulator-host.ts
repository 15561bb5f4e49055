import type { ArrivalKind } from '../cluster/transport/network-conditions.js';
import { type CancelTimer, type Clock, type MonotonicMs, toMonotonicMs, type WallMs } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Simulator } from './simulator.js';

/** What a simulated machine is like. */
export interface SimHostOptions {
  /**
   * Processor time of each event: a timer, a datagram, bytes, the end of a turn. Above 0 events queue while one runs; without, a
   * simulation flatters. @defaultValue 0
   */
  readonly eventCostMs?: number;
  /** How much faster its clock runs than true time, in parts per million. @defaultValue 0 */
  readonly clockSkewPpm?: number;
  /** What its clock showed at the start; another for each host finds code that compares clocks. @defaultValue 0 */
  readonly clockOriginMs?: number;
  /** Datagrams that its system keeps while its process does not read; more are dropped. @defaultValue 256 (Linux, 208 KiB) */
  readonly datagramQueueMax?: number;
}

/** Where in Node's loop a stall sits: it decides whether expired timers or packets that arrived come first after it. */
export type StallPhase = 'timer' | 'io' | 'immediate';

/**
 * The event loop of one simulated machine. Node's phases in turn: timers that are due; what arrived, 32 at most, as libuv reads;
 * what `afterTurn` asked for. While the process stalls, or an event costs time, what happens meanwhile queues and is taken up in
 * that order. One event of the host is one event of the simulator, so promises run between them as in Node.
 */
export class SimHost {
  readonly name: string;
  readonly #simulator: Simulator;
  readonly #random: Random;
  readonly #eventCostMs: number;
  readonly #datagramQueueMax: number;
  readonly #time: TimeView;
  readonly #timers = new Fifo();
  readonly #arrivals = new Fifo();
  readonly #turnEnds = new Fifo();
  #clock: Clock;
  #blocked: HostEvent[] = [];
  #datagramsWaiting = 0;
  #phase: 'timers' | 'arrivals' | 'turn-ends' = 'timers';
  #phaseLeft = 0;
  #busyUntil = 0;
  #ioBlockedUntil = 0;
  #stepPlanned = false;
  #running = false;
  #life = 0;
  #up = true;
  #overflowCount = 0;

  constructor(name: string, simulator: Simulator, options: SimHostOptions = {}) {
    this.name = name;
    this.#simulator = simulator;
    this.#random = simulator.random.fork(`host ${name}`);
    this.#eventCostMs = options.eventCostMs ?? 0;
    this.#datagramQueueMax = options.datagramQueueMax ?? 256;
    this.#time = new TimeView(options.clockOriginMs ?? 0, 1 + (options.clockSkewPpm ?? 0) / 1e6);
    this.#clock = this.#newClock();
  }

  /** The clock of the process that lives here now. One that died keeps a clock that shows the time and never calls back. */
  get clock(): Clock {
    return this.#clock;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Datagrams dropped because the process did not read in time. */
  get overflowCount(): number {
    return this.#overflowCount;
  }

  /** How long what is sent now stays on the machine. */
  get ioDelayMs(): number {
    return Math.max(0, this.#ioBlockedUntil - this.#simulator.now());
  }

  /** The process computes: nothing of this host runs for so long. Called from its own code, it says what that code costs. */
  spend(durationMs: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#simulator.now()) + durationMs;
  }

  /** The event loop is blocked inside a callback of the phase ("loop-stall"). */
  stall(durationMs: number, phase: StallPhase): void {
    this.spend(durationMs);
    // Measured in Node 20: after a stall in a timer packets came first always; in an immediate, timers; in I/O, timers in 76 of 100.
    if (phase === 'timer' || (phase === 'io' && this.#random.below(100) >= 76)) this.#enterArrivals();
    else this.#enterTurnEnds();
  }

  /** The process is stopped and continued, as by SIGSTOP and SIGCONT ("pause"). It mostly sleeps in the poll, so that comes first. */
  pause(durationMs: number): void {
    this.spend(durationMs);
    this.#enterArrivals();
  }

  /** Nothing goes out and nothing comes in, while timers run on ("io-block"); then everything held goes through in order. */
  blockIo(durationMs: number): void {
    const until = this.#simulator.now() + durationMs;
    if (until <= this.#ioBlockedUntil) return;
    this.#ioBlockedUntil = until;
    this.#simulator.setTimer(toMonotonicMs(until), () => this.#releaseBlocked());
  }

  /** The process is gone: nothing that it asked for happens any more. */
  kill(): void {
    this.#up = false;
    this.#life += 1;
    for (const queue of [this.#timers, this.#arrivals, this.#turnEnds]) queue.clear();
    this.#blocked = [];
    this.#datagramsWaiting = 0;
    this.#busyUntil = 0;
    this.#ioBlockedUntil = 0;
    this.#stepPlanned = false;
  }

  /** Another process may live here; it takes the new `clock`. */
  revive(): void {
    if (this.#up) return;
    this.#up = true;
    this.#clock = this.#newClock();
  }

  /** Something came from the network. While no process lives here the machine's system deals with it at once. */
  arrive(kind: ArrivalKind, run: () => void): void {
    if (!this.#up) {
      run();
      return;
    }
    const event: HostEvent = { run, isDatagram: kind === 'datagram' };
    if (this.ioDelayMs > 0 || this.#blocked.length > 0) {
      if (this.#hasRoom(event)) this.#blocked.push(event);
    } else if (this.#isIdle()) {
      this.#enterArrivals();
      this.#phaseLeft -= 1;
      this.#runNow(run);
    } else if (this.#hasRoom(event)) {
      this.#arrivals.push(event);
      this.#planStep();
    }
  }

  #newClock(): Clock {
    const life = this.#life;
    const isLive = (): boolean => this.#up && this.#life === life;
    return {
      now: () => this.#time.hostAt(this.#simulator.now()),
      wallMs: (): WallMs => this.#simulator.wallMs(),
      setTimer: (at, fire) => (isLive() ? this.#setTimer(at, fire) : () => undefined),
      afterTurn: (run) => {
        if (!isLive()) return;
        this.#turnEnds.push({ run, isDatagram: false });
        this.#planStep();
      },
    };
  }

  #setTimer(at: MonotonicMs, fire: () => void): CancelTimer {
    const life = this.#life;
    const event: HostEvent = { run: fire, isDatagram: false };
    const cancel = this.#simulator.setTimer(this.#time.simulatedAt(at), () => {
      if (life === this.#life) this.#takeTimer(event);
    });
    return () => {
      cancel();
      event.run = undefined;
    };
  }

  #takeTimer(event: HostEvent): void {
    const { run } = event;
    if (run === undefined) return;
    if (!this.#isIdle()) {
      this.#timers.push(event);
      this.#planStep();
      return;
    }
    this.#phase = 'timers';
    this.#runNow(run);
  }

  #isIdle(): boolean {
    return !this.#stepPlanned && !this.#running && this.#busyUntil <= this.#simulator.now();
  }

  #runNow(run: () => void): void {
    this.#running = true;
    if (this.#eventCostMs > 0) this.spend(this.#eventCostMs);
    try {
      run();
    } finally {
      this.#running = false;
    }
    if (this.#hasWork()) this.#planStep();
  }

  #hasWork(): boolean {
    return this.#timers.size + this.#arrivals.size + this.#turnEnds.size > 0;
  }

  #planStep(): void {
    if (this.#stepPlanned || this.#running) return;
    this.#stepPlanned = true;
    const life = this.#life;
    const step = (): void => {
      if (life !== this.#life) return;
      this.#stepPlanned = false;
      this.#step();
    };
    if (this.#busyUntil > this.#simulator.now()) this.#simulator.setTimer(toMonotonicMs(this.#busyUntil), step);
    else this.#simulator.afterTurn(step);
  }

  #step(): void {
    // A stall may have begun since the step was planned.
    const run = this.#busyUntil > this.#simulator.now() ? undefined : this.#next();
    if (run !== undefined) this.#runNow(run);
    else if (this.#hasWork()) this.#planStep();
  }

  /** The next event in the order of the phases; `undefined` when nothing waits. */
  #next(): (() => void) | undefined {
    while (this.#hasWork()) {
      const run = this.#nextOfPhase();
      if (run !== undefined) return run;
    }
    return undefined;
  }

  /** One event of the phase that the loop is in; `undefined` when it went on to the next phase. */
  #nextOfPhase(): (() => void) | undefined {
    if (this.#phase === 'timers') {
      if (this.#timers.size > 0) return this.#timers.shift()?.run;
      this.#enterArrivals();
    } else if (this.#phase === 'arrivals') {
      if (this.#phaseLeft > 0 && this.#arrivals.size > 0) return this.#nextArrival();
      this.#enterTurnEnds();
    } else if (this.#phaseLeft > 0) {
      this.#phaseLeft -= 1;
      return this.#turnEnds.shift()?.run;
    } else {
      this.#phase = 'timers';
    }
    return undefined;
  }

  #nextArrival(): (() => void) | undefined {
    this.#phaseLeft -= 1;
    const event = this.#arrivals.shift();
    if (event?.isDatagram === true) this.#datagramsWaiting -= 1;
    return event?.run;
  }

  #enterArrivals(): void {
    this.#phase = 'arrivals';
    this.#phaseLeft = arrivalsPerTurn;
  }

  #enterTurnEnds(): void {
    this.#phase = 'turn-ends';
    this.#phaseLeft = this.#turnEnds.size;
  }

  #hasRoom(event: HostEvent): boolean {
    if (!event.isDatagram) return true;
    if (this.#datagramsWaiting >= this.#datagramQueueMax) {
      this.#overflowCount += 1;
      return false;
    }
    this.#datagramsWaiting += 1;
    return true;
  }

  #releaseBlocked(): void {
    if (this.ioDelayMs > 0) return;
    const released = this.#blocked;
    this.#blocked = [];
    for (const event of released) this.#arrivals.push(event);
    if (this.#hasWork()) this.#planStep();
  }
}

/** Datagrams that libuv hands over before it looks at anything else. */
const arrivalsPerTurn = 32;

/** Something that waits for its turn on a host. */
interface HostEvent {
  /** `undefined` once cancelled. */
  run: (() => void) | undefined;
  readonly isDatagram: boolean;
}

/** Turns the simulator's time into a host's and back. */
class TimeView {
  readonly #originMs: number;
  readonly #rate: number;

  constructor(originMs: number, rate: number) {
    this.#originMs = originMs;
    this.#rate = rate;
  }

  hostAt(simulatedMs: number): MonotonicMs {
    return toMonotonicMs(this.#originMs + simulatedMs * this.#rate);
  }

  /** The moment when the host's clock shows at least `at`: a timer that fired a rounding early would be set again for ever. */
  simulatedAt(at: number): MonotonicMs {
    let simulatedMs = (at - this.#originMs) / this.#rate;
    while (this.hostAt(simulatedMs) < at) simulatedMs += 1e-6;
    return toMonotonicMs(simulatedMs);
  }
}

/** First in, first out, without moving the rest at each step. */
class Fifo {
  #events: HostEvent[] = [];
  #head = 0;

  get size(): number {
    return this.#events.length - this.#head;
  }

  push(event: HostEvent): void {
    this.#events.push(event);
  }

  shift(): HostEvent | undefined {
    const event = this.#events[this.#head];
    this.#head += 1;
    if (this.#head === this.#events.length) {
      this.clear();
    } else if (this.#head >= 1024 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }

  clear(): void {
    this.#events = [];
    this.#head = 0;
  }
}
