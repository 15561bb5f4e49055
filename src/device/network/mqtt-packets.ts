import { generate, parser, type Packet, type UserProperties } from 'mqtt-packet';
import { assert } from '../../core/assert.js';
import { headersBytesMax, headersMax, topicLengthMax, topicSegmentsMax } from '../../core/limits.js';

/** The MQTT versions spoken here: 3.1.1 and 5.0, by their protocol level. */
export type MqttVersion = 4 | 5;

/**
 * Reads whole packets of one connection. The parser of `mqtt-packet` may read beyond a packet's end and keeps what is missing for
 * later, so it is only ever given exactly one whole packet, and what it throws is that packet's fault.
 */
export class PacketReader {
  readonly #parser = parser();
  #packet: Packet | undefined;
  #failed = false;

  constructor() {
    this.#parser.on('packet', (packet) => {
      this.#packet = packet;
    });
    this.#parser.on('error', () => {
      this.#failed = true;
    });
  }

  /** Returns the packet, or `undefined` when it is malformed: the reader is of no use then. Its payload is lent with the bytes. */
  read(bytes: Uint8Array): Packet | undefined {
    this.#packet = undefined;
    try {
      this.#parser.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch {
      // A length that points outside of the packet; the caller closes the connection as for any malformed packet.
      return undefined;
    }
    return this.#failed ? undefined : this.#packet;
  }
}

/** The bytes of a packet that this side made. Throws when the packet is not well formed, which is this program's fault. */
export function packetToBytes(packet: Packet, version: MqttVersion): Uint8Array {
  const bytes = generate(packet, { protocolVersion: version });
  assert(bytes.length > 0, `a ${packet.cmd} that can be written`);
  return bytes;
}

/** The bytes of a payload as the parser gives it. */
export function payloadToBytes(payload: string | Uint8Array): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

/** A packet's bytes as the generator takes them, without a copy. */
export function bytesToPayload(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Says whether a packet identifier is one (MQTT 5, 2.2.1); the parser gives -1 for a missing one. */
export function isPacketId(id: number | undefined): id is number {
  return id !== undefined && id >= 1 && id <= 65_535;
}

/**
 * Says whether a text from a packet is clean: no NUL (MQTT 5, 1.5.4), no other control character, and no U+FFFD, because that is
 * what the parser makes of broken UTF-8 and nobody who means well sends one.
 */
export function isCleanText(text: string): boolean {
  return !/[\u0000-\u001f\u007f\ufffd]/.test(text);
}

/** Says whether a client may publish on a topic: not empty, no wildcards, within the limits of topics here. */
export function isPublishTopic(topic: string): boolean {
  return isBounded(topic) && !/[+#]/.test(topic) && isCleanText(topic);
}

/** Says whether a topic filter is well formed (MQTT 5, 4.7.1) and within the limits of topics here. */
export function isTopicFilter(filter: string): boolean {
  if (!isBounded(filter) || !isCleanText(filter)) return false;
  const levels = filter.split('/');
  return levels.every(
    (level, index) => level === '+' || (level === '#' && index === levels.length - 1) || !/[+#]/.test(level),
  );
}

/** Says whether a topic matches a well-formed filter (MQTT 5, 4.7). Neither begins with `$` here. */
export function matchesFilter(filter: readonly string[], topic: readonly string[]): boolean {
  for (let index = 0; index < filter.length; index += 1) {
    const level = filter[index];
    if (level === '#') return true;
    if (index >= topic.length || (level !== '+' && level !== topic[index])) return false;
  }
  return filter.length === topic.length;
}

/**
 * User properties as headers: the last value of a name counts. What is beyond the limits of headers, or is no clean text, is left
 * out; `dropped` says how many. One header's room stays free, for a rule that counts itself in one.
 */
export function propertiesToHeaders(properties: UserProperties | undefined): {
  readonly headers: Readonly<Record<string, string>>;
  readonly dropped: number;
} {
  if (properties === undefined) return { headers: {}, dropped: 0 };
  const kept: [string, string][] = [];
  let bytes = 0;
  let dropped = 0;
  for (const [name, values] of Object.entries(properties)) {
    const value: unknown = Array.isArray(values) ? values.at(-1) : values;
    const size = typeof value === 'string' ? 3 * (name.length + value.length) : 0;
    const fits = kept.length < headersMax - 1 && bytes + size <= headersBytesMax - freeBytes;
    if (typeof value === 'string' && name !== '' && fits && isCleanText(name) && isCleanText(value)) {
      kept.push([name, value]);
      bytes += size;
    } else dropped += 1;
  }
  return { headers: Object.fromEntries(kept), dropped };
}

/** What a header of a rule's own takes at most. */
const freeBytes = 64;

function isBounded(topic: string): boolean {
  if (topic.length === 0 || topic.length > topicLengthMax) return false;
  let levels = 1;
  for (let index = 0; index < topic.length; index += 1) if (topic.charCodeAt(index) === 0x2f) levels += 1;
  return levels <= topicSegmentsMax;
}
