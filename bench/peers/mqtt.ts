/** MQTT at quality of service 0: mqtt.js, with mosquitto or aedes as the broker. */
import { createServer, type Socket } from 'node:net';
import type { BusSide, Contender } from '../contender.js';
import { codecFor, jsonCodec } from '../harness/codecs.js';
import { importPeer, requirePeer } from '../harness/load.js';

interface Client {
  subscribeAsync(topics: string[], options: { qos: 0 }): Promise<unknown>;
  publish(topic: string, data: Buffer, options: { qos: 0 }): void;
  on(event: 'message', listener: (topic: string, data: Buffer) => void): void;
  endAsync(force: boolean): Promise<void>;
}
interface Mqtt {
  readonly connectAsync: (url: string, options: { reconnectPeriod: number }) => Promise<Client>;
}
interface Aedes {
  readonly Aedes: { createBroker(): Promise<{ handle(socket: Socket): void; close(): void }> };
}

async function dial(broker: string | undefined): Promise<Client> {
  const { connectAsync } = requirePeer<Mqtt>('mqtt');
  return connectAsync(`mqtt://127.0.0.1:${broker ?? ''}`, { reconnectPeriod: 0 });
}

const bus: BusSide = {
  async subscribe(setup, { topics, onEvent }) {
    const client = await dial(setup.broker);
    const { decode } = codecFor(setup.payload, () => jsonCodec);
    const indexes = new Map(topics.map((topic, index) => [topic, index]));
    client.on('message', (topic, data) => onEvent(indexes.get(topic) ?? 0, decode(data)));
    await client.subscribeAsync([...topics], { qos: 0 });
    return { address: '', stop: async () => client.endAsync(true) };
  },

  async publisher(setup) {
    const client = await dial(setup.broker);
    const { encode } = codecFor(setup.payload, () => jsonCodec);
    return {
      publish: (topic, value) => client.publish(topic, encode(value), { qos: 0 }),
      stop: async () => client.endAsync(true),
    };
  },
};

/** MQTT; the broker in this file is aedes. */
export const contender: Contender = {
  bus,
  broker: async (port) => {
    const { Aedes: make } = await importPeer<Aedes>('aedes');
    const broker = await make.createBroker();
    const server = createServer((socket) => broker.handle(socket));
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    return {
      address: port.toString(),
      stop: () => {
        server.close();
        broker.close();
      },
    };
  },
};
