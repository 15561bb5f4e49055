/**
 * What two ends of a link say before anything else, as two request-responses of kind hello:
 *
 *     dialer    hello      name, epoch, role, purpose, address, versions, capabilities, nonce
 *     acceptor  challenge  the same of its own, nonce, proof over hello and challenge
 *     dialer    proof      proof over hello, challenge and its proof
 *     acceptor  welcome    or ERROR REJECTED with a refusal
 *
 * A proof is HMAC-SHA-256 under the cluster key of a label and the whole messages, so names, epochs, both nonces, versions and
 * capabilities are all bound. Each message is a byte 1, a kind byte, and fields of (tag, length, bytes); unknown tags are
 * skipped.
 */
import { ByteReader, ByteWriter, emptyBytes } from '../../core/bytes.js';
import { isNodeName } from '../../core/ids.js';
import { nodeNameBytesMax } from '../../core/limits.js';
import { bytesToText, textToBytes } from '../../core/text.js';
import type { Secrets } from '../../spi/secrets.js';

/** Hello and challenge: who is there. */
export interface HelloMessage {
  readonly name: string;
  readonly epoch: number;
  readonly role: 'peer' | 'guest';
  /** `exchange`: a short-lived connection that never becomes the link. */
  readonly purpose: 'link' | 'exchange';
  readonly address: string;
  readonly wireMin: number;
  readonly wireMax: number;
  readonly capabilities: readonly string[];
  readonly nonce: Uint8Array;
  /** The sender has no link although it was told that there is one. */
  readonly insists: boolean;
  /** Whom the dialer means to find; empty for whoever answers. */
  readonly wanted: string;
}

/** Kinds of messages. */
export type HelloKind = 'hello' | 'challenge' | 'proof' | 'welcome';

/** Returns the bytes of a hello, or of a challenge without its proof. */
export function encodeHello(kind: 'hello' | 'challenge', message: HelloMessage): Uint8Array {
  const writer = begin(kind);
  field(writer, 1, textToBytes(message.name));
  field(writer, 2, u64(message.epoch));
  field(writer, 3, Uint8Array.of(message.role === 'peer' ? 0 : 1));
  field(writer, 4, Uint8Array.of(message.purpose === 'link' ? 0 : 1));
  field(writer, 5, textToBytes(message.address));
  field(writer, 6, Uint8Array.of(message.wireMin, message.wireMax));
  for (const capability of message.capabilities) field(writer, 7, textToBytes(capability));
  field(writer, 8, message.nonce);
  if (message.insists) field(writer, 9, emptyBytes);
  if (message.wanted !== '') field(writer, 10, textToBytes(message.wanted));
  return writer.take();
}

/** Returns a message with a proof as its last field. A dialer's proof goes behind `encodeProof`. */
export function withProof(message: Uint8Array, proof: Uint8Array): Uint8Array {
  const writer = new ByteWriter(message.length + proofFieldBytes);
  writer.bytes(message);
  field(writer, 11, proof);
  return writer.take();
}

/** Cuts a message into what the proof is over and the proof; `undefined` when its last field is none. */
export function splitProof(bytes: Uint8Array): { readonly body: Uint8Array; readonly proof: Uint8Array } | undefined {
  const at = bytes.length - proofFieldBytes;
  if (at < 2 || bytes[at] !== 11 || bytes[at + 1] !== proofBytes) return undefined;
  return { body: bytes.subarray(0, at), proof: bytes.subarray(at + 2) };
}

/** Returns the dialer's second message without its proof. */
export function encodeProof(): Uint8Array {
  return begin('proof').take();
}

/** Returns the bytes of a welcome. */
export function encodeWelcome(): Uint8Array {
  return begin('welcome').take();
}

/** Reads any of the messages; `undefined` for what is malformed or of another version. */
export function decodeHello(
  bytes: Uint8Array,
): { readonly kind: HelloKind; readonly message: HelloMessage } | undefined {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const kind = helloKinds[reader.u8()];
  if (!reader.ok || version !== helloVersion || kind === undefined) return undefined;
  const message = readFields(reader);
  const isWho = kind === 'hello' || kind === 'challenge';
  const isValid = !isWho || (message !== undefined && isNodeName(message.name) && message.nonce.length === nonceBytes);
  return message !== undefined && isValid ? { kind, message } : undefined;
}

/** What a proof is over. */
export interface Transcript {
  readonly hello: Uint8Array;
  /** The challenge without its proof, as it was sent. */
  readonly challenge: Uint8Array;
}

/** The proof of one side under one key. */
export function prove(secrets: Secrets, key: Uint8Array, side: 'dialer' | 'acceptor', said: Transcript): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.text(`scalebus link ${side}`);
  writer.block(said.hello);
  writer.block(said.challenge);
  return secrets.hmac(key, writer.view());
}

/** Says whether a proof was made under any of the keys; without keys the empty one is meant. */
export function isProof(
  secrets: Secrets,
  keys: readonly Uint8Array[],
  side: 'dialer' | 'acceptor',
  said: Transcript & { readonly proof: Uint8Array },
): boolean {
  const all = keys.length === 0 ? [emptyBytes] : keys;
  // Every key is tried, so that the time tells nothing about which one it was.
  return all.filter((key) => secrets.isEqual(prove(secrets, key, side, said), said.proof)).length > 0;
}

/** Bytes of a nonce. */
export const nonceBytes = 16;

function begin(kind: HelloKind): ByteWriter {
  const writer = new ByteWriter(256);
  writer.u8(helloVersion);
  writer.u8(helloKinds.indexOf(kind));
  return writer;
}

function field(writer: ByteWriter, tag: number, value: Uint8Array): void {
  writer.u8(tag);
  writer.block(value);
}

function u64(value: number): Uint8Array {
  const writer = new ByteWriter(8);
  writer.u64(value);
  return writer.take();
}

function readFields(reader: ByteReader): HelloMessage | undefined {
  const fields = new Map<number, Uint8Array>();
  const capabilities: string[] = [];
  while (reader.remaining > 0) {
    const tag = reader.u8();
    const value = reader.block(fieldBytesMax);
    if (!reader.ok) return undefined;
    if (tag === 7 && capabilities.length < capabilitiesMax) capabilities.push(bytesToText(value));
    else fields.set(tag, value);
  }
  return toMessage(fields, capabilities);
}

function toMessage(fields: ReadonlyMap<number, Uint8Array>, capabilities: readonly string[]): HelloMessage {
  const get = (tag: number): Uint8Array => fields.get(tag) ?? emptyBytes;
  const short = (tag: number): string => (get(tag).length > nodeNameBytesMax ? '' : bytesToText(get(tag)));
  return {
    name: short(1),
    epoch: new ByteReader(get(2)).u64(),
    role: get(3)[0] === 0 ? 'peer' : 'guest',
    purpose: get(4)[0] === 0 ? 'link' : 'exchange',
    address: bytesToText(get(5)),
    wireMin: get(6)[0] ?? 0,
    wireMax: get(6)[1] ?? 0,
    capabilities,
    nonce: get(8).slice(),
    insists: fields.has(9),
    wanted: short(10),
  };
}

/** The form of hello itself. It is the same in every build to come, or builds could not find out what both speak. */
const helloVersion = 1;
const helloKinds: readonly HelloKind[] = ['hello', 'challenge', 'proof', 'welcome'];
const proofBytes = 32;
const proofFieldBytes: number = proofBytes + 2;
const fieldBytesMax = 1024;
const capabilitiesMax = 64;
