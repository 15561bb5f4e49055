import { ClusterError } from '../core/errors.js';

/**
 * Starts parts one after the other. When one fails it is named in the error, and what had started is undone in reverse, so a failed
 * start leaves nothing behind.
 */
export class StartStack {
  readonly #undo: (() => Promise<void>)[] = [];

  /** Runs one part's start; an error of it says which part it was. */
  async start<T>(partName: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (cause) {
      const error = ClusterError.from(cause, 'internal');
      const message = error.message.replace(/^\[[a-z-]+\] /, '');
      throw new ClusterError(error.code, `${partName} failed to start: ${message}`, { cause, details: error.details });
    }
  }

  /** What takes back the part that has just started. */
  onUndo(undo: () => Promise<void>): void {
    this.#undo.push(undo);
  }

  /** Takes everything back, newest first. A part that cannot be stopped does not keep the others running. */
  async undo(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      // Inside a promise, so that one that throws at once is settled too.
      await Promise.allSettled([Promise.resolve().then(undo)]);
    }
  }
}
