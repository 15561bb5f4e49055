import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import { jitterMs, type Random } from '../../core/random.js';
import { findSeeds, type SeedOptions } from './seeds.js';

/** What the loop needs of the membership. */
export interface SeedLoopUser {
  /** True while `start` waits. */
  readonly isJoining: boolean;
  /** True while nobody else is known. */
  readonly isAlone: boolean;
  /** Asks these addresses; those of live members need not be asked. */
  contact(addresses: readonly string[]): void;
  /** Says whether a live member is at this address. */
  isMemberAt(address: string): boolean;
  /** Called when a look-up failed. */
  seedFault(fault: unknown): void;
}

/** How often seeds are asked. */
export interface SeedLoopOptions extends SeedOptions {
  readonly joinRetryMs: number;
  readonly seedRetryMs: number;
}

/**
 * Asks seeds: quickly while joining, slowly for ever after, so that two halves that both lost each other's members still meet.
 * Names are looked up anew each time. A seed that stays silent is tried less and less often, down to a tenth.
 */
export class SeedLoop {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: SeedLoopOptions;
  readonly #user: SeedLoopUser;
  #cancel: CancelTimer | undefined;
  #attempts = 0;
  #running = false;

  constructor(deps: { readonly clock: Clock; readonly random: Random }, options: SeedLoopOptions, user: SeedLoopUser) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#options = options;
    this.#user = user;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#attempt();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  async #attempt(): Promise<void> {
    const { addresses, fault } = await findSeeds(this.#options);
    if (!this.#running) return;
    if (fault !== undefined) this.#user.seedFault(fault);
    const silent = this.#user.isJoining ? addresses : addresses.filter((address) => !this.#user.isMemberAt(address));
    if (silent.length > 0) this.#user.contact(silent);
    this.#attempts = silent.length > 0 ? this.#attempts + 1 : 0;
    const at = after(this.#clock.now(), this.#waitMs());
    this.#cancel = this.#clock.setTimer(at, () => void this.#attempt());
  }

  #waitMs(): number {
    const { joinRetryMs, seedRetryMs } = this.#options;
    if (this.#user.isJoining) {
      const doubled = joinRetryMs * 2 ** Math.min(this.#attempts - 1, 8);
      return jitterMs(this.#random, Math.max(joinRetryMs, Math.min(doubled, joinRetryMaxMs)), 0.2);
    }
    const slow = seedRetryMs * Math.min(slowest, 1 + this.#attempts / 10);
    return jitterMs(this.#random, this.#user.isAlone ? Math.min(slow, seedRetryMs / 10) : slow, 0.3);
  }
}

const joinRetryMaxMs = 1000;
const slowest = 10;
