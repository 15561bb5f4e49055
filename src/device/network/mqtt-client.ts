import type { IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet';
import type { Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { headersBytesMax } from '../../core/limits.js';
import type {
  ClientEnd,
  CloseReason,
  DeviceClient,
  DeviceClientHandlers,
  DeviceRef,
  MessageOutcome,
  SubscribeOutcome,
  TransportMessage,
} from '../../spi/device.js';
import type { ChannelOwner, MqttChannel } from './mqtt-channel.js';
import type { ConnectWish } from './mqtt-connect.js';
import type { MqttCounters } from './mqtt-counters.js';
import type { ResolvedMqttOptions } from './mqtt-options.js';
import { MqttOutgoing } from './mqtt-outgoing.js';
import {
  bytesToPayload,
  isPacketId,
  isPublishTopic,
  isTopicFilter,
  matchesFilter,
  packetToBytes,
  payloadToBytes,
  propertiesToHeaders,
} from './mqtt-packets.js';
import {
  type MqttReason,
  noSubscribersCode,
  noSubscriptionCode,
  reasonCodes,
  subscribeFailureCode,
} from './mqtt-reasons.js';
import type { FrameAnswer } from './packet-framer.js';

/** What a client needs that was let in. */
export interface MqttClientDeps {
  readonly channel: MqttChannel;
  readonly clock: Clock;
  readonly options: ResolvedMqttOptions;
  readonly counters: MqttCounters;
  readonly wish: ConnectWish;
  readonly clientId: string;
  readonly remote: string;
  readonly allows: (device: DeviceRef) => boolean;
  /** Told once when the client has ended, before its handlers are. */
  readonly onEnded: (client: MqttClient) => void;
}

/**
 * One MQTT client after its CONNACK. Sessions end with connections, nothing is retained, QoS 2 is not had; what was advertised so
 * in CONNACK and is used all the same ends the connection with the reason code that MQTT 5 has for it. An MQTT 3.1.1 client that
 * breaks a rule is closed without a word, as that version has none.
 */
export class MqttClient implements DeviceClient, ChannelOwner {
  readonly clientId: string;
  readonly remote: string;
  readonly user: string | undefined;
  readonly #deps: MqttClientDeps;
  readonly #outgoing: MqttOutgoing;
  /** Granted filters: their levels and the QoS that was granted. */
  readonly #filters = new Map<string, Granted>();
  #handlers: DeviceClientHandlers | undefined;
  #ended = false;
  #unacknowledged = 0;

  constructor(deps: MqttClientDeps) {
    this.#deps = deps;
    this.clientId = deps.clientId;
    this.remote = deps.remote;
    this.user = deps.wish.user;
    this.#outgoing = new MqttOutgoing({
      clock: deps.clock,
      inFlightMax: Math.min(deps.options.inFlightMax, deps.wish.receiveMax),
      queueMax: deps.options.queueMax,
      ackTimeoutMs: deps.options.ackTimeoutMs,
      write: (message, packetId) => this.#publish(message, packetId),
      onOverdue: () => {
        deps.counters.ackTimeouts += 1;
        this.#breakOff('keep-alive', 'silent');
      },
    });
  }

  allows(device: DeviceRef): boolean {
    return this.#deps.allows(device);
  }

  listen(handlers: DeviceClientHandlers): void {
    this.#handlers = handlers;
  }

  send(message: TransportMessage): Promise<void> {
    const fault = this.#findSendFault(message);
    if (fault !== undefined) return Promise.reject(fault);
    this.#deps.counters.messagesOut += 1;
    const qos = Math.min(message.qos, this.#grantedQos(message.topic));
    if (qos === 1) return this.#outgoing.send(message);
    this.#publish(message, undefined);
    return Promise.resolve();
  }

  close(reason: CloseReason): void {
    this.#breakOff(reason === 'overloaded' ? 'quota' : reason, reason);
  }

  onPacket(packet: Packet): FrameAnswer {
    if (packet.cmd === 'publish') return this.#onPublish(packet);
    if (packet.cmd === 'puback') this.#onPuback(packet.messageId, packet.reasonCode);
    else if (packet.cmd === 'subscribe') this.#onSubscribe(packet);
    else if (packet.cmd === 'unsubscribe') this.#onUnsubscribe(packet);
    else if (packet.cmd === 'pingreq') this.#deps.channel.send({ cmd: 'pingresp' });
    else if (packet.cmd === 'disconnect') this.#onDisconnect(packet.reasonCode);
    // A second CONNECT, an AUTH, the packets of QoS 2, and what only servers send.
    else this.#violate('protocol-error');
    return 'more';
  }

  onGarbage(what: 'malformed' | 'too-large'): void {
    this.#violate(what);
  }

  onSilence(): void {
    this.#deps.counters.keepAliveTimeouts += 1;
    this.#breakOff('keep-alive', 'silent');
  }

  onClosed(): void {
    this.#end('lost');
  }

  #onPublish(packet: IPublishPacket): FrameAnswer {
    const { wish, counters, channel, options } = this.#deps;
    const violation = findPublishViolation(packet, wish.version);
    if (violation !== undefined || (packet.qos === 1 && this.#unacknowledged >= options.inFlightMax)) {
      this.#violate(violation ?? 'receive-maximum');
      return 'stop';
    }
    counters.messagesIn += 1;
    if (packet.retain) counters.retainIgnored += 1;
    const { headers, dropped } = propertiesToHeaders(packet.properties?.userProperties);
    counters.headersDropped += dropped;
    const qos = packet.qos === 0 ? 0 : 1;
    const outcome = this.#deliver({
      topic: packet.topic,
      payload: payloadToBytes(packet.payload),
      qos,
      headers,
    });
    if (typeof outcome === 'string') return this.#acknowledge(packet.messageId, qos, outcome);
    this.#unacknowledged += 1;
    const settle = (settled: MessageOutcome): void => {
      this.#unacknowledged -= 1;
      this.#acknowledge(packet.messageId, qos, settled);
      channel.proceed();
    };
    outcome.then(settle, () => settle('retry'));
    // A 3.1.1 client knows no Receive Maximum: it is slowed down instead.
    return this.#unacknowledged >= options.inFlightMax && wish.version === 4 ? 'wait' : 'more';
  }

  #deliver(message: TransportMessage): MessageOutcome | Promise<MessageOutcome> {
    return this.#handlers?.onMessage(message) ?? 'retry';
  }

  #acknowledge(packetId: number | undefined, qos: 0 | 1, outcome: MessageOutcome): FrameAnswer {
    const { counters, channel, wish } = this.#deps;
    if (outcome !== 'taken' && outcome !== 'no-subscribers') counters.messagesRefused += 1;
    if (qos === 0 || packetId === undefined || channel.closed) return 'more';
    const code = outcomeCodes[outcome];
    // 3.1.1 cannot say no: a message that will never be taken is acknowledged, so that it is not sent for ever; one that may be
    // taken later must be sent again, which a new connection does.
    if (outcome === 'retry' || (outcome === 'overloaded' && wish.version === 4)) {
      this.#breakOff('busy', 'overloaded');
      return 'stop';
    }
    channel.send({ cmd: 'puback', messageId: packetId, reasonCode: wish.version === 5 ? code : 0 });
    return 'more';
  }

  #onPuback(packetId: number | undefined, reasonCode: number | undefined): void {
    const refusal = reasonCode !== undefined && reasonCode >= 0x80 ? reasonCode : undefined;
    if (!this.#outgoing.acknowledge(packetId ?? 0, refusal)) this.#deps.counters.acksUnknown += 1;
  }

  #onSubscribe(packet: ISubscribePacket): void {
    const { wish, channel } = this.#deps;
    const { messageId, subscriptions, properties } = packet;
    if (!isPacketId(messageId) || subscriptions.length === 0) return this.#violate('protocol-error');
    if (properties?.subscriptionIdentifier !== undefined) return this.#violate('identifier-unsupported');
    if (subscriptions.length > this.#deps.options.filtersMax) return this.#violate('quota');
    const granted = subscriptions.map(({ topic, qos }) => {
      const refusal = this.#grant(topic, qos === 0 ? 0 : 1);
      if (refusal === undefined) return qos === 0 ? 0 : 1;
      return wish.version === 5 ? reasonCodes[refusal] : subscribeFailureCode;
    });
    channel.send({ cmd: 'suback', messageId, granted });
  }

  /** Returns why the filter is refused, or `undefined`. */
  #grant(filter: string, qos: 0 | 1): MqttReason | undefined {
    if (!isTopicFilter(filter)) return 'filter-invalid';
    if (filter.startsWith('$share/')) return 'shared-unsupported';
    if (!this.#filters.has(filter) && this.#filters.size >= this.#deps.options.filtersMax) return 'quota';
    const outcome: SubscribeOutcome = this.#handlers?.onSubscribe(filter) ?? 'overloaded';
    if (outcome === 'granted') {
      this.#filters.set(filter, { levels: filter.split('/'), qos });
      return undefined;
    }
    return outcome === 'overloaded' ? 'quota' : outcome;
  }

  #onUnsubscribe(packet: IUnsubscribePacket): void {
    const { messageId, unsubscriptions } = packet;
    if (!isPacketId(messageId) || unsubscriptions.length === 0) return this.#violate('protocol-error');
    const granted = unsubscriptions.map((filter) => {
      if (!this.#filters.delete(filter)) return noSubscriptionCode;
      this.#handlers?.onUnsubscribe(filter);
      return 0;
    });
    this.#deps.channel.send({ cmd: 'unsuback', messageId, granted });
  }

  #onDisconnect(reasonCode: number | undefined): void {
    // MQTT 5, 3.14.2.1: 0x04 asks for the will all the same.
    this.#end(reasonCode === undefined || reasonCode === 0 ? 'left' : 'lost');
    this.#deps.channel.end();
  }

  #findSendFault(message: TransportMessage): ClusterError | undefined {
    const { channel, wish, options, counters } = this.#deps;
    if (this.#ended || channel.closed) return new ClusterError('unavailable', `client ${this.clientId} is gone`);
    if (this.#grantedQos(message.topic) < 0) {
      return new ClusterError('unavailable', `client ${this.clientId} did not subscribe to ${message.topic}`);
    }
    const headers = headersSizeMax(message.headers);
    if (headers > headersBytesMax) return new ClusterError('too-large', `headers beyond ${headersBytesMax} bytes`);
    if (message.payload.length + 3 * message.topic.length + headers + packetOverheadBytes > wish.packetBytesMax) {
      return new ClusterError('too-large', `client ${this.clientId} takes packets up to ${wish.packetBytesMax} bytes`);
    }
    if (channel.bufferedBytes <= options.bufferedBytesMax) return undefined;
    counters.outgoingDropped += 1;
    return new ClusterError('overloaded', `client ${this.clientId} does not read what it is sent`);
  }

  /** The best QoS that a matching filter was granted, or -1. */
  #grantedQos(topic: string): number {
    const levels = topic.split('/');
    let best = -1;
    for (const granted of this.#filters.values()) {
      if (granted.qos > best && matchesFilter(granted.levels, levels)) best = granted.qos;
    }
    return best;
  }

  #publish(message: TransportMessage, packetId: number | undefined): void {
    const { channel, wish } = this.#deps;
    const payload = bytesToPayload(message.payload);
    const shared = {
      cmd: 'publish',
      topic: message.topic,
      payload,
      dup: false,
      retain: false,
    } as const;
    // The generator makes nothing of empty user properties, not even the packet.
    const hasHeaders = wish.version === 5 && Object.keys(message.headers).length > 0;
    const properties = hasHeaders ? { userProperties: { ...message.headers } } : {};
    const packet: IPublishPacket =
      packetId === undefined
        ? { ...shared, qos: 0, properties }
        : { ...shared, qos: 1, messageId: packetId, properties };
    channel.sendBytes(packetToBytes(packet, wish.version));
  }

  #violate(reason: MqttReason): void {
    const { counters } = this.#deps;
    if (reason === 'too-large') counters.tooLarge += 1;
    else counters.malformed += 1;
    this.#breakOff(reason, 'protocol');
  }

  /** Ends from this side; an MQTT 5 client is told why. */
  #breakOff(reason: MqttReason, end: ClientEnd): void {
    if (this.#ended) return;
    const { channel, wish } = this.#deps;
    if (wish.version === 5) channel.send({ cmd: 'disconnect', reasonCode: reasonCodes[reason] });
    this.#end(end);
    // One that does not read would keep an orderly end waiting.
    if (end === 'silent') channel.destroy();
    else channel.end();
  }

  #end(end: ClientEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const { wish, onEnded } = this.#deps;
    onEnded(this);
    this.#outgoing.end();
    if (end !== 'left' && wish.will !== undefined) {
      // Nobody is left to be told what became of a will.
      Promise.resolve(this.#deliver(wish.will)).catch(() => undefined);
    }
    this.#handlers?.onClosed(end);
  }
}

