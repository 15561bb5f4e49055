/** rsocket-js 1.0.0-alpha.3, as published. */
import type { BusSide, Contender, RpcSide, StreamSide } from '../contender.js';
import { codecFor, sharedMsgpack } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface Payload {
  readonly data: Buffer | null;
}
interface Responder {
  onNext(payload: Payload, isComplete: boolean): void;
  onComplete(): void;
  onError(cause: Error): void;
  onExtension(): void;
}
interface Running {
  request(count: number): void;
  cancel(): void;
  onExtension(): void;
}
interface Socket {
  requestResponse(payload: Payload, responder: Responder): unknown;
  requestStream(payload: Payload, initialCount: number, responder: Responder): Running;
  fireAndForget(payload: Payload, responder: Pick<Responder, 'onComplete' | 'onError'>): unknown;
  close(): void;
}
interface Core {
  readonly RSocketConnector: new (options: object) => { connect(): Promise<Socket> };
  readonly RSocketServer: new (options: object) => { bind(): Promise<{ close(): void }> };
}

/** Items that a stream's consumer asks for at once, and again at half. */
const credit = 256;
const nothing = Buffer.alloc(0);
const ignore = (): void => undefined;
const running: Running = { request: ignore, cancel: ignore, onExtension: ignore };

async function serve(port: number, handlers: object): Promise<() => void> {
  const { RSocketServer } = requirePeer<Core>('rsocket-core-alpha');
  const { TcpServerTransport } = requirePeer<{ TcpServerTransport: new (options: object) => unknown }>(
    'rsocket-tcp-server-alpha',
  );
  const server = new RSocketServer({
    transport: new TcpServerTransport({ serverOptions: { noDelay: true }, listenOptions: { port, host: '127.0.0.1' } }),
    acceptor: { accept: () => Promise.resolve(handlers) },
  });
  const bound = await server.bind();
  return () => bound.close();
}

async function dial(address: string): Promise<Socket> {
  const { RSocketConnector } = requirePeer<Core>('rsocket-core-alpha');
  const { TcpClientTransport } = requirePeer<{ TcpClientTransport: new (options: object) => unknown }>(
    'rsocket-tcp-client-alpha',
  );
  const connectionOptions = { host: '127.0.0.1', port: Number(address), noDelay: true };
  const connector = new RSocketConnector({
    setup: { keepAlive: 60_000, lifetime: 600_000 },
    transport: new TcpClientTransport({ connectionOptions }),
  });
  return connector.connect();
}

const rpc: RpcSide = {
  async serve(setup) {
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    const requestResponse = ({ data }: Payload, responder: Responder): Running => {
      responder.onNext({ data: encode(decode(data ?? nothing)) }, true);
      return running;
    };
    return { address: setup.port.toString(), stop: await serve(setup.port, { requestResponse }) };
  },

  async connect(setup) {
    const socket = await dial(setup.peers[0] ?? '');
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    return {
      call(value, done, failed) {
        socket.requestResponse(
          { data: encode(value) },
          {
            onNext: ({ data }) => done(decode(data ?? nothing)),
            onError: failed,
            onComplete: ignore,
            onExtension: ignore,
          },
        );
      },
      stop: () => socket.close(),
    };
  },
};

const bus: BusSide = {
  async subscribe(setup, { onEvent }) {
    const { decode } = codecFor(setup.payload, sharedMsgpack);
    const fireAndForget = ({ data }: Payload): { cancel(): void } => {
      // The topic's index is the first byte; without metadata the frame is the smallest.
      const bytes = data ?? nothing;
      onEvent(bytes[0] ?? 0, decode(bytes.subarray(1)));
      return running;
    };
    return { address: setup.port.toString(), stop: await serve(setup.port, { fireAndForget }) };
  },

  async publisher(setup) {
    const sockets = await Promise.all(setup.peers.map(async (peer) => dial(peer)));
    const { encode } = codecFor(setup.payload, sharedMsgpack);
    const sent = { onComplete: ignore, onError: ignore };
    return {
      publish(topic, value) {
        const bytes = encode(value);
        const data = Buffer.allocUnsafe(bytes.length + 1);
        data[0] = Number(topic.slice(topic.lastIndexOf('/') + 1));
        data.set(bytes, 1);
        for (const socket of sockets) socket.fireAndForget({ data }, sent);
      },
      stop: () => {
        for (const socket of sockets) socket.close();
      },
    };
  },
};

const stream: StreamSide = {
  async serve(setup, values) {
    const { encode } = codecFor(setup.payload, sharedMsgpack);
    const requestStream = (_payload: Payload, first: number, responder: Responder): Running => {
      let sent = 0;
      const state = { cancelled: false };
      const request = (count: number): void => {
        for (let index = 0; index < count && !state.cancelled; index += 1) {
          responder.onNext({ data: encode(values[sent % values.length]) }, false);
          sent += 1;
        }
      };
      // The responder may send only after it was returned.
      setImmediate(request, first);
      return {
        request,
        cancel: () => {
          state.cancelled = true;
        },
        onExtension: ignore,
      };
    };
    return { address: setup.port.toString(), stop: await serve(setup.port, { requestStream }) };
  },

  async connect(setup) {
    const socket = await dial(setup.peers[0] ?? '');
    const { decode } = codecFor(setup.payload, sharedMsgpack);
    return {
      consume(onItem, failed) {
        let left = credit / 2;
        const source = socket.requestStream({ data: nothing }, credit, {
          onNext: ({ data }) => {
            onItem(decode(data ?? nothing));
            left -= 1;
            if (left > 0) return;
            left = credit / 2;
            source.request(credit / 2);
          },
          onError: failed,
          onComplete: ignore,
          onExtension: ignore,
        });
        return () => source.cancel();
      },
      stall: async () =>
        new Promise((onFirst, onError) => {
          socket.requestStream({ data: nothing }, 1, {
            onNext: ({ data }) => onFirst(decode(data ?? nothing)),
            onError,
            onComplete: ignore,
            onExtension: ignore,
          });
        }),
      stop: () => socket.close(),
    };
  },
};

/** rsocket-js 1.0.0-alpha.3. */
export const contender: Contender = { rpc, bus, stream };
