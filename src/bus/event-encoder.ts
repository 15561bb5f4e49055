import type { ByteWriter } from '../core/bytes.js';
import { eventBytesMax } from '../core/limits.js';
import { recordKind, writeEventHead, writePlainHead } from '../protocol/bus/bus-frame.js';
import { TopicNumbers } from '../protocol/bus/topic-numbers.js';
import type { LaneCodec, LaneEncoder } from '../spi/codec.js';
import { BodySlab } from './body-slab.js';
import { refuseLarge } from './refuse-large.js';
import { noHeaders } from './event.js';
import type { OutEvent } from './out-event.js';
import type { Outgoing } from './outlet.js';

/** Where a topic's number is kept, so that it is not looked up for each event. */
export interface NumberedTopic {
  /** 0 until the topic has one. */
  number: number;
}

/**
 * Encodes events as the records that lanes carry: once, however many lanes there are, and where they wait until
 * acknowledged. While there are peers of a build that reads less, it is done twice.
 */
export class EventEncoder {
  readonly #values: LaneEncoder;
  readonly #basicValues: LaneEncoder;
  readonly #numbers = new TopicNumbers();
  readonly #slab = new BodySlab();

  constructor(codec: LaneCodec) {
    this.#values = codec.createEncoder(new Set(codec.capabilities));
    this.#basicValues = codec.createEncoder(new Set());
  }

  /** An event without options, for plain subscriptions. Throws `invalid-value` and `too-large`. */
  encodePlain(topic: string, kept: NumberedTopic, value: unknown, withBasic: boolean): OutEvent {
    if (kept.number === 0) kept.number = this.#numbers.number(topic);
    const event = this.#encodePlainBy(this.#values, topic, kept.number, value);
    return withBasic ? { ...event, basic: this.#encodePlainBy(this.#basicValues, topic, kept.number, value) } : event;
  }

  /** Any event. Throws `invalid-value` and `too-large`. */
  encode(message: Outgoing, withBasic: boolean): OutEvent {
    const event = this.#encodeBy(this.#values, message);
    return withBasic ? { ...event, basic: this.#encodeBy(this.#basicValues, message) } : event;
  }

  #encodePlainBy(values: LaneEncoder, topic: string, topicId: number, value: unknown): OutEvent {
    const writer = this.#slab.take();
    const start = writer.length;
    writer.u8(recordKind.event);
    const bodyStart = writer.beginBlock();
    writePlainHead(writer, topicId, topic);
    write(values, value, writer);
    return this.#finish(writer, { values, start, bodyStart, topic, topicId, confirm: undefined });
  }

  #encodeBy(values: LaneEncoder, message: Outgoing): OutEvent {
    const { topic, broadcast, key, ttlMs, confirm } = message;
    const topicId = broadcast ? 0 : this.#numbers.number(topic);
    const headers = message.headers === noHeaders ? undefined : message.headers;
    const level = confirm === undefined || confirm.level === 'written' ? 0 : confirm.level === 'delivered' ? 1 : 2;
    const writer = this.#slab.take();
    const start = writer.length;
    writer.u8(recordKind.event);
    const bodyStart = writer.beginBlock();
    writeEventHead(writer, { topicId, topic, broadcast, headers, key, ttlMs, confirm: level });
    write(values, message.value, writer);
    return this.#finish(writer, { values, start, bodyStart, topic, topicId, confirm });
  }

  #finish(writer: ByteWriter, begun: Begun): OutEvent {
    const length = writer.length - begun.bodyStart;
    if (length > eventBytesMax) refuseLarge('the event', length);
    writer.endBlock(begun.bodyStart);
    const end = writer.length;
    const event = {
      bytes: writer.buffer,
      start: begun.start,
      // A long body was moved.
      bodyStart: end - length,
      end,
      topic: begun.topic,
      topicId: begun.topicId,
      encoder: begun.values,
      definitions: begun.values.needed,
      basic: undefined,
      won: undefined,
      confirm: begun.confirm,
    };
    this.#slab.give(writer, end - begun.start);
    return event;
  }
}

interface Begun extends Pick<OutEvent, 'start' | 'bodyStart' | 'topic' | 'topicId' | 'confirm'> {
  readonly values: LaneEncoder;
}

function write(values: LaneEncoder, value: unknown, writer: ByteWriter): void {
  if (values.encodeInto === undefined) writer.bytes(values.encode(value));
  else values.encodeInto(value, writer);
}
