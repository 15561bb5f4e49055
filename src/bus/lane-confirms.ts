import { handledCode } from '../protocol/bus/bus-frame.js';
import type { ConfirmOutcome, Confirming, EventCopy } from './outlet.js';
import { PendingConfirms } from './pending-confirms.js';

/**
 * The confirmations that one lane owes: each is settled exactly once, or forgotten when nobody waits for it any more. Numbers grow,
 * so those of each level lie in their order.
 */
export class LaneConfirms {
  readonly #node: string;
  readonly #written = new PendingConfirms();
  readonly #delivered = new PendingConfirms();
  readonly #handled = new PendingConfirms();
  /** The last number that was told as refused. */
  #refusedTo = 0;

  constructor(node: string) {
    this.#node = node;
  }

  get size(): number {
    return this.#written.size + this.#delivered.size + this.#handled.size;
  }

  /** True when no event with a confirmation may be accepted. */
  get isFull(): boolean {
    return this.size >= confirmsMax;
  }

  /** An event was accepted as `number`. */
  add(number: number, confirming: Confirming, won: readonly string[] | undefined): void {
    const pending = this.#levelOf(confirming);
    const owed = { number, copy: this.#copy(won), confirming };
    pending.push(owed);
    confirming.whenOver(() => void pending.end(owed));
  }

  /** An event was not accepted after all. */
  refuse(confirming: Confirming, won: readonly string[] | undefined): void {
    confirming.settle(this.#copy(won), 'unsent');
  }

  /** The peer has everything up to `number`. */
  delivered(number: number): void {
    settle(this.#written, number, 'confirmed');
    settle(this.#delivered, number, 'confirmed');
  }

  /** The operating system has everything up to `number`. */
  written(number: number): void {
    settle(this.#written, number, 'confirmed');
  }

  /** True when somebody waits for events up to `number` to be written. */
  awaitsWritten(number: number): boolean {
    const first = this.#written.first();
    return first !== undefined && first.number <= number;
  }

  /** The peer said what came of one event that it was sent. Returns true when a group lost it and nobody here waits for it. */
  handled(number: number, code: number): boolean {
    // What nobody took was not delivered either. The report comes before the acknowledgement.
    const pending = code === handledCode.refused ? this.#levels().find((level) => level.find(number)) : this.#handled;
    const owed = pending?.find(number);
    if (owed !== undefined) {
      pending?.end(owed)?.settle(owed.copy, handledOutcome(code));
      return false;
    }
    if (code !== handledCode.refused && code !== handledCode.partial) return false;
    // Refusals come in the order of their numbers, and again after a reconnect.
    const isNew = number > this.#refusedTo;
    if (isNew) this.#refusedTo = number;
    return isNew;
  }

  /** What was sent up to `number` will not be sent again. */
  lost(number: number): void {
    for (const pending of this.#levels()) settle(pending, number, 'link-lost');
  }

  /** The lane's window is over. With `isKept` those that were never sent are forgotten: they are accepted again. */
  end(neverSent: ReadonlySet<Confirming | undefined>, isKept: boolean): void {
    const all = this.#levels().flatMap((pending) => pending.takeAll());
    this.#refusedTo = 0;
    for (const [confirming, copy] of all) {
      const isUnsent = neverSent.has(confirming);
      if (!isUnsent || !isKept) confirming.settle(copy, isUnsent ? 'unsent' : 'link-lost');
    }
  }

  #levels(): readonly PendingConfirms[] {
    return [this.#written, this.#delivered, this.#handled];
  }

  #levelOf({ level }: Confirming): PendingConfirms {
    if (level === 'handled') return this.#handled;
    return level === 'written' ? this.#written : this.#delivered;
  }

  #copy(won: readonly string[] | undefined): EventCopy {
    return { node: this.#node, won: won ?? noGroups };
  }
}

/** Confirmations that one lane may owe; each lives until its publisher's deadline at most. */
const confirmsMax = 65_536;

const noGroups: readonly string[] = [];

/** Settles all up to `number`; what that adds comes behind it. */
function settle(pending: PendingConfirms, number: number, outcome: ConfirmOutcome): void {
  for (let owed = pending.first(); owed !== undefined && owed.number <= number; owed = pending.first()) {
    pending.end(owed)?.settle(owed.copy, outcome);
  }
}

function handledOutcome(code: number): ConfirmOutcome {
  if (code === handledCode.refused) return 'refused';
  return code === handledCode.done ? 'confirmed' : 'handler-failed';
}
