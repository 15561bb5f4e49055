import { sameBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';
import type { TableDigest } from '../../spi/membership.js';
import { rowHash } from './row-hash.js';
import type { TableLimits } from './table-limits.js';

/** One row of this node and the revision that last changed it. */
export interface OwnRow {
  readonly value: Uint8Array;
  readonly revision: number;
  readonly hash: number;
}

/**
 * The part of a table that this node writes. The log keeps only which key each revision touched: what is sent is always the
 * row as it is now, so a change that a later one overtook costs nothing and no reader ever sees an old value come back.
 */
export class OwnPart {
  readonly #limits: TableLimits;
  readonly #rows = new Map<string, OwnRow>();
  /** Entry `index` is the key that revision `#logBase + 1 + index` touched. */
  #log: string[] = [];
  #logBase = 0;
  #revision = 0;
  #hash = 0;
  #bytes = 0;

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  get revision(): number {
    return this.#revision;
  }

  get rows(): ReadonlyMap<string, OwnRow> {
    return this.#rows;
  }

  digest(): TableDigest {
    return { revision: this.#revision, hash: this.#hash };
  }

  /** Returns whether anything changed. Throws `too-large` beyond a limit and then has changed nothing. */
  set(key: string, value: Uint8Array): boolean {
    const old = this.#rows.get(key);
    if (old !== undefined && sameBytes(old.value, value)) return false;
    this.#check(key, value, old);
    this.#bytes += value.length - (old === undefined ? -key.length : old.value.length);
    const hash = rowHash(key, value);
    this.#hash = (this.#hash ^ hash ^ (old?.hash ?? 0)) >>> 0;
    this.#note(key);
    this.#rows.set(key, { value, revision: this.#revision, hash });
    return true;
  }

  /** Returns whether the row was there. */
  remove(key: string): boolean {
    const old = this.#rows.get(key);
    if (old === undefined) return false;
    this.#rows.delete(key);
    this.#bytes -= key.length + old.value.length;
    this.#hash = (this.#hash ^ old.hash) >>> 0;
    this.#note(key);
    return true;
  }

  /** Says whether a reader at this revision can be brought up from the log. */
  canReplayFrom(revision: number): boolean {
    return revision >= this.#logBase && revision <= this.#revision;
  }

  /** The key that a revision touched; `undefined` when the log no longer reaches it. */
  findKeyAt(revision: number): string | undefined {
    return this.#log[revision - this.#logBase - 1];
  }

  #note(key: string): void {
    this.#revision += 1;
    this.#log.push(key);
    // Twice the bound, then half at once: each entry is moved once at most.
    if (this.#log.length < this.#limits.logMax * 2) return;
    this.#logBase += this.#log.length - this.#limits.logMax;
    this.#log = this.#log.slice(-this.#limits.logMax);
  }

  #check(key: string, value: Uint8Array, old: OwnRow | undefined): void {
    const { rowsMax, keyBytesMax, valueBytesMax, partBytesMax } = this.#limits;
    // Three bytes a UTF-16 unit bounds UTF-8; counting them exactly would cost more than the difference is worth.
    if (key.length * 3 > keyBytesMax) throw tooLarge('key characters', key.length, Math.floor(keyBytesMax / 3));
    if (value.length > valueBytesMax) throw tooLarge('value bytes', value.length, valueBytesMax);
    if (old === undefined && this.#rows.size >= rowsMax) throw tooLarge('rows', this.#rows.size + 1, rowsMax);
    const grown = this.#bytes + value.length + key.length - (old === undefined ? 0 : old.value.length + key.length);
    if (grown > partBytesMax) throw tooLarge('bytes of a part', grown, partBytesMax);
  }
}

function tooLarge(what: string, value: number, max: number): ClusterError {
  return new ClusterError('too-large', `a table takes at most ${max} ${what}, not ${value}`, {
    details: { what, max },
  });
}
