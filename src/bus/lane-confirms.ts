import { handledCode } from '../protocol/bus/bus-frame.js';
import type { ConfirmOutcome, Confirming, EventCopy } from './outlet.js';

/** The confirmations that one lane owes: each is settled exactly once. */
export class LaneConfirms {
  readonly #node: string;
  #pending: PendingConfirm[] = [];

  constructor(node: string) {
    this.#node = node;
  }

  get size(): number {
    return this.#pending.length;
  }

  /** An event was accepted as `number`. */
  add(number: number, confirming: Confirming, won: readonly string[] | undefined): void {
    this.#pending.push({ number, confirming, copy: this.#copy(won) });
  }

  /** An event was not accepted after all. */
  refuse(confirming: Confirming, won: readonly string[] | undefined): void {
    confirming.settle(this.#copy(won), 'unsent');
  }

  /** The peer has everything up to `number`. */
  delivered(number: number): void {
    if (this.#pending.length === 0) return;
    this.#settle('confirmed', (pending) => pending.number <= number && pending.confirming.level !== 'handled');
  }

  /** The operating system has everything up to `number`. */
  written(number: number): void {
    this.#settle('confirmed', (pending) => pending.number <= number && pending.confirming.level === 'written');
  }

  /** True when somebody waits for events up to `number` to be written. */
  awaitsWritten(number: number): boolean {
    return this.#pending.some((pending) => pending.confirming.level === 'written' && pending.number <= number);
  }

  /** The peer said what came of one event. */
  handled(number: number, code: number): void {
    this.#settle(
      handledOutcome(code),
      (pending) => pending.number === number && pending.confirming.level === 'handled',
    );
  }

  /** What was sent up to `number` will not be sent again. */
  lost(number: number): void {
    this.#settle('link-lost', (pending) => pending.number <= number);
  }

  /** The lane's window is over. With `isKept` those that were never sent are forgotten: they are accepted again. */
  end(neverSent: ReadonlySet<Confirming | undefined>, isKept: boolean): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { confirming, copy } of pending) {
      const isUnsent = neverSent.has(confirming);
      if (!isUnsent || !isKept) confirming.settle(copy, isUnsent ? 'unsent' : 'link-lost');
    }
  }

  #settle(outcome: ConfirmOutcome, isDue: (pending: PendingConfirm) => boolean): void {
    const due = this.#pending.filter(isDue);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter((pending) => !isDue(pending));
    for (const pending of due) pending.confirming.settle(pending.copy, outcome);
  }

  #copy(won: readonly string[] | undefined): EventCopy {
    return { node: this.#node, won: won ?? noGroups };
  }
}

interface PendingConfirm {
  readonly number: number;
  readonly confirming: Confirming;
  readonly copy: EventCopy;
}

const noGroups: readonly string[] = [];

function handledOutcome(code: number): ConfirmOutcome {
  if (code === handledCode.refused) return 'refused';
  return code === handledCode.done ? 'confirmed' : 'handler-failed';
}
