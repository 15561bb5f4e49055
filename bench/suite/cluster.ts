/** Starting the nodes of a cluster, for the benches that need several. */
import type { Agent } from '../harness/agents.js';
import type { Place, Run } from '../harness/run.js';
import type { Entry, Setup } from '../contender.js';

/** The module of every node. */
export const nodeModule = 'bench/child/cluster.ts';

/** Where a node goes: `count` nodes there will be, and those of `peers` are there. */
export type NodePlace = Place & { readonly count: number; readonly peers: string[] };

/** One more node: joins those whose addresses are given. */
export async function addNode(run: Run, entry: Entry, place: NodePlace, agent: Agent): Promise<void> {
  const { crew, peers } = place;
  const name = `node-${peers.length.toString()}`;
  const options = { module: entry.module, setup: await nextSetup(run, entry, place), name };
  peers.push(await crew.create<string>(agent, { name: '', module: nodeModule, role: 'node', options }));
}

/** What the next node is told. */
export async function nextSetup(run: Run, entry: Entry, { broker, count, peers }: NodePlace): Promise<Setup> {
  return run.setup(entry, { payload: 'iot', broker: broker.address, index: peers.length, count, peers: [...peers] });
}

/** Starts so many nodes and waits until each sees all. */
export async function startCluster(run: Run, entry: Entry, { crew, broker }: Place, count: number): Promise<Agent[]> {
  const agents = Array.from({ length: count }, (_, index) => crew.prepare(`${entry.name} node ${index.toString()}`));
  const peers: string[] = [];
  for (const agent of agents) await addNode(run, entry, { crew, broker, count, peers }, agent);
  await everyone(agents, 'joined', () => ({ members: count }));
  return agents;
}

/** Asks all nodes at once. */
export async function everyone<T = unknown>(
  agents: readonly Agent[],
  verb: string,
  args: (index: number) => unknown = () => undefined,
): Promise<T[]> {
  return Promise.all(agents.map(async (agent, index) => agent.ask<T>(verb, args(index), 120_000)));
}
