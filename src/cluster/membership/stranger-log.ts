import type { Logger } from '../../core/logger.js';
import type { SwimCount, SwimCounts } from '../../protocol/swim/counts.js';

/**
 * Says that somebody with another label or key talks to this node, or has no key where this node has one: a mistake in a
 * configuration that shows nowhere else, for neither side answers the other. At most one line a minute, whatever comes.
 */
export class StrangerLog {
  readonly #logger: Logger;
  readonly #counts: Readonly<SwimCounts>;
  readonly #told = new Map<SwimCount, number>();
  #nextAt = 0;

  constructor(logger: Logger, counts: Readonly<SwimCounts>) {
    this.#logger = logger;
    this.#counts = counts;
  }

  /** Looks at the counts; to be called now and then. */
  look(nowMs: number): void {
    if (nowMs < this.#nextAt) return;
    const grown: Record<string, number> = {};
    for (const [kind, meaning] of meanings) {
      const more = this.#counts[kind] - (this.#told.get(kind) ?? 0);
      if (more > 0) grown[meaning] = more;
    }
    if (Object.keys(grown).length === 0) return;
    for (const [kind] of meanings) this.#told.set(kind, this.#counts[kind]);
    this.#nextAt = nowMs + quietMs;
    this.#logger.info('datagrams of strangers were dropped: check label and key of nodes that do not join', grown);
  }
}

const quietMs = 60_000;
const meanings: readonly (readonly [SwimCount, string])[] = [
  ['drop-label', 'anotherLabel'],
  ['drop-sealed', 'encryptedAndWeHaveNoKey'],
  ['drop-plain', 'inClearAndWeHaveAKey'],
  ['drop-unauthentic', 'anotherKey'],
];
