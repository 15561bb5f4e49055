import type { ArrivalKind, DialFate, NetworkConditions } from '../cluster/transport/network-conditions.js';
import { drawUnit, type Random } from '../core/random.js';
import type { SimHost } from './simulator-host.js';
import type { Simulator } from './simulator.js';

/** What one directed edge does to its traffic. Streams share delay and loss: a lost piece is sent again, which takes time. */
export interface EdgeFaults {
  readonly lossPercent: number;
  /** Delays are drawn evenly between the two, so datagrams overtake each other as soon as they differ. */
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** So many datagrams take `reorderMs` longer than drawn. */
  readonly reorderPercent: number;
  readonly reorderMs: number;
  readonly duplicatePercent: number;
  /** Longer datagrams are lost. */
  readonly mtuBytes: number;
  /** Streams are cut into pieces of 1 to so many bytes; 0 leaves them whole. */
  readonly chunkBytesMax: number;
}

/** A quiet local network: a fifth of a millisecond to one, nothing lost. */
export const quietEdge: EdgeFaults = {
  lossPercent: 0,
  delayMinMs: 0.2,
  delayMaxMs: 1,
  reorderPercent: 0,
  reorderMs: 20,
  duplicatePercent: 0,
  mtuBytes: 65_507,
  chunkBytesMax: 0,
};

/** How often each fault struck: a run that counted none of a kind has proved nothing about it. */
export interface FaultCounts {
  datagrams: number;
  datagramBytes: number;
  lost: number;
  cut: number;
  tooLong: number;
  duplicated: number;
  reordered: number;
  /** Pieces of streams, and those that waited for a cut or the sender's next try. */
  pieces: number;
  piecesHeld: number;
  /** Bytes of those pieces. */
  streamBytes: number;
  dialsRefused: number;
  dialsSilenced: number;
  dialsSwallowed: number;
}

/**
 * The faults of a simulated network, seeded: each kind draws from a generator of its own, so that changing one does not shift the
 * others. Hosts are named; a host that the network does not know has a perfect loop.
 */
