import { unreachable } from '../../core/assert.js';
import type { Random } from '../../core/random.js';
import { findRendezvous } from '../../core/rendezvous.js';

/** What a balancer sees of one that could be called. */
export interface Candidate {
  readonly node: string;
  readonly isLocal: boolean;
  /** Calls of this node that it has not answered. */
  readonly pending: number;
  /** Moving average of its answers; 0 before the first. */
  readonly latencyMs: number;
}

/** Built-in ways to choose. `local-first` falls back to `least-pending`. */
export type Strategy = 'local-first' | 'random' | 'round-robin' | 'least-pending' | 'lowest-latency' | 'rendezvous';

/** Chooses one of a non-empty list; keeps what a strategy must remember. */
export class Balancer {
  readonly #random: Random;
  #turn = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  choose<T extends Candidate>(strategy: Strategy, from: readonly T[], key: string | undefined): T | undefined {
    if (from.length < 2) return from[0];
    switch (strategy) {
      case 'local-first':
        return findLocal(from) ?? this.#twoChoices(from, isLessPending);
      case 'random':
        return from[this.#random.below(from.length)];
      case 'round-robin':
        this.#turn = (this.#turn + 1) % 0x4000_0000;
        return from[this.#turn % from.length];
      case 'least-pending':
        return this.#twoChoices(from, isLessPending);
      case 'lowest-latency':
        return this.#twoChoices(from, isFaster);
      case 'rendezvous':
        return from[
          findRendezvous(
            key ?? '',
            from.map((one) => one.node),
          )
        ];
      default:
        return unreachable(strategy);
    }
  }

  /** Two at random, the better one: nearly as even as looking at all, without the herd (Mitzenmacher, 2001). */
  #twoChoices<T extends Candidate>(from: readonly T[], isBetter: (left: T, right: T) => boolean): T | undefined {
    const first = this.#random.below(from.length);
    const second = (first + 1 + this.#random.below(from.length - 1)) % from.length;
    const [left, right] = [from[first], from[second]];
    return left === undefined || (right !== undefined && isBetter(right, left)) ? right : left;
  }
}

function findLocal<T extends Candidate>(from: readonly T[]): T | undefined {
  for (const one of from) if (one.isLocal) return one;
  return undefined;
}

function isLessPending(left: Candidate, right: Candidate): boolean {
  return left.pending < right.pending;
}

/** Latency weighted by what is queued there; one that never answered is tried first. */
function isFaster(left: Candidate, right: Candidate): boolean {
  return left.latencyMs * (left.pending + 1) < right.latencyMs * (right.pending + 1);
}

/** A moving average over about the last ten answers, quick to go up. */
export function moveLatency(averageMs: number, sampleMs: number): number {
  if (averageMs === 0) return sampleMs;
  return averageMs + (sampleMs - averageMs) * (sampleMs > averageMs ? 0.3 : 0.1);
}
