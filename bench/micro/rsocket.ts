/**
 * The RSocket engine alone: the cost of a frame in memory, and request-responses over TCP loopback between two processes beside
 * the bare slab echo of bench/limit in the same run. `npx tsx bench/micro/rsocket.ts [seconds]`; one JSON line a case.
 */
import { fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { emptyBytes } from '../../src/core/bytes.js';
import { toMonotonicMs } from '../../src/core/clock.js';
import type { PayloadView } from '../../src/core/payload-view.js';
import type { Link, Stream, StreamRequest, StreamSink } from '../../src/spi/links.js';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import type { RsocketEffects } from '../../src/protocol/rsocket/effects.js';
import { RsocketEngine } from '../../src/protocol/rsocket/engine.js';
import { resolveEngineOptions } from '../../src/protocol/rsocket/options.js';
import { type ByteTarget, SlabPool } from '../../src/protocol/rsocket/send-buffer.js';
import type { Setup } from '../../src/protocol/rsocket/setup.js';
import type { RsocketStream } from '../../src/protocol/rsocket/stream.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { dial, listen, SlabWriter } from '../limit/slab.js';

const seconds = Number(process.argv[2] ?? 1);
const clock = new NodeClock();
const setup: Setup = {
  keepAliveMs: 10_000,
  lifetimeMs: 60_000,
  metadataMime: 'application/x.bench',
  dataMime: 'application/octet-stream',
  isLeased: false,
  metadata: emptyBytes,
  data: emptyBytes,
};

/** An engine with as little around it as a driver can have. */
class Driver implements RsocketEffects, StreamSink {
  readonly engine: RsocketEngine;
  flushAsked = false;
  readonly #soon: (flush: () => void) => void;
  readonly #flush = (): void => {
    this.flushAsked = false;
    this.engine.flush(toMonotonicMs(0));
  };

  constructor(isClient: boolean, target: ByteTarget, soon: (flush: () => void) => void) {
    this.#soon = soon;
    const deps = { isClient, link: {} as Link, target, pool: new SlabPool(), effects: this, now: toMonotonicMs(0) };
    this.engine = new RsocketEngine(deps, resolveEngineOptions());
    this.engine.trust();
    if (isClient) this.engine.start(setup);
  }

  flushSoon(): void {
    this.flushAsked = true;
    this.#soon(this.#flush);
  }

  onSetup(): 'accept' {
    return 'accept';
  }

  onRequest(stream: RsocketStream): StreamSink {
    const { payload } = stream;
    stream.nextAndComplete(emptyBytes, payload.bytes.subarray(payload.dataStart, payload.dataEnd));
    return this;
  }

  onMetadataPush(): void {}
  onEnd(end: { readonly text: string }): void {
    throw new Error(end.text);
  }
  onCallbackFailed(error: unknown): void {
    throw error instanceof Error ? error : new Error(String(error));
  }
  onNext(): void {}
  onComplete(): void {}
  onFail(): void {}
  onCredit(): void {}
  onCancel(): void {}
}

/** Settles one promise for each call, as a client does. */
class Call implements StreamSink {
  readonly promise: Promise<number>;
  #resolve: (bytes: number) => void = () => undefined;
  #bytes = 0;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onNext(payload: PayloadView): void {
    this.#bytes = payload.dataLength;
  }
  onComplete(): void {
    this.#resolve(this.#bytes);
  }
  onFail(): void {}
  onCredit(): void {}
  onCancel(): void {}
}

if (process.send === undefined) await main();
else await serve();

async function main(): Promise<void> {
  inMemory();
  const child = fork(process.argv[1] ?? '', [], { execArgv: process.execArgv });
  const { rsocketPort, slabAddress } = await new Promise<Addresses>((resolve) => {
    child.once('message', (message) => resolve(message as Addresses));
  });
  const bare = await slabClient(slabAddress);
  const ours = await rsocketClient(rsocketPort);
  for (const bytes of [100, 1024 * 1024, 15 * 1024 * 1024]) {
    for (const inFlight of bytes === 100 ? [1, 64, 1024, 8192] : [4]) {
      const rounds = [0, 1, 2].map(() => ({ bare: 0, ours: 0 }));
      for (const round of rounds) {
        round.bare = await load(bare, bytes, inFlight);
        round.ours = await load(ours, bytes, inFlight);
      }
      const median = (pick: (round: { bare: number; ours: number }) => number): number =>
        rounds.map(pick).toSorted((left, right) => left - right)[1] ?? 0;
      const bareRate = Math.round(median((round) => round.bare));
      const oursRate = Math.round(median((round) => round.ours));
      const ratio = Number((oursRate / bareRate).toFixed(2));
      console.log(JSON.stringify({ bench: 'micro/rsocket', bytes, inFlight, bare: bareRate, ours: oursRate, ratio }));
    }
  }
  child.kill();
  process.exit(0);
}

