import type { BoundedQueue } from '../core/bounded-queue.js';
import type { MonotonicMs } from '../core/clock.js';
import type { ClusterError } from '../core/errors.js';
import type { BusEvent } from '../spi/bus.js';
import type { SharedEvent } from './event.js';
import type { Gate } from './gate.js';
import type { HandlerMeter } from './handler-meter.js';

/**
 * What a subscription has once it had to wait, lost or failed something, or is fed by lanes. Of a million subscriptions most never
 * do, so it is made when it is first needed.
 */
export class SubscriberState {
  dropped = 0;
  failed = 0;
  revision = 0;
  /** Places that exist for lanes of peers, beyond the queue's own. */
  laneRoom = 0;
  /** Those of them that are kept for lanes that were promised nothing yet. */
  laneRoomKept = 0;
  /** Places that are promised to lanes of peers. */
  reserved = 0;
  /** There for a subscription that is measured. */
  meter: HandlerMeter | undefined;
  /** Called whenever a handler is done, for who feeds it. */
  onProgress: (() => void) | undefined;
  /** Told once when the bus, not its owner, ends it; `error` says why. */
  onEnd: ((error: ClusterError | undefined) => void) | undefined;
  queue: BoundedQueue<Waiting> | undefined;
  /** Handlers under way. */
  running = 0;
  /** Drops that `onDropped` has not heard of. */
  droppedUntold = 0;
  roomWaiters: (() => void)[] | undefined;
  idleWaiters: (() => void)[] | undefined;
}

/** An event in a subscription's queue. */
export interface Waiting {
  readonly event: BusEvent;
  readonly expiresAt: SharedEvent['expiresAt'];
  readonly revision: number;
  /** When it came, for a subscription that is measured. */
  readonly arrivedAt: MonotonicMs | undefined;
  readonly before: Gate | undefined;
  readonly done: Gate | undefined;
}
