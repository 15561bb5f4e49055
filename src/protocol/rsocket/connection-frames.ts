import type { MonotonicMs } from '../../core/clock.js';
import type { PayloadView } from '../../core/payload-view.js';
import { bytesToText } from '../../core/text.js';
import type { RsocketEffects } from './effects.js';
import * as frame from './frame.js';
import type { LeaseBook } from './lease-book.js';
import { decodeSetup, isSetupRefusal } from './setup.js';
import type { RsocketCounters } from './stream.js';

/** What frames of stream 0 ask of their connection. */
export interface ConnectionHost {
  readonly view: PayloadView;
  readonly counters: RsocketCounters;
  readonly now: MonotonicMs;
  /** The peer's SETUP is taken, or waits for the owner's word. */
  beginOpen(isLeased: boolean, waits: boolean): void;
  /** Says why and ends the connection. */
  shut(code: number, text: string): void;
  /** The peer said why it ends the connection. */
  endByPeer(code: number, text: string): void;
  /** The answer to a probe of ours came back. */
  onProbe(probe: number): void;
  /** The peer wants these bytes sent back. */
  answerKeepAlive(data: Uint8Array): void;
  /** Counts a frame that cannot be read. */
  onMalformed(): void;
}

/** The frames of the connection itself. Illegal ones are answered as the head of engine.ts says. */
export class ConnectionFrames {
  readonly #host: ConnectionHost;
  readonly #effects: RsocketEffects;
  readonly #lease: LeaseBook;
  readonly #isClient: boolean;

  constructor(host: ConnectionHost, parts: ConnectionParts) {
    this.#host = host;
    this.#effects = parts.effects;
    this.#lease = parts.lease;
    this.#isClient = parts.isClient;
  }

  /** The frame that should be SETUP. */
  onFirstFrame(id: number, mark: number, bytes: Uint8Array): void {
    const type = mark >>> 10;
    if (this.#isClient || id !== 0 || type !== frame.typeSetup) {
      const { rejectedResume, invalidSetup } = frame.connectionErrorCodes;
      if (type === frame.typeResume && id === 0) this.#host.shut(rejectedResume, 'resume is not supported');
      else this.#host.shut(invalidSetup, 'SETUP must come first');
      return;
    }
    const setup = decodeSetup(bytes);
    const answer = isSetupRefusal(setup) ? setup : this.#effects.onSetup(setup);
    if (typeof answer !== 'string') {
      this.#host.counters.refused += 1;
      this.#host.shut(answer.code, answer.text);
      return;
    }
    this.#host.beginOpen(!isSetupRefusal(setup) && setup.isLeased, answer === 'wait');
  }

  /** A later frame of stream 0. */
  onFrame(mark: number, bytes: Uint8Array, start: number, end: number): void {
    const at = start + frame.headerBytes;
    const host = this.#host;
    switch (mark >>> 10) {
      case frame.typeKeepAlive:
        if (end - at < 8) host.onMalformed();
        else if ((mark & frame.flagRespond) !== 0) this.#onKeepAlive(bytes.subarray(at + 8, end));
        else if (end - at === 12) host.onProbe(frame.readI32(bytes, at + 8));
        return;
      case frame.typeLease:
        if (end - at < 8 || frame.readI32(bytes, at) < 0 || frame.readI32(bytes, at + 4) < 0) host.onMalformed();
        else this.#lease.onLease(frame.readI32(bytes, at), frame.readI32(bytes, at + 4), host.now);
        return;
      case frame.typeMetadataPush:
        this.#effects.onMetadataPush(host.view.set(bytes, at, end, end));
        return;
      case frame.typeError:
        this.#onError(bytes, at, end);
        return;
      default:
        this.onOddFrame(mark);
    }
  }

  /** A frame whose type has no meaning where it came. */
  onOddFrame(mark: number): void {
    const type = mark >>> 10;
    const { counters } = this.#host;
    const isKnown = type >= frame.typeSetup && type <= frame.typeResumeOk;
    if (isKnown) {
      counters.ignored += 1;
      return;
    }
    counters.unknown += 1;
    if ((mark & frame.flagIgnore) === 0) {
      this.#host.shut(frame.connectionErrorCodes.connectionError, `frame type ${type} is not known here`);
    }
  }

  #onKeepAlive(data: Uint8Array): void {
    if (data.length <= echoMaxBytes) {
      this.#host.answerKeepAlive(data);
      return;
    }
    this.#host.counters.oversize += 1;
    const told = `a KEEPALIVE with ${data.length} bytes is not echoed`;
    this.#host.shut(frame.connectionErrorCodes.connectionError, told);
  }

  #onError(bytes: Uint8Array, at: number, end: number): void {
    if (end - at < 4) {
      this.#host.onMalformed();
      return;
    }
    const code = frame.readI32(bytes, at);
    // "A server MUST ignore a SETUP_ERROR frame" (Handling the Unexpected).
    if (code < frame.connectionErrorCodes.connectionError && !this.#isClient) {
      this.#host.counters.ignored += 1;
      return;
    }
    this.#host.endByPeer(code, bytesToText(bytes.subarray(at + 4, Math.min(end, at + 4 + endTextMaxBytes))));
  }
}

/** What frames of stream 0 are told to. */
export interface ConnectionParts {
  readonly effects: RsocketEffects;
  readonly lease: LeaseBook;
  readonly isClient: boolean;
}

const endTextMaxBytes = 256;

/** Most bytes of a KEEPALIVE that are sent back; those of stock peers are a few bytes, and our probes are four. */
const echoMaxBytes = 1024;
