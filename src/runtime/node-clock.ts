import { type CancelTimer, type Clock, type MonotonicMs, toMonotonicMs, toWallMs, type WallMs } from '../core/clock.js';

/** Node's clock: `performance.now()` to measure, unref'ed timers, and the check phase of the loop as the end of a turn. */
export class NodeClock implements Clock {
  #runs: (() => void)[] = [];
  #isPlanned = false;

  now(): MonotonicMs {
    return toMonotonicMs(performance.now());
  }

  wallMs(): WallMs {
    return toWallMs(Date.now());
  }

  setTimer(at: MonotonicMs, fire: () => void): CancelTimer {
    return new Timer(at, fire).cancel;
  }

  afterTurn(run: () => void): void {
    this.#runs.push(run);
    this.#plan();
  }

  /** After the poll phase: packets that the system already has are handed over first. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#endTurn);
  }

  /**
   * What these runs ask for is done in the same turn: a lane fills frames, and its link hands them over. What comes of that waits
   * for the next one, so that nobody can keep the loop from its packets.
   */
  readonly #endTurn = (): void => {
    try {
      this.#runAll();
      this.#runAll();
    } finally {
      this.#isPlanned = false;
      if (this.#runs.length > 0) this.#plan();
    }
  };

  #runAll(): void {
    const runs = this.#runs;
    this.#runs = [];
    let done = 0;
    try {
      for (const run of runs) {
        done += 1;
        run();
      }
    } finally {
      // One that threw does not take the others with it.
      if (done < runs.length) this.#runs = [...runs.slice(done), ...this.#runs];
    }
  }
}

/** Longest delay of a Node timer; a longer one would fire at once. */
const delayMaxMs = 0x7fff_ffff;

class Timer {
  readonly #at: number;
  readonly #fire: () => void;
  #timeout: NodeJS.Timeout;

  constructor(at: number, fire: () => void) {
    this.#at = at;
    this.#fire = fire;
    this.#timeout = this.#start();
  }

  readonly cancel = (): void => {
    clearTimeout(this.#timeout);
  };

  #start(): NodeJS.Timeout {
    const delayMs = Math.min(Math.max(Math.ceil(this.#at - performance.now()), 0), delayMaxMs);
    return setTimeout(this.#expire, delayMs).unref();
  }

  readonly #expire = (): void => {
    // Node counts whole milliseconds of its loop's time and may be a fraction early; and a long wait comes in parts.
    if (performance.now() < this.#at) this.#timeout = this.#start();
    else this.#fire();
  };
}
