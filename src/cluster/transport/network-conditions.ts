/** What becomes of an attempt to connect. `swallow`: somebody in between accepts, takes bytes and passes nothing on. */
export type DialFate = 'open' | 'refuse' | 'silence' | 'swallow';

/** What arrives at a host. A host may run out of room for datagrams; bytes of a stream wait instead. */
export type ArrivalKind = 'datagram' | 'stream';

/**
 * What a network in memory does to its traffic. Hosts are named as in addresses; each method speaks of one directed edge, at the
 * moment of sending. Without conditions everything arrives in the next turn.
 */
export interface NetworkConditions {
  /** Time until a datagram arrives; `undefined` when it is lost. */
  datagramDelayMs(from: string, to: string, lengthBytes: number): number | undefined;
  /** Time until a second copy of that datagram arrives; `undefined` when there is none. */
  duplicateDelayMs(from: string, to: string): number | undefined;
  dialFate(from: string, to: string): DialFate;
  /** Bytes that travel together, of `waitingBytes` that could; a stream is cut into pieces of such sizes. */
  chunkBytes(from: string, to: string, waitingBytes: number): number;
  /** Time until a piece of a stream arrives, its repeats included; `undefined`: nothing gets through now, try again later. */
  streamDelayMs(from: string, to: string): number | undefined;
  /** Runs what arrived at a host when the host takes it: now, when it is free again, or never. Streams keep their order. */
  arrive(host: string, kind: ArrivalKind, run: () => void): void;
}
