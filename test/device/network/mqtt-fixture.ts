import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { MemoryNetwork } from '../../../src/cluster/transport/memory-network.js';
import { silentLogger } from '../../../src/core/logger.js';
import type { MqttOptions } from '../../../src/device/network/mqtt-options.js';
import { MqttServer } from '../../../src/device/network/mqtt-server.js';
import type { Connection } from '../../../src/spi/connections.js';
import type {
  ClientEnd,
  DeviceClient,
  MessageOutcome,
  SubscribeOutcome,
  TransportMessage,
} from '../../../src/spi/device.js';
import { Simulator } from '../../../src/testing/simulator.js';

/** An MQTT listener on a simulated network, and an owner of its clients that writes down what it is told. */
export class MqttFixture {
  readonly simulator: Simulator;
  readonly network: MemoryNetwork;
  readonly server: MqttServer;
  readonly owner: RecordingOwner = new RecordingOwner();

  constructor(options: Partial<MqttOptions> = {}, seed = 1) {
    this.simulator = new Simulator({ seed });
    this.network = new MemoryNetwork({ clock: this.simulator, lingerMs: 300 });
    this.server = new MqttServer(
      {
        connections: this.network.host('127.0.0.1').connections,
        clock: this.simulator,
        random: this.simulator.random,
        logger: silentLogger,
      },
      { listen: { host: '127.0.0.1', port: 1883 }, ...options },
    );
  }

  async start(): Promise<this> {
    await this.simulator.settle(
      this.server.start((client) => this.owner.take(client)),
      1000,
    );
    return this;
  }

  /** Opens a connection that has said nothing yet. */
  async dial(version: 4 | 5 = 5): Promise<RawClient> {
    const { connections } = this.network.host('10.0.0.9');
    const dial = connections.dial({ host: '127.0.0.1', port: 1883 }, { timeoutMs: 1000 });
    return new RawClient(this.simulator, await this.simulator.settle(dial, 2000), version);
  }

  /** Opens a connection and is let in; the CONNACK is its first packet. */
  async connect(packet: Partial<IConnectPacket> & { readonly clientId: string }): Promise<RawClient> {
    const version = packet.protocolVersion === 4 ? 4 : 5;
    const client = await this.dial(version);
    client.send(connectPacket({ protocolVersion: version, ...packet }));
    await client.turn();
    return client;
  }
}

/** A CONNECT with what nobody wants to spell out each time. */
export function connectPacket(packet: Partial<IConnectPacket>): IConnectPacket {
  return { cmd: 'connect', protocolId: 'MQTT', clientId: 'c1', clean: true, keepalive: 60, ...packet };
}

/** An MQTT client made of bytes. */
export class RawClient {
  readonly packets: Packet[] = [];
  readonly #simulator: Simulator;
  readonly #connection: Connection;
  readonly #version: 4 | 5;
  /** Told of each message, before it is kept. */
  onPublish: (packet: IPublishPacket) => void = () => undefined;
  #closed: string | undefined;

  constructor(simulator: Simulator, connection: Connection, version: 4 | 5) {
    this.#simulator = simulator;
    this.#connection = connection;
    this.#version = version;
    const reader = parser({ protocolVersion: version });
    reader.on('packet', (packet) => {
      if (packet.cmd === 'publish') this.onPublish(packet);
      this.packets.push(packet);
    });
    // A client that lied about its version cannot read its answers; what it sent is what a test is about.
    reader.on('error', () => undefined);
    connection.listen({
      onBytes: (bytes) => void reader.parse(Buffer.from(bytes)),
      onDrain: () => undefined,
      onClosed: (reason) => {
        this.#closed = reason;
      },
    });
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** The packets that came since the last call, in short form. */
  take(): string[] {
    return this.packets.splice(0).map((packet) => packetToText(packet));
  }

  send(packet: Packet): void {
    this.#connection.write(generate(packet, { protocolVersion: this.#version }));
  }

  bytes(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }

  /** Lets everything that is on its way arrive. */
  async turn(ms = 10): Promise<void> {
    await this.#simulator.runAsync(ms);
  }

  async say(packet: Packet): Promise<string[]> {
    this.send(packet);
    await this.turn();
    return this.take();
  }
}

/** Takes every client, and answers as it is told to. */
export class RecordingOwner {
  readonly clients: DeviceClient[] = [];
  readonly log: string[] = [];
  readonly messages: TransportMessage[] = [];
  outcome: (message: TransportMessage) => MessageOutcome | Promise<MessageOutcome> = () => 'taken';
  filter: (filter: string) => SubscribeOutcome = () => 'granted';

  take(client: DeviceClient): void {
    this.clients.push(client);
    this.log.push(`${client.clientId} in`);
    client.listen({
      onMessage: (message) => {
        this.messages.push({ ...message, payload: Uint8Array.from(message.payload) });
        this.log.push(`${client.clientId} says ${message.topic}`);
        return this.outcome(message);
      },
      onSubscribe: (filter) => this.filter(filter),
      onUnsubscribe: (filter) => this.log.push(`${client.clientId} drops ${filter}`),
      onClosed: (end: ClientEnd) => this.log.push(`${client.clientId} ${end}`),
    });
  }

  takeLog(): string[] {
    return this.log.splice(0);
  }
}

function packetToText(packet: Packet): string {
  if (packet.cmd === 'connack' || packet.cmd === 'disconnect') {
    const returnCode = packet.cmd === 'connack' ? packet.returnCode : undefined;
    const code = packet.reasonCode ?? returnCode ?? 0;
    return `${packet.cmd} 0x${code.toString(16)}`;
  }
  if (packet.cmd === 'suback') return `suback ${packet.granted.map(Number).join(',')}`;
  // MQTT 3.1.1 has no codes here, and the parser then no list.
  if (packet.cmd === 'unsuback') return 'granted' in packet ? `unsuback ${packet.granted.join(',')}` : 'unsuback';
  if (packet.cmd === 'puback') return `puback ${packet.messageId} 0x${(packet.reasonCode ?? 0).toString(16)}`;
  if (packet.cmd === 'publish') return `publish ${packet.topic} q${packet.qos} ${packet.payload.toString()}`;
  return packet.cmd;
}

/** A promise and its outcome apart. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
