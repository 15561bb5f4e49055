import type { Connection } from '../spi/connections.js';

/** Who calls before this many are waiting is held; whoever comes after them is closed, and dials again by itself. */
const earlyMax = 64;

/**
 * Holds connections that come while a node starts. Its first gossip makes peers dial it at once, a moment before its links are
 * there; refused, they would come again only after their back-off, and the start would wait for them.
 */
export class EarlyCallers {
  readonly #held: Connection[] = [];

  /** Keeps a connection unread until `release`; closes it when too many wait. */
  hold(connection: Connection): void {
    if (this.#held.length >= earlyMax) connection.destroy();
    else this.#held.push(connection);
  }

  /** Hands over everybody, in the order in which they came. */
  release(accept: (connection: Connection) => void): void {
    for (const connection of this.#held.splice(0)) accept(connection);
  }

  /** Closes everybody: the start has failed. */
  destroy(): void {
    for (const connection of this.#held.splice(0)) connection.destroy();
  }
}
