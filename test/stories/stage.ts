import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { ClusterError } from '../../src/core/errors.js';
import type { ClusterNode } from '../../src/runtime/cluster-node.js';
import type { GroupStrategy } from '../../src/spi/bus.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

/**
 * Plays a story over whole simulated nodes: each line that begins with `>` is a command, what happens because of it follows it. Other lines are
 * for the reader. Epochs are left out: they are no part of a story.
 *
 *     start NODE [MIN..MAX]            stop NODE                      kill NODE
 *     subscribe NODE ID PATTERN        group NODE NAME STRATEGY       leave NODE ID
 *     publish NODE TOPIC FROM..TO      confirm NODE TOPIC VALUE
 *     cut NODE                         heal                           pass MS
 *     explain NODE TOPIC               members NODE                   serve NODE
 *     call NODE TARGET                 stall NODE MS [PASS_MS]
 *
 * A node that is started with wire versions stands for a build that speaks these.
 */
export class Stage {
  readonly #cluster: SimCluster;
  readonly #subscriptions = new Map<string, { stop(): void }>();
  #heard: string[] = [];

  constructor(names: readonly string[]) {
    this.#cluster = new SimCluster(1, names);
  }

  /** Plays the text and gives it back with what happened. */
  static async play(text: string): Promise<string> {
    const lines = text.split('\n').filter((line) => !line.startsWith('  '));
    const names = new Set(lines.flatMap((line) => /^> start (\S+)/.exec(line)?.[1] ?? []));
    const stage = new Stage([...names]);
    const written: string[] = [];
    for (const line of lines) {
      written.push(line);
      if (!line.startsWith('> ')) continue;
      const said = await stage.#run(line.slice(2).split(' '));
      await stage.#cluster.pass(200);
      written.push(...said.map(indent), ...shorten(stage.#heard).map(indent));
      stage.#heard = [];
    }
    return written.join('\n');
  }

  async #run(words: readonly string[]): Promise<readonly string[]> {
    const [command = '', name = '', first = '', second = ''] = words;
    const acts: Readonly<Record<string, () => unknown>> = {
      stop: () => this.#cluster.settle(this.#cluster.stop(name), 30_000),
      kill: () => this.#cluster.kill(name, 'reset'),
      cut: () => this.#cluster.network.faults.isolate(name),
      heal: () => this.#cluster.network.faults.heal(),
      pass: () => this.#cluster.pass(Number(name)),
      stall: () => this.#stall(name, first, second),
      subscribe: () => this.#subscribe(name, first, second),
      group: () => this.#join(name, first, second),
      serve: () => this.#node(name).rpc.register(greeter, { greet: (who) => `${name} greets ${who}` }),
      leave: () => this.#subscriptions.get(`${name} ${first}`)?.stop(),
    };
    const act = acts[command];
    if (act !== undefined) {
      await act();
      return [];
    }
    if (command === 'start') return this.#start(name, first);
    if (command === 'members') return this.#members(name);
    if (command === 'call') return this.#call(name, first);
    if (command === 'publish') return this.#publish(name, first, second);
    if (command === 'confirm') return this.#confirm(name, first, second);
    if (command === 'explain') return this.#explain(name, first);
    throw new Error(`a story has no command ${command}`);
  }

  #node(name: string): ClusterNode {
    return this.#cluster.node(name);
  }

