/**
 * scalebus as a contender, through its public surface only. The part of it that the benches use is written down here, and
 * this is the one file to change when the surface does.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type {
  BusSide,
  ClusterSide,
  Contender,
  LocalSide,
  LossReport,
  RpcSide,
  Setup,
  StreamSide,
} from '../contender.js';
import { until } from '../harness/clock.js';
import { packageEntry } from '../harness/paths.js';

interface Event {
  readonly value: unknown;
}
interface Gap {
  readonly node: string;
  readonly from: number;
  readonly to: number | undefined;
}
interface SubscribeOptions {
  readonly group?: { readonly name: string; readonly strategy: 'random' };
  readonly queueMax?: number;
  readonly onGap?: (gap: Gap) => void;
}
interface Subscription {
  ready(options: { readonly scope: 'cluster'; readonly timeoutMs: number }): Promise<void>;
  stop(): void;
}
interface Bus {
  publish(topic: string, value: unknown): { readonly nodes: number };
  publishConfirmed(
    topic: string,
    value: unknown,
    options: { readonly level: string },
  ): Promise<{ readonly confirmed: readonly string[]; readonly missing: readonly { readonly why: string }[] }>;
  subscribe(
    patterns: string | readonly string[],
    handler: (event: Event) => void,
    options?: SubscribeOptions,
  ): Subscription;
  /** Events that a peer never acknowledged, and those that were never sent to it. */
  onUndelivered(listener: (undelivered: { readonly node: string; readonly count: number }) => void): void;
}
interface RpcStream extends AsyncIterable<unknown> {
  toObservable(): {
    subscribe(observer: { next: (item: unknown) => void; error: (cause: unknown) => void }): { unsubscribe(): void };
  };
}
interface Client {
  echo(input: unknown, options?: { readonly timeoutMs?: number }): Promise<unknown>;
  raw(input: unknown, options?: { readonly timeoutMs?: number }): Promise<unknown>;
  items(input: undefined, options?: { readonly credit?: number }): RpcStream;
  rawItems(input: undefined, options?: { readonly credit?: number }): RpcStream;
}
interface Node {
  readonly bus: Bus;
  readonly rpc: {
    register(contract: unknown, handlers: unknown): unknown;
    client(contract: unknown): Client;
  };
  start(): Promise<void>;
  stop(): Promise<void>;
  members(): readonly unknown[];
}
interface Surface {
  readonly createNode?: (options: object) => Node;
  defineService(name: string, parts: { readonly version: string; readonly methods: object }): unknown;
  call(options?: { readonly raw?: boolean }): unknown;
  stream(options?: { readonly raw?: boolean }): unknown;
}

/** More than any window, so that no event of a run is dropped by a subscription's own policy. */
const queueMax = 65_536;
/** Items on the way, as the other contenders ask for. */
const credit = 256;

async function surface(): Promise<Required<Surface>> {
  if (!existsSync(packageEntry)) throw new Error(`scalebus exports no createNode: there is no ${packageEntry}`);
  let loaded: Surface;
  try {
    loaded = (await import(pathToFileURL(packageEntry).href)) as Surface;
  } catch (cause) {
    throw new Error(`scalebus cannot be loaded from ${packageEntry}: ${String(cause)}`, { cause });
  }
  const { createNode } = loaded;
  if (createNode === undefined) {
    throw new Error(`scalebus exports no createNode from ${packageEntry}: nothing to measure`);
  }
  return { ...loaded, createNode };
}

/** What a variant sets beside the defaults. */
const variants: Readonly<Record<string, { readonly compiledShapes?: boolean; readonly awakeMaxUs?: number }>> = {
  msgpackr: { compiledShapes: false },
  awake: { awakeMaxUs: 500 },
};

async function startNode({ port, peers, variant }: Setup, name = `node-${port.toString()}`): Promise<Node> {
  const { createNode } = await surface();
  const more = variants[variant] ?? {};
  const node = createNode({ name, host: '127.0.0.1', port, seeds: peers.slice(0, 3), ...more });
  await node.start();
  return node;
}

function addressOf({ port }: Setup): string {
  return `127.0.0.1:${port.toString()}`;
}

async function contract(name: string): Promise<unknown> {
  const { defineService, call, stream } = await surface();
  return defineService(name, {
    version: '1.0.0',
    methods: { echo: call(), raw: call({ raw: true }), items: stream(), rawItems: stream({ raw: true }) },
  });
}

/** Calls until somebody serves it: a node learns of services a moment after it joined. */
async function served(client: Client): Promise<void> {
  await until('scalebus to find the service', async () => {
    try {
      await client.echo(1, { timeoutMs: 1000 });
      return true;
    } catch {
      // Nobody serves it yet; the deadline of the wait reports it when nobody ever does.
      return false;
    }
  });
}

