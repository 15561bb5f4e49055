import type { Clock, MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { MemberEvent, PartitionState } from '../../spi/membership.js';

/**
 * Says how much of the known cluster is lost. Known is who is reachable, and who failed less than `memoryMs` ago without coming
 * back: a node that scaled down in order leaves and is forgotten. Hysteresis: half lost begins a partition, a quarter ends it.
 */
export class PartitionWatch {
  readonly #clock: Clock;
  readonly #memoryMs: number;
  readonly #lost = new Map<string, MonotonicMs>();
  readonly #listeners = new Listeners<PartitionState>();
  #reachable = 1;
  #partitioned = false;
  #quorum = true;

  constructor(clock: Clock, memoryMs: number) {
    this.#clock = clock;
    this.#memoryMs = memoryMs;
  }

  get state(): PartitionState {
    this.#forget();
    return {
      knownCount: this.#reachable + this.#lost.size,
      lostCount: this.#lost.size,
      partitioned: this.#partitioned,
      quorum: this.#quorum,
    };
  }

  listen(listener: (state: PartitionState) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  requireQuorum(): void {
    const { knownCount, lostCount, quorum } = this.state;
    if (quorum) return;
    throw new ClusterError('quorum-lost', `${lostCount} of ${knownCount} known members are out of reach`);
  }

  /** Takes a membership event, in order; `reachable` counts the members that are left, this node included. */
  observe(event: MemberEvent, reachable: number): void {
    const { name } = event.member;
    if (event.kind === 'failed') {
      this.#lost.delete(name);
      this.#lost.set(name, this.#clock.now());
    } else if (event.kind === 'left' || event.kind === 'joined') {
      this.#lost.delete(name);
    }
    this.#reachable = reachable;
    this.#judge();
  }

  #forget(): void {
    const now = this.#clock.now();
    let forgot = false;
    for (const [name, at] of this.#lost) {
      if (now - at < this.#memoryMs) break;
      this.#lost.delete(name);
      forgot = true;
    }
    if (forgot) this.#judge();
  }

  #judge(): void {
    const known = this.#reachable + this.#lost.size;
    const share = this.#lost.size / known;
    const partitioned = share >= (this.#partitioned ? endShare : beginShare);
    const quorum = this.#reachable * 2 > known;
    if (partitioned === this.#partitioned && quorum === this.#quorum) return;
    this.#partitioned = partitioned;
    this.#quorum = quorum;
    this.#listeners.tell({ knownCount: known, lostCount: this.#lost.size, partitioned, quorum });
  }
}

const beginShare = 0.5;
/** Just above a quarter, so that a quarter lost ends it. */
const endShare = 0.2501;
