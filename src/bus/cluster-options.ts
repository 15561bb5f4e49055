/** How the bus uses links. */
export interface ClusterBusOptions {
  /**
   * Events for one peer that are not acknowledged yet: those on their way, those that wait for a reconnect, those that wait for a
   * slow link. Past it events are dropped and both sides know. @defaultValue 16384
   */
  readonly windowEventsMax?: number;
  /** Their bytes. Raising it rides out longer interruptions at the cost of memory for each peer. @defaultValue 8 MiB */
  readonly windowBytesMax?: number;
  /** Events that wait for one lossless subscription of a peer; `publish` drops past it, `publishFrom` waits. @defaultValue 1024 */
  readonly ownLaneEventsMax?: number;
  /** Exact topics that are announced one by one; past it they are announced as hashes. @defaultValue 512 */
  readonly exactRowsMax?: number;
}

/** The options with their defaults. */
export interface ResolvedClusterBusOptions {
  readonly windowEventsMax: number;
  readonly windowBytesMax: number;
  readonly ownLaneEventsMax: number;
  readonly exactRowsMax: number;
}

/** Applies the defaults. */
export function resolveClusterBusOptions(options: ClusterBusOptions): ResolvedClusterBusOptions {
  return {
    windowEventsMax: options.windowEventsMax ?? 16_384,
    windowBytesMax: options.windowBytesMax ?? 8 * 1024 * 1024,
    ownLaneEventsMax: options.ownLaneEventsMax ?? 1024,
    exactRowsMax: options.exactRowsMax ?? 512,
  };
}
