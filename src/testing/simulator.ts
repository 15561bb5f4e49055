import { assert, must } from '../core/assert.js';
import { type CancelTimer, type Clock, type MonotonicMs, toMonotonicMs, toWallMs, type WallMs } from '../core/clock.js';
import { type Random, SeededRandom } from '../core/random.js';
import { afterPromises, afterRealTurn } from './real-turn.js';

/** How a simulation begins. */
export interface SimulatorOptions {
  /** The sim seed: the same seed gives the same run, event for event. */
  readonly seed: number;
  /** What the wall shows at time 0. @defaultValue 2026-01-01T00:00:00Z */
  readonly wallStartMs?: number;
}

/**
 * One timeline for every simulated node. Events run in order of (time, order of asking). Two queues hold them: a binary heap for
 * later times, and a ring for this instant, which makes `afterTurn` cost no comparison. Everything the heap holds for an instant
 * was asked for before the instant began, so the heap is emptied of it first and the ring runs after it.
 */
export class Simulator implements Clock {
  readonly seed: number;
  /** Chance for this run; fork it by purpose, so that one purpose never shifts another. */
  readonly random: Random;
  readonly #wallStartMs: number;
  readonly #heap = new EventHeap();
  readonly #instant = new EventRing();
  #now = 0;
  #order = 0;
  #ran = 0;
  #instantRan = 0;
  #fingerprint = 0;
  #running = false;

  constructor(options: SimulatorOptions) {
    this.seed = options.seed;
    this.random = new SeededRandom(options.seed);
    this.#wallStartMs = options.wallStartMs ?? 1_767_225_600_000;
  }

  /** Events that ran since the start. */
  get eventCount(): number {
    return this.#ran;
  }

  /** Events that wait, cancelled ones that are not yet swept included. */
  get pendingCount(): number {
    return this.#heap.size + this.#instant.size;
  }

  /** A hash over the times of all events so far: two runs of one seed have the same, or something is not deterministic. */
  get fingerprint(): number {
    return this.#fingerprint >>> 0;
  }

  now(): MonotonicMs {
    return toMonotonicMs(this.#now);
  }

  wallMs(): WallMs {
    return toWallMs(this.#wallStartMs + Math.floor(this.#now));
  }

  setTimer(at: MonotonicMs, fire: () => void): CancelTimer {
    const event: SimEvent = { at, order: this.#order, run: fire };
    this.#order += 1;
    if (at > this.#now) {
      this.#heap.push(event);
      return () => {
        if (event.run === undefined) return;
        event.run = undefined;
        this.#heap.cancelOne();
      };
    }
    // Also where NaN and the past go: a timer that is due runs at this instant.
    event.at = this.#now;
    this.#instant.push(event);
    return () => {
      event.run = undefined;
    };
  }

  afterTurn(run: () => void): void {
    this.#instant.push({ at: this.#now, order: this.#order, run });
    this.#order += 1;
  }

  /** Runs what is due within `durationMs` and returns the number of events; for code without promises. */
  run(durationMs: number): number {
    const end = this.#begin(durationMs);
    const before = this.#ran;
    try {
      while (this.#runNext(end));
    } finally {
      this.#running = false;
    }
    this.#now = end;
    return this.#ran - before;
  }

  /** Like `run`, letting every ready promise callback run after each event. */
  async runAsync(durationMs: number): Promise<number> {
    const before = this.#ran;
    await this.#drive(durationMs, () => false);
    return this.#ran - before;
  }

  /**
   * Runs until `condition` holds, asked whenever nothing more is due at an instant; false when `maxMs` passed without. The clock
   * then stands where the condition came true.
   */
  runUntil(condition: () => boolean, maxMs: number): Promise<boolean> {
    return this.#drive(maxMs, condition);
  }

  /** Runs until the promise settles, and gives its outcome; throws when it has not within `maxMs`. */
  async settle<T>(promise: Promise<T>, maxMs: number): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    const inTime = await this.runUntil(() => settled, maxMs);
    assert(inTime, `the promise to settle within ${maxMs} simulated ms`);
    return promise;
  }

  /** Mixes a number into the fingerprint: what was delivered, who was chosen. */
  mark(value: number): void {
    this.#fingerprint = Math.imul(this.#fingerprint ^ value, 0x01000193) + 1;
  }

  #begin(durationMs: number): number {
    assert(!this.#running, 'a simulator that is not running already');
    assert(durationMs >= 0, `a duration of 0 ms or more, not ${durationMs}`);
    this.#running = true;
    return this.#now + durationMs;
  }

  #drive(durationMs: number, condition: () => boolean): Promise<boolean> {
    const end = this.#begin(durationMs);
    return new Promise<boolean>((resolve, reject) => {
      const stop = (): void => {
        this.#running = false;
      };
      const step = (): void => {
        try {
          const instantOver = this.#nextAt() !== this.#now;
          if (instantOver && condition()) {
            stop();
            resolve(true);
          } else if (this.#runNext(end)) {
            // The same count in every run, so it changes nothing; it only lets the process breathe.
            (this.#ran % realTurnEvery === 0 ? afterRealTurn : afterPromises)(step);
          } else {
            this.#now = end;
            stop();
            resolve(condition());
          }
        } catch (error) {
          stop();
          reject(error);
        }
      };
      afterRealTurn(step);
    });
  }

  #nextAt(): number {
    return this.#instant.size > 0 ? this.#now : this.#heap.nextAt();
  }

  /** Runs one event if one is due at or before `end`. */
  #runNext(end: number): boolean {
    const at = this.#heap.nextAt();
    if (at > this.#now && this.#instant.size > 0) {
      this.#carryOut(this.#instant.shift());
      return true;
    }
    if (at > end) return false;
    this.#carryOut(this.#heap.pop());
    return true;
  }

  #carryOut(event: SimEvent): void {
    const { run } = event;
    if (run === undefined) return;
    event.run = undefined;
    this.#instantRan = event.at === this.#now ? this.#instantRan + 1 : 1;
    assert(this.#instantRan <= instantEventsMax, `time to move on from ${this.#now} ms`);
    this.#now = event.at;
    this.#ran += 1;
    // Microseconds tell runs apart well enough, and keep the hash in whole numbers.
    this.mark((event.at * 1000) | 0);
    run();
  }
}

/** Events between two real turns of the loop. */
const realTurnEvery = 1024;

/** More events at one instant than any run needs: two machines that answer each other without any delay, for ever. */
const instantEventsMax = 5_000_000;

interface SimEvent {
  at: number;
  readonly order: number;
  /** `undefined` once it ran or was cancelled. */
  run: (() => void) | undefined;
}

/** Two events may not be compared by time alone: the order of asking decides within one instant. */
function isBefore(left: SimEvent, right: SimEvent): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

/** A binary heap. A cancelled event stays until it is popped, or until half of the heap is cancelled: then all are swept. */
class EventHeap {
  #events: SimEvent[] = [];
  #cancelled = 0;

