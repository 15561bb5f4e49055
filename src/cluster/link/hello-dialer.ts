import { emptyBytes } from '../../core/bytes.js';
import type { WireVersions } from '../../core/limits.js';
import type { PayloadView } from '../../core/payload-view.js';
import { bytesToText } from '../../core/text.js';
import type { PeerCertificate } from '../../spi/connections.js';
import type { LinkPeer, StreamFault, StreamSink } from '../../spi/links.js';
import type { Secrets } from '../../spi/secrets.js';
import {
  decodeHello,
  encodeHello,
  encodeProof,
  type HelloMessage,
  isProof,
  nonceBytes,
  prove,
  splitProof,
  withProof,
} from './hello-message.js';
import type { LinkOptions } from './link-options.js';
import type { RsocketLink } from './rsocket-link.js';
import { helloByte } from './stream-kinds.js';

/** This node, as it introduces itself. */
export interface Introduction {
  readonly name: string;
  readonly epoch: number;
  readonly role: 'peer' | 'guest';
  readonly address: string;
}

/** How a dialled connection is meant. */
export interface HelloIntent {
  readonly purpose: 'link' | 'exchange';
  readonly insists: boolean;
  /** Whom to find; empty for whoever answers. */
  readonly wanted: string;
}

/** Why a hello came to nothing; the acceptor's word, or what this side found. */
export type HelloRefusal =
  | 'unauthorized'
  | 'incompatible'
  | 'duplicate'
  | 'stale'
  | 'name-taken'
  | 'wrong-name'
  | 'full'
  | 'leaving'
  | 'malformed'
  | 'closed';

/** How a hello ended. */
export type HelloOutcome =
  | { readonly kind: 'welcome'; readonly peer: LinkPeer }
  | { readonly kind: 'refused'; readonly why: HelloRefusal };

/** The dialer's half of hello. `done` is called once; the caller bounds the time and ends the link when it is refused. */
export class HelloDialer {
  readonly #link: RsocketLink;
  readonly #secrets: Secrets;
  readonly #options: LinkOptions;
  readonly #done: (outcome: HelloOutcome) => void;
  readonly #wanted: string;
  readonly #hello: Uint8Array;
  readonly #self: Introduction;
  #isDone = false;

  constructor(deps: HelloDeps, intent: HelloIntent, link: RsocketLink, done: (outcome: HelloOutcome) => void) {
    this.#link = link;
    this.#secrets = deps.secrets;
    this.#options = deps.options;
    this.#self = deps.self;
    this.#done = done;
    this.#wanted = intent.wanted;
    this.#hello = encodeHello('hello', { ...introduce(deps), ...intent });
  }

  start(): void {
    this.#ask(this.#hello, (answer) => this.#onChallenge(answer));
  }

  /** The connection ended, or time is up. */
  fail(why: HelloRefusal): void {
    this.#settle({ kind: 'refused', why });
  }

  #onChallenge(answer: Uint8Array): void {
    const parts = splitProof(answer);
    const decoded = decodeHello(answer);
    if (parts === undefined || decoded?.kind !== 'challenge') {
      this.fail('malformed');
      return;
    }
    const said = { hello: this.#hello, challenge: parts.body };
    const { message } = decoded;
    const version = commonVersion(message, this.#options.wireVersions);
    if (!isProof(this.#secrets, this.#options.keys, 'acceptor', { ...said, proof: parts.proof })) {
      this.fail('unauthorized');
    } else if (!mayBe(this.#link.connection.certificate, message.name, this.#options)) {
      this.fail('unauthorized');
    } else if (message.name === this.#self.name || (this.#wanted !== '' && message.name !== this.#wanted)) {
      this.fail('wrong-name');
    } else if (version === undefined) {
      this.fail('incompatible');
    } else {
      const key = this.#options.keys[0] ?? emptyBytes;
      const proof = withProof(encodeProof(), prove(this.#secrets, key, 'dialer', said));
      const peer = toPeer(message, version, this.#options.capabilities);
      this.#ask(proof, () => this.#settle({ kind: 'welcome', peer }));
    }
  }

  #ask(data: Uint8Array, next: (answer: Uint8Array) => void): void {
    const request = { kind: 'rpc', interaction: 'response', metadata: emptyBytes, data, credit: 1 } as const;
    const opened = this.#link.openEarly(helloByte, request, new AnswerSink(next, (why) => this.fail(why)));
    if (typeof opened === 'string') this.fail('closed');
  }

  #settle(outcome: HelloOutcome): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done(outcome);
  }
}

/** What both halves of hello need. */
export interface HelloDeps {
  readonly self: Introduction;
  readonly secrets: Secrets;
  readonly options: LinkOptions;
}

/** What both sides say of themselves, with a fresh nonce. */
export function introduce(deps: HelloDeps): HelloMessage {
  return {
    ...deps.self,
    purpose: 'link',
    wireMin: deps.options.wireVersions.min,
    wireMax: deps.options.wireVersions.max,
    capabilities: deps.options.capabilities,
    nonce: deps.secrets.randomBytes(nonceBytes),
    insists: false,
    wanted: '',
  };
}

/** The highest wire version that both speak. */
export function commonVersion(message: HelloMessage, own: WireVersions): number | undefined {
  const highest = Math.min(message.wireMax, own.max);
  return highest >= Math.max(message.wireMin, own.min) ? highest : undefined;
}

/** Says whether a certificate may speak for a node of this name; without the option any may. */
export function mayBe(certificate: PeerCertificate | undefined, name: string, options: LinkOptions): boolean {
  const { checkCertificate } = options;
  return checkCertificate === undefined || (certificate !== undefined && checkCertificate(certificate, name));
}

/** The other end, as its message describes it. */
export function toPeer(message: HelloMessage, version: number, ours: readonly string[]): LinkPeer {
  return {
    name: message.name,
    epoch: message.epoch,
    role: message.role,
    address: message.address,
    wireVersion: version,
    capabilities: new Set(message.capabilities.filter((capability) => ours.includes(capability))),
  };
}

class AnswerSink implements StreamSink {
  readonly #next: (answer: Uint8Array) => void;
  readonly #fail: (why: HelloRefusal) => void;
  #answer: Uint8Array | undefined;

  constructor(next: (answer: Uint8Array) => void, fail: (why: HelloRefusal) => void) {
    this.#next = next;
    this.#fail = fail;
  }

  onNext(payload: PayloadView): void {
    this.#answer = payload.data().slice();
  }

  onComplete(): void {
    if (this.#answer === undefined) this.#fail('malformed');
    else this.#next(this.#answer);
  }

  onFail(fault: StreamFault): void {
    const word = fault.kind === 'remote' ? bytesToText(fault.data) : 'closed';
    this.#fail(refusals.find((known) => known === word) ?? 'closed');
  }

  onCredit(): void {
    // A request-response sends nothing more.
  }

  onCancel(): void {
    // A responder does not cancel a request-response.
  }
}

const refusals: readonly HelloRefusal[] = [
  'unauthorized',
  'incompatible',
  'duplicate',
  'stale',
  'name-taken',
  'wrong-name',
  'full',
  'leaving',
  'malformed',
  'closed',
];
