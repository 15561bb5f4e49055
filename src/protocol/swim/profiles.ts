import type { SwimOptions } from './options.js';

/** For nodes on one machine: gossip rounds and reconnects come sooner, for nothing is far and bytes cost little. */
export function localSwim(): Partial<SwimOptions> {
  return {
    pingTimeoutMs: 200,
    gossipPeriodMs: 100,
    syncPeriodMs: 100,
    reconnectPeriodMs: 500,
    nameCheckMs: 300,
  };
}

/**
 * For one data centre and about `nodes` nodes. Traffic of a node does not grow with n, and the suspicion formula follows the
 * members that are there; only what waits for them is sized here.
 */
export function lanSwim(nodes: number): Partial<SwimOptions> {
  return { gossipQueueMax: Math.max(1024, nodes), membersMax: Math.max(1000, nodes * 4) };
}

/** For several sites: longer periods, for round trips of 200 ms and loss in bursts are normal there. */
export function wanSwim(nodes: number): Partial<SwimOptions> {
  return {
    ...lanSwim(nodes),
    probePeriodMs: 3000,
    pingTimeoutMs: 1500,
    pingTimeoutMinMs: 250,
    suspicionAlpha: 4,
    suspicionMinMs: 10_000,
    gossipPeriodMs: 500,
    gossipFanout: 4,
    syncPeriodMs: 1000,
    nameCheckMs: 3000,
  };
}
