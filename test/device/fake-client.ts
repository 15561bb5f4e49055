import { ClusterError } from '../../src/core/errors.js';
import { bytesToText, textToBytes } from '../../src/core/text.js';
import { must } from '../../src/core/assert.js';
import type { Address } from '../../src/core/address.js';
import type {
  CloseReason,
  DeviceClient,
  DeviceClientHandlers,
  DeviceRef,
  MessageOutcome,
  NetworkComponent,
  SubscribeOutcome,
  TransportMessage,
} from '../../src/spi/device.js';

/** A network component without a network: tests make the clients and speak for them. */
export class FakeComponent implements NetworkComponent {
  readonly kind = 'fake';
  readonly local: Address = { host: '127.0.0.1', port: 1 };
  readonly clients: FakeClient[] = [];
  failWith: Error | undefined;
  #accept: ((client: DeviceClient) => void) | undefined;

  async start(accept: (client: DeviceClient) => void): Promise<void> {
    if (this.failWith !== undefined) throw this.failWith;
    this.#accept = accept;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close('stopping');
  }

  connect(clientId: string, allows: (device: DeviceRef) => boolean = () => true): FakeClient {
    const client = new FakeClient(clientId, allows);
    this.clients.push(client);
    this.#accept?.(client);
    return client;
  }
}

/** A client whose other side is the test. */
export class FakeClient implements DeviceClient {
  readonly clientId: string;
  readonly remote = '10.0.0.9:5000';
  readonly user = undefined;
  readonly allows: (device: DeviceRef) => boolean;
  readonly sent: { readonly topic: string; readonly text: string }[] = [];
  closed: CloseReason | 'lost' | 'left' | undefined;
  /** What became of the last message. */
  outcome: Promise<MessageOutcome> = Promise.resolve('taken');
  #handlers: DeviceClientHandlers | undefined;

  constructor(clientId: string, allows: (device: DeviceRef) => boolean = () => true) {
    this.clientId = clientId;
    this.allows = allows;
  }

  listen(handlers: DeviceClientHandlers): void {
    this.#handlers = handlers;
  }

  async send(message: TransportMessage): Promise<void> {
    if (this.closed !== undefined) throw new ClusterError('unavailable', 'gone');
    this.sent.push({ topic: message.topic, text: bytesToText(message.payload) });
  }

  close(reason: CloseReason): void {
    this.end(reason);
  }

  end(reason: CloseReason | 'lost' | 'left'): void {
    if (this.closed !== undefined) return;
    this.closed = reason;
    this.#handlers?.onClosed(reason);
  }

  /** What became of it; `later` when the gateway promised to say: `outcome` then tells. */
  say(topic: string, value: unknown, more: Partial<TransportMessage> = {}): MessageOutcome | 'later' {
    const payload = textToBytes(typeof value === 'string' ? value : JSON.stringify(value));
    const handlers = must(this.#handlers, 'a gateway that listens');
    const outcome = handlers.onMessage({ topic, payload, qos: 0, headers: {}, ...more });
    this.outcome = Promise.resolve(outcome);
    return typeof outcome === 'string' ? outcome : 'later';
  }

  ask(filter: string): SubscribeOutcome {
    return must(this.#handlers, 'a gateway that listens').onSubscribe(filter);
  }

  /** The command that was sent last. */
  lastCommand(): { readonly topic: string; readonly id: string; readonly input: unknown } {
    const { topic, text } = must(this.sent.at(-1), 'a command');
    const body: unknown = JSON.parse(text);
    const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
    return { topic, id: String(id), input: inputOf(body) };
  }
}

function inputOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'input' in body ? body.input : undefined;
}
