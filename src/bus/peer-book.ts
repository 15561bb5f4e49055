import type { NodeId } from '../core/ids.js';
import type { Link, LinkEvent } from '../spi/links.js';
import type { Membership } from '../spi/membership.js';
import type { TableChange } from '../spi/tables.js';
import type { LaneCodec } from '../spi/codec.js';
import { lanesOfNodeMax } from './subscribe-options.js';
import { OutLane, type OutLaneHost } from './out-lane.js';
import { Peer } from './peer.js';
import type { ResolvedClusterBusOptions } from './cluster-options.js';
import { Routes } from './routes.js';

/** What the book stands on. */
export interface PeerBookDeps {
  readonly membership: Membership;
  readonly codec: LaneCodec;
  readonly options: ResolvedClusterBusOptions;
  readonly lanes: OutLaneHost;
  /** A life of a peer is over; its lanes have ended already. */
  onEnded(peer: Peer): void;
  /** Room may have come, because somebody went away. */
  onRoom(): void;
}

/**
 * Knows the lives of other nodes: from links, from members and from rows of the interest table. A newer life ends the older one.
 * A life ends with its member; until then its windows and rows wait for the next link.
 */
export class PeerBook {
  readonly routes: Routes = new Routes();
  readonly #deps: PeerBookDeps;
  readonly #peers = new Map<string, Peer>();
  #windowIds = 1;
  #basicPeers = 0;

  constructor(deps: PeerBookDeps) {
    this.#deps = deps;
  }

  /** Some peer reads less than the codec can write. */
  get hasBasicPeers(): boolean {
    return this.#basicPeers > 0;
  }

  peers(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  find(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  /** The peer of an id; news of an older life than the known one gives nothing. */
  get(id: NodeId): Peer | undefined {
    const held = this.#peers.get(id.name);
    if (held !== undefined && held.id.epoch === id.epoch) return held;
    if (held !== undefined && held.id.epoch > id.epoch) return undefined;
    if (held !== undefined) this.#end(held);
    const { codec, membership } = this.#deps;
    const vocabulary = { decoder: codec.createDecoder(), topics: new Map<number, string>(), isBroken: false };
    const peer = new Peer({ name: id.name, epoch: id.epoch }, vocabulary, this.#createLane(id, '', sharedBatchMax));
    peer.isSuspect = membership.findMember(id.name)?.status === 'suspect';
    this.#peers.set(id.name, peer);
    return peer;
  }

  linkChanged(event: LinkEvent): void {
    if (event.kind === 'up') {
      this.linkUp(event.link);
      return;
    }
    const peer = this.#peers.get(event.link.peer.name);
    if (peer === undefined || peer.link !== event.link) return;
    peer.link = undefined;
    for (const lane of peer.outLanes()) lane.detach();
    for (const lane of peer.retired) lane.end();
    for (const lane of peer.inLanes.values()) lane.close();
  }

  linkUp(link: Link): void {
    if (link.peer.role !== 'peer' || !link.up) return;
    const peer = this.get(link.peer);
    if (peer === undefined) return;
    peer.link = link;
    if (!peer.wasLinked) this.#setBasic(peer, !readsAll(this.#deps.codec, link));
    peer.wasLinked = true;
    peer.retired = [];
    for (const lane of peer.outLanes()) lane.attach(link);
  }

  memberChanged(kind: string, member: NodeId): void {
    const peer = this.#peers.get(member.name);
    if (peer === undefined) return;
    if (kind === 'left' || kind === 'failed') {
      if (member.epoch >= peer.id.epoch) this.#end(peer);
    } else if (peer.isLifeOf(member)) {
      peer.isSuspect = kind === 'suspect';
    }
  }

  interestChanged(change: TableChange): void {
    if (change.kind === 'gone') {
      const known = this.#peers.get(change.node.name);
      if (known?.isLifeOf(change.node) === true) this.#dropInterest(known);
      return;
    }
    const peer = this.get(change.node);
    if (peer === undefined) return;
    if (change.kind === 'removed') this.routes.remove(peer, change.key);
    else this.routes.set(peer, change.key, change.value);
    if (change.key.startsWith('b ') || change.key.startsWith('m ')) this.#fitLane(peer, change.key);
  }

  /** Ends every lane in order; for a bus that stops. */
  close(): void {
    for (const peer of this.#peers.values()) {
      for (const lane of peer.inLanes.values()) lane.close();
      for (const lane of peer.outLanes()) lane.close();
      this.routes.clear(peer);
    }
    this.#peers.clear();
  }

  #setBasic(peer: Peer, isBasic: boolean): void {
    if (peer.isBasic !== isBasic) this.#basicPeers += isBasic ? 1 : -1;
    peer.isBasic = isBasic;
  }

  #end(peer: Peer): void {
    this.#peers.delete(peer.id.name);
    this.#setBasic(peer, false);
    this.routes.clear(peer);
    for (const lane of peer.outLanes()) lane.end();
    for (const lane of peer.inLanes.values()) lane.close();
    this.#deps.onEnded(peer);
    this.#deps.onRoom();
  }

  #createLane(id: NodeId, key: string, batchMax: number): OutLane {
    const { windowEventsMax, windowBytesMax, ownLaneEventsMax } = this.#deps.options;
    return new OutLane(this.#deps.lanes, {
      node: id.name,
      epoch: id.epoch,
      key,
      window: { eventsMax: key === '' ? windowEventsMax : ownLaneEventsMax, bytesMax: windowBytesMax },
      batchMax,
      windowId: () => this.#windowIds++,
    });
  }

  #dropInterest(peer: Peer): void {
    this.routes.clear(peer);
    for (const lane of peer.ownLanes.values()) lane.close();
    peer.ownLanes.clear();
    this.#deps.onRoom();
  }

  /** Opens or ends the lane of a lossless subscription of a peer. */
  #fitLane(peer: Peer, rowKey: string): void {
    const key = rowKey.slice(2);
    const want = peer.wants.get(rowKey);
    const lane = peer.ownLanes.get(key);
    if (want?.kind !== 'lane') {
      if (lane !== undefined) retire(peer, lane);
      peer.ownLanes.delete(key);
      this.#deps.onRoom();
    } else if (lane === undefined && peer.ownLanes.size < ownLanesMax) {
      const opened = this.#createLane(peer.id, key, want.interest.batchMax);
      peer.ownLanes.set(key, opened);
      if (peer.link !== undefined) opened.attach(peer.link);
    }
  }
}

function retire(peer: Peer, lane: OutLane): void {
  lane.retire();
  peer.retired = [...peer.retired, lane].filter(({ inFlight }) => inFlight > 0);
}

function readsAll(codec: LaneCodec, { peer }: Link): boolean {
  return codec.capabilities.every((capability) => peer.capabilities.has(capability));
}

/** Events in one frame: batches of 8 to 64 are enough (perf, section 2); more saves nothing. */
const sharedBatchMax = 256;

/** Lanes for lossless subscriptions of one peer: twice what a node has, as news of the old and the new may come in any order. */
const ownLanesMax = 2 * lanesOfNodeMax;