const rpc: RpcSide = {
  async serve(setup) {
    const node = await startNode(setup);
    const echo = (input: unknown): unknown => input;
    node.rpc.register(await contract('bench'), { echo, raw: echo, items: () => [], rawItems: () => [] });
    return { address: addressOf(setup), stop: async () => node.stop() };
  },

  async connect(setup) {
    const node = await startNode(setup);
    const client = node.rpc.client(await contract('bench'));
    await served(client);
    // Bytes go through a raw method, objects through the codec.
    const method = setup.payload === 'iot' ? client.echo.bind(client) : client.raw.bind(client);
    return {
      call(value, answered, failed) {
        method(value).then(answered, failed);
      },
      stop: async () => node.stop(),
    };
  },
};

const bus: BusSide = {
  async subscribe(setup, { topics, group, onEvent }) {
    const node = await startNode(setup);
    const options: SubscribeOptions = {
      queueMax,
      ...(group === undefined ? {} : { group: { name: group, strategy: 'random' } }),
    };
    for (const [index, topic] of topics.entries()) {
      node.bus.subscribe(topic, ({ value }) => onEvent(index, value), options);
    }
    return { address: addressOf(setup), stop: async () => node.stop() };
  },

  async publisher(setup) {
    const node = await startNode(setup);
    await joined(node, setup.index + 1);
    return {
      publish: (topic, value) => void node.bus.publish(topic, value),
      async confirmed(topic, value, level) {
        const { missing } = await node.bus.publishConfirmed(topic, value, { level });
        const [first] = missing;
        if (first !== undefined) throw new Error(`not confirmed: ${first.why}`);
      },
      stop: async () => node.stop(),
    };
  },
};

async function joined(node: Node, members: number): Promise<void> {
  await until(`${members.toString()} members`, () => node.members().length >= members);
}

const stream: StreamSide = {
  async serve(setup, values) {
    const node = await startNode(setup);
    const items = function* endless(): Generator {
      for (let sent = 0; ; sent += 1) yield values[sent % values.length];
    };
    const echo = (input: unknown): unknown => input;
    node.rpc.register(await contract('bench'), { echo, raw: echo, items, rawItems: items });
    return { address: addressOf(setup), stop: async () => node.stop() };
  },

  async connect(setup) {
    const node = await startNode(setup);
    const client = node.rpc.client(await contract('bench'));
    await served(client);
    // As with calls: bytes go raw.
    const open = setup.payload === 'iot' ? client.items.bind(client) : client.rawItems.bind(client);
    return {
      consume(onItem, failed) {
        const items = open(undefined, { credit }).toObservable();
        const subscription = items.subscribe({ next: onItem, error: failed });
        return () => subscription.unsubscribe();
      },
      async stall() {
        const iterator = open(undefined, { credit })[Symbol.asyncIterator]();
        const first = await iterator.next();
        // Kept, or the stream could be collected and cancelled.
        stalled.push(iterator);
        return first.value;
      },
      stop: async () => node.stop(),
    };
  },
};

const stalled: unknown[] = [];

const cluster: ClusterSide = {
  async start(setup, name) {
    const node = await startNode(setup, name);
    const listeners: ((report: LossReport) => void)[] = [];
    const tell = (report: LossReport): void => {
      for (const listener of listeners) listener(report);
    };
    node.bus.onUndelivered(({ node: about, count }) => tell({ side: 'publisher', about, count }));
    const clients = new Map<string, Client>();
    return {
      address: addressOf(setup),
      members: () => node.members().length,
      subscribe(topic, onEvent) {
        const onGap = ({ node: about, from, to }: Gap): void =>
          tell({ side: 'subscriber', about, count: to === undefined ? undefined : to - from + 1 });
        node.bus.subscribe(topic, ({ value }) => onEvent(value), { queueMax, onGap });
        return Promise.resolve();
      },
      publish: (topic, value) => node.bus.publish(topic, value).nodes,
      async serve(service) {
        const echo = (input: unknown): unknown => input;
        node.rpc.register(await contract(service), { echo, raw: echo, items: () => [], rawItems: () => [] });
      },
      async call(service, value, timeoutMs) {
        const client = clients.get(service) ?? node.rpc.client(await contract(service));
        clients.set(service, client);
        return client.echo(value, { timeoutMs });
      },
      onLoss: (listener) => void listeners.push(listener),
      stop: async () => node.stop(),
    };
  },
};

const local: LocalSide = {
  synchronous: true,
  async create() {
    const { createNode } = await surface();
    const node = createNode({ name: 'local', host: '127.0.0.1', port: 0, seeds: [] });
    await node.start();
    const { bus: inside } = node;
    // One for each handler, as a program would have it: a closure for each subscription is not the bus's memory.
    const wrapped = new Map<(value: unknown) => void, (event: Event) => void>();
    return {
      subscribe(pattern, handler) {
        const onEvent = wrapped.get(handler) ?? (({ value }: Event): void => handler(value));
        wrapped.set(handler, onEvent);
        const subscription = inside.subscribe(pattern, onEvent);
        return () => subscription.stop();
      },
      publish: (topic, value) => void inside.publish(topic, value),
      stop: async () => node.stop(),
    };
  },
};

/** scalebus. */
export const contender: Contender = { rpc, bus, stream, cluster, local };
