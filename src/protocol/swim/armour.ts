import { ByteReader, ByteWriter } from '../../core/bytes.js';
import type { MonotonicMs } from '../../core/clock.js';
import { hashText } from '../../core/hash.js';
import { textToBytes } from '../../core/text.js';
import type { Cipher, Secrets } from '../../spi/secrets.js';
import type { KeyRing } from './key-ring.js';
import { ReplayWindow } from './replay-window.js';

/**
 * Sealed datagrams:
 *
 *     mark 0x80: u8 | label hash: u32 | key hint: u8 | session: 7 bytes | number: u32 | sealed datagram
 *
 * Head and label are bound as associated data. A session is a random number of one sender; its key is HMAC-SHA-256 of a ring's key over
 * label and session. So each session may seal 2^32 datagrams under random nonces (NIST SP 800-38D, section 8.3), not all nodes
 * together, and the sender draws another when they are spent or when the ring's first key changes. Numbers grow by one, and a window over
 * them refuses what was taken before.
 *
 * What is not authentic costs at most one key's try: the label and the window are looked at before, the hint names the key. Sessions that
 * have not been heard of are tried at a bounded rate, so a flood of them cannot keep those out that are known.
 */
export class Armour {
  /** Bytes that `seal` adds. */
  readonly overheadBytes: number;
  readonly #deps: ArmourDeps;
  readonly #options: ArmourOptions;
  readonly #labelHash: number;
  readonly #labelBytes: Uint8Array;
  readonly #sessions = new Map<number, Session>();
  readonly #head = new ByteWriter(64);
  readonly #known = new ByteWriter(64);
  #ringVersion = -1;
  #hints: readonly number[] = [];
  #own: { readonly id: number; readonly key: Uint8Array; readonly hint: number } | undefined;
  #sealed = 0;
  #tries = triesPerSecond;
  #triesAt = 0;

  constructor(deps: ArmourDeps, options: ArmourOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#labelHash = hashText(options.label);
    this.#labelBytes = textToBytes(options.label);
    this.overheadBytes = headBytes + deps.cipher.overheadBytes;
  }

  /** The keys, to change them. */
  get ring(): KeyRing {
    return this.#deps.ring;
  }

