import { ByteWriter } from '../core/bytes.js';
import { recordKind, writeRecord } from '../protocol/bus/bus-frame.js';
import type { LaneEncoder } from '../spi/codec.js';
import type { Confirming } from './outlet.js';

/** One event for one lane. Its record, from `start` to `end`, is the same bytes for every lane. */
export interface OutEvent {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Where the record's own head is over. */
  readonly bodyStart: number;
  readonly end: number;
  readonly topic: string;
  /** 0: the text is in the body. */
  readonly topicId: number;
  /** Whose definitions the value needs: the same for all events of a lane. */
  readonly encoder: LaneEncoder;
  /** Definitions that the value needs. */
  readonly definitions: number;
  /** The same event for peers of a build that reads less, while there are any. */
  readonly basic: OutEvent | undefined;
  /** Groups that the receiving node won. */
  readonly won: readonly string[] | undefined;
  readonly confirm: Confirming | undefined;
}

/** Writes the same record with the groups before its body. */
export function writeWon(frame: ByteWriter, event: OutEvent, won: readonly string[]): void {
  bodyWriter.reset();
  bodyWriter.varint(won.length);
  for (const group of won) bodyWriter.text(group);
  bodyWriter.range(event.bytes, event.bodyStart, event.end);
  writeRecord(frame, recordKind.won, bodyWriter.view());
}

/** Used again by every call. */
const bodyWriter = new ByteWriter(256);
