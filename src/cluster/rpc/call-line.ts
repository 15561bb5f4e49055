import type { MonotonicMs } from '../../core/clock.js';
import type { ClusterError } from '../../core/errors.js';
import type { TimerWheel, WheelEntry } from '../../core/timer-wheel.js';
import type { Live, LiveList } from './live-list.js';

/** What is not settled, and ends when the node stops: a line of calls, or a call that stands in none. */
export interface ActiveCall extends Live<ActiveCall> {
  /** Calls that it stands for. */
  readonly callCount: number;
  abandon(error: ClusterError): void;
}

/** A call with one answer. The fields `line…` belong to its line and start as `undefined`. */
export interface LinedCall {
  /** Infinite without a deadline. */
  readonly deadlineAt: MonotonicMs;
  line: CallLine | undefined;
  lineNext: LinedCall | undefined;
  linePrevious: LinedCall | undefined;
  /** Its deadline passed: it MUST leave the line, or move the deadline on. */
  onDeadline(): void;
  abandon(error: ClusterError): void;
}

/**
 * Calls that wait equally long, in the order in which they began, so that the first one's deadline is the earliest. The line stands
 * in the wheel and in the list of what is active for all of them: a call that is answered in time costs one list of two links
 * instead of two lists and a slot (8 % of a small call). A call that moves its own deadline on stays where it is: the calls behind
 * it were made later, and move theirs by as much when it is their turn.
 */
export class CallLine implements WheelEntry, ActiveCall {
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext: ActiveCall | undefined;
  livePrevious: ActiveCall | undefined;
  isLive = false;
  readonly #deadlines: TimerWheel;
  readonly #active: LiveList<ActiveCall>;
  #first: LinedCall | undefined;
  #last: LinedCall | undefined;
  #size = 0;

  constructor({ deadlines, active }: CallLineHouse) {
    this.#deadlines = deadlines;
    this.#active = active;
  }

  get callCount(): number {
    return this.#size;
  }

  /** Adds a call that is in no line, with a deadline not before that of the last one. */
  add(call: LinedCall): void {
    const last = this.#last;
    call.line = this;
    call.linePrevious = last;
    this.#last = call;
    this.#size += 1;
    if (last !== undefined) {
      last.lineNext = call;
      return;
    }
    this.#first = call;
    this.#active.add(this);
    this.#watch(call);
  }

  /** Takes a call out; nothing when it is not there. */
  delete(call: LinedCall): void {
    if (call.line !== this) return;
    const { lineNext, linePrevious } = call;
    if (linePrevious === undefined) this.#first = lineNext;
    else linePrevious.lineNext = lineNext;
    if (lineNext === undefined) this.#last = linePrevious;
    else lineNext.linePrevious = linePrevious;
    call.line = undefined;
    call.lineNext = undefined;
    call.linePrevious = undefined;
    this.#size -= 1;
    if (this.#size > 0) return;
    this.#active.delete(this);
    this.#deadlines.cancel(this);
  }

  abandon(error: ClusterError): void {
    const calls: LinedCall[] = [];
    for (let call = this.#first; call !== undefined; call = call.lineNext) calls.push(call);
    for (const call of calls) call.abandon(error);
  }

  /** The deadline of whoever was first when the wheel was set has passed; as a rule that call has long been answered. */
  onDeadline(now: MonotonicMs): void {
    for (let call = this.#first; call !== undefined && call.deadlineAt <= now; call = this.#first) call.onDeadline();
    if (this.#first !== undefined) this.#watch(this.#first);
  }

  #watch({ deadlineAt }: LinedCall): void {
    if (deadlineAt !== Number.POSITIVE_INFINITY) this.#deadlines.set(this, deadlineAt);
  }
}

/** Where lines stand. */
export interface CallLineHouse {
  readonly deadlines: TimerWheel;
  readonly active: LiveList<ActiveCall>;
}
