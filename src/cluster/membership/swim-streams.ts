import { emptyBytes } from '../../core/bytes.js';
import type { Unlisten } from '../../core/listeners.js';
import { type IncomingStream, type Links, streamErrorCodes, type StreamSink } from '../../spi/links.js';

/** What streams hand datagrams to. */
export interface StreamUser {
  /** Takes a datagram that came over a stream, and returns what was answered to it, if anything. */
  answer(bytes: Uint8Array): Uint8Array | undefined;
  /** Takes the answer to an exchange with that address. */
  answered(address: string, bytes: Uint8Array): void;
}

/**
 * SWIM's streams: one datagram each way, where datagrams themselves do not get through. Without links nothing is sent.
 */
export class SwimStreams {
  readonly #user: StreamUser;
  readonly #timeoutMs: number;
  #links: Links | undefined;
  #unserve: Unlisten | undefined;
  #open = 0;

  constructor(user: StreamUser, timeoutMs: number) {
    this.#user = user;
    this.#timeoutMs = timeoutMs;
  }

  attach(links: Links): void {
    this.detach();
    this.#links = links;
    this.#unserve = links.serve('swim', (incoming) => this.#accept(incoming));
  }

  detach(): void {
    this.#unserve?.();
    this.#unserve = undefined;
    this.#links = undefined;
  }

  /** Copies the bytes. Beyond the limit, or without links, it does nothing: streams only help. */
  exchange(address: string, name: string, bytes: Uint8Array): void {
    if (this.#links === undefined || this.#open >= exchangesMax) return;
    this.#open += 1;
    const request = { address, name, kind: 'swim', data: bytes.slice(), timeoutMs: this.#timeoutMs } as const;
    this.#links.exchange(request, (answer) => {
      this.#open -= 1;
      if (answer !== undefined && this.#links !== undefined) this.#user.answered(address, answer);
    });
  }

  #accept(incoming: IncomingStream): StreamSink {
    const { stream, payload, interaction } = incoming;
    const answer = interaction === 'response' ? this.#user.answer(payload.data()) : undefined;
    if (answer === undefined) stream.fail(streamErrorCodes.rejected, emptyBytes);
    else stream.nextAndComplete(emptyBytes, answer);
    return idleSink;
  }
}

/** Exchanges under way; a node has one probe at a time, so more mean that streams hang. */
const exchangesMax = 8;

const idleSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};
