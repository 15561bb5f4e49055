/**
 * Moleculer 0.15 over its own TCP transporter. Everything that costs and that an echo does not need is off, as its
 * benchmarks do: metrics, tracing, validation, caching, context tracking, the internal services.
 */
import { Readable } from 'node:stream';
import type { BusSide, ClusterSide, Contender, LocalSide, RpcSide, Setup, StreamSide } from '../contender.js';
import { requirePeer } from '../harness/load.js';

interface Context {
  readonly params: unknown;
  readonly meta: Record<string, unknown>;
}
interface Broker {
  readonly registry: { getNodeList(options: { onlyAvailable: boolean }): readonly unknown[] };
  start(): Promise<void>;
  stop(): Promise<void>;
  createService(schema: unknown): unknown;
  waitForServices(names: string, timeoutMs: number): Promise<unknown>;
  call(action: string, params?: unknown, options?: { timeout: number }): Promise<unknown>;
  emit(event: string, params: unknown): Promise<void>;
  broadcast(event: string, params: unknown): Promise<void>;
}
interface Moleculer {
  readonly ServiceBroker: new (options: unknown) => Broker;
}

const packetMaxBytes = 64 * 2 ** 20;

function makeBroker({ variant, port, peers }: Setup): Broker {
  const { ServiceBroker } = requirePeer<Moleculer>('moleculer');
  return new ServiceBroker({
    nodeID: nodeName(port),
    logger: false,
    transporter: {
      type: 'TCP',
      options: { port, urls: [...peers], udpDiscovery: false, gossipPeriod: 1, maxPacketSize: packetMaxBytes },
    },
    serializer: variant === '' ? 'JSON' : variant,
    validator: false,
    metrics: false,
    tracing: false,
    cacher: false,
    internalServices: false,
    requestTimeout: 0,
    transit: { maxQueueSize: 1_000_000 },
  });
}

function nodeName(port: number): string {
  return `node-${port.toString()}`;
}

function addressOf(port: number): string {
  return `127.0.0.1:${port.toString()}/${nodeName(port)}`;
}

function eventName(topic: string): string {
  return topic.replaceAll('/', '.');
}

const rpc: RpcSide = {
  async serve(setup) {
    const broker = makeBroker(setup);
    broker.createService({ name: 'echo', actions: { echo: ({ params }: Context) => params } });
    await broker.start();
    return { address: addressOf(setup.port), stop: async () => broker.stop() };
  },

  async connect(setup) {
    const broker = makeBroker(setup);
    await broker.start();
    await broker.waitForServices('echo', 20_000);
    return {
      call(value, answered, failed) {
        broker.call('echo.echo', value).then(answered, failed);
      },
      stop: async () => broker.stop(),
    };
  },
};

const bus: BusSide = {
  async subscribe(setup, { topics, group, onEvent }) {
    const broker = makeBroker(setup);
    const handlers = topics.map((topic, index) => [
      eventName(topic),
      { ...(group === undefined ? {} : { group }), handler: ({ params }: Context) => onEvent(index, params) },
    ]);
    broker.createService({ name: `subscriber-${setup.port.toString()}`, events: Object.fromEntries(handlers) });
    await broker.start();
    return { address: addressOf(setup.port), stop: async () => broker.stop() };
  },

  async publisher(setup) {
    const broker = makeBroker(setup);
    await broker.start();
    const subscribers = setup.peers.slice(0, setup.count);
    for (const peer of subscribers) {
      const port = /:(\d+)\//.exec(peer)?.[1] ?? '';
      await broker.waitForServices(`subscriber-${port}`, 20_000);
    }
    const names = new Map<string, string>();
    return {
      publish(topic, value) {
        const name = names.get(topic) ?? eventName(topic);
        names.set(topic, name);
        // `broadcast` reaches every subscriber; `emit` one of each group.
        void (setup.grouped ? broker.emit(name, value) : broker.broadcast(name, value));
      },
      stop: async () => broker.stop(),
    };
  },
};

const stream: StreamSide = {
  async serve(setup, values) {
    const broker = makeBroker(setup);
    const items = (): Readable => {
      let sent = 0;
      return new Readable({
        objectMode: true,
        read() {
          let room = true;
          while (room) {
            room = this.push(values[sent % values.length]);
            sent += 1;
          }
        },
      });
    };
    broker.createService({
      name: 'items',
      actions: {
        items: (context: Context) => {
          context.meta['$streamObjectMode'] = true;
          return items();
        },
      },
    });
    await broker.start();
    return { address: addressOf(setup.port), stop: async () => broker.stop() };
  },

  async connect(setup) {
    const broker = makeBroker(setup);
    await broker.start();
    await broker.waitForServices('items', 20_000);
    const open = async (): Promise<Readable> => (await broker.call('items.items')) as Readable;
    return {
      consume(onItem, failed) {
        let source: Readable | undefined;
        void (async () => {
          source = await open();
          source.on('data', onItem);
          source.on('error', failed);
        })().catch(failed);
        return () => source?.destroy();
      },
      async stall() {
        const readable = await open();
        return new Promise((resolve) => {
          readable.once('readable', () => resolve(readable.read()));
        });
      },
      stop: async () => broker.stop(),
    };
  },
};

const cluster: ClusterSide = {
  async start(setup) {
    const broker = makeBroker(setup);
    await broker.start();
    let services = 0;
    const add = (schema: object): void => {
      services += 1;
      broker.createService({ name: `part-${setup.port.toString()}-${services.toString()}`, ...schema });
    };
    return {
      address: addressOf(setup.port),
      members: () => broker.registry.getNodeList({ onlyAvailable: true }).length,
      subscribe(topic, onEvent) {
        add({ events: { [eventName(topic)]: { handler: ({ params }: Context) => onEvent(params) } } });
        return Promise.resolve();
      },
      publish(topic, value) {
        void broker.broadcast(eventName(topic), value);
        return undefined;
      },
      serve(name) {
        broker.createService({ name, actions: { echo: ({ params }: Context) => params } });
        return Promise.resolve();
      },
      call: async (name, value, timeoutMs) => broker.call(`${name}.echo`, value, { timeout: timeoutMs }),
      onLoss: () => undefined,
      stop: async () => broker.stop(),
    };
  },
};

const local: LocalSide = {
  synchronous: false,
  async create() {
    const { ServiceBroker } = requirePeer<Moleculer>('moleculer');
    const broker = new ServiceBroker({ logger: false, validator: false, internalServices: false });
    await broker.start();
    let count = 0;
    return {
      subscribe(pattern, handler) {
        count += 1;
        const events = { [eventName(pattern)]: { handler: ({ params }: Context) => handler(params) } };
        broker.createService({ name: `subscriber-${count.toString()}`, events });
        return () => undefined;
      },
      publish: (topic, value) => void broker.emit(eventName(topic), value),
      async ready() {
        for (let part = 1; part <= count; part += 1) {
          await broker.waitForServices(`subscriber-${part.toString()}`, 20_000);
        }
      },
      stop: async () => broker.stop(),
    };
  },
};

/** Moleculer. Its JSON turns bytes into arrays of numbers, so it gets text. */
export const contender: Contender = { bytesAs: 'text', rpc, bus, stream, cluster, local };
