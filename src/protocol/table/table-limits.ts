/** Bounds of every table. Writers refuse beyond them; readers drop and count. */
export interface TableLimits {
  /** Rows of one node's part of one table: 100,000 device subscriptions with room to spare. */
  readonly rowsMax: number;
  /** UTF-8 bytes of a key: the longest topic pattern fits. */
  readonly keyBytesMax: number;
  /** Bytes of a value: a contract with some hundred methods fits. */
  readonly valueBytesMax: number;
  /** Keys and values of one part together. */
  readonly partBytesMax: number;
  /** Recent changes that a reader can catch up from; past it a snapshot is sent. A change costs one reference. */
  readonly logMax: number;
  /** Size at which a chunk is closed; a row is never split. Small enough that no other stream of the link waits for it. */
  readonly chunkBytes: number;
  /** Chunks for one link in one turn of the loop. */
  readonly chunksPerTurnMax: number;
  /** A reader that saw a newer digest waits so long for the rows before it pulls them. */
  readonly patienceMs: number;
}

/** The bounds in production. */
export const tableLimits: TableLimits = {
  rowsMax: 131_072,
  keyBytesMax: 4096,
  valueBytesMax: 16_384,
  partBytesMax: 64 * 1024 * 1024,
  logMax: 65_536,
  chunkBytes: 16_384,
  chunksPerTurnMax: 8,
  patienceMs: 1500,
};

/** Most tables of one node; the same bound as digests on gossip. */
export const tablesMax = 16;

/** Longest name of a table in bytes. */
export const tableNameBytesMax = 32;

/** Parts of other nodes that are remembered as removed, so that late news cannot bring them back. */
export const floorsMax = 8192;
