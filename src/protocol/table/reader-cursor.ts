import type { ByteWriter } from '../../core/bytes.js';
import type { OwnPart, OwnRow } from './own-part.js';
import type { TableLimits } from './table-limits.js';
import { rowOps, tableMessages, writeHead } from './table-wire.js';

interface Snapshot {
  readonly base: number;
  readonly rows: Iterator<[string, OwnRow]>;
  index: number;
}

/**
 * How far one reader of one part of ours was brought. There is no queue: what to send next is read from the part itself when
 * the link has credit, so a slow reader costs a few numbers. A snapshot walks the live rows and is followed by the log from
 * where the walk began; rows that changed meanwhile are sent again, removed ones are removed again, so the reader ends right.
 */
export class ReaderCursor {
  readonly #table: string;
  readonly #part: OwnPart;
  readonly #limits: TableLimits;
  #sent: number;
  #held = 0;
  #snapshot: Snapshot | undefined;

  constructor(table: string, part: OwnPart, limits: TableLimits) {
    this.#table = table;
    this.#part = part;
    this.#limits = limits;
    this.#sent = part.revision;
  }

  /** The revision that the reader acknowledged. */
  get held(): number {
    return this.#held;
  }

  get hasMore(): boolean {
    return this.#snapshot !== undefined || this.#sent < this.#part.revision;
  }

  /** The reader asks for everything after a revision. */
  pull(revision: number, full: boolean): void {
    this.#snapshot = undefined;
    this.#held = full ? 0 : Math.min(revision, this.#part.revision);
    if (full || !this.#part.canReplayFrom(revision)) this.#beginSnapshot();
    else this.#sent = revision;
  }

  /** The reader acknowledged a revision. Returns whether that is news. */
  acknowledge(revision: number): boolean {
    if (revision <= this.#held || revision > this.#part.revision) return false;
    this.#held = revision;
    return true;
  }

  /** Writes the next chunk in the link's wire version. Only when `hasMore`. */
  write(writer: ByteWriter, version: number): void {
    if (this.#snapshot === undefined && !this.#part.canReplayFrom(this.#sent)) this.#beginSnapshot();
    if (this.#snapshot === undefined) this.#writeChanges(writer, version);
    else this.#writeSnapshot(writer, version, this.#snapshot);
  }

  #beginSnapshot(): void {
    this.#snapshot = { base: this.#part.revision, rows: this.#part.rows.entries(), index: 0 };
  }

  #writeChanges(writer: ByteWriter, version: number): void {
    const through = this.#part.revision;
    writeHead(writer, version, tableMessages.changes, this.#table);
    writer.varint(this.#sent);
    // The end is written before the rows, so a chunk that fills up is cut by what it may look at, see `#findEnd`.
    const end = this.#findEnd(through);
    writer.varint(end);
    for (let revision = this.#sent + 1; revision <= end; revision += 1) {
      const key = this.#part.findKeyAt(revision);
      if (key === undefined) continue;
      const row = this.#part.rows.get(key);
      if (row === undefined) {
        writer.u8(rowOps.remove);
        writer.text(key);
      } else if (row.revision === revision) {
        writer.u8(rowOps.set);
        writer.text(key);
        writer.block(row.value);
      }
    }
    this.#sent = end;
  }

  /** The last revision whose rows still fit into a chunk; at least one is taken. */
  #findEnd(through: number): number {
    let bytes = 0;
    for (let revision = this.#sent + 1; revision <= through; revision += 1) {
      const key = this.#part.findKeyAt(revision) ?? '';
      const row = this.#part.rows.get(key);
      if (row === undefined) bytes += key.length + 4;
      else if (row.revision === revision) bytes += key.length + row.value.length + 8;
      if (bytes >= this.#limits.chunkBytes) return revision;
    }
    return through;
  }

  #writeSnapshot(writer: ByteWriter, version: number, snapshot: Snapshot): void {
    writeHead(writer, version, tableMessages.snapshot, this.#table);
    writer.varint(snapshot.base);
    writer.varint(snapshot.index);
    const lastAt = writer.length;
    writer.u16(0);
    snapshot.index += 1;
    while (writer.length < this.#limits.chunkBytes) {
      const next = snapshot.rows.next();
      if (next.done === true) {
        writer.patchU16(lastAt, 1);
        this.#snapshot = undefined;
        this.#sent = snapshot.base;
        return;
      }
      const [key, row] = next.value;
      writer.text(key);
      writer.block(row.value);
    }
  }
}