  get size(): number {
    return this.#events.length;
  }

  /** The time of the first event that is not cancelled, or infinity. */
  nextAt(): number {
    for (;;) {
      const first = this.#events[0];
      if (first === undefined) return Number.POSITIVE_INFINITY;
      if (first.run !== undefined) return first.at;
      this.pop();
      this.#cancelled -= 1;
    }
  }

  push(event: SimEvent): void {
    this.#events.push(event);
    this.#siftUp(this.#events.length - 1, event);
  }

  pop(): SimEvent {
    const events = this.#events;
    const first = must(events[0], 'an event to pop');
    const last = must(events.pop(), 'an event to pop');
    if (events.length > 0) this.#siftDown(0, last);
    return first;
  }

  /** Counts an event whose `run` was taken away; sweeps when that is worth it. */
  cancelOne(): void {
    this.#cancelled += 1;
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#events.length) return;
    this.#events = this.#events.filter((event) => event.run !== undefined);
    this.#cancelled = 0;
    for (let index = (this.#events.length >> 1) - 1; index >= 0; index -= 1) {
      this.#siftDown(index, this.#events[index] as SimEvent);
    }
  }

  #siftUp(start: number, event: SimEvent): void {
    const events = this.#events;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = events[parentIndex] as SimEvent;
      if (!isBefore(event, parent)) break;
      events[index] = parent;
      index = parentIndex;
    }
    events[index] = event;
  }

  #siftDown(start: number, event: SimEvent): void {
    const events = this.#events;
    const count = events.length;
    let index = start;
    for (;;) {
      let childIndex = index * 2 + 1;
      if (childIndex >= count) break;
      let child = events[childIndex] as SimEvent;
      const right = events[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        childIndex += 1;
        child = right;
      }
      if (!isBefore(child, event)) break;
      events[index] = child;
      index = childIndex;
    }
    events[index] = event;
  }
}

/** First in, first out, for what runs at this instant. It grows with the busiest instant. */
class EventRing {
  #events: (SimEvent | undefined)[] = Array.from({ length: 64 });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(event: SimEvent): void {
    if (this.#size === this.#events.length) this.#grow();
    this.#events[(this.#head + this.#size) & (this.#events.length - 1)] = event;
    this.#size += 1;
  }

  shift(): SimEvent {
    const event = must(this.#events[this.#head], 'an event to shift');
    this.#events[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#events.length - 1);
    this.#size -= 1;
    return event;
  }

  #grow(): void {
    const grown: (SimEvent | undefined)[] = Array.from({ length: this.#events.length * 2 });
    for (let index = 0; index < this.#size; index += 1) {
      grown[index] = this.#events[(this.#head + index) & (this.#events.length - 1)];
    }
    this.#events = grown;
    this.#head = 0;
  }
}
