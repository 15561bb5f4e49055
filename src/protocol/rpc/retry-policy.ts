import { type ErrorCode, mayHaveRun } from '../../core/errors.js';
import { drawUnit, type Random } from '../../core/random.js';

/** How failed calls are tried again. */
export interface RetryOptions {
  /** Attempts in all, the first included; 1 retries never. */
  readonly attemptsMax: number;
  /** Delay before the first retry; it doubles with each. */
  readonly baseMs: number;
  readonly delayMaxMs: number;
  /** Retries earned by each call, in percent: bounds what retries add to an overload. */
  readonly budgetPercent: number;
  /** Retries that may be saved up. */
  readonly budgetMax: number;
}

/** Defaults: four attempts over at most a few hundred milliseconds, and a fifth more traffic at the worst. */
export const retryDefaults: RetryOptions = {
  attemptsMax: 4,
  baseMs: 20,
  delayMaxMs: 1000,
  budgetPercent: 20,
  budgetMax: 64,
};

/** How one attempt failed. */
export interface AttemptFailure {
  readonly code: ErrorCode;
  /** True when the work certainly did not begin: refused, or never written. */
  readonly notExecuted: boolean;
  readonly idempotent: boolean;
  /** Attempts made so far, this one included. */
  readonly attempt: number;
}

/** Whether another attempt may help, by the cause alone. */
const retryableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-executed',
  'link-lost',
  'unavailable',
  'overloaded',
]);

/**
 * Decides about retries. Only what certainly did not run, or may run twice, is tried again. What did not run costs no budget
 * unless the peer was overloaded: it added no load there.
 */
export class RetryPolicy {
  readonly #options: RetryOptions;
  readonly #random: Random;
  #saved: number;

  constructor(options: RetryOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#saved = options.budgetMax;
  }

  /** A first attempt goes out. */
  earn(): void {
    if (this.#saved < this.#options.budgetMax) this.#saved += this.#options.budgetPercent / 100;
  }

  /** The delay before another attempt, or `undefined` when there is none. */
  decide(failure: AttemptFailure): number | undefined {
    if (failure.attempt >= this.#options.attemptsMax || !retryableCodes.has(failure.code)) return undefined;
    if (!failure.notExecuted && !failure.idempotent) return undefined;
    const free = failure.notExecuted && failure.code !== 'overloaded' && !mayHaveRun(failure.code);
    if (!free) {
      if (this.#saved < 1) return undefined;
      this.#saved -= 1;
    }
    // A refusal says nothing about others: the first retry goes elsewhere at once.
    if (failure.code === 'not-executed' && failure.attempt === 1) return 0;
    const full = Math.min(this.#options.delayMaxMs, this.#options.baseMs * 2 ** (failure.attempt - 1));
    return full * (0.5 + drawUnit(this.#random) / 2);
  }
}