interface Granted {
  readonly levels: readonly string[];
  readonly qos: 0 | 1;
}

/** Fixed header, lengths and packet identifier of a PUBLISH. */
const packetOverheadBytes = 16;

/** What headers can take on the wire at most: three bytes a UTF-16 unit, and the five that frame each pair. */
function headersSizeMax(headers: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const [name, value] of Object.entries(headers)) size += 3 * (name.length + value.length) + 5;
  return size;
}

/** What a PUBLISH breaks that CONNACK announced, or the protocol itself; `undefined` when it may pass. */
function findPublishViolation(packet: IPublishPacket, version: 4 | 5): MqttReason | undefined {
  const { properties } = packet;
  if (packet.qos === 2) return 'qos-unsupported';
  if (packet.retain && version === 5) return 'retain-unsupported';
  if (properties?.topicAlias !== undefined) return 'topic-alias';
  if (properties?.subscriptionIdentifier !== undefined) return 'protocol-error';
  if (packet.qos === 1 && !isPacketId(packet.messageId)) return 'protocol-error';
  return isPublishTopic(packet.topic) ? undefined : 'topic-invalid';
}

/** MQTT 5, 3.4.2.1. */
const outcomeCodes: Readonly<Record<MessageOutcome, number>> = {
  taken: 0,
  'no-subscribers': noSubscribersCode,
  overloaded: reasonCodes.quota,
  retry: reasonCodes.quota,
  'not-authorized': reasonCodes['not-authorized'],
  'topic-invalid': reasonCodes['topic-invalid'],
  'payload-invalid': reasonCodes['payload-invalid'],
};
