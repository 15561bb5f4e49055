import { laneBatchMax } from './subscribe-options.js';
import type { Subscriber } from './subscriber.js';

/**
 * Shares the room of one lossless subscription among the lanes of all peers that feed it: an item is allowed only when all the
 * events that it may carry have a place. Each lane brings places for one item of its own, so that lanes with nothing to send cannot
 * starve the others; of the common room a quarter is left to what this node publishes itself.
 */
export class LaneFeed {
  readonly #subscriber: Subscriber;
  readonly #batchMax: number;
  readonly #reservedMax: number;
  readonly #granted = new Map<FedLane, number>();
  #isGranting = false;

  constructor(subscriber: Subscriber) {
    const { queueMax, concurrencyMax } = subscriber.options;
    this.#subscriber = subscriber;
    this.#batchMax = laneBatchMax(subscriber.options);
    this.#reservedMax = Math.max(this.#batchMax, Math.floor(((queueMax + concurrencyMax) * 3) / 4));
    subscriber.state.onProgress = (): void => this.#grant();
  }

  add(lane: FedLane): void {
    this.#granted.set(lane, 0);
    this.#subscriber.state.laneRoom += this.#batchMax;
    this.#subscriber.state.laneRoomKept += this.#batchMax;
    this.#grant();
  }

  /** An item of the lane came; its events are in the subscription's queue now, or done. */
  taken(lane: FedLane): void {
    const granted = this.#granted.get(lane);
    if (granted !== undefined && granted > 0) {
      this.#granted.set(lane, granted - 1);
      this.#subscriber.state.reserved -= this.#batchMax;
      if (granted === 1) this.#subscriber.state.laneRoomKept += this.#batchMax;
    }
    this.#grant();
  }

  /** One item for each lane in turn, while there is room. */
  #grant(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    this.#sweep();
    for (let isOver = this.#granted.size === 0; !isOver;) {
      isOver = true;
      for (const [lane, granted] of this.#granted) {
        if (granted >= grantedMax || !this.#hasPlace(granted)) continue;
        this.#subscriber.state.reserved += this.#batchMax;
        if (granted === 0) this.#subscriber.state.laneRoomKept -= this.#batchMax;
        // Last in the order now, so that the others come first the next time.
        this.#granted.delete(lane);
        this.#granted.set(lane, granted + 1);
        lane.request(1);
        isOver = false;
        break;
      }
    }
    this.#isGranting = false;
  }

  /** Lanes whose connection is over give back what they were allowed. */
  #sweep(): void {
    for (const [lane, granted] of this.#granted) {
      if (lane.isOpen) continue;
      this.#granted.delete(lane);
      this.#subscriber.state.reserved -= granted * this.#batchMax;
      this.#subscriber.state.laneRoom -= this.#batchMax;
      if (granted === 0) this.#subscriber.state.laneRoomKept -= this.#batchMax;
    }
  }

  /** Beyond its first item a lane may use common room only: the places of lanes that wait for their first are not common. */
  #hasPlace(granted: number): boolean {
    const { room, state } = this.#subscriber;
    const { reserved, laneRoom, laneRoomKept } = state;
    if (granted === 0) return room >= this.#batchMax;
    const isCommon = reserved + laneRoomKept + this.#batchMax <= this.#reservedMax + laneRoom;
    return isCommon && room - laneRoomKept >= this.#batchMax;
  }
}

/** A lane of a peer, as far as its feed knows it. */
export interface FedLane {
  readonly isOpen: boolean;
  /** Allows so many items more. */
  request(count: number): void;
}

/** Items that one lane may have at once. */
const grantedMax = 4;
