/** rsocket-js 0.0.27, what `npm install rsocket-core` gives. The buffer encoders go to both transports, or binary breaks. */
import { createServer, type Server, type Socket as NetSocket } from 'node:net';
import type { BusSide, Contender, RpcSide, StreamSide } from '../contender.js';
import { codecFor, sharedMsgpack } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface Payload {
  readonly data: Buffer;
}
interface Subscription {
  request(count: number): void;
  cancel(): void;
}
interface Single<T> {
  subscribe(observer: { onComplete: (value: T) => void; onError: (cause: unknown) => void }): void;
}
interface Flow<T> {
  subscribe(observer: {
    onSubscribe: (subscription: Subscription) => void;
    onNext: (value: T) => void;
    onError: (cause: unknown) => void;
    onComplete: () => void;
  }): void;
}
interface Socket {
  requestResponse(payload: Payload): Single<Payload>;
  requestStream(payload: Payload): Flow<Payload>;
  fireAndForget(payload: Payload): void;
  close(): void;
}
interface Core {
  readonly BufferEncoders: unknown;
  readonly RSocketClient: new (options: unknown) => { connect(): Single<Socket>; close(): void };
  readonly RSocketServer: new (options: unknown) => { start(): void; stop(): void };
}
interface Streams {
  readonly Single: { of(value: Payload): Single<Payload> };
  readonly Flowable: new (
    source: (subscriber: { onSubscribe(subscription: Subscription): void; onNext(value: Payload): void }) => void,
  ) => Flow<Payload>;
}
type Transport = new (options: object, encoders: unknown) => unknown;

/** Items that a stream's consumer asks for at once, and again at half. */
const credit = 256;
const nothing = Buffer.alloc(0);

/** Without it small items wait for the other side's delayed acknowledgements. */
function serverFactory(onConnect: (socket: NetSocket) => void): Server {
  return createServer({ noDelay: true }, onConnect);
}

function serve(port: number, responder: object): () => void {
  const { RSocketServer, BufferEncoders } = requirePeer<Core>('rsocket-core');
  const { default: TcpServer } = requirePeer<{ default: Transport }>('rsocket-tcp-server');
  const transport = new TcpServer({ host: '127.0.0.1', port, serverFactory }, BufferEncoders);
  const server = new RSocketServer({ transport, getRequestHandler: () => responder });
  server.start();
  return () => server.stop();
}

async function dial(address: string): Promise<Socket> {
  const { RSocketClient, BufferEncoders } = requirePeer<Core>('rsocket-core');
  const { default: TcpClient } = requirePeer<{ default: Transport }>('rsocket-tcp-client');
  const client = new RSocketClient({
    setup: {
      dataMimeType: 'application/octet-stream',
      metadataMimeType: 'application/octet-stream',
      keepAlive: 60_000,
      lifetime: 600_000,
    },
    transport: new TcpClient({ host: '127.0.0.1', port: Number(address), noDelay: true }, BufferEncoders),
  });
  return new Promise((onComplete, onError) => {
    client.connect().subscribe({ onComplete, onError });
  });
}

const rpc: RpcSide = {
  serve(setup) {
    const { Single } = requirePeer<Streams>('rsocket-flowable');
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    const stop = serve(setup.port, {
      requestResponse: ({ data }: Payload) => Single.of({ data: encode(decode(data)) }),
    });
    return Promise.resolve({ address: setup.port.toString(), stop });
  },

  async connect(setup) {
    const socket = await dial(setup.peers[0] ?? '');
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    return {
      call(value, done, failed) {
        socket
          .requestResponse({ data: encode(value) })
          .subscribe({ onComplete: ({ data }) => done(decode(data)), onError: failed });
      },
      stop: () => socket.close(),
    };
  },
};

const bus: BusSide = {
  subscribe(setup, { onEvent }) {
    const { decode } = codecFor(setup.payload, sharedMsgpack);
    const stop = serve(setup.port, {
      // The topic's index is the first byte; without metadata the frame is the smallest.
      fireAndForget: ({ data }: Payload) => onEvent(data[0] ?? 0, decode(data.subarray(1))),
    });
    return Promise.resolve({ address: setup.port.toString(), stop });
  },

  async publisher(setup) {
    const sockets = await Promise.all(setup.peers.map(async (peer) => dial(peer)));
    const { encode } = codecFor(setup.payload, sharedMsgpack);
    return {
      publish(topic, value) {
        const bytes = encode(value);
        const data = Buffer.allocUnsafe(bytes.length + 1);
        data[0] = Number(topic.slice(topic.lastIndexOf('/') + 1));
        data.set(bytes, 1);
        for (const socket of sockets) socket.fireAndForget({ data });
      },
      stop: () => {
        for (const socket of sockets) socket.close();
      },
    };
  },
};

const stream: StreamSide = {
  serve(setup, values) {
    const { Flowable } = requirePeer<Streams>('rsocket-flowable');
    const { encode } = codecFor(setup.payload, sharedMsgpack);
    const requestStream = (): Flow<Payload> =>
      new Flowable((subscriber) => {
        let sent = 0;
        const state = { cancelled: false };
        subscriber.onSubscribe({
          cancel: () => {
            state.cancelled = true;
          },
          request: (count) => {
            for (let index = 0; index < count && !state.cancelled; index += 1) {
              subscriber.onNext({ data: encode(values[sent % values.length]) });
              sent += 1;
            }
          },
        });
      });
    return Promise.resolve({ address: setup.port.toString(), stop: serve(setup.port, { requestStream }) });
  },

  async connect(setup) {
    const socket = await dial(setup.peers[0] ?? '');
    const { decode } = codecFor(setup.payload, sharedMsgpack);
    return {
      consume(onItem, failed) {
        let left = credit / 2;
        let subscription: Subscription | undefined;
        socket.requestStream({ data: nothing }).subscribe({
          onSubscribe: (given) => {
            subscription = given;
            given.request(credit);
          },
          onNext: ({ data }) => {
            onItem(decode(data));
            left -= 1;
            if (left > 0) return;
            left = credit / 2;
            subscription?.request(credit / 2);
          },
          onError: failed,
          onComplete: () => undefined,
        });
        return () => subscription?.cancel();
      },

      stall: async () =>
        new Promise((onFirst, onError) => {
          socket.requestStream({ data: nothing }).subscribe({
            onSubscribe: (given) => given.request(1),
            onNext: ({ data }) => onFirst(decode(data)),
            onError,
            onComplete: () => undefined,
          });
        }),
      stop: () => socket.close(),
    };
  },
};

/** rsocket-js 0.0.27. */
export const contender: Contender = { rpc, bus, stream };
