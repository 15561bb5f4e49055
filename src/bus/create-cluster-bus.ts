import { after, type Clock } from '../core/clock.js';
import type { Unlisten } from '../core/listeners.js';
import { silentLogger } from '../core/logger.js';
import type { LaneCodec } from '../spi/codec.js';
import type { Startable } from '../spi/life-cycle.js';
import type { Links } from '../spi/links.js';
import type { Membership } from '../spi/membership.js';
import type { Metrics } from '../spi/metrics.js';
import { noMetrics } from '../spi/no-metrics.js';
import type { Tables } from '../spi/tables.js';
import { BusCore } from './bus-core.js';
import { ClusterOutlet } from './cluster-outlet.js';
import { resolveClusterBusOptions, type ClusterBusOptions } from './cluster-options.js';
import type { EventBus, EventBusDeps, EventBusOptions } from './event-bus.js';
import { Gate } from './gate.js';
import { LinkGauges } from './link-gauges.js';

/** What a clustered bus stands on. */
export interface ClusterBusDeps extends EventBusDeps {
  readonly links: Links;
  readonly tables: Tables;
  readonly membership: Membership;
  readonly codec: LaneCodec;
  /** Send `error.stack` of handlers to askers. @defaultValue false */
  readonly exposeStacks?: boolean;
  readonly metrics?: Metrics;
}

/**
 * A bus that reaches other nodes, and the steps in which a node takes it down: `withdraw`, `finish`, `sayFinal`, `stop`. Each MAY
 * be left out; `stop` alone is a crash that tells its own subscriptions.
 */
export interface ClusterBus extends EventBus, Startable {
  /** Takes back what this node wants; resolves when every peer knows, or after `timeoutMs`. Own events still come here. */
  withdraw(timeoutMs: number): Promise<void>;
  /** Resolves when no handler runs, nothing waits, and all that was sent is acknowledged, or after `drainMs`. */
  finish(drainMs: number): Promise<void>;
  /**
   * Sends what waits and the final number of each lane, so that peers know that nothing is missing; resolves when links took it, or
   * after `timeoutMs`. Nothing can be published to other nodes afterwards.
   */
  sayFinal(timeoutMs: number): Promise<void>;
}

/** Makes the bus of a node of a cluster. Local subscriptions work before `start`. */
export function createClusterBus(deps: ClusterBusDeps, options: EventBusOptions & ClusterBusOptions = {}): ClusterBus {
  let outlet: ClusterOutlet | undefined;
  const core = new BusCore(deps, options, (owner) => {
    const { metrics = noMetrics, logger = silentLogger, exposeStacks = false } = deps;
    const outletDeps = { ...deps, metrics, logger, exposeStacks };
    outlet = new ClusterOutlet(owner, outletDeps, resolveClusterBusOptions(options));
    return outlet;
  });
  return toClusterBus(core, outlet, deps);
}

function toClusterBus(core: BusCore, outlet: ClusterOutlet | undefined, deps: ClusterBusDeps): ClusterBus {
  const { clock, metrics = noMetrics } = deps;
  const gauges = new LinkGauges(metrics, clock, () => core.links());
  // The prototype's methods need their object, so the parts of the life cycle are added to it.
  return Object.assign(core, {
    partName: 'bus',
    start(): Promise<void> {
      outlet?.start();
      gauges.start();
      return Promise.resolve();
    },
    async withdraw(timeoutMs: number): Promise<void> {
      if (outlet === undefined) return;
      outlet.withdraw();
      await within(clock, timeoutMs, (done) => outlet.whenKnown(done));
    },
    async finish(drainMs: number): Promise<void> {
      const deadline = after(clock.now(), drainMs);
      await within(clock, drainMs, (done) => {
        whenIdle(core, done);
        return () => undefined;
      });
      while (!isSettled(outlet) && clock.now() < deadline) await pause(clock, settleCheckMs);
    },
    async sayFinal(timeoutMs: number): Promise<void> {
      const deadline = after(clock.now(), timeoutMs);
      outlet?.sayFinal();
      while (!isSettled(outlet) && clock.now() < deadline) await pause(clock, settleCheckMs);
    },
    stop(): Promise<void> {
      gauges.stop();
      try {
        core.end();
      } finally {
        outlet?.stop();
      }
      return Promise.resolve();
    },
  });
}

/** How often it is looked whether peers have acknowledged everything: they do within 100 ms. */
const settleCheckMs = 10;

function isSettled(outlet: ClusterOutlet | undefined): boolean {
  return outlet === undefined || outlet.isSettled;
}

function whenIdle(core: BusCore, done: () => void): void {
  const gate = new Gate();
  for (const part of [...core.subscribers(), ...core.desk.responders()]) {
    gate.hold();
    part.whenIdle(() => gate.settle(true));
  }
  gate.whenOpen(done);
  gate.settle(true);
}

function within(clock: Clock, timeoutMs: number, start: (done: () => void) => Unlisten): Promise<void> {
  return new Promise((resolve) => {
    let give: Unlisten | undefined;
    const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), () => {
      give?.();
      resolve();
    });
    give = start(() => {
      cancelTimer();
      resolve();
    });
  });
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(after(clock.now(), ms), resolve);
  });
}
