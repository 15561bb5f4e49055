import { ByteReader, ByteWriter, emptyBytes } from '../core/bytes.js';
import { after, type CancelTimer, type Clock, type MonotonicMs } from '../core/clock.js';
import { groupsWonMax, topicLengthMax } from '../core/limits.js';
import type { PayloadView } from '../core/payload-view.js';
import { findTopicFault } from '../core/topic.js';
import {
  beginFrame,
  handledCode,
  readEventHead,
  readFrame,
  recordKind,
  writeNumberRecord,
  writeRecord,
  type EventHead,
  type RecordEffects,
} from '../protocol/bus/bus-frame.js';
import { ackDelayMs, ackEventsMax, type MissingRange, type ReceiveWindow } from '../protocol/bus/receive-window.js';
import { topicNumbersMax } from '../protocol/bus/topic-numbers.js';
import type { LaneDecoder } from '../spi/codec.js';
import type { Stream, StreamSink } from '../spi/links.js';
import { Gate } from './gate.js';
import type { HandledReports } from './handled-reports.js';

/** What a node knows of one life of a peer as a sender; shared by its lanes. */
export interface PeerVocabulary {
  readonly decoder: LaneDecoder;
  /** A definition could not be read: none after it is taken, and values that need them are undecodable. */
  isBroken: boolean;
  readonly topics: Map<number, string>;
}

/** An event that came, its value still encoded. The bytes are lent for the call. */
export interface ArrivedEvent {
  readonly topic: string;
  readonly head: EventHead;
  readonly won: readonly string[];
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What a lane tells its owner. */
export interface InLaneHost {
  readonly clock: Clock;
  /** Delivers to this node's own subscriptions. Returns what the sender of a confirmed event is to be told, or a gate to wait for. */
  onEvent(lane: InLane, event: ArrivedEvent): Gate | number;
  onGap(lane: InLane, missing: MissingRange): void;
  /** A frame or record that no peer of ours sends; the link should be ended. */
  onMalformed(lane: InLane): void;
  /** A definition, topic or event that cannot be read was passed over; what is missing is told as a gap. */
  onSkipped(): void;
  /** Kinds of a later build. */
  onUnknownRecord(): void;
}

/** Receives one lane on one connection: the window outlives it, and is handed to the lane of the next one. */
export class InLane {
  readonly key: string;
  readonly window: ReceiveWindow;
  readonly #host: InLaneHost;
  readonly #stream: Stream;
  readonly #vocabulary: PeerVocabulary;
  readonly #reports: HandledReports;
  readonly #records: RecordEffects;
  #cancelAck: CancelTimer | undefined;
  #ackDueAt: MonotonicMs | undefined;
  #ackNow = false;
  #isAckWaiting = false;
  readonly #waiting: Uint8Array[] = [];
  /** Results of handlers that are told together. */
  readonly #results = new ByteWriter(64);
  #isTellingLater = false;
  #isOpen = true;
  received = 0;

  constructor(host: InLaneHost, setup: InLaneSetup) {
    this.#host = host;
    this.key = setup.key;
    this.window = setup.window;
    this.#stream = setup.stream;
    this.#vocabulary = setup.vocabulary;
    this.#reports = setup.reports;
    this.#records = {
      wireVersion: setup.stream.link.peer.wireVersion,
      record: (kind, bytes, start, end) => this.#record(kind, bytes, start, end),
      unknown: () => host.onUnknownRecord(),
    };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Says how far the window got; the sender waits for it. */
  begin(known: boolean, credit: number): void {
    writer.reset();
    writer.u8(known ? 1 : 0);
    writer.varint(this.window.last);
    const body = writer.take();
    this.#answer((frame) => writeRecord(frame, recordKind.resume, body));
    // It told everything there is to acknowledge.
    this.window.takeAck();
    const again = this.#reports.attach(this.#report);
    if (known && again.length > 0) this.#answer((frame) => writeReports(frame, again));
    if (credit > 0) this.#stream.request(credit);
  }