  /** The node's event loop stands still so long; meanwhile time passes. */
  async #stall(name: string, stallMs: string, passMs: string): Promise<void> {
    this.#cluster.network.machine(name).loop.pause(Number(stallMs));
    await this.#cluster.pass(Number(passMs));
  }

  async #start(name: string, versions: string): Promise<readonly string[]> {
    const [min = 0, max = min] = versions.split('..').map(Number);
    const wireVersions = versions === '' ? undefined : { min, max };
    try {
      await this.#cluster.settle(this.#cluster.start(name, {}, wireVersions), 30_000);
      return [];
    } catch (error) {
      return [`refused: ${ClusterError.from(error, 'internal').code}`];
    }
  }

  #members(name: string): readonly string[] {
    const members = this.#node(name)
      .members()
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
    return members.map((one) => `${one.name} ${one.status}, speaks ${one.wireMin} to ${one.wireMax}`);
  }

  async #call(name: string, target: string): Promise<readonly string[]> {
    const client = this.#node(name).rpc.client(greeter, { timeoutMs: 2000 });
    const said = client
      .greet(name, { node: target })
      .catch((error: unknown) => ClusterError.from(error, 'internal').code);
    return [await this.#cluster.settle(said, 10_000)];
  }

  #subscribe(name: string, id: string, pattern: string): readonly string[] {
    const subscription = this.#node(name).bus.subscribe(
      pattern,
      (event) => void this.#heard.push(`${id} at ${name} got ${event.topic} ${String(event.value)}`),
      {
        id,
        onGap: (gap) => void this.#heard.push(`${id} at ${name} lacks ${gap.node} ${gap.from} to ${gap.to ?? '?'}`),
      },
    );
    this.#subscriptions.set(`${name} ${id}`, subscription);
    return [];
  }

  #join(name: string, group: string, strategy: string): readonly string[] {
    const subscription = this.#node(name).bus.subscribe(
      `/${group}`,
      (event) => void this.#heard.push(`${group} at ${name} got ${event.topic} ${String(event.value)}`),
      { group: { name: group, strategy: strategyOf(strategy) } },
    );
    this.#subscriptions.set(`${name} ${group}`, subscription);
    return [];
  }

  #publish(name: string, topic: string, range: string): readonly string[] {
    const [from = 0, to = from] = range.split('..').map(Number);
    const totals = { local: 0, nodes: 0, groups: 0, dropped: 0 };
    for (let value = from; value <= to; value += 1) {
      const receipt = this.#node(name).bus.publish(topic, value);
      for (const key of ['local', 'nodes', 'groups', 'dropped'] as const) totals[key] += receipt[key];
    }
    return [
      `receipt: local ${totals.local}, nodes ${totals.nodes}, groups ${totals.groups}, dropped ${totals.dropped}`,
    ];
  }

  async #confirm(name: string, topic: string, value: string): Promise<readonly string[]> {
    const confirmed = this.#node(name).bus.publishConfirmed(topic, value, { level: 'handled', timeoutMs: 20_000 });
    const report = await this.#cluster.settle(confirmed, 30_000);
    const missing = report.missing.map(({ node, why }) => `${node} (${why})`).join(' ');
    return [
      `confirmed by ${report.confirmed.join(' ') || 'nobody'}, missing ${missing || 'nobody'}, sent again: ${report.resent ? 'yes' : 'no'}`,
    ];
  }

  #explain(name: string, topic: string): readonly string[] {
    const { nodes, groups } = this.#node(name).bus.explain(topic);
    return [
      ...nodes.map(
        ({ node, because, linked }) => `${node} wants it: ${because.join(' ')}${linked ? '' : ', link down'}`,
      ),
      ...groups.map(
        (one) =>
          `group ${one.name}: ${one.members.map(({ node }) => node).join(' ')}, winner ${one.winner ?? 'by chance'}`,
      ),
    ];
  }
}

const greeter = defineService('greeter', {
  version: '1.0.0',
  methods: { greet: call<string, string>({ idempotent: true }) },
});

function strategyOf(text: string): GroupStrategy {
  const known: readonly GroupStrategy[] = ['random', 'local-first', 'oldest', 'hashed', 'least-in-flight'];
  const strategy = known.find((one) => one === text);
  if (strategy === undefined) throw new Error(`there is no strategy ${text}`);
  return strategy;
}

/** Runs of values from one source become `1..50`: a story is read by people. */
function shorten(lines: readonly string[]): readonly string[] {
  const runs = new Map<string, { from: number; to: number }[]>();
  const others: string[] = [];
  for (const line of lines) {
    const match = /^(.* got \S+) (\d+)$/.exec(line);
    if (match === null) {
      others.push(line);
      continue;
    }
    const [key = '', value] = [match[1], Number(match[2])];
    const held = runs.get(key) ?? [];
    const last = held.at(-1);
    if (last !== undefined && last.to === value - 1) last.to = value;
    else held.push({ from: value, to: value });
    runs.set(key, held);
  }
  const told = Array.from(
    runs,
    ([key, held]) => `${key} ${held.map(({ from, to }) => (from === to ? from : `${from}..${to}`)).join(' ')}`,
  );
  return [...told, ...others].toSorted();
}

function indent(line: string): string {
  return `  ${line}`;
}
