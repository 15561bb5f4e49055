import type { ByteWriter } from '../core/bytes.js';
import { recordKind, writeEventHead, writePlainHead } from '../protocol/bus/bus-frame.js';
import { TopicNumbers } from '../protocol/bus/topic-numbers.js';
import type { LaneEncoder } from '../spi/codec.js';
import { BodySlab } from './body-slab.js';
import { noHeaders } from './event.js';
import type { OutEvent } from './out-lane.js';
import type { Outgoing } from './outlet.js';

/** Where a topic's number is kept, so that it is not looked up for each event. */
export interface NumberedTopic {
  /** 0 until the topic has one. */
  number: number;
}

/** Encodes events as the records that lanes carry: once, however many lanes there are, and where they wait until acknowledged. */
export class EventEncoder {
  readonly #values: LaneEncoder;
  readonly #numbers = new TopicNumbers();
  readonly #slab = new BodySlab();

  constructor(values: LaneEncoder) {
    this.#values = values;
  }

  /** An event without options, for plain subscriptions. Throws `invalid-value`. */
  encodePlain(topic: string, kept: NumberedTopic, value: unknown): OutEvent {
    if (kept.number === 0) kept.number = this.#numbers.number(topic);
    const writer = this.#slab.take();
    const start = writer.length;
    writer.u8(recordKind.event);
    const bodyStart = writer.beginBlock();
    writePlainHead(writer, kept.number, topic);
    this.#write(value, writer);
    return this.#finish(writer, { start, bodyStart, topic, topicId: kept.number, confirm: undefined });
  }

  /** Any event. Throws `invalid-value`. */
  encode(message: Outgoing): OutEvent {
    const { topic, broadcast, key, ttlMs, confirm } = message;
    const topicId = broadcast ? 0 : this.#numbers.number(topic);
    const headers = message.headers === noHeaders ? undefined : message.headers;
    const level = confirm === undefined || confirm.level === 'written' ? 0 : confirm.level === 'delivered' ? 1 : 2;
    const writer = this.#slab.take();
    const start = writer.length;
    writer.u8(recordKind.event);
    const bodyStart = writer.beginBlock();
    writeEventHead(writer, { topicId, topic, broadcast, headers, key, ttlMs, confirm: level });
    this.#write(message.value, writer);
    return this.#finish(writer, { start, bodyStart, topic, topicId, confirm });
  }

  #write(value: unknown, writer: ByteWriter): void {
    if (this.#values.encodeInto === undefined) writer.bytes(this.#values.encode(value));
    else this.#values.encodeInto(value, writer);
  }

  #finish(writer: ByteWriter, begun: Begun): OutEvent {
    const length = writer.length - begun.bodyStart;
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
      definitions: this.#values.definitionCount,
      won: undefined,
      confirm: begun.confirm,
    };
    this.#slab.give(writer);
    return event;
  }
}

type Begun = Pick<OutEvent, 'start' | 'bodyStart' | 'topic' | 'topicId' | 'confirm'>;