interface Addresses {
  readonly rsocketPort: number;
  readonly slabAddress: string;
}

type Ask = (data: Uint8Array) => Promise<number>;

async function load(ask: Ask, bytes: number, inFlight: number): Promise<number> {
  const data = new Uint8Array(bytes).fill(7);
  if ((await ask(data)) !== bytes) throw new Error('a wrong answer');
  let count = 0;
  const state = { isOver: false };
  const one = async (): Promise<void> => {
    while (!state.isOver) {
      await ask(data);
      count += 1;
    }
  };
  const workers = Array.from({ length: inFlight }, () => one());
  await pause(200);
  count = 0;
  const start = performance.now();
  await pause(seconds * 1000);
  const rate = (count / (performance.now() - start)) * 1000;
  state.isOver = true;
  await Promise.all(workers);
  return rate;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

async function slabClient(address: string): Promise<Ask> {
  const waiting = new Map<number, (bytes: number) => void>();
  const socket = await dial(address, (id, _bytes, start, end) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve?.(end - start);
  });
  const writer = new SlabWriter([socket]);
  let nextId = 0;
  return (data) =>
    new Promise((resolve) => {
      const id = nextId++ >>> 0;
      waiting.set(id, resolve);
      writer.frame(id, data, 0, data.length);
    });
}

async function rsocketClient(port: number): Promise<Ask> {
  const connection = await new TcpConnections({ clock }).dial({ host: '127.0.0.1', port }, { timeoutMs: 1000 });
  const driver = new Driver(true, connection, (flush) => clock.afterTurn(flush));
  connection.listen({
    onBytes: (bytes) => driver.engine.receive(toMonotonicMs(0), bytes),
    onDrain: () => driver.engine.drained(),
    onClosed: () => driver.engine.ended('closed'),
  });
  return (data) => {
    const call = new Call();
    const request: StreamRequest = { kind: 'rpc', interaction: 'response', metadata: emptyBytes, data, credit: 1 };
    const stream: Stream | string = driver.engine.open(toMonotonicMs(0), 1, request, call);
    if (typeof stream === 'string') throw new Error(stream);
    return call.promise;
  };
}

async function serve(): Promise<void> {
  const server = await new TcpConnections({ clock }).listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    const driver = new Driver(false, connection, (flush) => clock.afterTurn(flush));
    connection.listen({
      onBytes: (bytes) => driver.engine.receive(toMonotonicMs(0), bytes),
      onDrain: () => driver.engine.drained(),
      onClosed: () => driver.engine.ended('closed'),
    });
  });
  const slab = await listen(0, (reader) => {
    let writer: SlabWriter | undefined;
    const socket = reader((id, bytes, start, end) => writer?.frame(id, bytes, start, end));
    writer = new SlabWriter([socket]);
  });
  process.send?.({ rsocketPort: server.local.port, slabAddress: slab.address });
}

/** Frames through two engines without a socket: nanoseconds for a request with its answer, both sides together. */
function inMemory(): void {
  for (const bytes of [16, 100, 1000]) {
    const toServer: Uint8Array[] = [];
    const toClient: Uint8Array[] = [];
    const target = (list: Uint8Array[]): ByteTarget => ({
      bufferedBytes: 0,
      write: (given) => void list.push(given.slice()),
    });
    let flushes: (() => void)[] = [];
    const soon = (flush: () => void): void => void flushes.push(flush);
    const client = new Driver(true, target(toServer), soon);
    const server = new Driver(false, target(toClient), soon);
    const data = new Uint8Array(bytes);
    const request: StreamRequest = { kind: 'rpc', interaction: 'response', metadata: emptyBytes, data, credit: 1 };
    const turn = (): void => {
      const due = flushes;
      flushes = [];
      for (const flush of due) flush();
      for (const chunk of toServer.splice(0)) server.engine.receive(toMonotonicMs(0), chunk);
      for (const flush of flushes.splice(0)) flush();
      for (const chunk of toClient.splice(0)) client.engine.receive(toMonotonicMs(0), chunk);
    };
    const times: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const start = performance.now();
      for (let count = 0; count < 300_000; count += 100) {
        for (let index = 0; index < 100; index += 1) client.engine.open(toMonotonicMs(0), 1, request, client);
        turn();
      }
      times.push(((performance.now() - start) * 1e6) / 300_000);
    }
    const nanoseconds = Math.round(times.toSorted((left, right) => left - right)[2] ?? 0);
    console.log(JSON.stringify({ bench: 'micro/rsocket', case: 'call in memory, both sides', bytes, nanoseconds }));
  }
}
