import { assert } from '../../core/assert.js';
import { after, type Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import { segmentToText } from '../../core/topic.js';
import type { BusDoor, BusEvent, BusSubscription, ConfirmLevel, RespondContext } from '../../spi/bus.js';
import type {
  ClientEnd,
  DeviceClient,
  DeviceFault,
  DeviceMessage,
  DeviceProtocol,
  DeviceRef,
  DeviceSession,
  MessageOutcome,
  NetworkComponent,
  SessionEvent,
  Sessions,
  SubscribeOutcome,
  TransportMessage,
} from '../../spi/device.js';
import type { Startable } from '../../spi/life-cycle.js';
import { DeviceCommands } from './device-commands.js';
import { commandPattern, eventTopic, onlinePattern, reportTopic } from '../../core/device-topic.js';
import { createGatewayCounters, type GatewayCounters, type MessageFault } from './gateway-counters.js';
import { tellOffline, tellOnline } from './presence.js';

/** What a gateway joins. */
export interface GatewayDeps {
  readonly bus: BusDoor;
  readonly component: NetworkComponent;
  readonly protocol: DeviceProtocol;
  /** May be shared by the gateways of a node: then a device has one session, whatever it came by. */
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** This node, as the bus names it in `BusEvent.source`. */
  readonly nodeName: string;
}

/** How a gateway behaves. */
export interface GatewayOptions {
  /**
   * What a QoS 1 message's acknowledgement means. `accepted`: this node's bus took it, for subscriptions here and links to others.
   * The levels above wait for `publishConfirmed`, cost a round trip, and make a device send again what was not confirmed.
   * @defaultValue 'accepted'
   */
  readonly acknowledge?: 'accepted' | ConfirmLevel;
  /** How long a confirmation may take. @defaultValue 5000 */
  readonly acknowledgeTimeoutMs?: number;
  /** Longest wait for a device's reply; an asker's earlier deadline counts. @defaultValue 30000 */
  readonly commandTimeoutMs?: number;
  /** Commands that wait for one device; the next is refused with `overloaded`. @defaultValue 32 */
  readonly commandsPerDeviceMax?: number;
  /** Commands that wait for all devices of this gateway. @defaultValue 10000 */
  readonly commandsMax?: number;
}

/**
 * Joins a network component, a device protocol and the bus. A device is online from its first message or from when it asks for
 * its commands; a client that asks for them takes the device over from the client that had it, while one that merely reports in a
 * device's name does not. Commands are answered by the node that holds the device and by no other, so that a request for a device
 * that is nowhere fails at once with `no-responders`.
 *
 * A device that moves to another node is dropped here when its `online` arrives from there. Two nodes that took it up within
 * `concurrentMs` of each other, as each judges by its own clock, keep it at the node of the greater name.
 */
export class DeviceGateway implements Startable {
  readonly partName: string;
  readonly #deps: GatewayDeps;
  readonly #acknowledge: 'accepted' | ConfirmLevel;
  readonly #acknowledgeTimeoutMs: number;
  readonly #commands: DeviceCommands;
  readonly #counters = createGatewayCounters();
  readonly #clients = new Set<DeviceClient>();
  readonly #attachments = new Map<DeviceSession, Attachment>();
  readonly #releases: (() => void)[] = [];
  #lastFault: MessageFault | undefined;
  #started = false;
  #stopping: Promise<void> | undefined;

  constructor(deps: GatewayDeps, options: GatewayOptions = {}) {
    this.#deps = deps;
    this.partName = `gateway ${deps.component.kind}`;
    this.#acknowledge = options.acknowledge ?? 'accepted';
    this.#acknowledgeTimeoutMs = options.acknowledgeTimeoutMs ?? 5000;
    this.#commands = new DeviceCommands(deps, {
      timeoutMs: options.commandTimeoutMs ?? 30_000,
      perDeviceMax: options.commandsPerDeviceMax ?? 32,
      pendingMax: options.commandsMax ?? 10_000,
    });
  }

  /** What has been counted so far. */
  get counters(): Readonly<GatewayCounters> {
    return { ...this.#counters, commandsPending: this.#commands.size, devices: this.#attachments.size };
  }

  /** The last message that could not be read, for a person who looks for the reason; `undefined` when there was none. */
  get lastFault(): MessageFault | undefined {
    return this.#lastFault;
  }

  async start(): Promise<void> {
    assert(!this.#started, 'a gateway that was not started before');
    this.#started = true;
    const { bus, component, sessions } = this.#deps;
    this.#releases.push(sessions.listen((event) => this.#onSession(event)));
    const elsewhere = bus.subscribe(onlinePattern, (event) => this.#onOnlineElsewhere(event), {
      id: `${this.partName} takeover`,
      local: false,
    });
    this.#releases.push(() => elsewhere.stop());
    try {
      await component.start((client) => this.#onClient(client));
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#started) await this.#deps.component.stop();
    this.#release();
  }

  #release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  #onClient(client: DeviceClient): void {
    this.#clients.add(client);
    client.listen({
      onMessage: (message) => this.#onMessage(client, message),
      onSubscribe: (filter) => this.#onSubscribe(client, filter),
      // Granted filters of one device may overlap; its session ends with the connection, not with a filter.
      onUnsubscribe: () => undefined,
      onClosed: (end) => this.#onClosed(client, end),
    });
  }

  #onSubscribe(client: DeviceClient, filter: string): SubscribeOutcome {
    const device = this.#findCommandTarget(client, filter);
    if (device === undefined || !client.allows(device)) {
      this.#counters.filtersRefused += 1;
      return 'not-authorized';
    }
    const session = this.#deps.sessions.open(device, client);
    return session !== undefined && this.#attachments.has(session) ? 'granted' : 'overloaded';
  }

  #onMessage(client: DeviceClient, message: TransportMessage): MessageOutcome | Promise<MessageOutcome> {
    const decoded = this.#decode(client, message);
    if ('fault' in decoded) return this.#refuse(client, message.topic, decoded.fault, decoded.why);
    const { device } = decoded;
    const session = this.#sessionFor(client, device);
    if (typeof session === 'string') {
      return this.#refuse(client, message.topic, session, `as ${device.product}/${device.id}`);
    }
    if (decoded.kind === 'reply') {
      this.#onReply(session, decoded);
      return 'taken';
    }
    return this.#publish(session, decoded, message);
  }

  // A protocol of a user's own is fed by strangers: what it throws ends one message, and not the process.

  #findCommandTarget(client: DeviceClient, filter: string): DeviceRef | undefined {
    try {
      return this.#deps.protocol.findCommandTarget(filter, client);
    } catch (error) {
      this.#deps.logger.error('the device protocol threw at a filter', { clientId: client.clientId, filter, error });
      return undefined;
    }
  }

  #decode(client: DeviceClient, message: TransportMessage): DeviceMessage | DeviceFault {
    try {
      return this.#deps.protocol.decode(message, client);
    } catch (error) {
      const { topic } = message;
      this.#deps.logger.error('the device protocol threw at a message', { clientId: client.clientId, topic, error });
      return { fault: 'payload-invalid', why: ClusterError.from(error, 'handler-failed').message };
    }
  }

  /** The device's session, opened if it has none. A client that only speaks in the device's name leaves it where it is. */
  #sessionFor(client: DeviceClient, device: DeviceRef): DeviceSession | 'not-authorized' | 'overloaded' {
    const { sessions } = this.#deps;
    const session = sessions.find(device);
    if (session?.client === client) return session;
    if (!client.allows(device)) return 'not-authorized';
    return session ?? sessions.open(device, client) ?? 'overloaded';
  }

  #onReply(session: DeviceSession, reply: DeviceMessage & { readonly kind: 'reply' }): void {
    const what = this.#commands.answer(session, reply);
    if (what === 'late') this.#counters.repliesLate += 1;
    else if (what === 'unknown') this.#counters.repliesUnknown += 1;
  }

  #publish(
    session: DeviceSession,
    said: DeviceMessage & { readonly kind: 'report' | 'event' },
    message: TransportMessage,
  ): MessageOutcome | Promise<MessageOutcome> {
    const { bus, clock } = this.#deps;
    const attachment = this.#attachments.get(session);
    const { product, id } = session.device;
    const shared = { product, device: id, timeMs: clock.wallMs() };
    const topic =
      said.kind === 'report'
        ? (attachment?.reportTopic ?? reportTopic(session.device))
        : eventTopic(session.device, said.event);
    const value =
      said.kind === 'report'
        ? { ...shared, properties: said.properties }
        : { ...shared, event: said.event, data: said.data };
    const options = { key: `${product}/${id}`, headers: message.headers };
    try {
      if (message.qos === 1 && this.#acknowledge !== 'accepted') {
        return this.#confirm(topic, value, options).catch((error: unknown) =>
          this.#publishFault(session.client, topic, error),
        );
      }
      const receipt = bus.publish(topic, value, options);
      this.#counters.published += 1;
      if (receipt.local + receipt.nodes + receipt.groups > 0) return 'taken';
      return receipt.dropped > 0 ? 'overloaded' : 'no-subscribers';
    } catch (error) {
      return this.#publishFault(session.client, topic, error);
    }
  }

  async #confirm(
    topic: string,
    value: unknown,
    options: { key: string; headers: Readonly<Record<string, string>> },
  ): Promise<MessageOutcome> {
    const level = this.#acknowledge === 'accepted' ? 'written' : this.#acknowledge;
    const { bus } = this.#deps;
    const report = await bus.publishConfirmed(topic, value, {
      ...options,
      level,
      timeoutMs: this.#acknowledgeTimeoutMs,
    });
    this.#counters.published += 1;
    if (report.missing.length > 0 || report.dropped > 0) return 'retry';
    return report.local + report.nodes + report.groups > 0 ? 'taken' : 'no-subscribers';
  }

  #publishFault(client: DeviceClient, topic: string, error: unknown): MessageOutcome {
    const { code, message } = ClusterError.from(error, 'internal');
    if (code === 'invalid-topic') return this.#refuse(client, topic, 'topic-invalid', message);
    if (code === 'invalid-value' || code === 'too-large') {
      return this.#refuse(client, topic, 'payload-invalid', message);
    }
    return this.#refuse(client, topic, 'retry', message);
  }

  #refuse(client: DeviceClient, topic: string, outcome: MessageOutcome, why: string): MessageOutcome {
    this.#counters.messagesRefused += 1;
    this.#lastFault = { clientId: client.clientId, remote: client.remote, topic, outcome, why };
    return outcome;
  }

  #onClosed(client: DeviceClient, end: ClientEnd): void {
    for (const session of this.#deps.sessions.of(client)) {
      const attachment = this.#attachments.get(session);
      if (attachment !== undefined) attachment.end = end;
      this.#deps.sessions.close(session);
    }
    this.#clients.delete(client);
  }

  #onSession(event: SessionEvent): void {
    if (event.kind === 'closed') {
      this.#detach(event.session, true);
      return;
    }
    if (event.kind === 'replaced') {
      this.#detach(event.previous, false);
      this.#dismiss(event.previous.client);
    }
    if (this.#clients.has(event.session.client)) this.#attach(event.session);
  }

  #attach(session: DeviceSession): void {
    const { clock, sessions, logger } = this.#deps;
    const { device } = session;
    const responder = this.#respond(session);
    if (responder instanceof ClusterError) {
      // A device whose commands nobody could send is not online; its next message tries again.
      logger.error('the bus refused a device', { device, error: responder });
      sessions.close(session);
      return;
    }
    this.#attachments.set(session, {
      responder,
      reportTopic: reportTopic(device),
      openedAt: clock.now(),
      end: 'lost',
      moved: false,
    });
    this.#counters.online += 1;
    tellOnline(this.#deps, session);
  }

  #respond(session: DeviceSession): BusSubscription | ClusterError {
    const pattern = commandPattern(session.device);
    try {
      return this.#deps.bus.respond(pattern, (event, context) => this.#onCommand(session, event, context));
    } catch (error) {
      return ClusterError.from(error, 'internal');
    }
  }

  #detach(session: DeviceSession, offline: boolean): void {
    const attachment = this.#attachments.get(session);
    if (attachment === undefined) return;
    this.#attachments.delete(session);
    attachment.responder.stop();
    this.#commands.abandon(session);
    // A device that is online elsewhere must not be told to be offline.
    if (!offline || attachment.moved) return;
    this.#counters.offline += 1;
    tellOffline(this.#deps, session, attachment.end);
  }

  /** Ends a client that lost its last device to another; one that carries more goes on. */
  #dismiss(client: DeviceClient): void {
    if (!this.#clients.has(client) || this.#deps.sessions.of(client).length > 0) return;
    this.#counters.takenOver += 1;
    client.close('taken-over');
  }

  #onOnlineElsewhere(event: BusEvent): void {
    const { sessions, clock, nodeName } = this.#deps;
    const { product = '', device = '' } = event.captures;
    const session = sessions.find({ product: segmentToText(product), id: segmentToText(device) });
    const attachment = session === undefined ? undefined : this.#attachments.get(session);
    if (session === undefined || attachment === undefined || event.source === nodeName) return;
    const concurrent = clock.now() < after(attachment.openedAt, concurrentMs);
    if (concurrent && nodeName > event.source) {
      tellOnline(this.#deps, session);
      return;
    }
    attachment.moved = true;
    this.#counters.moved += 1;
    sessions.close(session);
    this.#dismiss(session.client);
  }

  async #onCommand(session: DeviceSession, event: BusEvent, context: RespondContext): Promise<unknown> {
    this.#counters.commands += 1;
    const name = segmentToText(event.captures['name'] ?? '');
    try {
      const output = await this.#commands.run({ session, name, input: event.value, cancel: context.cancel });
      this.#counters.commandsAnswered += 1;
      return output;
    } catch (error) {
      this.#counters.commandsFailed += 1;
      throw error;
    }
  }
}

/** What the gateway keeps beside a session that it carries. */
interface Attachment {
  readonly responder: BusSubscription;
  readonly reportTopic: string;
  readonly openedAt: ReturnType<Clock['now']>;
  /** How its client ended. */
  end: ClientEnd;
  /** It is at another node now. */
  moved: boolean;
}

/** Longer than an event takes to every node, shorter than a device takes to be moved and come back. */
const concurrentMs = 1000;
