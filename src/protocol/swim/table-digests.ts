import { ClusterError } from '../../core/errors.js';
import type { NodeId } from '../../core/ids.js';
import type { Unlisten } from '../../core/listeners.js';
import type { DigestSource } from '../../spi/membership.js';
import { tableNumber } from './message-codec.js';
import { attachedTablesMax } from './message-fields.js';
import type { NumberedDigest } from './messages.js';

/** Digests of attached tables: ours ride on acknowledgements, others' are handed to their tables. */
export class TableDigests {
  readonly #sources = new Map<number, { readonly name: string; readonly source: DigestSource }>();

  /** Throws `invalid-options` for a seventeenth table, a second of one name, or a name whose number is taken. */
  attach(name: string, source: DigestSource): Unlisten {
    const number = tableNumber(name);
    const other = this.#sources.get(number);
    if (other !== undefined) {
      throw new ClusterError('invalid-options', `table ${name} cannot ride on gossip beside ${other.name}; rename it`);
    }
    if (this.#sources.size >= attachedTablesMax) {
      throw new ClusterError(
        'invalid-options',
        `table ${name} is more than the ${attachedTablesMax} that ride on gossip`,
      );
    }
    const entry = { name, source };
    this.#sources.set(number, entry);
    return () => {
      if (this.#sources.get(number) === entry) this.#sources.delete(number);
    };
  }

  /** What the next acknowledgement carries. */
  own(): readonly NumberedDigest[] {
    if (this.#sources.size === 0) return noDigests;
    const digests: NumberedDigest[] = [];
    for (const [table, { source }] of this.#sources) {
      const { revision, hash } = source.own();
      digests.push({ table, revision, hash });
    }
    return digests;
  }

  /** Hands another node's digests on; tables that are not attached here are skipped. */
  heard(from: NodeId, digests: readonly NumberedDigest[]): void {
    for (const { table, revision, hash } of digests) this.#sources.get(table)?.source.heard(from, { revision, hash });
  }
}

const noDigests: readonly NumberedDigest[] = [];