  /** What the stream tells goes here. `onFrame` is called after each frame, for credit. */
  sink(onFrame: () => void): StreamSink {
    const close = (): void => this.close();
    return {
      onNext: (payload) => {
        if (!this.#isOpen) return;
        this.#frame(payload);
        onFrame();
      },
      onComplete: () => {
        this.#sendAck();
        // The sender takes our end for the answer to its final number; handlers may owe it results still.
        this.#reports.whenIdle(() => {
          this.#tellResults();
          this.#stream.complete();
          this.close();
        });
      },
      onFail: close,
      onCredit: () => this.#drain(),
      onCancel: close,
    };
  }

  /** Allows more frames. */
  request(count: number): void {
    if (this.#isOpen) this.#stream.request(count);
  }

  /** This connection is over. */
  close(): void {
    this.#isOpen = false;
    this.#reports.detach(this.#report);
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#ackDueAt = undefined;
  }

  #frame(payload: PayloadView): void {
    if (!readFrame(payload.bytes, payload.dataStart, payload.dataEnd, this.#records)) {
      this.#host.onMalformed(this);
      return;
    }
    if (this.window.unacknowledged >= ackEventsMax || this.#ackNow) this.#sendAck();
    else if (this.window.unacknowledged > 0) this.#ackLater();
  }

  #record(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
    const reader = new ByteReader(bytes, start, end);
    if (kind === recordKind.event || kind === recordKind.won) {
      this.#event(kind, bytes, reader, end);
      return true;
    }
    const number = reader.varint();
    if (kind === recordKind.topic) {
      // Events that need a topic which is refused here are passed over in their turn.
      if (!this.#topic(number, reader.text(topicLengthMax * 3), reader.ok)) this.#host.onSkipped();
      return true;
    }
    if (kind === recordKind.definition) return this.#definition(number, reader);
    if (!reader.ok) return false;
    if (kind === recordKind.base && number > 0) this.#missing(this.window.base(number));
    else if (kind === recordKind.final) {
      this.#missing(this.window.final(number));
      this.#ackNow = true;
    }
    return true;
  }

  #missing(range: MissingRange | undefined): void {
    if (range !== undefined) this.#host.onGap(this, range);
  }

  #topic(id: number, topic: string, isOk: boolean): boolean {
    if (!isOk || id === 0 || id > topicNumbersMax || findTopicFault(topic) !== undefined) return false;
    this.#vocabulary.topics.set(id, topic);
    return true;
  }

  #definition(index: number, reader: ByteReader): boolean {
    const { decoder } = this.#vocabulary;
    // Another lane, or the connection before, may have brought it.
    if (index < decoder.definitionCount || this.#vocabulary.isBroken) return reader.ok;
    if (index !== decoder.definitionCount || !reader.ok) return false;
    if (!decoder.define(reader.rest())) {
      this.#vocabulary.isBroken = true;
      this.#host.onSkipped();
    }
    return true;
  }

