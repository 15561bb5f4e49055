/** gRPC through grpc-js: unary calls and a server stream on one channel, with a method that carries bytes. */
import type { Contender, RpcSide, Setup, StreamSide } from '../contender.js';
import { codecFor, sharedMsgpack } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface ServerStream {
  write(item: unknown): boolean;
  once(event: 'drain', listener: () => void): void;
  on(event: 'cancelled', listener: () => void): void;
}
interface ClientStream {
  on(event: 'data' | 'error', listener: (value: unknown) => void): void;
  once(event: 'data', listener: (value: unknown) => void): void;
  pause(): void;
  cancel(): void;
}
interface Client {
  echo(value: unknown, done: (cause: unknown, answer: unknown) => void): void;
  items(value: Buffer): ClientStream;
  waitForReady(deadline: Date, done: (cause?: Error) => void): void;
  close(): void;
}
interface Grpc {
  readonly Server: new (options: object) => {
    addService(definition: object, handlers: object): void;
    bindAsync(address: string, credentials: unknown, done: (cause: Error | null) => void): void;
    forceShutdown(): void;
  };
  readonly ServerCredentials: { createInsecure(): unknown };
  readonly credentials: { createInsecure(): unknown };
  readonly makeGenericClientConstructor: (
    definition: object,
    name: string,
  ) => new (address: string, credentials: unknown, options: object) => Client;
}

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

function grpc(): Grpc {
  return requirePeer<Grpc>('@grpc/grpc-js');
}

function definition({ payload }: Setup): object {
  const { encode, decode } = codecFor(payload, sharedMsgpack);
  const codecs = {
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  };
  const start = (bytes: Buffer): Buffer => bytes;
  return {
    echo: { path: '/bench.Bench/Echo', requestStream: false, responseStream: false, ...codecs },
    items: {
      path: '/bench.Bench/Items',
      requestStream: false,
      responseStream: true,
      ...codecs,
      requestSerialize: start,
      requestDeserialize: start,
    },
  };
}

async function serve(setup: Setup, handlers: object): Promise<{ address: string; stop: () => void }> {
  const { Server, ServerCredentials } = grpc();
  const server = new Server(unlimited);
  server.addService(definition(setup), handlers);
  const address = `127.0.0.1:${setup.port.toString()}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (cause) => {
      if (cause === null) resolve();
      else reject(cause);
    });
  });
  return { address, stop: () => server.forceShutdown() };
}

async function dial(setup: Setup): Promise<Client> {
  const { credentials, makeGenericClientConstructor } = grpc();
  const Bench = makeGenericClientConstructor(definition(setup), 'Bench');
  const client = new Bench(setup.peers[0] ?? '', credentials.createInsecure(), unlimited);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(new Date(Date.now() + 10_000), (cause) => {
      if (cause === undefined) resolve();
      else reject(cause);
    });
  });
  return client;
}

const echo = ({ request }: { request: unknown }, done: (cause: null, answer: unknown) => void): void =>
  done(null, request);

const rpc: RpcSide = {
  serve: async (setup) => serve(setup, { echo }),

  async connect(setup) {
    const client = await dial(setup);
    return {
      call(value, done, failed) {
        client.echo(value, (cause, answer) => {
          if (cause === null) done(answer);
          else failed(cause);
        });
      },
      stop: () => client.close(),
    };
  },
};

const stream: StreamSide = {
  async serve(setup, values) {
    const items = (call: ServerStream): void => {
      let sent = 0;
      const state = { cancelled: false };
      call.on('cancelled', () => {
        state.cancelled = true;
      });
      const fill = (): void => {
        while (!state.cancelled) {
          sent += 1;
          if (!call.write(values[(sent - 1) % values.length])) return call.once('drain', fill);
        }
      };
      fill();
    };
    return serve(setup, { echo, items });
  },

  async connect(setup) {
    const client = await dial(setup);
    const start = Buffer.from('start');
    return {
      consume(onItem, failed) {
        let running = true;
        const source = client.items(start);
        source.on('data', onItem);
        // Cancelling is reported as an error, which is no failure of the run.
        source.on('error', (cause) => {
          if (running) failed(cause);
        });
        return () => {
          running = false;
          source.cancel();
        };
      },
      stall: async () =>
        new Promise((resolve) => {
          const source = client.items(start);
          source.on('error', () => undefined);
          source.once('data', (value) => {
            source.pause();
            resolve(value);
          });
        }),
      stop: () => client.close(),
    };
  },
};

/** gRPC. */
export const contender: Contender = { rpc, stream };
