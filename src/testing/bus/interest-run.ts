import { SimCluster } from '../sim-cluster.js';

/** What it cost to let a cluster know of many subscriptions. */
export interface InterestCost {
  readonly nodes: number;
  readonly subscriptions: number;
  /** From the first subscription until every other node routes to all of them, simulated. */
  readonly convergedMs: number;
  /** Of one node to each peer, beyond what the idle cluster sends in the same time. */
  readonly bytesPerPeer: number;
  /** Events on topics that nobody wants and that hashes sent all the same, of `strangersAsked`. */
  readonly strangers: number;
  readonly strangersAsked: number;
}

/** How the subscriptions are made: a subscription a device, or one with a set of devices. */
export type InterestForm = 'each' | 'set';

/**
 * Subscribes to so many devices on one node of a simulated cluster, and measures what the others are sent and when they all know.
 * Bytes are those of what the network carried, streams and datagrams, whoever sent them.
 */
export async function measureInterest(nodes: number, subscriptions: number, form: InterestForm): Promise<InterestCost> {
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
  const cluster = new SimCluster(1, names);
  for (const name of names) await cluster.settle(cluster.start(name), 30_000);
  await cluster.pass(5000);
  const bytes = (): number => cluster.network.faults.counts.streamBytes;
  const idleFrom = bytes();
  await cluster.pass(idleMs);
  const idleBytesPerMs = (bytes() - idleFrom) / idleMs;
  const beganBytes = bytes();
  const beganMs = cluster.simulator.now();
  const { bus } = cluster.node('n1');
  if (form === 'set') {
    const values = new Set(Array.from({ length: subscriptions }, (_, index) => `d${index}`));
    bus.subscribe('/device/{id}/up', () => undefined, { only: { capture: 'id', values } });
  } else {
    for (let index = 0; index < subscriptions; index += 1) bus.subscribe(`/device/d${index}/up`, () => undefined);
  }
  const others = names.slice(1).map((name) => cluster.node(name).bus);
  // Buckets travel in any order: a thousandth of the devices, spread over all, stands for them.
  const asked = Array.from({ length: samples }, (_, index) => Math.floor((index * subscriptions) / samples));
  const isKnown = (): boolean =>
    others.every((other) => asked.every((index) => other.explain(`/device/d${index}/up`).nodes.length === 1));
  while (!isKnown()) {
    await cluster.pass(10);
    if (cluster.simulator.now() - beganMs > patienceMs) throw new Error(`not known within ${patienceMs} ms`);
  }
  const convergedMs = cluster.simulator.now() - beganMs;
  await cluster.pass(2000);
  const tookMs = cluster.simulator.now() - beganMs;
  const sent = bytes() - beganBytes - idleBytesPerMs * tookMs;
  let strangers = 0;
  for (let index = 0; index < strangersAsked; index += 1) {
    strangers += others[0]?.explain(`/device/x${index}/up`).nodes.length ?? 0;
  }
  const bytesPerPeer = Math.round(sent / (nodes - 1));
  return { nodes, subscriptions, convergedMs, bytesPerPeer, strangers, strangersAsked };
}

const idleMs = 10_000;
const patienceMs = 120_000;
const samples = 2000;
const strangersAsked = 10_000;