  #event(kind: number, bytes: Uint8Array, reader: ByteReader, end: number): void {
    const won = kind === recordKind.won ? readWon(reader) : noGroups;
    const head = readEventHead(reader);
    const topic = head === undefined ? undefined : this.#topicOf(head);
    const number = this.window.event();
    if (number === undefined) return;
    this.received += 1;
    if (head === undefined || topic === undefined) {
      this.#skip(number);
      return;
    }
    if (head.confirm > 0) this.#ackNow = true;
    const done = this.#host.onEvent(this, { topic, head, won, bytes, valueStart: reader.offset, valueEnd: end });
    if (head.confirm === 2) this.#reportLater(number, done);
    else if (done === handledCode.refused || done === handledCode.partial) this.#reportGroupLoss(number, done);
  }

  #topicOf(head: EventHead): string | undefined {
    const topic = head.topicId === 0 ? head.topic : this.#vocabulary.topics.get(head.topicId);
    return topic !== undefined && isSpelledOut(head) && findTopicFault(topic) !== undefined ? undefined : topic;
  }

  /** One event that cannot be read does not end the link: its sender would send it again, and nothing behind it would come. */
  #skip(number: number): void {
    this.#host.onSkipped();
    this.#missing({ from: number, to: number });
    this.#ackNow = true;
    // Whether its sender waits for the handlers is not known; one that does not takes no notice.
    this.#reportLater(number, handledCode.failed);
  }

  /** A group lost an event whose winner was to be here: nobody waits for that, and its publisher is told all the same. */
  #reportGroupLoss(number: number, code: number): void {
    this.#ackNow = true;
    this.#reportLater(number, code);
  }

  #reportLater(number: number, done: Gate | number): void {
    this.#reports.begin();
    if (!(done instanceof Gate)) {
      this.#reports.settle(number, done);
      return;
    }
    // By then another lane may have taken over.
    const reports = this.#reports;
    done.whenOpen(() => reports.settle(number, done.failed > 0 ? handledCode.failed : handledCode.done));
  }

  /** Most handlers are done when their event was delivered: what came of a frame travels in one item with its acknowledgement. */
  readonly #report = (number: number, code: number): void => {
    writeReport(this.#results, number, code);
    if (this.#results.length >= resultsBytes) this.#tellResults();
    if (this.#isTellingLater) return;
    this.#isTellingLater = true;
    this.#host.clock.afterTurn(() => {
      this.#isTellingLater = false;
      this.#tellResults();
    });
  };

  #tellResults(): void {
    if (this.#results.length > 0) this.#answer((frame) => this.#writeResults(frame));
  }

  #writeResults(frame: ByteWriter): void {
    frame.bytes(this.#results.view());
    this.#results.reset();
  }

  #ackLater(): void {
    if (this.#cancelAck !== undefined) return;
    const { clock } = this.#host;
    this.#ackDueAt = after(clock.now(), ackDelayMs);
    this.#cancelAck = clock.setTimer(this.#ackDueAt, () => this.#sendAck());
  }

  #sendAck(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#ackNow = false;
    this.#isAckWaiting = this.#stream.credit === 0;
    if (!this.#isOpen || this.#isAckWaiting) return;
    const number = this.window.takeAck();
    if (number === undefined) return;
    // Results first: what a group lost is not delivered.
    this.#answer((frame) => {
      this.#writeResults(frame);
      writeNumberRecord(frame, recordKind.ack, number);
    });
  }

  /** Answers wait for credit in order: the sender waits for the first, and confirmations for the others. */
  #answer(write: (frame: ByteWriter) => void): void {
    if (!this.#isOpen || this.#waiting.length >= answersMax) {
      this.#results.reset();
      return;
    }
    const frame = new ByteWriter(32);
    beginFrame(frame, this.#stream.link.peer.wireVersion);
    write(frame);
    this.#waiting.push(frame.take());
    this.#drain();
  }

  #drain(): void {
    while (this.#isOpen && this.#stream.credit > 0) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#stream.next(emptyBytes, frame);
    }
    if (this.#waiting.length === 0 && this.#isAckWaiting) this.#sendAck();
  }
}

/** What a lane is made of. */
export interface InLaneSetup {
  readonly key: string;
  readonly window: ReceiveWindow;
  readonly reports: HandledReports;
  readonly stream: Stream;
  readonly vocabulary: PeerVocabulary;
}

/** Answers that wait for credit; past it confirmations end by their deadline. */
const answersMax = 1024;

/** Results of handlers in one answer. */
const resultsBytes = 1024;

const noGroups: readonly string[] = [];

const writer = new ByteWriter(64);

/** Numbered topics were checked when they were named. */
function isSpelledOut(head: EventHead): boolean {
  return head.topicId === 0 && !head.broadcast;
}

function readWon(reader: ByteReader): readonly string[] {
  const count = reader.varint();
  if (count > groupsWonMax) reader.fail();
  const groups: string[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) groups.push(reader.text(512));
  return groups;
}

function writeReports(frame: ByteWriter, results: readonly (readonly [number, number])[]): void {
  for (const [number, code] of results) writeReport(frame, number, code);
}

function writeReport(frame: ByteWriter, number: number, code: number): void {
  writer.reset();
  writer.varint(number);
  writer.u8(code);
  writeRecord(frame, recordKind.handled, writer.view());
}
