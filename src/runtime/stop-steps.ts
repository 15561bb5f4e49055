import { ClusterError, withoutCode } from '../core/errors.js';
import type { Logger } from '../core/logger.js';

/**
 * Takes a node down step by step: one that fails keeps no other from its turn, so nothing stays open, and is not hidden either.
 */
export class StopSteps {
  readonly #logger: Logger;
  readonly #failed: { readonly partName: string; readonly error: ClusterError }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Runs one step; resolves when it is over, however it ended. */
  async step(partName: string, run: () => Promise<unknown> | void): Promise<void> {
    try {
      await run();
    } catch (cause) {
      const error = ClusterError.from(cause, 'internal');
      this.#logger.error('a part of the node did not stop in order', { partName, error });
      this.#failed.push({ partName, error });
    }
  }

  /** Throws for the first step that failed, naming all of them; does nothing when none did. */
  assertAllEnded(): void {
    const [first] = this.#failed;
    if (first === undefined) return;
    const parts = this.#failed.map(({ partName }) => partName).join(', ');
    const message = `the node is down, but not in order: ${parts} failed: ${withoutCode(first.error.message)}`;
    throw new ClusterError(first.error.code, message, { cause: first.error, details: first.error.details });
  }
}
