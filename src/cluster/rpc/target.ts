import { Breaker, type BreakerOptions } from '../../protocol/rpc/breaker.js';
import { moveLatency } from '../../protocol/rpc/balance.js';
import type { MonotonicMs } from '../../core/clock.js';
import type { Link } from '../../spi/links.js';
import type { ServiceInstance } from '../../spi/rpc.js';
import type { SelectCandidate } from './service-types.js';

/** When one instance's method takes no more calls from this node. */
export interface TargetLimits {
  readonly breaker: BreakerOptions;
  /** Calls of this node that one method of one instance has not answered; more fail as overloaded. */
  readonly inFlightMax: number;
}

/** The number of a route on one link, and what is written once it is known there. */
export interface TargetRoute {
  readonly link: Link;
  readonly number: number;
  /** True once the peer answered a call that named the route. */
  known: boolean;
  /** The metadata of a plain call with this much time left; calls of one client mostly have the same. */
  plainRemainingMs: number;
  plain: Uint8Array | undefined;
}

/** One method of one instance, as this node experiences it: what selection and resilience look at. */
export class Target implements SelectCandidate {
  readonly instance: ServiceInstance;
  readonly isLocal: boolean;
  readonly #limits: TargetLimits;
  readonly #breaker: Breaker;
  /** The link to its node; `undefined` while there is none, and for this node itself. */
  link: Link | undefined;
  /** True while the membership doubts its node. */
  doubted = false;
  pending = 0;
  latencyMs = 0;
  /** How the peer of the link knows this route. */
  route: TargetRoute | undefined;

  constructor(instance: ServiceInstance, isLocal: boolean, limits: TargetLimits) {
    this.instance = instance;
    this.isLocal = isLocal;
    this.#limits = limits;
    this.#breaker = new Breaker(limits.breaker);
  }

  get node(): string {
    return this.instance.node;
  }

  get instanceId(): string {
    return this.instance.id;
  }

  get tags(): Readonly<Record<string, string>> {
    return this.instance.tags;
  }

  /** Says whether calls can reach it: its node answers, and the link to it is up. */
  get reachable(): boolean {
    return this.isLocal || (this.link?.up === true && !this.doubted);
  }

  /** Says whether the breaker and the bulkhead let one more call out. */
  isOpen(now: MonotonicMs): boolean {
    return this.pending < this.#limits.inFlightMax && (this.isLocal || this.#breaker.allows(now));
  }

  begin(now: MonotonicMs): void {
    this.pending += 1;
    this.#breaker.begin(now);
  }

  /** A call ended. `peerFailed`: the peer, not the handler or the caller, was at fault. */
  end(now: MonotonicMs, startedAt: MonotonicMs, peerFailed: boolean): void {
    this.pending -= 1;
    this.#breaker.end(now, peerFailed);
    if (!peerFailed) this.latencyMs = moveLatency(this.latencyMs, now - startedAt);
  }
}
