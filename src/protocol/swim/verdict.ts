import type { MonotonicMs } from '../../core/clock.js';
import { deafMembersMin, type SwimParts } from './parts.js';
import type { Suspicion } from './suspicion.js';

/** Another's word that a suspect failed is believed once we saw it ourselves, or two agree and our own suspicion is nearly over. */
export function isConfirmed(now: MonotonicMs, suspicion: Suspicion, { options, table }: SwimParts): boolean {
  const waitedMs = now - suspicion.startedAt;
  const refusedMs = suspicion.refusers.length >= 2 ? options.suspicionRefusedMs : Number.POSITIVE_INFINITY;
  const enoughMs = Math.min(suspicion.times.minMs, refusedMs) * confirmedShare;
  if (waitedMs < enoughMs) return false;
  return suspicion.own || suspicion.accusers.length >= 2 || table.liveCount < 4;
}

/** A suspicion that is over is held while nothing at all is heard: that says more about this node's network, for a bounded time. */
export function isHeld(now: MonotonicMs, suspicion: Suspicion, { options, ears, table }: SwimParts): boolean {
  if (!options.holdWhenDeaf || table.liveCount < deafMembersMin || suspicion.refusers.length > 0) return false;
  if (!ears.isSilent(now, options.probePeriodMs)) return false;
  return suspicion.forgivenMs + ears.silentMs(now) < suspicion.forgivableMs;
}

/** The share of the least suspicion after which another's word that somebody failed is believed: clocks start a little apart. */
const confirmedShare = 0.8;
