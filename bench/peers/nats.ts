/**
 * NATS core: `@nats-io/transport-node` with callbacks, which its documents call the faster form, and without the trace that each request
 * keeps for its error, which they say greatly improves requests; against Debian's nats-server.
 */
import type { BusSide, ClusterSide, Contender, RpcSide, Setup } from '../contender.js';
import { Batcher, type BenchCodec, codecFor, jsonCodec, sharedMsgpack } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface Message {
  readonly data: Uint8Array;
  respond(data: Uint8Array): boolean;
}
interface SubscribeOptions {
  readonly queue?: string;
  readonly callback: (cause: Error | null, message: Message) => void;
}
interface Connection {
  publish(subject: string, data: Uint8Array): void;
  subscribe(subject: string, options: SubscribeOptions): { unsubscribe(): void };
  request(subject: string, data: Uint8Array, options: { timeout: number }): Promise<Message>;
  flush(): Promise<void>;
  close(): Promise<void>;
}
interface Nats {
  readonly connect: (options: {
    readonly servers: string;
    readonly maxReconnectAttempts: number;
    readonly noAsyncTraces: boolean;
  }) => Promise<Connection>;
}

async function dial(broker: string | undefined): Promise<Connection> {
  const { connect } = requirePeer<Nats>('@nats-io/transport-node');
  return connect({ servers: `127.0.0.1:${broker ?? ''}`, maxReconnectAttempts: 0, noAsyncTraces: true });
}

function codec({ payload, variant }: Setup): BenchCodec {
  return codecFor(payload, () => (variant === 'JSON' ? jsonCodec : sharedMsgpack()));
}

/** Subjects are separated by dots. */
function subject(topic: string): string {
  return topic.replaceAll('/', '.');
}

const rpc: RpcSide = {
  async serve(setup) {
    const connection = await dial(setup.broker);
    const { encode, decode } = codec(setup);
    connection.subscribe('echo', { callback: (_cause, message) => message.respond(encode(decode(message.data))) });
    await connection.flush();
    return { address: '', stop: async () => connection.close() };
  },

  async connect(setup) {
    const connection = await dial(setup.broker);
    const { encode, decode } = codec(setup);
    return {
      call(value, answered, failed) {
        connection
          .request('echo', encode(value), { timeout: 10_000 })
          .then(({ data }) => answered(decode(data)), failed);
      },
      stop: async () => connection.close(),
    };
  },
};

const bus: BusSide = {
  async subscribe(setup, { topics, group, onEvent }) {
    const connection = await dial(setup.broker);
    const { decode } = codec(setup);
    for (const [index, topic] of topics.entries()) {
      connection.subscribe(subject(topic), {
        ...(group === undefined ? {} : { queue: group }),
        callback: (_cause, { data }) => {
          if (setup.variant !== 'batched') return onEvent(index, decode(data));
          for (const event of decode(data) as readonly unknown[]) onEvent(index, event);
        },
      });
    }
    await connection.flush();
    return { address: '', stop: async () => connection.close() };
  },

  async publisher(setup) {
    const connection = await dial(setup.broker);
    const { encode } = codec(setup);
    const stop = async (): Promise<void> => connection.close();
    const names = new Map<string, string>();
    const nameOf = (topic: string): string => {
      const known = names.get(topic) ?? subject(topic);
      names.set(topic, known);
      return known;
    };
    if (setup.variant !== 'batched') {
      return { publish: (topic, value) => connection.publish(nameOf(topic), encode(value)), stop };
    }
    let current = '';
    const batcher = new Batcher((batch) => connection.publish(current, encode(batch)));
    return {
      publish(topic, value) {
        current = nameOf(topic);
        batcher.add(value);
      },
      flush: () => batcher.flush(),
      stop,
    };
  },
};

const cluster: ClusterSide = {
  async start(setup) {
    const connection = await dial(setup.broker);
    const { encode, decode } = jsonCodec;
    return {
      address: '',
      members: () => undefined,
      async subscribe(topic, onEvent) {
        connection.subscribe(subject(topic), { callback: (_cause, { data }) => onEvent(decode(data)) });
        await connection.flush();
      },
      publish(topic, value) {
        connection.publish(subject(topic), encode(value));
        return undefined;
      },
      async serve(name) {
        connection.subscribe(name, {
          queue: name,
          callback: (_cause, message) => message.respond(encode(decode(message.data))),
        });
        await connection.flush();
      },
      call: async (name, value, timeoutMs) =>
        decode((await connection.request(name, encode(value), { timeout: timeoutMs })).data),
      onLoss: () => undefined,
      stop: async () => connection.close(),
    };
  },
};

/** NATS. */
export const contender: Contender = { rpc, bus, cluster };
