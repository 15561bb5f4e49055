/** Who is measured how often in one case, and when the time of the case is used up. */
import type { Entry } from '../contender.js';

/** What a schedule goes by. */
export interface ScheduleOptions {
  /** Rounds of those that a goal compares, ours among them. */
  readonly rounds: number;
  /** Ours, the limit, and who a goal of the case divides by; everybody when there is no budget. */
  readonly isMain: (entry: Entry) => boolean;
  /** Seconds that the case should take; `undefined` takes what it takes. */
  readonly budgetSeconds: number | undefined;
  /** Seconds since the case began. */
  readonly elapsedSeconds: () => number;
}

/** One measurement to make. */
export interface Turn {
  readonly entry: Entry;
  /** From 1. */
  readonly round: number;
}

/** Below so many rounds a median is not worth its name. */
export const roundsMin = 3;

/**
 * The measurements of a case, one by one, so that the caller's clock decides about the next. Without a budget: rounds in turn, everybody
 * in each. With one: the others have a single round, while the budget lasts; those that matter go in turn for all their rounds,
 * fewer than asked for when the budget is spent, but never below three.
 */
export function* turnsOf(entries: readonly Entry[], options: ScheduleOptions): Generator<Turn> {
  const { rounds, isMain, budgetSeconds, elapsedSeconds } = options;
  const main = budgetSeconds === undefined ? entries : entries.filter(isMain);
  const least = Math.min(roundsMin, rounds);
  for (let round = 1; round <= rounds; round += 1) {
    if (budgetSeconds !== undefined && round > least && elapsedSeconds() > budgetSeconds) break;
    for (const entry of main) yield { entry, round };
    if (round !== 1 || budgetSeconds === undefined) continue;
    for (const entry of entries) {
      // A late start still leaves a figure of everybody who matters.
      if (!isMain(entry) && elapsedSeconds() < budgetSeconds) yield { entry, round };
    }
  }
}

/** The part of what is left that the next of several shares gets, by weight. */
export function nextShare(leftSeconds: number, weight: number, weightsLeft: number): number {
  return Math.max(0, leftSeconds) * (weightsLeft === 0 ? 1 : weight / weightsLeft);
}
