import { assert } from './assert.js';
import { after, type CancelTimer, type Clock, type MonotonicMs } from './clock.js';

/**
 * Something with a deadline, such as a call. The four fields belong to the wheel: an entry starts with `undefined`, `undefined`,
 * -1 and 0 and never touches them. An entry is in one wheel at most, with one deadline at most.
 */
export interface WheelEntry {
  /** The deadline has passed; the entry is out of the wheel and may be set again. MUST NOT throw. */
  onDeadline(now: MonotonicMs): void;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  wheelSlot: number;
  wheelTick: number;
}

/** How fine a wheel is. */
export interface TimerWheelOptions {
  /** Deadlines are told so much late at most, never early. @defaultValue 10 */
  readonly tickMs?: number;
}

/**
 * Deadlines by the thousands with one timer of the clock: a hierarchical timing wheel (Varghese and Lauck 1987, scheme 7).
 * Level 0 has a slot for each tick of the current 64, level 1 for each 64 ticks of the current 4096, and so on; an entry lies
 * where its tick first differs from the wheel's. A slot of a higher level is dealt out to the lower ones when its time begins,
 * so an entry moves four times at most. Setting and cancelling cost a few list links and no allocation.
 *
 * Deadlines of one tick are told in the order in which they were set. The clock's timer is set for the next slot that holds
 * something, and none stays set while the wheel is empty.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #originMs: MonotonicMs;
  readonly #heads: (WheelEntry | undefined)[] = Array.from({ length: slotCount });
  readonly #tails: (WheelEntry | undefined)[] = Array.from({ length: slotCount });
  readonly #levelSizes: number[] = spans.map(() => 0);
  #size = 0;
  /** The tick that the wheel stands at: all earlier ones are told. */
  #tick = 0;
  #armedTick = Number.POSITIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;
  #telling = false;
  #isDisarmDue = false;
  /** The last deadline that was set, the tick that the wheel stood at then, and where it went: many calls have the same one. */
  #sameAt: MonotonicMs | undefined;
  #sameFrom = -1;
  #sameTick = 0;
  #sameSlot = 0;

  constructor(clock: Clock, options: TimerWheelOptions = {}) {
    this.#clock = clock;
    this.#tickMs = options.tickMs ?? 10;
    this.#originMs = clock.now();
    assert(this.#tickMs > 0, 'a tick longer than 0 ms');
  }

  /** Entries that have a deadline. */
  get size(): number {
    return this.#size;
  }

  /** Gives an entry its deadline, in place of one that it had. One in the past is told at the next tick, never inside this call. */
  set(entry: WheelEntry, at: MonotonicMs): void {
    assert(Number.isFinite(at), 'a deadline that comes');
    if (entry.wheelSlot >= 0) this.#unlink(entry);
    if (at === this.#sameAt && this.#tick === this.#sameFrom && this.#size > 0) {
      // The timer is armed for that slot or an earlier one: it was when the slot was found, and the wheel was not empty since.
      entry.wheelTick = this.#sameTick;
      this.#append(entry, this.#sameSlot);
      return;
    }
    if (this.#size === 0 && !this.#telling) this.#tick = this.#nowTick();
    entry.wheelTick = Math.max(this.#tick + 1, this.#tickAt(at));
    this.#link(entry);
    if (!this.#telling && this.#slotTick(entry.wheelSlot) < this.#armedTick) this.#catchUpAndArm(entry);
    this.#sameAt = at;
    this.#sameFrom = this.#tick;
    this.#sameTick = entry.wheelTick;
    this.#sameSlot = entry.wheelSlot;
  }

  /** Takes the deadline away; nothing happens when there is none. */
  cancel(entry: WheelEntry): void {
    if (entry.wheelSlot < 0) return;
    this.#unlink(entry);
    if (this.#size === 0) this.#disarmSoon();
  }

  /** Takes every deadline away. */
  clear(): void {
    for (let slot = 0; slot < slotCount; slot += 1) {
      for (let entry = this.#heads[slot]; entry !== undefined; entry = this.#heads[slot]) this.#unlink(entry);
    }
    this.#disarm();
  }

  /** An earlier slot than the armed one: the wheel moves on to the present first, because the entry then lies in a finer slot. */
  #catchUpAndArm(entry: WheelEntry): void {
    const nowTick = this.#nowTick();
    if (nowTick > this.#tick && nowTick < this.#armedTick) {
      this.#unlink(entry);
      this.#tick = nowTick;
      entry.wheelTick = Math.max(entry.wheelTick, nowTick + 1);
      this.#link(entry);
    }
    this.#arm();
  }

  #arm(): void {
    const tick = this.#nextTick();
    if (tick === this.#armedTick) return;
    this.#disarm();
    if (tick === Number.POSITIVE_INFINITY) return;
    this.#armedTick = tick;
    this.#cancelTimer = this.#clock.setTimer(this.#timeOf(tick), this.#turn);
  }

  /** At the end of the turn: the answers of one chunk often empty a wheel that the calls which they set off fill again. */
  #disarmSoon(): void {
    if (this.#isDisarmDue || this.#cancelTimer === undefined) return;
    this.#isDisarmDue = true;
    this.#clock.afterTurn(this.#disarmEmpty);
  }

  readonly #disarmEmpty = (): void => {
    this.#isDisarmDue = false;
    if (this.#size === 0) this.#disarm();
  };

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  /** Tells everything that is due, slot by slot, and sets the timer for what is next. */
  readonly #turn = (): void => {
    this.#disarm();
    this.#telling = true;
    try {
      const nowTick = this.#nowTick();
      for (let tick = this.#nextTick(); tick <= nowTick; tick = this.#nextTick()) {
        this.#tick = tick;
        this.#dealOut();
        this.#tell();
      }
      // Nothing lies between here and now, so the levels of the rest stay as they are.
      this.#tick = Math.max(this.#tick, nowTick);
    } finally {
      this.#telling = false;
      this.#arm();
    }
  };

  /** The last tick whose time has come. */
  #nowTick(): number {
    const now = this.#clock.now();
    const tick = this.#tickAt(now);
    return this.#timeOf(tick) > now ? tick - 1 : tick;
  }

  /** The first tick that is not before a time. The division may be a rounding off, which would arm the timer for ever or tell early. */
  #tickAt(at: MonotonicMs): number {
    const tick = Math.ceil((at - this.#originMs) / this.#tickMs);
    if (this.#timeOf(tick) < at) return tick + 1;
    return this.#timeOf(tick - 1) >= at ? tick - 1 : tick;
  }

  #timeOf(tick: number): MonotonicMs {
    return after(this.#originMs, tick * this.#tickMs);
  }

  /** Moves what lies in the slots that begin at this tick to the lower levels, the highest first, which keeps the order. */
  #dealOut(): void {
    for (let level = spans.length - 1; level > 0; level -= 1) {
      const span = spans[level] ?? 1;
      if (this.#tick % span !== 0 || this.#levelSizes[level] === 0) continue;
      const slot = level * slotsPerLevel + ((this.#tick / span) % slotsPerLevel);
      const last = this.#tails[slot];
      for (let entry = this.#heads[slot]; entry !== undefined; entry = this.#heads[slot]) {
        this.#unlink(entry);
        this.#link(entry);
        // One from beyond the last level may land in the same slot again, behind the last.
        if (entry === last) break;
      }
    }
  }

  #tell(): void {
    const slot = this.#tick % slotsPerLevel;
    for (let entry = this.#heads[slot]; entry !== undefined; entry = this.#heads[slot]) {
      this.#unlink(entry);
      entry.onDeadline(this.#clock.now());
    }
  }

  /** The tick at which the next slot that holds something begins. A lower level's slots all come before a higher one's. */
  #nextTick(): number {
    for (let level = 0; level < spans.length; level += 1) {
      if (this.#levelSizes[level] === 0) continue;
      const span = spans[level] ?? 1;
      const turn = Math.floor(this.#tick / span);
      // Level 0 also looks at the present: what was dealt out just now may be due.
      for (let step = level === 0 ? 0 : 1; step < slotsPerLevel; step += 1) {
        const slot = level * slotsPerLevel + ((turn + step) % slotsPerLevel);
        if (this.#heads[slot] !== undefined) return (turn + step) * span;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The tick at which a slot that lies ahead begins. */
  #slotTick(slot: number): number {
    const level = Math.floor(slot / slotsPerLevel);
    const span = spans[level] ?? 1;
    const turn = Math.floor(this.#tick / span);
    const ahead = (((slot - turn) % slotsPerLevel) + slotsPerLevel) % slotsPerLevel;
    return (turn + ahead) * span;
  }

  #link(entry: WheelEntry): void {
    this.#append(entry, this.#slotOf(entry.wheelTick));
  }

  #append(entry: WheelEntry, slot: number): void {
    const tail = this.#tails[slot];
    entry.wheelSlot = slot;
    entry.wheelPrevious = tail;
    entry.wheelNext = undefined;
    if (tail === undefined) this.#heads[slot] = entry;
    else tail.wheelNext = entry;
    this.#tails[slot] = entry;
    this.#count(slot, 1);
  }

  #unlink(entry: WheelEntry): void {
    const { wheelNext, wheelPrevious, wheelSlot } = entry;
    if (wheelPrevious === undefined) this.#heads[wheelSlot] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext === undefined) this.#tails[wheelSlot] = wheelPrevious;
    else wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    entry.wheelSlot = -1;
    this.#count(wheelSlot, -1);
  }

  #count(slot: number, change: number): void {
    const level = (slot / slotsPerLevel) | 0;
    this.#levelSizes[level] = (this.#levelSizes[level] ?? 0) + change;
    this.#size += change;
  }

  #slotOf(tick: number): number {
    const top = spans.length - 1;
    let level = 0;
    let span = 1;
    while (
      level < top &&
      Math.floor(tick / (span * slotsPerLevel)) !== Math.floor(this.#tick / (span * slotsPerLevel))
    ) {
      level += 1;
      span *= slotsPerLevel;
    }
    // What lies beyond the last level waits in its last slot and is dealt out again from there.
    const farthest = this.#tick + (slotsPerLevel - 1) * span;
    const shown = level === top ? Math.min(tick, farthest) : tick;
    return level * slotsPerLevel + (Math.floor(shown / span) % slotsPerLevel);
  }
}

const slotsPerLevel = 64;
/** Ticks that one slot of each level spans: with ticks of 10 ms, slots of 10 ms, 0.64 s, 41 s, 44 min, 47 h. */
const spans: readonly number[] = [1, 64, 64 ** 2, 64 ** 3, 64 ** 4];
const slotCount = slotsPerLevel * spans.length;
