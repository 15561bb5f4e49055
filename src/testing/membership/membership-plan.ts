import type { Random } from '../../core/random.js';
import type { EdgeFaults } from '../sim-network-faults.js';

/** What may happen to a simulated cluster; a plan has a weight for each, 0 where it never happens. */
export const disturbances = [
  'loss',
  'partition',
  'cut',
  'heal',
  'crash',
  'restart',
  'leave',
  'stall',
  'pause',
  'io-block',
  'metadata',
  'evidence',
] as const;

/** One kind of disturbance. */
export type Disturbance = (typeof disturbances)[number];

/** What one seed plays. Leaving kinds out altogether finds what a mixture of everything hides. */
export interface MembershipPlan {
  readonly nodes: number;
  readonly edge: Partial<EdgeFaults>;
  readonly eventCostMs: number;
  /** Clocks run up to so much too fast or too slow. */
  readonly clockSkewPpm: number;
  readonly steps: number;
  readonly stepMaxMs: number;
  readonly stallMaxMs: number;
  readonly metadataMaxBytes: number;
  /** Some restarted nodes forget the time, and begin with an epoch far too low. */
  readonly forgetsTime: boolean;
  readonly kinds: readonly Disturbance[];
}

/** Draws a plan. */
export function drawPlan(random: Random): MembershipPlan {
  const isOn = (): boolean => random.below(2) === 0;
  const delayMaxMs = [1, 5, 50, 150][random.below(4)] ?? 1;
  const wanted: Disturbance[] = disturbances.filter(() => isOn());
  // Faults that nothing ends would leave nothing to see in most of the run.
  const kinds: Disturbance[] = [...wanted, 'heal', 'restart'];
  return {
    nodes: 3 + random.below(10),
    edge: {
      lossPercent: isOn() ? random.below(25) : 0,
      delayMinMs: Math.min(0.2, delayMaxMs / 2),
      delayMaxMs,
      duplicatePercent: isOn() ? random.below(20) : 0,
      reorderPercent: isOn() ? random.below(20) : 0,
      mtuBytes: 1400,
    },
    eventCostMs: isOn() ? 0.05 : 0,
    clockSkewPpm: isOn() ? 200 : 0,
    steps: 8 + random.below(24),
    stepMaxMs: [500, 2000, 8000][random.below(3)] ?? 500,
    stallMaxMs: [500, 3000, 12_000][random.below(3)] ?? 500,
    metadataMaxBytes: random.below(8) === 0 ? 65_536 : 3000,
    forgetsTime: isOn(),
    kinds,
  };
}
