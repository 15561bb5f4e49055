/** Redis publish/subscribe through ioredis; automatic pipelining gathers the commands of a turn into one write. */
import type { BusSide, Contender } from '../contender.js';
import { codecFor, jsonCodec } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface Redis {
  subscribe(...channels: string[]): Promise<unknown>;
  publish(channel: string, data: Buffer): Promise<number>;
  on(event: 'messageBuffer', listener: (channel: Buffer, data: Buffer) => void): void;
  disconnect(): void;
}
interface IoRedis {
  readonly Redis: new (options: { port: number; host: string; enableAutoPipelining: boolean }) => Redis;
}

function dial(broker: string | undefined): Redis {
  const { Redis } = requirePeer<IoRedis>('ioredis');
  return new Redis({ port: Number(broker), host: '127.0.0.1', enableAutoPipelining: true });
}

const bus: BusSide = {
  async subscribe(setup, { topics, onEvent }) {
    const redis = dial(setup.broker);
    const { decode } = codecFor(setup.payload, () => jsonCodec);
    const indexes = new Map(topics.map((topic, index) => [topic, index]));
    redis.on('messageBuffer', (channel, data) => onEvent(indexes.get(channel.toString('latin1')) ?? 0, decode(data)));
    await redis.subscribe(...topics);
    return { address: '', stop: () => redis.disconnect() };
  },

  publisher(setup) {
    const redis = dial(setup.broker);
    const { encode } = codecFor(setup.payload, () => jsonCodec);
    return Promise.resolve({
      // An event that the broker refuses is missed by the receiver's count.
      publish: (topic, value) => void redis.publish(topic, encode(value)).catch(() => undefined),
      stop: () => redis.disconnect(),
    });
  },
};

/** Redis. */
export const contender: Contender = { bus };
