import { assert } from '../core/assert.js';
import type { Clock } from '../core/clock.js';
import { after, type MonotonicMs } from '../core/clock.js';
import { payloadBytesMax } from '../core/limits.js';
import { PayloadView } from '../core/payload-view.js';
import type {
  Interaction,
  Link,
  LinkEnd,
  LinkPeer,
  Stream,
  StreamAcceptor,
  StreamFault,
  StreamKind,
  StreamRequest,
  StreamSink,
} from '../spi/links.js';
import { streamErrorCodes } from '../spi/links.js';

/** What both ends of a pair share and what decides how their bytes travel. */
export interface WireRules {
  readonly clock: Clock;
  /** Streams that one end may have open. */
  readonly streamsMax: number;
  /** Bytes on the way above which every `credit` reads 0. */
  readonly highWaterBytes: number;
  /** One-way delay from one name to another, asked for each flush. */
  delayMs(from: string, to: string): number;
  /** True while nothing gets through; what is sent waits. */
  isCut(from: string, to: string): boolean;
  /** True while the sender must believe that its buffer is full. */
  isCongested(from: string, to: string): boolean;
  /** Called once for each end, after its streams were told. */
  ended(link: MemoryLink, reason: LinkEnd): void;
}

/** What an end needs of its own node. */
export interface LinkHome {
  readonly name: string;
  findAcceptor(kind: StreamKind): StreamAcceptor | undefined;
  /** Forgets a link that ended and tells the listeners, if they were told that it is up. */
  lower(link: Link, reason: LinkEnd): void;
}

type Frame =
  | { readonly kind: 'open'; readonly id: number; readonly request: StreamRequest }
  | {
      readonly kind: 'next';
      readonly id: number;
      readonly metadata: Uint8Array;
      readonly data: Uint8Array;
      readonly last: boolean;
    }
  | { readonly kind: 'complete'; readonly id: number }
  | { readonly kind: 'fail'; readonly id: number; readonly code: number; readonly data: Uint8Array }
  | { readonly kind: 'request'; readonly id: number; readonly count: number }
  | { readonly kind: 'cancel'; readonly id: number };

/**
 * One end of a pair of ends in memory. It keeps the contract of `Link` and is strict about it: an item without credit throws,
 * lent bytes are overwritten after the call they were lent for, what was not flushed when the link ended was not written.
 */
export class MemoryLink implements Link {
  readonly id: number;
  readonly peer: LinkPeer;
  readonly home: LinkHome;
  readonly payloadMaxBytes: number = payloadBytesMax;
  readonly #rules: WireRules;
  readonly #streams = new Map<number, MemoryStream>();
  readonly #view = new PayloadView();
  #other: MemoryLink | undefined;
  #nextStreamId: number;
  #up = true;
  #unflushed: Frame[] = [];
  #flushing = false;
  #held: Frame[] = [];
  #lastArrival: MonotonicMs;
  #bufferedBytes = 0;
  #wasCongested = false;
  /** Items that a peer sent without credit. A test asserts that it is 0. */
  violations = 0;

  constructor(id: number, peer: LinkPeer, home: LinkHome, rules: WireRules) {
    this.id = id;
    this.peer = peer;
    this.home = home;
    this.#rules = rules;
    this.#nextStreamId = 1;
    this.#lastArrival = rules.clock.now();
  }

  /** Joins two ends. The first is the dialer: its streams have odd ids. */
  static join(dialer: MemoryLink, acceptor: MemoryLink): void {
    dialer.#other = acceptor;
    acceptor.#other = dialer;
    acceptor.#nextStreamId = 2;
  }

