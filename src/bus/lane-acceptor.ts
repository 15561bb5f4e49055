import { emptyBytes } from '../core/bytes.js';
import type { Logger } from '../core/logger.js';
import type { Clock } from '../core/clock.js';
import type { Gap } from '../spi/bus.js';
import { streamErrorCodes, type IncomingStream, type StreamSink } from '../spi/links.js';
import type { BusCore } from './bus-core.js';
import type { BusMeter } from './bus-meter.js';
import type { Deliverer } from './deliverer.js';
import { InLane } from './in-lane.js';
import { LaneFeed } from './lane-feed.js';
import { readHello } from './lane-hello.js';
import type { Peer } from './peer.js';
import { usesSharedLane } from './subscribe-options.js';
import type { Subscriber } from './subscriber.js';

/** What accepting lanes needs. */
export interface LaneAcceptorDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly core: BusCore;
  readonly meter: BusMeter;
  readonly deliverer: Deliverer;
  onMalformed(peer: Peer): void;
}

/** Takes the lanes that peers open, and gives what comes on them, or is missing on them, to whom it is for. */
export class LaneAcceptor {
  readonly #deps: LaneAcceptorDeps;
  readonly #blockers = new Map<string, Subscriber>();
  readonly #feeds = new Map<Subscriber, LaneFeed>();

  constructor(deps: LaneAcceptorDeps) {
    this.#deps = deps;
  }

  /** A lossless subscription may be fed from now on. */
  addBlocker(subscriber: Subscriber): void {
    this.#blockers.set(String(subscriber.order), subscriber);
  }

  removeBlocker(subscriber: Subscriber): void {
    this.#blockers.delete(String(subscriber.order));
    this.#feeds.delete(subscriber);
  }

  accept(peer: Peer | undefined, incoming: IncomingStream): StreamSink {
    const { stream } = incoming;
    const hello = incoming.interaction === 'channel' ? readHello(incoming.payload.metadata()) : undefined;
    const blocker = hello === undefined ? undefined : this.#blockers.get(hello.key);
    if (hello === undefined || peer === undefined || (hello.key !== '' && blocker === undefined)) {
      stream.fail(streamErrorCodes.rejected, emptyBytes);
      return refusedSink;
    }
    const { key } = hello;
    peer.inLanes.get(key)?.close();
    const { window, reports, known, old } = peer.openWindow(hello);
    // The sender gave its old window up: what was under way in it is lost, and nobody knows how much.
    if (old !== undefined && !old.finished) this.#tellGap(peer, key, { from: old.last + 1, to: undefined });
    const { clock, meter, deliverer } = this.#deps;
    const host = {
      clock,
      onEvent: (_: InLane, event: Parameters<Deliverer['deliver']>[2]) => deliverer.deliver(peer, blocker, event),
      onGap: (_: InLane, range: LostRange) => this.#tellGap(peer, key, range),
      onMalformed: () => this.#deps.onMalformed(peer),
      onSkipped: () => meter.malformed.add(),
      onUnknownRecord: () => meter.unknownRecords.add(),
    };
    const lane = new InLane(host, { key, window, reports, stream, vocabulary: peer.vocabulary });
    peer.inLanes.set(key, lane);
    if (blocker === undefined) {
      lane.begin(known, sharedCredit);
      return lane.sink(refill(lane));
    }
    lane.begin(known, 0);
    const feed = this.#feedOf(blocker);
    feed.add(lane);
    return lane.sink(() => feed.taken(lane));
  }

  /** The windows of a life that is over: whatever was under way is lost, unless the peer said that nothing was. */
  ended(peer: Peer): void {
    for (const [key, window] of peer.windows) {
      if (!window.finished) this.#tellGap(peer, key, { from: window.last + 1, to: undefined });
    }
  }

  #feedOf(blocker: Subscriber): LaneFeed {
    const held = this.#feeds.get(blocker) ?? new LaneFeed(blocker);
    this.#feeds.set(blocker, held);
    return held;
  }

  #tellGap(peer: Peer, key: string, range: LostRange): void {
    const { core, meter, logger } = this.#deps;
    const gap: Gap = { node: peer.id.name, epoch: peer.id.epoch, from: range.from, to: range.to };
    meter.gaps.add();
    logger.info('events of a peer were lost on the way here', { ...gap });
    if (key !== '') {
      this.#blockers.get(key)?.tellGap(gap);
      return;
    }
    for (const subscriber of core.subscribers()) {
      if (subscriber.options.broker && usesSharedLane(subscriber.options)) subscriber.tellGap(gap);
    }
  }
}

interface LostRange {
  readonly from: number;
  readonly to: number | undefined;
}

/**
 * Frames that a peer may send on the shared lane before it is told to go on. With values of 4 KiB a frame holds three: 64 frames were
 * used up in one turn, and both sides waited for each other. What a peer sends is read at once, and its own link bounds its bytes.
 */
const sharedCredit = 256;

/** For a lane that was refused: nothing more is expected of it. */
export const refusedSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};

function refill(lane: InLane): () => void {
  let taken = 0;
  return () => {
    taken += 1;
    if (taken < sharedCredit / 2) return;
    lane.request(taken);
    taken = 0;
  };
}
