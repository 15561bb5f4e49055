/** ZeroMQ 6: publish/subscribe for events, dealer and router for calls; no water marks, so that nothing is dropped. */
import type { BusSide, Contender, RpcSide, Setup } from '../contender.js';
import { Batcher, codecFor, sharedMsgpack } from '../harness/codecs.js';
import { requirePeer } from '../harness/load.js';

interface Sender {
  send(frames: readonly (string | Uint8Array)[]): Promise<void>;
}
interface Common extends AsyncIterable<readonly Buffer[]> {
  bind(address: string): Promise<void>;
  connect(address: string): void;
  close(): void;
}
interface Zeromq {
  readonly Publisher: new (options: object) => Common & Sender;
  readonly Subscriber: new (options: object) => Common & { subscribe(...topics: string[]): void };
  readonly Dealer: new (options: object) => Common & Sender;
  readonly Router: new (options: object) => Common & Sender;
}

const sending = { sendHighWaterMark: 0, linger: 0 };
const receiving = { receiveHighWaterMark: 0, linger: 0 };
const unlimited = { ...sending, ...receiving };

function addressOf({ port }: Setup): string {
  return `tcp://127.0.0.1:${port.toString()}`;
}

/** Reads until the socket is closed, which ends the iteration; what a listener throws ends the process and the run. */
function read(socket: Common, onFrames: (frames: readonly Buffer[]) => void): void {
  void (async () => {
    for await (const frames of socket) onFrames(frames);
  })();
}

/** A socket takes one send at a time: what comes meanwhile waits here, as its documents advise. */
class Outbox {
  readonly #socket: Sender;
  #waiting: (readonly (string | Uint8Array)[])[] = [];
  #sending = false;

  constructor(socket: Sender) {
    this.#socket = socket;
  }

  /** Sends in order. A failure ends the process and with it the run. */
  send(frames: readonly (string | Uint8Array)[]): void {
    this.#waiting.push(frames);
    if (this.#sending) return;
    this.#sending = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const frames = this.#waiting;
      this.#waiting = [];
      for (const one of frames) await this.#socket.send(one);
    }
    this.#sending = false;
  }
}

const rpc: RpcSide = {
  async serve(setup) {
    const { Router } = requirePeer<Zeromq>('zeromq');
    const socket = new Router(unlimited);
    await socket.bind(addressOf(setup));
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    const outbox = new Outbox(socket);
    read(socket, ([caller, id, data]) => {
      if (caller === undefined || id === undefined || data === undefined) return;
      outbox.send([caller, id, encode(decode(data))]);
    });
    return { address: addressOf(setup), stop: () => socket.close() };
  },

  connect(setup) {
    const { Dealer } = requirePeer<Zeromq>('zeromq');
    const socket = new Dealer(unlimited);
    socket.connect(setup.peers[0] ?? '');
    const { encode, decode } = codecFor(setup.payload, sharedMsgpack);
    const outbox = new Outbox(socket);
    const waiting = new Map<number, (answer: unknown) => void>();
    let nextId = 0;
    read(socket, ([id, data]) => {
      if (id === undefined || data === undefined) return;
      const key = id.readUInt32LE(0);
      const done = waiting.get(key);
      waiting.delete(key);
      done?.(decode(data));
    });
    return Promise.resolve({
      call(value, done) {
        const id = Buffer.allocUnsafe(4);
        nextId = (nextId + 1) >>> 0;
        id.writeUInt32LE(nextId, 0);
        waiting.set(nextId, done);
        outbox.send([id, encode(value)]);
      },
      stop: () => socket.close(),
    });
  },
};

const bus: BusSide = {
  async subscribe(setup, { topics, onEvent }) {
    const { Subscriber } = requirePeer<Zeromq>('zeromq');
    const socket = new Subscriber(receiving);
    await socket.bind(addressOf(setup));
    socket.subscribe(...topics);
    const { decode } = codecFor(setup.payload, sharedMsgpack);
    const indexes = new Map(topics.map((topic, index) => [topic, index]));
    read(socket, ([topic, data]) => {
      if (topic === undefined || data === undefined) return;
      const index = indexes.get(topic.toString('latin1')) ?? 0;
      if (setup.variant !== 'batched') return onEvent(index, decode(data));
      for (const event of decode(data) as readonly unknown[]) onEvent(index, event);
    });
    return { address: addressOf(setup), stop: () => socket.close() };
  },

  publisher(setup) {
    const { Publisher } = requirePeer<Zeromq>('zeromq');
    const socket = new Publisher(sending);
    for (const peer of setup.peers.slice(0, setup.count)) socket.connect(peer);
    const { encode } = codecFor(setup.payload, sharedMsgpack);
    let current = '';
    const outbox = new Outbox(socket);
    const send = (topic: string, value: unknown): void => outbox.send([topic, encode(value)]);
    const batcher = new Batcher((batch) => send(current, batch));
    if (setup.variant !== 'batched') {
      return Promise.resolve({ publish: send, stop: () => socket.close() });
    }
    return Promise.resolve({
      publish(topic: string, value: unknown) {
        current = topic;
        batcher.add(value);
      },
      flush: () => batcher.flush(),
      stop: () => socket.close(),
    });
  },
};

/** ZeroMQ. */
export const contender: Contender = { rpc, bus };
