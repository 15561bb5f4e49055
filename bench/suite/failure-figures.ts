/** What a failure cost, receiver by receiver: a report about one way excuses no loss on another. */
import type { LoadResult, Witness } from '../child/cluster.js';
import type { LossReport } from '../contender.js';

/** What was seen of one failure. `node-0` loads, `node-1` survives, `node-2` is the victim. */
export interface FailureSeen {
  readonly result: LoadResult;
  readonly kept: Witness;
  /** The victim, when it was only stopped. */
  readonly alive: Witness | undefined;
  /** Events of the load that came, by receiver: the survivor, the victim. */
  readonly counts: readonly number[];
  /** Wall time of the signal. */
  readonly at: number;
  /** Length of the load. */
  readonly seconds: number;
  /** Events taken to be accepted for the victim by a system that does not say for whom it accepted: those before the signal. */
  readonly acceptedByDefault: number;
}

/**
 * A copy that was accepted and did not arrive is lost, and told when the publisher was told about that receiver, or that receiver about
 * that publisher. A report without a number covers its own way only.
 */
export function failureFigures(seen: FailureSeen): Record<string, number> {
  const { result, kept, alive, counts, at, seconds } = seen;
  const [survived = 0, suffered = 0] = counts;
  const accepted = acceptedOf(seen);
  const ways = [
    wayOf('node-1', accepted.survivor - survived, result, kept),
    wayOf('node-2', accepted.victim - suffered, result, alive),
  ];
  const lost = ways.reduce((sum, way) => sum + way.lost, 0);
  const told = ways.reduce((sum, way) => sum + way.told, 0);
  const disturbances = [...result.disturbed, ...kept.stalls].filter((time) => time >= at);
  return {
    lost,
    told,
    untold: lost - told,
    'lost at survivor': Math.max(0, result.published - survived),
    'failed calls': result.callsFailed,
    'hung calls': result.callsHung,
    'calls/s': result.callsDone / seconds,
    ...besideOf(kept, at),
    'disturbed ms': disturbances.length === 0 ? 0 : Math.max(...disturbances) - at,
  };
}

/** How late events for the survivor are before the signal and after it. */
function besideOf({ delays }: Witness, at: number): Record<string, number> {
  const before = p99Of(delays.filter(([cameAt]) => cameAt < at));
  const beside = p99Of(delays.filter(([cameAt]) => cameAt >= at));
  if (before === undefined || beside === undefined) return {};
  return { 'p99 before ms': before, 'p99 beside ms': beside, 'p99 beside / before': beside / before };
}

function p99Of(delays: Witness['delays']): number | undefined {
  const sorted = delays.map(([, delayMs]) => delayMs).toSorted((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/** The survivor is linked all the time, so an event that was accepted for one node was accepted for it. */
function acceptedOf({ result, acceptedByDefault }: FailureSeen): {
  readonly survivor: number;
  readonly victim: number;
} {
  const { published, acceptedBy } = result;
  if (acceptedBy === undefined) return { survivor: published, victim: Math.min(published, acceptedByDefault) };
  const [, one = 0, two = 0] = acceptedBy;
  return { survivor: one + two, victim: two };
}

function wayOf(
  receiver: string,
  missing: number,
  { told: byLoader }: LoadResult,
  witness: Witness | undefined,
): { readonly lost: number; readonly told: number } {
  const lost = Math.max(0, missing);
  const reports: LossReport[] = [
    ...byLoader.filter(({ side, about }) => side === 'publisher' && about === receiver),
    ...(witness?.told ?? []).filter(({ side, about }) => side === 'subscriber' && about === 'node-0'),
  ];
  const told = reports.reduce((sum, { count = lost }) => sum + count, 0);
  return { lost, told: Math.min(told, lost) };
}