export class SimFaults implements NetworkConditions {
  readonly counts: FaultCounts = {
    datagrams: 0,
    datagramBytes: 0,
    lost: 0,
    cut: 0,
    tooLong: 0,
    duplicated: 0,
    reordered: 0,
    pieces: 0,
    piecesHeld: 0,
    streamBytes: 0,
    dialsRefused: 0,
    dialsSilenced: 0,
    dialsSwallowed: 0,
  };
  readonly #simulator: Simulator;
  readonly #draw: Readonly<Record<'loss' | 'delay' | 'duplicate' | 'reorder' | 'chunk' | 'stream', Random>>;
  readonly #hosts = new Map<string, SimHost>();
  readonly #edges = new Map<string, Map<string, EdgeFaults>>();
  readonly #cuts = new Map<string, Set<string>>();
  readonly #isolated = new Set<string>();
  readonly #dark = new Set<string>();
  readonly #fates = new Map<string, DialFate>();
  #groups: ReadonlyMap<string, number> = new Map();
  #everywhere: EdgeFaults = quietEdge;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    const chance = simulator.random.fork('network');
    this.#draw = {
      loss: chance.fork('loss'),
      delay: chance.fork('delay'),
      duplicate: chance.fork('duplicate'),
      reorder: chance.fork('reorder'),
      chunk: chance.fork('chunk'),
      stream: chance.fork('stream'),
    };
  }

  /** Makes a host's loop take what arrives there. */
  addHost(host: SimHost): void {
    this.#hosts.set(host.name, host);
  }

  /** Changes the faults of every edge that has none of its own. */
  setEverywhere(faults: Partial<EdgeFaults>): void {
    this.#everywhere = { ...this.#everywhere, ...faults };
  }

  /** Gives one directed edge faults of its own, over those that hold everywhere now. */
  setEdge(from: string, to: string, faults: Partial<EdgeFaults>): void {
    const edges = this.#edges.get(from) ?? new Map<string, EdgeFaults>();
    edges.set(to, { ...(edges.get(to) ?? this.#everywhere), ...faults });
    this.#edges.set(from, edges);
  }

  /** Takes back every edge's own faults. */
  clearEdges(): void {
    this.#edges.clear();
  }

  /** Nothing gets from one host to the other; the other way is untouched. */
  cut(from: string, to: string): void {
    const cuts = this.#cuts.get(from) ?? new Set<string>();
    this.#cuts.set(from, cuts.add(to));
  }

  /** Nothing passes between hosts of different groups; hosts in no group reach everybody. Replaces an earlier partition. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = new Map(groups.flatMap((group, index) => group.map((host) => [host, index])));
  }

  /** Cuts a host off from all others, both ways. */
  isolate(host: string): void {
    this.#isolated.add(host);
  }

  /** Ends every cut, partition and isolation. */
  heal(): void {
    this.#cuts.clear();
    this.#isolated.clear();
    this.#groups = new Map();
  }

  /** Says what becomes of connections to a host from now on. */
  setDialFate(host: string, fate: DialFate): void {
    this.#fates.set(host, fate);
  }

  /** A machine without power: nothing comes from it or goes to it, whatever else heals. */
  setDark(host: string, dark: boolean): void {
    if (dark) this.#dark.add(host);
    else this.#dark.delete(host);
  }

  datagramDelayMs(from: string, to: string, lengthBytes: number): number | undefined {
    const { counts } = this;
    counts.datagrams += 1;
    counts.datagramBytes += lengthBytes;
    this.#simulator.mark(lengthBytes);
    const faults = this.#edge(from, to);
    if (lengthBytes > faults.mtuBytes) counts.tooLong += 1;
    else if (this.#isCut(from, to)) counts.cut += 1;
    else if (strikes(this.#draw.loss, faults.lossPercent)) counts.lost += 1;
    else return this.#delay(from, faults) + this.#reorder(faults);
    return undefined;
  }

  duplicateDelayMs(from: string, to: string): number | undefined {
    const faults = this.#edge(from, to);
    if (!strikes(this.#draw.duplicate, faults.duplicatePercent) || this.#isCut(from, to)) return undefined;
    this.counts.duplicated += 1;
    return this.#delay(from, faults);
  }

  dialFate(from: string, to: string): DialFate {
    const fate = this.#fates.get(to) ?? 'open';
    if (from === to || fate === 'open') return 'open';
    if (fate === 'refuse') this.counts.dialsRefused += 1;
    else if (fate === 'silence') this.counts.dialsSilenced += 1;
    else this.counts.dialsSwallowed += 1;
    return fate;
  }

  chunkBytes(from: string, to: string, waitingBytes: number): number {
    const { chunkBytesMax } = this.#edge(from, to);
    const pieceBytes =
      chunkBytesMax === 0 ? waitingBytes : 1 + this.#draw.chunk.below(Math.min(chunkBytesMax, waitingBytes));
    this.counts.streamBytes += pieceBytes;
    return pieceBytes;
  }

  streamDelayMs(from: string, to: string): number | undefined {
    this.counts.pieces += 1;
    const faults = this.#edge(from, to);
    const back = this.#edge(to, from);
    // Bytes are through when their acknowledgement is: a fault of either way holds a stream.
    const throughPercent = ((100 - faults.lossPercent) * (100 - back.lossPercent)) / 100;
    if (this.#isCut(from, to) || this.#isCut(to, from) || throughPercent === 0) {
      this.counts.piecesHeld += 1;
      return undefined;
    }
    let delayMs = this.#delay(from, faults);
    for (let resendMs = resendMinMs; strikes(this.#draw.stream, 100 - throughPercent); resendMs *= 2) {
      delayMs += resendMs;
      if (resendMs >= resendMaxMs) break;
    }
    if (delayMs >= resendMinMs) this.counts.piecesHeld += 1;
    return delayMs;
  }

  arrive(host: string, kind: ArrivalKind, run: () => void): void {
    const loop = this.#hosts.get(host);
    if (loop === undefined) run();
    else loop.arrive(kind, run);
  }

  #edge(from: string, to: string): EdgeFaults {
    if (this.#edges.size === 0) return this.#everywhere;
    return this.#edges.get(from)?.get(to) ?? this.#everywhere;
  }

  #isCut(from: string, to: string): boolean {
    if (this.#dark.size > 0 && (this.#dark.has(from) || this.#dark.has(to))) return true;
    if (from === to) return false;
    if (this.#isolated.size > 0 && (this.#isolated.has(from) || this.#isolated.has(to))) return true;
    if (this.#cuts.size > 0 && this.#cuts.get(from)?.has(to) === true) return true;
    if (this.#groups.size === 0) return false;
    const fromGroup = this.#groups.get(from);
    const toGroup = this.#groups.get(to);
    return fromGroup !== undefined && toGroup !== undefined && fromGroup !== toGroup;
  }

  #delay(from: string, faults: EdgeFaults): number {
    const heldMs = this.#hosts.get(from)?.ioDelayMs ?? 0;
    const spreadMs = faults.delayMaxMs - faults.delayMinMs;
    return heldMs + faults.delayMinMs + (spreadMs > 0 ? drawUnit(this.#draw.delay) * spreadMs : 0);
  }

  #reorder(faults: EdgeFaults): number {
    if (!strikes(this.#draw.reorder, faults.reorderPercent)) return 0;
    this.counts.reordered += 1;
    return faults.reorderMs;
  }
}

/** First wait of a stream before it sends again, and the longest (RFC 6298, Linux). */
const resendMinMs = 200;
const resendMaxMs = 12_800;

function strikes(random: Random, percent: number): boolean {
  return percent > 0 && drawUnit(random) * 100 < percent;
}
