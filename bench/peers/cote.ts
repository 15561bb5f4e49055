/** cote 1.2: its own JSON messages over TCP, discovery by broadcast kept on the loopback interface. */
import type { BusSide, Contender, RpcSide, Setup } from '../contender.js';
import { until } from '../harness/clock.js';
import { requirePeer } from '../harness/load.js';

interface Component {
  readonly sock: { readonly socks?: readonly unknown[]; readonly sock?: { readonly socks: readonly unknown[] } };
  on(event: string, listener: (...args: never[]) => void): void;
  close(): void;
}
interface Requester extends Component {
  send(request: unknown, done: (cause: unknown, answer: unknown) => void): void;
}
interface Publisher extends Component {
  publish(topic: string, value: unknown): void;
}
type Make<T> = new (advertisement: object, options: object) => T;
interface Cote {
  readonly Requester: Make<Requester>;
  readonly Responder: Make<Component>;
  readonly Publisher: Make<Publisher>;
  readonly Subscriber: Make<Component>;
}

const discovery = {
  // Bound to every address, because a socket bound to one gets no broadcast; what is sent stays on the loopback.
  broadcast: '127.255.255.255',
  helloInterval: 500,
  log: false,
  helloLogsEnabled: false,
  statusLogsEnabled: false,
  logUnknownEvents: false,
};

/** Runs on one machine are kept apart by a key: the port of whoever started first. */
function keyOf({ peers, port }: Setup): string {
  return peers[0] ?? port.toString();
}

/** Closes quietly: the sockets of discovery may be closed already. */
function closer(component: Component): () => void {
  return () => component.close();
}

const rpc: RpcSide = {
  serve(setup) {
    const { Responder } = requirePeer<Cote>('cote');
    const responder = new Responder({ name: 'echo', key: keyOf(setup), port: setup.port }, discovery);
    responder.on('echo', (request: { value: unknown }, done: (cause: unknown, answer: unknown) => void) =>
      done(null, request.value),
    );
    return Promise.resolve({ address: keyOf(setup), stop: closer(responder) });
  },

  async connect(setup) {
    const { Requester } = requirePeer<Cote>('cote');
    const requester = new Requester({ name: 'caller', key: keyOf(setup) }, discovery);
    await until('cote to find the responder', () => (requester.sock.socks?.length ?? 0) > 0);
    return {
      call(value, done, failed) {
        requester.send({ type: 'echo', value }, (cause, answer) => {
          if (cause === null || cause === undefined) done(answer);
          else failed(cause);
        });
      },
      stop: closer(requester),
    };
  },
};

const bus: BusSide = {
  subscribe(setup, { topics, onEvent }) {
    const { Subscriber } = requirePeer<Cote>('cote');
    const subscriber = new Subscriber({ name: 'subscriber', key: keyOf(setup), subscribesTo: [...topics] }, discovery);
    for (const [index, topic] of topics.entries()) subscriber.on(topic, (value) => onEvent(index, value));
    return Promise.resolve({ address: keyOf(setup), stop: closer(subscriber) });
  },

  async publisher(setup) {
    const { Publisher } = requirePeer<Cote>('cote');
    const publisher = new Publisher(
      { name: 'publisher', key: keyOf(setup), port: setup.port, broadcasts: [] },
      discovery,
    );
    const subscribers = new Set(setup.peers).size;
    await until('cote to find the subscribers', () => (publisher.sock.sock?.socks.length ?? 0) >= subscribers);
    return { publish: (topic, value) => publisher.publish(topic, value), stop: closer(publisher) };
  },
};

/** cote; its JSON turns bytes into objects, so it gets text. */
export const contender: Contender = { bytesAs: 'text', rpc, bus };
