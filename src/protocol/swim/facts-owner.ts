import type { MonotonicMs } from '../../core/clock.js';
import type { MemberLife } from './catalogue.js';
import type { SwimEffects } from './effects.js';
import type { RecordMessage } from './messages.js';

/** Whom the facts tell what concerns it, and ask what they do not hold. */
export interface FactsOwner {
  /** A later life of our own name is told of. */
  claimed(now: MonotonicMs, life: MemberLife, out: SwimEffects): void;
  /** Whether a later life of the member at `slot` has to wait for its proof. */
  holdsClaim(now: MonotonicMs, slot: number, record: RecordMessage, out: SwimEffects): boolean;
  /** True while accusations are answered: not while leaving, nor before the node is up. */
  answersAccusations(): boolean;
  /** Metadata of a member, if it has been pulled. */
  findMetadata(slot: number): Uint8Array | undefined;
  /** A member is there, for the first time or again. */
  came(slot: number): void;
  /** A member is gone; its slot still says who it was. */
  went(now: MonotonicMs, slot: number, status: 'failed' | 'left'): void;
}
