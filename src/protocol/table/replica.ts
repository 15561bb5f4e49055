import { type ByteReader, sameBytes } from '../../core/bytes.js';
import type { NodeId } from '../../core/ids.js';
import type { TableDigest } from '../../spi/membership.js';
import { rowHash } from './row-hash.js';
import type { TableLimits } from './table-limits.js';
import { rowOps } from './table-wire.js';

/** Told of each row that really changed. */
export interface ReplicaListener {
  set(node: NodeId, key: string, value: Uint8Array): void;
  removed(node: NodeId, key: string): void;
}

/** What became of a message: applied, out of order (pull again), or nothing that this protocol sends. */
export type ReplicaOutcome = 'applied' | 'gap' | 'malformed';

interface Incoming {
  readonly base: number;
  nextIndex: number;
  /** Keys that the snapshot brought, when there were rows before it that it may not bring. */
  readonly seen: Set<string> | undefined;
}

/** A copy of another node's part of one table, for one epoch of that node. */
export class Replica {
  readonly node: NodeId;
  readonly #limits: TableLimits;
  readonly #rows = new Map<string, Uint8Array>();
  #revision = 0;
  #hash = 0;
  #bytes = 0;
  #dropped = 0;
  #incoming: Incoming | undefined;

  constructor(node: NodeId, limits: TableLimits) {
    this.node = { name: node.name, epoch: node.epoch };
    this.#limits = limits;
  }

  get rows(): ReadonlyMap<string, Uint8Array> {
    return this.#rows;
  }

  /** The writer's revision that this copy equals. */
  get revision(): number {
    return this.#revision;
  }

  /** Rows that did not fit; while there are some, the hash cannot agree. */
  get dropped(): number {
    return this.#dropped;
  }

  digest(): TableDigest {
    return { revision: this.#revision, hash: this.#hash };
  }

  /** Forgets a snapshot that will not be finished. */
  abandon(): void {
    this.#incoming = undefined;
  }

  applyChanges(reader: ByteReader, listener: ReplicaListener): ReplicaOutcome {
    const from = reader.varint();
    const through = reader.varint();
    if (!reader.ok || through < from) return 'malformed';
    if (from !== this.#revision || this.#incoming !== undefined) return 'gap';
    while (reader.remaining > 0) {
      const op = reader.u8();
      const key = reader.text(this.#limits.keyBytesMax);
      const value = op === rowOps.set ? reader.block(this.#limits.valueBytesMax) : undefined;
      if (isCut(reader) || (op !== rowOps.set && op !== rowOps.remove)) return 'malformed';
      if (value === undefined) this.#remove(key, listener);
      else this.#set(key, value, listener);
    }
    this.#revision = through;
    return 'applied';
  }

  applySnapshot(reader: ByteReader, listener: ReplicaListener): ReplicaOutcome {
    const base = reader.varint();
    const index = reader.varint();
    const last = reader.u16();
    if (!reader.ok || last > 1) return 'malformed';
    if (index === 0) {
      this.#dropped = 0;
      this.#incoming = { base, nextIndex: 0, seen: this.#rows.size > 0 ? new Set() : undefined };
    }
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.base !== base || incoming.nextIndex !== index) {
      this.#incoming = undefined;
      return 'gap';
    }
    incoming.nextIndex += 1;
    while (reader.remaining > 0) {
      const key = reader.text(this.#limits.keyBytesMax);
      const value = reader.block(this.#limits.valueBytesMax);
      if (isCut(reader)) return 'malformed';
      incoming.seen?.add(key);
      if ((incoming.seen?.size ?? 0) > this.#limits.rowsMax) return 'malformed';
      this.#set(key, value, listener);
    }
    if (last === 1) this.#finish(incoming, listener);
    return 'applied';
  }

  #finish(incoming: Incoming, listener: ReplicaListener): void {
    const seen = incoming.seen;
    if (seen !== undefined) for (const key of this.#rows.keys()) if (!seen.has(key)) this.#remove(key, listener);
    this.#incoming = undefined;
    this.#revision = incoming.base;
  }

  #set(key: string, lent: Uint8Array, listener: ReplicaListener): void {
    const old = this.#rows.get(key);
    if (old !== undefined && sameBytes(old, lent)) return;
    const grown = this.#bytes + lent.length + (old === undefined ? key.length : -old.length);
    if ((old === undefined && this.#rows.size >= this.#limits.rowsMax) || grown > this.#limits.partBytesMax) {
      this.#dropped += 1;
      return;
    }
    const value = lent.slice();
    if (old !== undefined) this.#hash ^= rowHash(key, old);
    this.#hash = (this.#hash ^ rowHash(key, value)) >>> 0;
    this.#bytes = grown;
    this.#rows.set(key, value);
    listener.set(this.node, key, value);
  }

  #remove(key: string, listener: ReplicaListener): void {
    const old = this.#rows.get(key);
    if (old === undefined) return;
    this.#rows.delete(key);
    this.#bytes -= key.length + old.length;
    this.#hash = (this.#hash ^ rowHash(key, old)) >>> 0;
    listener.removed(this.node, key);
  }
}

/** A call, because each read may change the answer of the property that was looked at before. */
function isCut(reader: ByteReader): boolean {
  return !reader.ok;
}
