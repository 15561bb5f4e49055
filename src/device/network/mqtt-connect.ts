import type { IConnectPacket } from 'mqtt-packet';
import type { TransportMessage } from '../../spi/device.js';
import { isCleanText, isPublishTopic, type MqttVersion, payloadToBytes, propertiesToHeaders } from './mqtt-packets.js';
import type { MqttReason } from './mqtt-reasons.js';

/** What a client asks for, checked and copied out of its CONNECT. */
export interface ConnectWish {
  readonly version: MqttVersion;
  /** Empty when the server is to choose one. */
  readonly clientId: string;
  readonly user: string | undefined;
  readonly password: Uint8Array | undefined;
  /** 0: the client promises nothing. */
  readonly keepAliveMs: number;
  readonly will: TransportMessage | undefined;
  /** QoS 1 messages that the client takes unacknowledged. */
  readonly receiveMax: number;
  /** Largest packet that the client takes. */
  readonly packetBytesMax: number;
}

/** A CONNECT judged. `refused` is told by a CONNACK in the version given; a malformed one is not answered. */
export type ConnectVerdict =
  | { readonly kind: 'wish'; readonly wish: ConnectWish }
  | { readonly kind: 'refused'; readonly version: MqttVersion; readonly reason: MqttReason }
  | { readonly kind: 'malformed' };

/**
 * Finds a protocol version that is not spoken here in the raw bytes of a first packet, because the parser takes it for malformed
 * and the client deserves an answer (MQTT 3.1.1, 3.1.2.2; MQTT 5, 3.1.2.2). `undefined`: go on.
 */
export function findVersionRefusal(packet: Uint8Array): ConnectVerdict | undefined {
  let at = 1;
  while (at < 4 && (packet[at] ?? 0) >= 0x80) at += 1;
  at += 1;
  const length = (packet[at] ?? 0) * 0x100 + (packet[at + 1] ?? 0);
  const name = String.fromCharCode(...packet.subarray(at + 2, at + 2 + Math.min(length, 8)));
  const level = packet[at + 2 + length];
  if (level === undefined || (name !== 'MQTT' && name !== 'MQIsdp')) return undefined;
  if (name === 'MQTT' && (level === 4 || level === 5)) return undefined;
  return {
    kind: 'refused',
    version: name === 'MQTT' && level > 5 && level < 0x80 ? 5 : 4,
    reason: 'version-unsupported',
  };
}

/** Judges a parsed CONNECT by itself, without knowing who else is here (MQTT 3.1.1 and 5, section 3.1). */
export function judgeConnect(packet: IConnectPacket): ConnectVerdict {
  const version: MqttVersion = packet.protocolVersion === 5 ? 5 : 4;
  const refuse = (reason: MqttReason): ConnectVerdict => ({ kind: 'refused', version, reason });
  if (!isWellFormed(packet, version)) return { kind: 'malformed' };
  const reason = findConnectFault(packet, version);
  if (reason !== undefined) return refuse(reason);
  const { receiveMaximum, maximumPacketSize } = packet.properties ?? {};
  const receiveMax = readMaximum(receiveMaximum, 65_535);
  const packetBytesMax = readMaximum(maximumPacketSize, 0xffff_ffff);
  if (receiveMax === undefined || packetBytesMax === undefined) return refuse('protocol-error');
  const will = judgeWill(packet, version);
  if (typeof will === 'string') return will === 'malformed' ? { kind: 'malformed' } : refuse(will);
  const { clientId, username: user, keepalive = 0 } = packet;
  // Copied: authentication may outlive the bytes.
  const password = packet.password === undefined ? undefined : Uint8Array.from(packet.password);
  const keepAliveMs = keepalive * 1000;
  const wish = { version, clientId, user, password, keepAliveMs, will, receiveMax, packetBytesMax };
  return { kind: 'wish', wish };
}

function isWellFormed(packet: IConnectPacket, version: MqttVersion): boolean {
  const { username, password } = packet;
  // MQTT 3.1.1, 3.1.2.9: no password without a user name.
  if (version === 4 && password !== undefined && username === undefined) return false;
  return username === undefined || isCleanText(username);
}

function findConnectFault(packet: IConnectPacket, version: MqttVersion): MqttReason | undefined {
  const { clientId, clean, properties } = packet;
  if (properties?.authenticationMethod !== undefined) return 'auth-method';
  if (!isClientId(clientId)) return 'client-id-invalid';
  // MQTT 3.1.1, 3.1.3.1: who wants to be remembered needs a name.
  return version === 4 && clientId === '' && clean !== true ? 'client-id-invalid' : undefined;
}

/** Client ids are map keys and go into logs: bounded, and no control characters. MQTT asks for 23; real ones are longer. */
const clientIdLengthMax = 256;

function isClientId(clientId: string): boolean {
  return clientId.length <= clientIdLengthMax && isCleanText(clientId);
}

/**
 * A will's QoS 2 and retain flag are refused in MQTT 5, where the client was told that they are not had (3.2.2.3.4, 3.2.2.3.5 allow
 * that only after CONNACK, 3.1.2.6 at CONNECT); in 3.1.1 they are lowered. A will delay never applies: it ends with the session
 * (3.1.3.2.2), and a session here ends with its connection.
 */
function judgeWill(packet: IConnectPacket, version: MqttVersion): TransportMessage | undefined | MqttReason {
  const { will } = packet;
  if (will === undefined) return undefined;
  const qos: number = will.qos ?? 0;
  if (qos > 2 || !isPublishTopic(will.topic)) return version === 5 ? 'topic-invalid' : 'malformed';
  if (version === 5 && qos === 2) return 'qos-unsupported';
  if (version === 5 && will.retain === true) return 'retain-unsupported';
  return {
    topic: will.topic,
    payload: Uint8Array.from(payloadToBytes(will.payload)),
    qos: qos === 0 ? 0 : 1,
    headers: propertiesToHeaders(will.properties?.userProperties).headers,
  };
}

/** The parser gives whatever was there: -1 for a cut number, a list for a repeated one. `undefined` means that it is wrong. */
function readMaximum(value: unknown, max: number): number | undefined {
  if (value === undefined) return max;
  return typeof value === 'number' && value >= 1 && value <= max ? value : undefined;
}
