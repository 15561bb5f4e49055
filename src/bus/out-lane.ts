import { ByteReader, emptyBytes } from '../core/bytes.js';
import { after, type Clock } from '../core/clock.js';
import type { PayloadView } from '../core/payload-view.js';
import { readFrame, recordKind, type RecordEffects } from '../protocol/bus/bus-frame.js';
import { ackEventsMax } from '../protocol/bus/receive-window.js';
import { SendWindow, type NumberRange, type SendWindowLimits } from '../protocol/bus/send-window.js';
import type { Link, Stream, StreamSink } from '../spi/links.js';
import { LaneConfirms } from './lane-confirms.js';
import { writeHello } from './lane-hello.js';
import { LaneFrames } from './lane-frames.js';
import type { OutEvent } from './out-event.js';
import { StuckWatch } from './stuck-watch.js';
import { WrittenWatch } from './written-watch.js';

/** What a lane tells its owner. */
export interface OutLaneHost {
  readonly clock: Clock;
  /** Events that may or may not have arrived. */
  onUnknown(lane: OutLane, range: NumberRange): void;
  /** Accepted events that certainly never left. */
  onUnsent(lane: OutLane, count: number): void;
  /** An event that the peer has, and that had no member there any more for a group that it was to go to. */
  onRefused(lane: OutLane): void;
  /** A frame that the peer should not have sent. */
  onMalformed(lane: OutLane): void;
  /** There is room again after `hasRoom` was false. */
  onRoom(lane: OutLane): void;
}

/** How a lane behaves. */
export interface OutLaneOptions {
  readonly node: string;
  readonly epoch: number;
  /** Empty for the shared lane, else the subscription's. */
  readonly key: string;
  readonly window: SendWindowLimits;
  /** Events in one frame at most. */
  readonly batchMax: number;
  readonly windowId: () => number;
}

/**
 * Sends events to one peer, on one long-lived channel after another: what is accepted in a turn leaves at its end as few frames.
 * A new connection asks first how far the peer got.
 */
export class OutLane {
  readonly node: string;
  readonly epoch: number;
  readonly key: string;
  readonly #host: OutLaneHost;
  readonly #options: OutLaneOptions;
  readonly #window: SendWindow<OutEvent>;
  #windowId: number;
  #stream: Stream | undefined;
  #link: Link | undefined;
  /** Grows with each stream: what an older one still tells is not heard. */
  #attempt = 0;
  #isReady = false;
  #wasReady = false;
  #isFlushing = false;
  #wasFull = false;
  #chunk: Uint8Array | undefined;
  /** Accepted since frames were last written. */
  #unsentBytes = 0;
  readonly #frames: LaneFrames;
  readonly #confirms: LaneConfirms;
  readonly #written: WrittenWatch;
  readonly #stuck = new StuckWatch();
  #final = false;
  #isFinalSent = false;
  #isFinalTold = false;
  #isRetired = false;
  accepted = 0;
  dropped = 0;
  resent = 0;

  constructor(host: OutLaneHost, options: OutLaneOptions) {
    this.#host = host;
    this.#options = options;
    this.node = options.node;
    this.epoch = options.epoch;
    this.key = options.key;
    this.#window = new SendWindow(options.window);
    this.#frames = new LaneFrames(this.#window, options.batchMax, (event) => this.#countResent(event));
    this.#confirms = new LaneConfirms(options.node);
    this.#written = new WrittenWatch(host.clock, this.#confirms);
    this.#windowId = options.windowId();
  }

  get inFlight(): number {
    return this.#window.inFlight;
  }

  get heldBytes(): number {
    return this.#window.heldBytes;
  }

  get isAttached(): boolean {
    return this.#stream !== undefined;
  }

  /** False while so much waits that a lossless source should pause. */
  get hasRoom(): boolean {
    const room = this.#window.unsentCount < this.#options.window.eventsMax / 2;
    if (!room) this.#wasFull = true;
    return room;
  }

  /** Everything accepted is acknowledged, and so is the final number, if it was to be said. */
  get isSettled(): boolean {
    return this.#window.inFlight === 0 && (!this.#final || !this.#wasReady || this.#isFinalTold);
  }