  get up(): boolean {
    return this.#up;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Streams that are open at this end. */
  get streamCount(): number {
    return this.#streams.size;
  }

  get congested(): boolean {
    return this.#bufferedBytes > this.#rules.highWaterBytes || this.#rules.isCongested(this.home.name, this.peer.name);
  }

  open(request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full' {
    if (!this.#up) return 'down';
    if (this.#streams.size >= this.#rules.streamsMax) return 'full';
    assert(request.interaction === 'fire-and-forget' || request.credit >= 1, 'a request to allow at least one item');
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const stream = new MemoryStream(this, id, request.interaction, 'requester');
    stream.sink = sink;
    stream.allowed = request.interaction === 'response' ? 1 : request.credit;
    if (request.interaction !== 'fire-and-forget') this.#streams.set(id, stream);
    this.send({ kind: 'open', id, request });
    return stream;
  }

  close(reason: LinkEnd): void {
    this.end(reason);
    this.#other?.end(reason === 'stopped' ? 'closed' : reason);
  }

  /** Ends this end only; the other learns it by a call of its own. */
  end(reason: LinkEnd): void {
    if (!this.#up) return;
    this.#up = false;
    const unwritten = new Set<number>();
    for (const frame of this.#unflushed) if (frame.kind === 'open') unwritten.add(frame.id);
    this.#unflushed = [];
    this.#held = [];
    this.#rules.clock.afterTurn(() => {
      const open = [...this.#streams.values()];
      this.#streams.clear();
      for (const stream of open) {
        stream.lose({ kind: 'link', reason, written: !unwritten.has(stream.id) });
      }
      this.#rules.ended(this, reason);
    });
  }

  /** Delivers what waited for a cut to heal. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#dispatch(held);
  }

  /** Tells the streams that wait for credit, if this end is no longer congested. */
  checkCongestion(): void {
    if (this.congested) {
      this.#wasCongested = true;
      return;
    }
    if (!this.#wasCongested) return;
    this.#wasCongested = false;
    for (const stream of this.#streams.values()) stream.offerCredit();
  }

  send(frame: Frame): void {
    if (!this.#up) return;
    this.#bufferedBytes += frameBytes(frame);
    this.#unflushed.push(frame);
    if (this.congested) this.#wasCongested = true;
    if (this.#flushing) return;
    this.#flushing = true;
    this.#rules.clock.afterTurn(() => this.#flush());
  }

  remove(stream: MemoryStream): void {
    this.#streams.delete(stream.id);
  }

  #flush(): void {
    this.#flushing = false;
    const frames = this.#unflushed;
    this.#unflushed = [];
    if (!this.#up || frames.length === 0) return;
    if (this.#rules.isCut(this.home.name, this.peer.name)) {
      for (const frame of frames) this.#held.push(frame);
    } else {
      this.#dispatch(frames);
    }
  }

  #dispatch(frames: readonly Frame[]): void {
    const clock = this.#rules.clock;
    const due = after(clock.now(), this.#rules.delayMs(this.home.name, this.peer.name));
    // A link is ordered: a shorter delay never overtakes.
    this.#lastArrival = due > this.#lastArrival ? due : this.#lastArrival;
    clock.setTimer(this.#lastArrival, () => {
      for (const frame of frames) this.#bufferedBytes -= frameBytes(frame);
      const other = this.#other;
      for (const frame of frames) if (other?.up === true && this.#up) other.#receive(frame);
      this.checkCongestion();
    });
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'open') {
      this.#accept(frame.id, frame.request);
      return;
    }
    const stream = this.#streams.get(frame.id);
    if (stream === undefined) return;
    switch (frame.kind) {
      case 'next':
        if (stream.allowed <= 0) this.violations += 1;
        stream.allowed -= 1;
        this.#lend(frame.metadata, frame.data, (view) => stream.receive(view, frame.last));
        return;
      case 'complete':
        stream.receiveComplete();
        return;
      case 'fail':
        this.#streams.delete(frame.id);
        stream.lose({ kind: 'remote', code: frame.code, data: frame.data });
        return;
      case 'request':
        stream.grant(frame.count);
        return;
      case 'cancel':
        stream.receiveCancel();
    }
  }

  #accept(id: number, request: StreamRequest): void {
    const stream = new MemoryStream(this, id, request.interaction, 'responder');
    stream.remaining = request.interaction === 'response' ? 1 : request.credit;
    if (request.interaction !== 'fire-and-forget') this.#streams.set(id, stream);
    const accept = this.home.findAcceptor(request.kind);
    if (accept === undefined) {
      stream.fail(streamErrorCodes.rejected, new Uint8Array(0));
      return;
    }
    const metadataForm = this.peer.role === 'stock' ? 'composite' : 'scalebus';
    this.#lend(request.metadata, request.data, (payload) => {
      const credit = stream.remaining;
      const { interaction } = request;
      stream.sink = accept({ interaction, stream, metadataForm, payload, credit });
    });
  }

  /** Lends a copy, and spoils it afterwards so that whoever kept it finds out. */
  #lend(metadata: Uint8Array, data: Uint8Array, use: (view: PayloadView) => void): void {
    const bytes = new Uint8Array(metadata.length + data.length + 2);
    bytes.set(metadata, 1);
    bytes.set(data, 1 + metadata.length);
    this.#view.set(bytes, 1, 1 + metadata.length, bytes.length - 1);
    use(this.#view);
    bytes.fill(0xdd);
  }
}

function frameBytes(frame: Frame): number {
  if (frame.kind === 'next') return 9 + frame.metadata.length + frame.data.length;
  return frame.kind === 'open' ? 13 + frame.request.metadata.length + frame.request.data.length : 9;
}

/** One side of one stream. */
export class MemoryStream implements Stream {
  readonly link: MemoryLink;
  readonly id: number;
  readonly interaction: Interaction;
  /** Items that this side may still send. */
  remaining = 0;
  /** Items that the other side may still send. */
  allowed = 0;
  sink: StreamSink | undefined;
  #sending: boolean;
  #receiving: boolean;
  #muted = false;

  constructor(link: MemoryLink, id: number, interaction: Interaction, side: 'requester' | 'responder') {
    this.link = link;
    this.id = id;
    this.interaction = interaction;
    const answers = interaction !== 'fire-and-forget';
    const both = interaction === 'channel';
    this.#sending = side === 'responder' ? answers : both;
    this.#receiving = side === 'requester' ? answers : both;
  }

  get credit(): number {
    if (!this.#sending || !this.link.up) return 0;
    return this.interaction !== 'response' && this.link.congested ? 0 : this.remaining;
  }

  next(metadata: Uint8Array, data: Uint8Array): void {
    this.#item(metadata, data, this.interaction === 'response');
  }

  nextAndComplete(metadata: Uint8Array, data: Uint8Array): void {
    this.#item(metadata, data, true);
  }

  complete(): void {
    if (!this.#sending) return;
    this.link.send({ kind: 'complete', id: this.id });
    this.#stopSending();
  }

  fail(code: number, data: Uint8Array): void {
    if (!this.#sending && !this.#receiving) return;
    this.link.send({ kind: 'fail', id: this.id, code, data });
    this.#sending = false;
    this.#receiving = false;
    this.link.remove(this);
  }

  request(count: number): void {
    assert(count > 0, 'a positive count of items');
    if (!this.#receiving || this.#muted) return;
    this.allowed += count;
    this.link.send({ kind: 'request', id: this.id, count });
  }

  cancel(): void {
    if (!this.#receiving) return;
    this.#muted = true;
    this.link.send({ kind: 'cancel', id: this.id });
    this.#stopReceiving();
  }

  receive(view: PayloadView, last: boolean): void {
    if (!this.#receiving) return;
    this.sink?.onNext(view);
    if (last) this.receiveComplete();
  }

  receiveComplete(): void {
    if (!this.#receiving) return;
    this.#stopReceiving();
    this.sink?.onComplete();
  }

  receiveCancel(): void {
    if (!this.#sending) return;
    this.#stopSending();
    if (!this.#muted) this.sink?.onCancel();
  }

  grant(count: number): void {
    const before = this.remaining;
    this.remaining = Math.min(0x7fff_ffff, before + count);
    if (before === 0) this.offerCredit();
  }

  offerCredit(): void {
    if (this.credit > 0 && !this.#muted) this.sink?.onCredit();
  }

  lose(fault: StreamFault): void {
    this.#sending = false;
    this.#receiving = false;
    if (!this.#muted) this.sink?.onFail(fault);
  }

  #item(metadata: Uint8Array, data: Uint8Array, last: boolean): void {
    if (!this.#sending || !this.link.up) return;
    assert(this.credit > 0, 'credit before an item is sent');
    this.remaining -= 1;
    this.link.send({ kind: 'next', id: this.id, metadata, data, last });
    if (last) this.#stopSending();
  }

  #stopSending(): void {
    this.#sending = false;
    if (!this.#receiving) this.link.remove(this);
  }

  #stopReceiving(): void {
    this.#receiving = false;
    if (!this.#sending) this.link.remove(this);
  }
}
