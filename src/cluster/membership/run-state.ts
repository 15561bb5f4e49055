import type { ClusterError } from '../../core/errors.js';
import { Listeners } from '../../core/listeners.js';
import { type Logger, silentLogger } from '../../core/logger.js';
import type { SwimPhase } from '../../protocol/swim/effects.js';
import type { SwimMachine } from '../../protocol/swim/swim.js';
import type { ClusterWatch } from '../../spi/membership.js';
import type { PartitionWatch } from './partition-watch.js';
import { StrangerLog } from './stranger-log.js';
import { SwimMetrics } from './swim-metrics.js';
import type { SwimMembershipDeps } from './swim-setup.js';

/** What changes while the driver runs, and who waits for it. */
export interface RunState {
  readonly logger: Logger;
  readonly phases: Listeners<SwimPhase>;
  readonly faults: Listeners<ClusterError>;
  tickMetrics(now: number): void;
  started: Promise<void> | undefined;
  stopped: boolean;
  lagMs: number;
  fault: ClusterError | undefined;
  seedFault: unknown;
  streamAnswer: Uint8Array | undefined;
  /** Ends the wait of `start`. */
  caughtUp: (() => void) | undefined;
}

/** The state of a driver that has not started; its metrics and its log of strangers are brought up to date by `tickMetrics`. */
export function newRunState(deps: SwimMembershipDeps, machine: SwimMachine): RunState {
  const metrics = deps.metrics === undefined ? undefined : new SwimMetrics(deps.metrics, machine.counts);
  const logger = deps.logger ?? silentLogger;
  const strangers = new StrangerLog(logger, machine.counts);
  let nextAt = 0;
  return {
    logger,
    phases: new Listeners(),
    faults: new Listeners(),
    tickMetrics: (now) => {
      if (now < nextAt) return;
      nextAt = now + metricsPeriodMs;
      metrics?.update(machine.counts, machine.view);
      strangers.look(now);
    },
    started: undefined,
    stopped: false,
    lagMs: 0,
    fault: undefined,
    seedFault: undefined,
    streamAnswer: undefined,
    caughtUp: undefined,
  };
}

const metricsPeriodMs = 1000;

/** Health, partition and quorum, read from where they are kept. */
export function watchOf(machine: SwimMachine, partition: PartitionWatch, run: RunState): ClusterWatch {
  return {
    get health() {
      const { healthScore, isDeaf } = machine.view;
      return { score: healthScore, lagMs: run.lagMs, deaf: isDeaf };
    },
    get partition() {
      return partition.state;
    },
    listenPartition: (listener) => partition.listen(listener),
    requireQuorum: () => partition.requireQuorum(),
  };
}
