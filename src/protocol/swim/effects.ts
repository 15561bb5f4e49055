import type { MemberEvent } from '../../spi/membership.js';

/**
 * Where the machine is. `idle` → `joining` → `up` → `leaving` → `left`; `refused` ends a join, `deposed` ends `up`.
 */
export type SwimPhase = 'idle' | 'joining' | 'up' | 'leaving' | 'left' | 'refused' | 'deposed';

/** Why a machine is `refused` or `deposed`. */
export type SwimFault =
  | { readonly kind: 'name-taken'; readonly address: string; readonly epoch: number }
  | { readonly kind: 'incompatible'; readonly address: string; readonly wireMin: number; readonly wireMax: number };

/** What the machine wants done. None of these may call the machine back. */
export interface SwimEffects {
  /** Send one datagram; it may be lost, late or repeated. `bytes` are lent for the call. */
  send(to: string, bytes: Uint8Array): void;
  /** Send the bytes as a request over a stream and hand its answer to `receive`; it may never come. `bytes` are lent. */
  exchange(to: string, name: string, bytes: Uint8Array): void;
  /** Somebody came, changed or went. In order; exactly once each. */
  changed(event: MemberEvent): void;
  /** The phase changed. */
  phased(phase: SwimPhase, fault: SwimFault | undefined): void;
}