  /**
   * False while as much is on its way as can be held: what a lost link would take could not be sent again. What an earlier connection
   * lost is not on its way.
   */
  get #mayBeHeld(): boolean {
    return this.#frames.toldTo - this.#window.acked < Math.max(this.#options.window.eventsMax, unansweredMin);
  }

  /** Accepts an event; false when too many wait: its number is lost, and the receiver will see the gap. */
  accept(event: OutEvent): boolean {
    const isClosed = this.#final || this.#isRetired || (event.confirm !== undefined && this.#confirms.isFull);
    const number = isClosed ? undefined : this.#window.accept(event, this.#bytesOf(event));
    if (!this.#isFlushing) this.#flushLater();
    if (number === undefined) {
      this.dropped += 1;
      return false;
    }
    this.accepted += 1;
    if (event.confirm !== undefined) this.#confirms.add(number, event.confirm, event.won);
    this.#unsentBytes += event.end - event.start;
    // Not only at the end of a long turn: the link sends, and the peer reads, while this side goes on.
    if (this.#unsentBytes >= eagerBytes && this.#isReady) this.#writeFrames();
    return true;
  }

  /** Events share chunks of memory; the first that pins one pays for all of it. */
  #bytesOf({ bytes }: OutEvent): number {
    if (bytes === this.#chunk) return entryBytes;
    this.#chunk = bytes;
    return entryBytes + bytes.length;
  }

  /** A link is up: opens the lane on it. */
  attach(link: Link): void {
    if (this.#link === link || this.#isFinalTold) return;
    this.detach();
    this.#link = link;
    this.#open(link);
  }

  /** The link is gone; what is not acknowledged waits for the next one. */
  detach(): void {
    this.#link = undefined;
    this.#forgetStream();
    this.#written.end();
  }

  /** Says the final number, after everything that waits. Nothing is accepted any more. */
  sayFinal(): void {
    this.#final = true;
    this.#flush();
  }

  /** The peer's life is over: reports what is not acknowledged. */
  end(): void {
    this.detach();
    this.#abandon();
  }

  /** Ends the channel in order; for a lane whose subscription is gone. */
  close(): void {
    this.#stream?.complete();
    this.end();
  }

  /**
   * For a lane whose subscription is gone: takes nothing more, and ends when the peer has answered what it was sent, which for a
   * member of a group decides who gets it in its stead; or with the connection, or after a while.
   */
  retire(): void {
    if (this.#stream === undefined || !this.#isReady || this.#window.sent <= this.#window.acked) {
      this.close();
      return;
    }
    this.#isRetired = true;
    this.#isReady = false;
    this.#stream.complete();
    this.#host.clock.setTimer(after(this.#host.clock.now(), retireMs), () => this.end());
  }

  #forgetStream(): void {
    this.#attempt += 1;
    this.#stream = undefined;
    this.#isReady = false;
    this.#isFinalSent = false;
  }

  #open(link: Link): void {
    this.#forgetStream();
    this.#frames.wireVersion = link.peer.wireVersion;
    const hello = { key: this.key, windowId: this.#windowId, hasSent: this.#window.sent > 0 };
    const metadata = writeHello(link.peer.wireVersion, hello);
    const opened = link.open(
      { kind: 'bus', interaction: 'channel', metadata, data: emptyBytes, credit: answerItems },
      this.#sinkFor(link, this.#attempt),
    );
    if (typeof opened === 'string') {
      this.#reopenLater(link);
      return;
    }
    this.#stream = opened;
  }

  #sinkFor(link: Link, attempt: number): StreamSink {
    let taken = 0;
    const records: RecordEffects = {
      wireVersion: link.peer.wireVersion,
      record: (kind, bytes, start, end) => this.#record(kind, new ByteReader(bytes, start, end)),
      unknown: () => undefined,
    };
    const lost = (): void => {
      if (this.#attempt !== attempt) return;
      if (this.#isRetired) {
        this.end();
        return;
      }
      this.#forgetStream();
      this.#reopenLater(link);
    };
    return {
      onNext: (payload: PayloadView) => {
        if (this.#attempt !== attempt) return;
        if (!readFrame(payload.bytes, payload.dataStart, payload.dataEnd, records)) this.#host.onMalformed(this);
        taken += 1;
        if (taken < answerItems / 2) return;
        this.#stream?.request(taken);
        taken = 0;
      },
      onComplete: () => {
        // The answer to the final number: the peer has all there is.
        if (this.#attempt === attempt && this.#isFinalSent) this.#isFinalTold = true;
        else lost();
      },
      onFail: (fault) => {
        const isHeard = this.#attempt === attempt && this.#isReady;
        if (isHeard && this.#frames.toldTo > this.#window.acked) this.#stuck.ended(fault);
        lost();
      },
      onCredit: () => this.#flushLater(),
      onCancel: lost,
    };
  }

  /** A peer that is still starting refuses the lane; one that stops has no use for it. */
  #reopenLater(link: Link): void {
    this.#host.clock.setTimer(after(this.#host.clock.now(), reopenMs), () => {
      if (this.#link === link && this.#stream === undefined && link.up) this.#open(link);
    });
  }

  #record(kind: number, reader: ByteReader): boolean {
    if (kind === recordKind.resume) {
      const known = reader.u8() === 1;
      const received = reader.varint();
      if (reader.ok) this.#resume(known, received);
    } else if (kind === recordKind.ack) {
      const number = reader.varint();
      if (reader.ok && this.#window.acknowledge(number)) {
        this.#confirms.delivered(number);
        if (this.#window.unsentCount > 0) this.#flushLater();
      }
    } else if (kind === recordKind.handled) {
      const number = reader.varint();
      const code = reader.u8();
      if (reader.ok && number <= this.#window.sent && this.#confirms.handled(number, code)) this.#host.onRefused(this);
    }
    return reader.ok;
  }

  #resume(known: boolean, received: number): void {
    if (this.#isReady || this.#isRetired) return;
    this.#frames.forget();
    if (known) {
      const unknown = this.#window.resume(received);
      this.#confirms.delivered(this.#window.acked);
      if (unknown !== undefined) this.#host.onUnknown(this, unknown);
      if (this.#stuck.isStuckAt(received)) this.#giveUp();
      this.#frames.toldTo = received;
    } else if (this.#window.sent > 0) {
      // The peer has forgotten us: whatever it may have got must not come a second time.
      this.#renew();
      return;
    } else {
      this.#frames.toldTo = 0;
    }
    this.#isReady = true;
    this.#wasReady = true;
    this.#flushLater();
  }

  #giveUp(): void {
    const range = this.#window.giveUpSent();
    this.#confirms.lost(this.#window.sent);
    if (range !== undefined) this.#host.onUnknown(this, range);
  }

  #renew(): void {
    const link = this.#link;
    this.#stream?.complete();
    let refused = 0;
    for (const event of this.#abandon(true)) {
      if (this.accept(event)) continue;
      refused += 1;
      if (event.confirm !== undefined) this.#confirms.refuse(event.confirm, event.won);
    }
    // A lane that has said its final number takes nothing more, not even what it held.
    if (refused > 0) this.#host.onUnsent(this, refused);
    this.#windowId = this.#options.windowId();
    if (link !== undefined) this.#open(link);
  }

  /** Reports what is not acknowledged. With `kept`, unsent events stay, with their confirmations, for another window. */
  #abandon(kept = false): readonly OutEvent[] {
    const { unknown, unsent } = this.#window.abandon();
    const neverSent = new Set(unsent.map((event) => event.confirm));
    this.#frames.toldTo = 0;
    if (unknown !== undefined) this.#host.onUnknown(this, unknown);
    if (unsent.length > 0 && !kept) this.#host.onUnsent(this, unsent.length);
    this.#confirms.end(neverSent, kept);
    return unsent;
  }

  #countResent(event: OutEvent): void {
    this.resent += 1;
    event.confirm?.resent(this.node);
  }

  #flushLater(): void {
    if (this.#isFlushing || !this.#isReady) return;
    this.#isFlushing = true;
    this.#host.clock.afterTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isFlushing = false;
    this.#flush();
  };

  /** Tells nobody here anything, so that it may be done inside a publish. */
  #writeFrames(): void {
    const stream = this.#stream;
    this.#unsentBytes = 0;
    if (stream === undefined) return;
    while (stream.credit > 0 && this.#mayBeHeld && this.#frames.writeEvents(stream)) {
      // Each call writes one frame.
    }
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#isReady) return;
    this.#writeFrames();
    if (this.#final && !this.#isFinalSent && this.#window.unsentCount === 0 && stream.credit > 0) {
      this.#isFinalSent = true;
      this.#frames.writeFinal(stream);
      stream.complete();
    }
    if (this.#wasFull && this.hasRoom) {
      this.#wasFull = false;
      this.#host.onRoom(this);
    }
    if (this.#confirms.size > 0 && this.#link !== undefined) this.#written.handedOver(this.#link, this.#window.sent);
  }
}

/** So many events may always be on the way: the peer answers a quarter of them at a time. */
const unansweredMin = 4 * ackEventsMax;

/** So much is put in a frame at once: with two such frames the link begins to write in the middle of a turn. */
const eagerBytes = 8300;

/** Answers that the peer may send at once: acknowledgements are small and few. */
const answerItems = 1024;

/** What an event costs beside its bytes. */
const entryBytes = 64;

const reopenMs = 200;

/** How long a lane without a subscription waits for answers. */
const retireMs = 1000;
