import { after, type MonotonicMs } from '../../core/clock.js';

/**
 * Both sides of LEASE (Lease Semantics): what the peer allows this side, which the requester obeys, and what this side allowed
 * the peer, which the responder enforces. The last lease replaces all before it.
 */
export class LeaseBook {
  /** SETUP carried the L flag, so both sides wait for leases. */
  isLeased = false;
  #mayLeft = 0;
  #mayUntil = 0;
  #gaveLeft = 0;
  #gaveUntil = 0;

  /** The peer allows requests. */
  onLease(ttlMs: number, requests: number, now: MonotonicMs): void {
    this.#mayLeft = requests;
    this.#mayUntil = after(now, ttlMs);
  }

  /** This side allows requests. */
  grant(ttlMs: number, requests: number, now: MonotonicMs): void {
    this.#gaveLeft = requests;
    this.#gaveUntil = after(now, ttlMs);
  }

  /** Takes one of the requests that the peer allows; false when there is none. */
  takeOwn(now: MonotonicMs): boolean {
    if (!this.isLeased) return true;
    if (this.#mayLeft < 1 || now >= this.#mayUntil) return false;
    this.#mayLeft -= 1;
    return true;
  }

  /** Takes one of the requests that this side allowed; false when the peer is beyond its lease. */
  takePeer(now: MonotonicMs): boolean {
    if (!this.isLeased) return true;
    if (this.#gaveLeft < 1 || now >= this.#gaveUntil) return false;
    this.#gaveLeft -= 1;
    return true;
  }
}
