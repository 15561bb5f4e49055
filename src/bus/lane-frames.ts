import { ByteWriter } from '../core/bytes.js';
import { wireVersionMin } from '../core/limits.js';
import { beginFrame, recordKind, writeNumberRecord, writeRecord } from '../protocol/bus/bus-frame.js';
import type { SendWindow } from '../protocol/bus/send-window.js';
import type { Stream } from '../spi/links.js';
import { type OutEvent, writeWon } from './out-event.js';
import { RecordRun } from './record-run.js';
import { sendFrame } from './send-frame.js';

/** Writes what waits in a lane's window as frames, and knows what the lane's connection has carried so far. */
export class LaneFrames {
  readonly #window: SendWindow<OutEvent>;
  readonly #batchMax: number;
  readonly #onResent: (event: OutEvent) => void;
  #definitionsSent = 0;
  #topicsSent = new Set<number>();
  /** The open link's. */
  wireVersion: number = wireVersionMin;
  /** The last number that this connection told of, by an event or a base. */
  toldTo = 0;

  constructor(window: SendWindow<OutEvent>, batchMax: number, onResent: (event: OutEvent) => void) {
    this.#window = window;
    this.#batchMax = batchMax;
    this.#onResent = onResent;
  }

  /** A new connection has carried no definition and no topic. */
  forget(): void {
    this.#definitionsSent = 0;
    this.#topicsSent = new Set();
  }

  /** Sends one frame of what waits; false when there is nothing to tell. */
  writeEvents(stream: Stream): boolean {
    if (!this.#fill()) return false;
    sendFrame(stream, frameWriter);
    return true;
  }

  /** Sends the final number. */
  writeFinal(stream: Stream): void {
    beginFrame(frameWriter, this.wireVersion);
    writeNumberRecord(frameWriter, recordKind.final, this.#window.last);
    sendFrame(stream, frameWriter);
  }

  #fill(): boolean {
    const window = this.#window;
    let event = window.peek();
    if (event === undefined && this.toldTo >= window.last) return false;
    beginFrame(frameWriter, this.wireVersion);
    let bytes = 0;
    for (let events = 0; event !== undefined && events < this.#batchMax; events += 1) {
      bytes += event.end - event.start;
      if (events > 0 && bytes > frameBytesTarget) break;
      this.#writeEvent(event, window.nextNumber, events === 0);
      window.advance();
      event = window.peek();
    }
    frameRun.write();
    // Numbers at the end were dropped: without another event the receiver would not hear of them.
    if (event === undefined && this.toldTo < window.last) {
      writeNumberRecord(frameWriter, recordKind.base, window.last + 1);
      this.toldTo = window.last;
    }
    return true;
  }

  #writeEvent(event: OutEvent, number: number, isFirst: boolean): void {
    const isKnown = event.topicId === 0 || this.#topicsSent.has(event.topicId);
    if (!isKnown || event.definitions > this.#definitionsSent) this.#introduce(event);
    if (isFirst || number !== this.toldTo + 1) {
      frameRun.write();
      writeNumberRecord(frameWriter, recordKind.base, number);
    }
    if (number <= this.#window.sent) this.#onResent(event);
    if (event.won === undefined) {
      frameRun.add(event.bytes, event.start, event.end);
    } else {
      frameRun.write();
      writeWon(frameWriter, event, event.won);
    }
    this.toldTo = number;
  }

  /** Writes what the event needs and this connection has not carried; before the events that wait in the run, which does no harm. */
  #introduce(event: OutEvent): void {
    while (this.#definitionsSent < event.definitions) {
      const definition = event.encoder.definition(this.#definitionsSent);
      bodyWriter.reset();
      bodyWriter.varint(this.#definitionsSent);
      bodyWriter.bytes(definition);
      writeRecord(frameWriter, recordKind.definition, bodyWriter.view());
      this.#definitionsSent += 1;
    }
    if (event.topicId === 0 || this.#topicsSent.has(event.topicId)) return;
    this.#topicsSent.add(event.topicId);
    bodyWriter.reset();
    bodyWriter.varint(event.topicId);
    bodyWriter.text(event.topic);
    writeRecord(frameWriter, recordKind.topic, bodyWriter.view());
  }
}

/** A frame is closed before this size: longer items go by reference and in fragments, with a write each. */
const frameBytesTarget = 16_000;

/** Frames are built one at a time, by every lane of the process, and lent or copied out: nothing is kept here between calls. */
const frameWriter = new ByteWriter(65_536);
const frameRun = new RecordRun(frameWriter);
const bodyWriter = new ByteWriter(256);
