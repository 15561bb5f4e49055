import type { MemberStatus, TableDigest } from '../../spi/membership.js';
import type { MemberLife } from './catalogue.js';

/** One part of a datagram. A datagram carries several; each stands for itself. */
export type SwimMessage =
  | PingMessage
  | AckMessage
  | AskMessage
  | NackMessage
  | GoneMessage
  | RecordMessage
  | SuspectMessage
  | FailedMessage
  | LeftMessage
  | JoinMessage
  | WelcomeMessage
  | SyncMessage
  | SyncEndMessage
  | MetadataWantedMessage
  | MetadataMessage
  | PadMessage
  | SpreadMessage
  | DirectMessage;

/** Are you this life of this name? Answered by `ack`, or by `gone` when somebody else is at the address. */
export interface PingMessage {
  readonly kind: 'ping';
  readonly seq: number;
  readonly name: string;
  readonly epoch: number;
}

/** Answers a ping, or passes on that the asked member answered. */
export interface AckMessage extends Digest {
  readonly kind: 'ack';
  readonly seq: number;
  /** How late the answering loop runs its timers, 0 when it is on time. */
  readonly lagMs: number;
  readonly tables: readonly NumberedDigest[];
}

/** What a member table comes to. */
export interface Digest {
  /** Live members. */
  readonly count: number;
  readonly hash: number;
}

/** The digest of an attached table, named by 16 bits of its name's hash. */
export interface NumberedDigest extends TableDigest {
  readonly table: number;
}

/** Ping that member in my place (SWIM's ping-req), and say so when it has not answered after `nackMs`. */
export interface AskMessage {
  readonly kind: 'ask';
  readonly seq: number;
  readonly name: string;
  readonly epoch: number;
  readonly address: string;
  readonly nackMs: number;
}

/** I could be asked and got no answer in time; mine may be late, or the member dead. */
export interface NackMessage {
  readonly kind: 'nack';
  readonly seq: number;
}

/** Whom you pinged is not here; this one is. */
export interface GoneMessage {
  readonly kind: 'gone';
  readonly seq: number;
  readonly name: string;
  readonly epoch: number;
}

/** A member's own word, first-hand or passed on: `alive` is news, `record` answers a pull. */
export interface RecordMessage {
  readonly kind: 'alive' | 'record';
  readonly life: MemberLife;
  readonly incarnation: number;
}

/** A claim about a member by another. */
export interface Claim {
  readonly name: string;
  readonly epoch: number;
  readonly incarnation: number;
  /** The accuser's name. */
  readonly from: string;
}

/** `from` could not reach it. */
export interface SuspectMessage extends Claim {
  readonly kind: 'suspect';
  /** The accuser saw its machine refuse or break a connection. */
  readonly refused: boolean;
}

/** `from` waited long enough. */
export interface FailedMessage extends Claim {
  readonly kind: 'failed';
}

/** It said good-bye. */
export interface LeftMessage {
  readonly kind: 'left';
  readonly name: string;
  readonly epoch: number;
  readonly incarnation: number;
}

/** I am here, or would like to be: what do you know? Harmless to repeat. */
export interface JoinMessage {
  readonly kind: 'join';
  readonly nonce: number;
  readonly life: MemberLife;
  readonly incarnation: number;
}

/** Answers `join`: how much is known here, and what about the joiner's name. */
export interface WelcomeMessage extends Digest {
  readonly kind: 'welcome';
  readonly nonce: number;
  readonly known: KnownLife | undefined;
}

/** What the answering node holds of the joiner's name. */
export interface KnownLife {
  readonly epoch: number;
  readonly incarnation: number;
  readonly status: MemberStatus;
  readonly address: string;
}

/** My leaves; send me the members of those that differ. `1 << bits` hashes. */
export interface SyncMessage {
  readonly kind: 'sync';
  readonly bits: number;
  readonly leaves: readonly number[];
}

/** Ends the answer to `sync`. */
export interface SyncEndMessage extends Digest {
  readonly kind: 'sync-end';
  /** There was more than the answer may take. */
  readonly truncated: boolean;
}

/** Send me this range of that member's metadata. */
export interface MetadataWantedMessage {
  readonly kind: 'metadata-wanted';
  readonly name: string;
  readonly epoch: number;
  readonly version: number;
  readonly offset: number;
}

/** A range of a member's metadata. */
export interface MetadataMessage {
  readonly kind: 'metadata';
  readonly name: string;
  readonly epoch: number;
  readonly version: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Makes a question as long as its longest answer, so that nobody can use us to multiply traffic. */
export interface PadMessage {
  readonly kind: 'pad';
  readonly bytes: number;
}

/** A user's message for everybody; its origin numbers its own. */
export interface SpreadMessage {
  readonly kind: 'spread';
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
  readonly topic: string;
  readonly bytes: Uint8Array;
}

/** A user's message for the receiver alone. */
export interface DirectMessage {
  readonly kind: 'direct';
  readonly topic: string;
  readonly bytes: Uint8Array;
}
