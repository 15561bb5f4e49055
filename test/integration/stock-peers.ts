/** Stock RSocket peers of both generations of the packages on npm, in the form that tests use them. */
import { RSocketConnector, type RSocket } from 'rsocket-core-alpha';
import * as core from 'rsocket-core';
import type { Flowable, Single } from 'rsocket-flowable';
import tcpClient from 'rsocket-tcp-client';
import { TcpClientTransport } from 'rsocket-tcp-client-alpha';
import type { Payload, ReactiveSocket } from 'rsocket-types';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import { NodeClock } from '../../src/runtime/node-clock.js';

/** The metadata type of requests that say more than one thing. */
export const compositeMime = 'message/x.rsocket.composite-metadata.v0';

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  const connections = new TcpConnections({ clock: new NodeClock() });
  const server = await connections.listen({ host: '127.0.0.1', port: 0 }, (connection) => connection.destroy());
  await server.close();
  return server.local.port;
}

/** The class that a CommonJS module exports as its default, however the loader wraps it. */
export function classOf<T>(module: { readonly default: T }): T {
  return 'default' in module ? module.default : module;
}

/** The bytes of a payload, which may have none. */
export function toBuffer(data: Buffer | undefined): Buffer {
  return data ?? Buffer.alloc(0);
}

/** Connects a client of 0.0.27. */
export function connectOld(
  port: number,
  dataMimeType: string = 'application/json',
): Promise<ReactiveSocket<Buffer, Buffer>> {
  const client = new core.RSocketClient<Buffer, Buffer>({
    setup: { keepAlive: 10_000, lifetime: 60_000, dataMimeType, metadataMimeType: compositeMime },
    transport: new (classOf(tcpClient))({ host: '127.0.0.1', port }, core.BufferEncoders),
  });
  return single(client.connect());
}

/** What a `Single` gives. */
export function single<T>(from: Single<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    from.subscribe({ onComplete: resolve, onError: reject, onSubscribe: () => undefined });
  });
}

/** What a `Flowable` gives, asked for in batches. */
export function items(from: Flowable<Payload<Buffer, Buffer>>, batch: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const list: string[] = [];
    let ask = (): void => undefined;
    from.subscribe({
      onSubscribe: (subscription) => {
        ask = () => subscription.request(batch);
        ask();
      },
      onNext: (payload) => {
        list.push(String(payload.data));
        if (list.length % batch === 0) ask();
      },
      onComplete: () => resolve(list),
      onError: reject,
    });
  });
}

/** Connects a client of 1.0.0-alpha.3. */
export function connectNew(port: number): Promise<RSocket> {
  const connector = new RSocketConnector({
    setup: { keepAlive: 10_000, lifetime: 60_000, dataMimeType: 'application/json', metadataMimeType: compositeMime },
    fragmentation: { maxOutboundFragmentSize: 65_536 },
    transport: new TcpClientTransport({ connectionOptions: { host: '127.0.0.1', port } }),
  });
  return connector.connect();
}

/** One answer of a 1.0.0-alpha.3 client: data and metadata, one character a byte. */
export function askNew(socket: RSocket, data: string, metadata?: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const payload = {
      data: Buffer.from(data, 'latin1'),
      ...(metadata === undefined ? {} : { metadata: Buffer.from(metadata, 'latin1') }),
    };
    socket.requestResponse(payload, {
      onNext: (given) => resolve([given.data?.toString('latin1') ?? '', given.metadata?.toString() ?? '']),
      onError: reject,
      onComplete: () => resolve([]),
      onExtension: () => undefined,
    });
  });
}

/** The items of a stream of a 1.0.0-alpha.3 client, asked for in batches. */
export function streamNew(socket: RSocket, data: string, batch: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const list: string[] = [];
    const stream = socket.requestStream({ data: Buffer.from(data) }, batch, {
      onNext: (payload, isComplete) => {
        list.push(String(payload.data));
        if (isComplete) resolve(list);
        else if (list.length % batch === 0) stream.request(batch);
      },
      onError: reject,
      onComplete: () => resolve(list),
      onExtension: () => undefined,
    });
  });
}
