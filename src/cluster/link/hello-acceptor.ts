import { emptyBytes } from '../../core/bytes.js';
import { textToBytes } from '../../core/text.js';
import { type IncomingStream, type LinkPeer, type Stream, type StreamSink, streamErrorCodes } from '../../spi/links.js';
import { deafSink } from '../../protocol/rsocket/stream.js';
import { commonVersion, type HelloDeps, type HelloRefusal, introduce, toPeer } from './hello-dialer.js';
import {
  decodeHello,
  encodeHello,
  encodeWelcome,
  type HelloMessage,
  isProof,
  prove,
  splitProof,
  type Transcript,
  withProof,
} from './hello-message.js';

/** A hello that was proved. The owner answers it once, now or later. */
export interface ProvedHello {
  readonly message: HelloMessage;
  readonly peer: LinkPeer;
  /** Sends the welcome; the owner raises the link right after it, before anything else can be sent. */
  welcome(): void;
  refuse(why: HelloRefusal): void;
}

/** The acceptor's half of hello, for one connection. */
export class HelloAcceptor {
  readonly #deps: HelloDeps;
  readonly #onProved: (hello: ProvedHello) => void;
  #state: 'waiting' | 'challenged' | 'proved' = 'waiting';
  #said: Transcript = { hello: emptyBytes, challenge: emptyBytes };
  #message: HelloMessage | undefined;

  constructor(deps: HelloDeps, onProved: (hello: ProvedHello) => void) {
    this.#deps = deps;
    this.#onProved = onProved;
  }

  /** A stream of kind hello. */
  onRequest(incoming: IncomingStream): StreamSink {
    const { stream } = incoming;
    const bytes = incoming.payload.data().slice();
    const decoded = decodeHello(bytes);
    if (decoded?.kind === 'hello' && this.#state === 'waiting') this.#onHello(stream, bytes, decoded.message);
    else if (decoded?.kind === 'proof' && this.#state === 'challenged') this.#onProof(stream, bytes);
    else refuseHello(stream, 'malformed');
    return deafSink;
  }

  #onHello(stream: Stream, bytes: Uint8Array, message: HelloMessage): void {
    const { self, secrets, options } = this.#deps;
    if (commonVersion(message, options.wireVersions) === undefined) {
      refuseHello(stream, 'incompatible');
      return;
    }
    if (message.wanted !== '' && message.wanted !== self.name) {
      refuseHello(stream, 'wrong-name');
      return;
    }
    this.#state = 'challenged';
    this.#message = message;
    this.#said = { hello: bytes, challenge: encodeHello('challenge', introduce(this.#deps)) };
    const proof = prove(secrets, options.keys[0] ?? emptyBytes, 'acceptor', this.#said);
    stream.nextAndComplete(emptyBytes, withProof(this.#said.challenge, proof));
  }

  #onProof(stream: Stream, bytes: Uint8Array): void {
    const { secrets, options } = this.#deps;
    const proof = splitProof(bytes)?.proof ?? emptyBytes;
    const message = this.#message;
    if (message === undefined || !isProof(secrets, options.keys, 'dialer', { ...this.#said, proof })) {
      refuseHello(stream, 'unauthorized');
      return;
    }
    this.#state = 'proved';
    this.#onProved({
      message,
      peer: toPeer(message, commonVersion(message, options.wireVersions) ?? 0, options.capabilities),
      welcome: () => stream.nextAndComplete(emptyBytes, encodeWelcome()),
      refuse: (why) => refuseHello(stream, why),
    });
  }
}

function refuseHello(stream: Stream, why: HelloRefusal): void {
  stream.fail(streamErrorCodes.rejected, textToBytes(why));
}
