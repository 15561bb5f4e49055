import { ClusterError } from '../core/errors.js';
import type { Startable } from '../spi/life-cycle.js';

/**
 * Starts parts in order and stops them in reverse. When one fails to start it is named, and those that had started are stopped
 * again, so a failed start leaves nothing behind.
 */
export class PartList {
  readonly #parts: readonly Startable[];
  readonly #running: Startable[] = [];

  constructor(parts: readonly Startable[]) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    for (const part of this.#parts) {
      try {
        await part.start();
      } catch (cause) {
        const error = ClusterError.from(cause, 'internal');
        await this.stop();
        throw new ClusterError(error.code, `${part.partName} failed to start: ${withoutCode(error.message)}`, {
          cause,
          details: error.details,
        });
      }
      this.#running.push(part);
    }
  }

  /** Stops everything that runs, whatever one of them throws; then throws the first error. Idempotent. */
  async stop(): Promise<void> {
    let failed: ClusterError | undefined;
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      try {
        await part.stop();
      } catch (cause) {
        failed ??= new ClusterError('internal', `${part.partName} failed to stop`, { cause });
      }
    }
    if (failed !== undefined) throw failed;
  }
}

function withoutCode(message: string): string {
  return message.replace(/^\[[a-z-]+\] /, '');
}
