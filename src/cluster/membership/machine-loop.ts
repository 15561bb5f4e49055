import { type CancelTimer, type Clock, toMonotonicMs } from '../../core/clock.js';

/** What the loop drives. */
export interface MachineLoopUser {
  /** When `tick` is wanted next; infinity for never. */
  readonly nextAt: number;
  tick(): void;
  /** The loop stood still so long, and what had arrived meanwhile has been delivered. */
  stalled(stallMs: number): void;
  /** Timers run on time. */
  onTime(): void;
}

/** When a loop counts as late. */
export interface MachineLoopTimes {
  /** A timer later than this means that the loop stood still. */
  readonly stallMs: number;
  /** Longest sleep: a stall that no timer was due in would not be seen. */
  readonly wakeMaxMs: number;
}

/**
 * Calls a machine when it is time, and knows when it is late. Node may run an expired timer before a packet that has already
 * arrived, and hands over at most 32 datagrams a turn; so after a late timer turns are let pass until one brings nothing, and only
 * then does the machine judge.
 */
export class MachineLoop {
  readonly #clock: Clock;
  readonly #times: MachineLoopTimes;
  readonly #user: MachineLoopUser;
  #cancel: CancelTimer | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #draining = false;
  #heard = 0;
  #late = false;
  #running = false;

  constructor(clock: Clock, times: MachineLoopTimes, user: MachineLoopUser) {
    this.#clock = clock;
    this.#times = times;
    this.#user = user;
  }

  start(): void {
    this.#running = true;
    this.arm();
  }

  stop(): void {
    this.#running = false;
    this.#disarm();
  }

  /** Something arrived. */
  heard(): void {
    this.#heard += 1;
  }

  /** Sees that a timer is set for what the machine wants now. An earlier one is kept: waking for nothing is cheaper than setting anew. */
  arm(): void {
    if (!this.#running || this.#draining) return;
    const now = this.#clock.now();
    const nextAt = Math.min(Math.max(this.#user.nextAt, now), now + this.#times.wakeMaxMs);
    if (nextAt >= this.#dueAt) return;
    this.#disarm();
    this.#dueAt = nextAt;
    this.#cancel = this.#clock.setTimer(toMonotonicMs(nextAt), () => this.#fire());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    const lateMs = this.#clock.now() - this.#dueAt;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    if (lateMs > this.#times.stallMs) {
      this.#draining = true;
      this.#drain(lateMs, this.#heard, drainTurnsMax);
      return;
    }
    if (this.#late) this.#user.onTime();
    this.#late = false;
    this.#user.tick();
    this.arm();
  }

  #drain(lateMs: number, heardBefore: number, turnsLeft: number): void {
    this.#clock.afterTurn(() => {
      if (!this.#running) return;
      if (turnsLeft === drainTurnsMax || (this.#heard !== heardBefore && turnsLeft > 0)) {
        this.#drain(lateMs, this.#heard, turnsLeft - 1);
        return;
      }
      this.#draining = false;
      this.#late = true;
      this.#user.stalled(lateMs);
      this.#user.tick();
      this.arm();
    });
  }
}

/** At 32 datagrams a turn, this empties the largest socket buffer that systems give. */
const drainTurnsMax = 128;
