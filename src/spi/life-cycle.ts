/** A part of a node that runs. */
export interface Startable {
  /** Names it in errors: `part transport failed to start`. */
  readonly partName: string;
  /** Rejects when it cannot run; then it has released everything it took. */
  start(): Promise<void>;
  /** Releases everything. Idempotent, awaited, bounded in time. */
  stop(): Promise<void>;
}
