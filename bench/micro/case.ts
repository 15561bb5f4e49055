/** What a file in this folder exports as `cases`, for `npm run bench -- micro`. */

/** One function under the glass. */
export interface MicroCase {
  /** Unique in its file. */
  readonly name: string;
  /**
   * Prepares the work, checks its answer (throws when it is wrong), and returns what is timed: it does the work `count`
   * times. Called once in a process of its own.
   */
  make(): (count: number) => void;
}