  /** Seals a datagram. */
  seal(plain: Uint8Array): Uint8Array {
    this.#followRing();
    const own = this.#sealed >= this.#options.sealsMax || this.#own === undefined ? this.#begin() : this.#own;
    const head = this.#head;
    head.reset();
    head.u8(sealedMark);
    head.u32(this.#labelHash);
    head.u8(own.hint);
    writeSession(head, own.id);
    head.u32(this.#sealed);
    this.#sealed += 1;
    const sealed = this.#deps.cipher.seal(own.key, plain, this.#associated(head.view()));
    head.bytes(sealed);
    return head.view();
  }

  /** The datagram inside, or why it is dropped. */
  open(now: MonotonicMs, bytes: Uint8Array): Uint8Array | ArmourDrop {
    if (bytes.length < this.overheadBytes) return bytes[0] === sealedMark ? 'malformed' : 'plain';
    const reader = new ByteReader(bytes);
    const mark = reader.u8();
    if (reader.u32() !== this.#labelHash) return 'label';
    if (mark !== sealedMark) return 'plain';
    this.#followRing();
    const hint = reader.u8();
    const id = readSession(reader);
    const number = reader.u32();
    const known = this.#sessions.get(id);
    if (known !== undefined) return this.#openWith(known, number, bytes) ?? 'unauthentic';
    return this.#openFirst(now, { id, hint, number }, bytes);
  }

  #openFirst(now: MonotonicMs, head: SealedHead, bytes: Uint8Array): Uint8Array | ArmourDrop {
    const { ring } = this.#deps;
    const keys = ring.keys.filter((_, index) => this.#hints[index] === head.hint);
    if (keys.length === 0) return 'unauthentic';
    if (!this.#mayTry(now)) return 'busy';
    for (const key of keys) {
      const session = { ringKey: key, key: this.#sessionKey(key, head.id), window: new ReplayWindow() };
      const plain = this.#openWith(session, head.number, bytes);
      if (plain === undefined) continue;
      if (this.#sessions.size >= this.#options.sessionsMax) this.#forgetOldest();
      this.#sessions.set(head.id, session);
      return plain;
    }
    return 'unauthentic';
  }

  #openWith(session: Session, number: number, bytes: Uint8Array): Uint8Array | 'replay' | undefined {
    if (!session.window.isFresh(number)) return 'replay';
    const associated = this.#associated(bytes.subarray(0, headBytes));
    const plain = this.#deps.cipher.open(session.key, bytes.subarray(headBytes), associated);
    if (plain !== undefined) session.window.take(number);
    return plain;
  }

  /** Sessions under a key that was taken out of the ring are heard no more, and our own begins anew under a new first key. */
  #followRing(): void {
    const { ring } = this.#deps;
    if (ring.version === this.#ringVersion) return;
    this.#ringVersion = ring.version;
    this.#hints = ring.keys.map((key) => this.#hintOf(key));
    this.#own = undefined;
    for (const [id, session] of this.#sessions) {
      if (!ring.keys.includes(session.ringKey)) this.#sessions.delete(id);
    }
  }

  #begin(): { readonly id: number; readonly key: Uint8Array; readonly hint: number } {
    const { secrets, ring } = this.#deps;
    const id = readSession(new ByteReader(secrets.randomBytes(sessionBytes)));
    this.#sealed = 0;
    this.#own = { id, key: this.#sessionKey(ring.first, id), hint: this.#hintOf(ring.first) };
    return this.#own;
  }

  #sessionKey(key: Uint8Array, id: number): Uint8Array {
    const writer = new ByteWriter(96);
    writer.text('scalebus gossip session');
    writer.text(this.#options.label);
    writeSession(writer, id);
    return this.#deps.secrets.hmac(key, writer.view());
  }

  /** One byte that tells keys of a ring apart, mostly, and tells nothing of them. */
  #hintOf(key: Uint8Array): number {
    return this.#deps.secrets.hmac(key, textToBytes('scalebus gossip hint'))[0] ?? 0;
  }

  #associated(head: Uint8Array): Uint8Array {
    this.#known.reset();
    this.#known.bytes(head);
    this.#known.bytes(this.#labelBytes);
    return this.#known.view();
  }

  #mayTry(now: MonotonicMs): boolean {
    const gained = ((now - this.#triesAt) * triesPerSecond) / 1000;
    this.#tries = Math.min(triesPerSecond, this.#tries + gained);
    this.#triesAt = now;
    if (this.#tries < 1) return false;
    this.#tries -= 1;
    return true;
  }

  #forgetOldest(): void {
    for (const id of this.#sessions.keys()) {
      this.#sessions.delete(id);
      return;
    }
  }
}

/** What armour is made of. */
export interface ArmourDeps {
  readonly cipher: Cipher;
  readonly secrets: Secrets;
  readonly ring: KeyRing;
}

/** What armour is bound to, and its limits. */
export interface ArmourOptions {
  readonly label: string;
  /** Sessions of others that are remembered; the oldest gives way, and is then heard as a new one. */
  readonly sessionsMax: number;
  /** Datagrams that one session seals before the next begins; at most 2^32. */
  readonly sealsMax: number;
}

/** Why a datagram was not opened. */
export type ArmourDrop = 'label' | 'plain' | 'malformed' | 'unauthentic' | 'replay' | 'busy';

/** The first byte of a sealed datagram; wire versions are below it. */
export const sealedMark = 0x80;

interface Session {
  readonly ringKey: Uint8Array;
  readonly key: Uint8Array;
  readonly window: ReplayWindow;
}

interface SealedHead {
  readonly id: number;
  readonly hint: number;
  readonly number: number;
}

const sessionBytes = 7;
const headBytes = 1 + 4 + 1 + sessionBytes + 4;
/** New sessions that are tried a second: far above any join storm, and a hundredth of a core. */
const triesPerSecond = 1000;

/** 53 bits, so that a number holds it. */
function readSession(reader: ByteReader): number {
  return (reader.u24() & 0x1f_ffff) * 0x1_0000_0000 + reader.u32();
}

function writeSession(writer: ByteWriter, id: number): void {
  writer.u24(Math.floor(id / 0x1_0000_0000));
  writer.u32(id >>> 0);
}
