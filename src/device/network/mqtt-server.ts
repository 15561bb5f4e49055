import { type Address, addressToText } from '../../core/address.js';
import { assert } from '../../core/assert.js';
import { after, type Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import type { Connection, Connections, ConnectionServer } from '../../spi/connections.js';
import type { DeviceClient, NetworkComponent } from '../../spi/device.js';
import { type ChannelOwner, MqttChannel } from './mqtt-channel.js';
import { MqttClient } from './mqtt-client.js';
import type { ConnectWish } from './mqtt-connect.js';
import { createMqttCounters, type MqttCounters } from './mqtt-counters.js';
import { type Allows, MqttHandshake } from './mqtt-handshake.js';
import { type MqttOptions, type ResolvedMqttOptions, resolveMqttOptions } from './mqtt-options.js';
import type { MqttReason } from './mqtt-reasons.js';

/** What an MQTT listener needs. */
export interface MqttDeps {
  readonly connections: Connections;
  readonly clock: Clock;
  /** Makes client ids for those who bring none. */
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * MQTT 3.1.1 and 5 as a front door for devices: QoS 0 and 1, wills, clean sessions. It is no broker: it keeps no topics of its
 * own, and every message, filter and end of a client goes to the handlers of whoever `start` hands the client to. A broker with
 * sessions, retained messages and routing is another such owner.
 */
export class MqttServer implements NetworkComponent {
  readonly kind = 'mqtt';
  readonly #deps: MqttDeps;
  readonly #options: ResolvedMqttOptions;
  readonly #counters = createMqttCounters();
  readonly #channels = new Set<MqttChannel>();
  readonly #clients = new Map<string, MqttClient>();
  #connecting = 0;
  #server: ConnectionServer | undefined;
  #accept: ((client: DeviceClient) => void) | undefined;
  #stopping: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  /** Throws `invalid-options` or `insecure-address`. */
  constructor(deps: MqttDeps, options: MqttOptions) {
    this.#deps = deps;
    this.#options = resolveMqttOptions(options);
  }

  get local(): Address {
    return this.#server?.local ?? this.#options.listen;
  }

  /** What has been counted so far. */
  get counters(): Readonly<MqttCounters> {
    return this.#counters;
  }

  async start(accept: (client: DeviceClient) => void): Promise<void> {
    assert(this.#accept === undefined, 'a component that was not started before');
    this.#accept = accept;
    const { connections, logger } = this.#deps;
    const server = await connections.listen(this.#options.listen, (connection) => this.#onConnection(connection));
    this.#server = server;
    // Stopped while it was starting: nothing stays open.
    if (this.#stopping !== undefined) return server.close();
    logger.info('mqtt listens', { address: addressToText(server.local) });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#server?.close();
    for (const client of this.#clients.values()) client.close('stopping');
    // Those on their way in were promised nothing.
    for (const channel of this.#channels) channel.end();
    if (this.#channels.size === 0) return;
    const { clock } = this.#deps;
    await new Promise<void>((resolve) => {
      const at = after(clock.now(), this.#options.stopTimeoutMs);
      const cancel = clock.setTimer(at, () => {
        for (const channel of this.#channels) channel.destroy();
        resolve();
      });
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  #onConnection(connection: Connection): void {
    const { clientsMax, connectingMax, connectBytesMax, bufferedBytesMax } = this.#options;
    if (this.#channels.size >= clientsMax || this.#connecting >= connectingMax || this.#stopping !== undefined) {
      this.#counters.overLimit += 1;
      connection.listen({
        onBytes: () => undefined,
        onDrain: () => undefined,
        onClosed: () => undefined,
      });
      connection.destroy();
      return;
    }
    const { clock } = this.#deps;
    const onGone = (gone: MqttChannel): void => this.#onGone(gone);
    const channel = new MqttChannel({ connection, clock, bufferedBytesMax, onGone }, connectBytesMax);
    this.#channels.add(channel);
    this.#connecting += 1;
    this.#counters.accepted += 1;
    this.#counters.connections += 1;
    channel.open(this.#createHandshake(channel, connection));
  }

  #createHandshake(channel: MqttChannel, connection: Connection): ChannelOwner {
    const { remote, certificate } = connection;
    return new MqttHandshake({
      channel,
      clock: this.#deps.clock,
      options: this.#options,
      counters: this.#counters,
      logger: this.#deps.logger,
      remote,
      certificate,
      admit: (wish, allows) => this.#admit({ channel, remote, wish, allows }),
      onDone: () => {
        this.#connecting -= 1;
      },
    });
  }

  #admit(arrival: Arrival): MqttReason | undefined {
    if (this.#stopping !== undefined) return 'stopping';
    const { channel, wish } = arrival;
    const earlier = this.#clients.get(wish.clientId);
    // Where users are proved, one user's id is not another's to take.
    if (earlier !== undefined && this.#options.authenticate !== undefined && earlier.user !== wish.user) {
      return 'client-id-invalid';
    }
    if (earlier !== undefined) {
      this.#counters.takenOver += 1;
      earlier.close('taken-over');
    }
    const clientId = wish.clientId === '' ? this.#drawClientId() : wish.clientId;
    const client = this.#createClient(arrival, clientId);
    this.#clients.set(clientId, client);
    this.#counters.clients = this.#clients.size;
    channel.version = wish.version;
    channel.handOver(client, this.#options.packetBytesMax);
    channel.watch(this.#silenceMs(wish));
    this.#sendConnack(channel, wish, clientId);
    this.#accept?.(client);
    return undefined;
  }

  #createClient({ channel, remote, wish, allows }: Arrival, clientId: string): MqttClient {
    return new MqttClient({
      channel,
      clock: this.#deps.clock,
      options: this.#options,
      counters: this.#counters,
      wish,
      clientId,
      remote,
      allows,
      onEnded: (ended) => {
        if (this.#clients.get(clientId) === ended) this.#clients.delete(clientId);
        this.#counters.clients = this.#clients.size;
      },
    });
  }

  #sendConnack(channel: MqttChannel, wish: ConnectWish, clientId: string): void {
    if (wish.version === 4) {
      channel.send({ cmd: 'connack', sessionPresent: false, returnCode: 0 });
      return;
    }
    const { inFlightMax, packetBytesMax } = this.#options;
    const keepAliveMs = this.#keepAliveMs(wish);
    channel.send({
      cmd: 'connack',
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        // MQTT 5, 3.2.2.3: what is not had is said here, once.
        sessionExpiryInterval: 0,
        receiveMaximum: inFlightMax,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: packetBytesMax + packetHeaderBytesMax,
        topicAliasMaximum: 0,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        ...(wish.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
        ...(keepAliveMs === wish.keepAliveMs ? {} : { serverKeepAlive: keepAliveMs / 1000 }),
      },
    });
  }

  /** MQTT 5 lets the server choose (3.2.2.3.14); 3.1.1 does not. */
  #keepAliveMs({ version, keepAliveMs }: ConnectWish): number {
    if (version === 4) return keepAliveMs;
    const maxMs = Math.min(65_535_000, Math.max(1000, Math.floor(this.#options.keepAliveMaxMs / 1000) * 1000));
    return keepAliveMs === 0 ? maxMs : Math.min(keepAliveMs, maxMs);
  }

  /** One and a half keep-alives (MQTT 3.1.1 and 5, 3.1.2.10). */
  #silenceMs(wish: ConnectWish): number {
    const keepAliveMs = this.#keepAliveMs(wish);
    return keepAliveMs === 0 ? this.#options.idleMs : keepAliveMs * 1.5;
  }

  #drawClientId(): string {
    const { random } = this.#deps;
    for (;;) {
      const drawn = `auto-${random.below(0x1_0000_0000).toString(36)}${random.below(0x1_0000_0000).toString(36)}`;
      if (!this.#clients.has(drawn)) return drawn;
    }
  }

  #onGone(channel: MqttChannel): void {
    this.#channels.delete(channel);
    this.#counters.connections = this.#channels.size;
    if (this.#channels.size === 0) this.#onEmpty?.();
  }
}

/** Someone whom the hook let in. */
interface Arrival {
  readonly channel: MqttChannel;
  readonly remote: string;
  readonly wish: ConnectWish;
  readonly allows: Allows;
}

/** The type byte and the longest length; MQTT's Maximum Packet Size counts them, our bound does not. */
const packetHeaderBytesMax = 5;
