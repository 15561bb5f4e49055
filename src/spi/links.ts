import type { NodeId } from '../core/ids.js';
import type { Unlisten } from '../core/listeners.js';
import type { PayloadView } from '../core/payload-view.js';

/**
 * One link for each peer: the only way data moves between nodes. A link carries RSocket streams; a long-lived one with its own
 * credit is a lane. Users of this door never see frames or sockets.
 */
export interface Links {
  readonly self: NodeId;
  /** Every link that is up, peers and guests. */
  links(): readonly Link[];
  /** The link to the peer of this name that is up now. */
  findLink(name: string): Link | undefined;
  /** `up` and `down` alternate for one peer; nothing is told inside this call. */
  listen(listener: (event: LinkEvent) => void): Unlisten;
  /** Takes the streams of one kind that peers open. One acceptor a kind; a second throws. */
  serve(kind: StreamKind, accept: StreamAcceptor): Unlisten;
  /**
   * One request and its answer with a node that may have no link yet: uses the link, or a short-lived connection. `done` is
   * called exactly once, within `timeoutMs`, never inside this call; `undefined` means that no answer came.
   */
  exchange(request: ExchangeRequest, done: (answer: Uint8Array | undefined) => void): void;
}

/** What `exchange` sends and where. */
export interface ExchangeRequest {
  readonly address: string;
  /** Whom to find there; `undefined` accepts whoever answers. */
  readonly name: string | undefined;
  readonly kind: StreamKind;
  readonly data: Uint8Array;
  readonly timeoutMs: number;
}

/** Who uses a stream. Its number is on the wire, see protocol/rsocket. */
export type StreamKind = 'rpc' | 'bus' | 'table' | 'swim';

/** `peer`: a node of the cluster. `guest`: a client that said hello. `stock`: any RSocket client; it only opens `rpc` streams. */
export type LinkRole = 'peer' | 'guest' | 'stock';

/** The other end of a link, as hello proved it. */
export interface LinkPeer extends NodeId {
  readonly role: LinkRole;
  readonly address: string;
  /** The wire version that both sides speak. */
  readonly wireVersion: number;
  /** What both sides can do beyond that version. */
  readonly capabilities: ReadonlySet<string>;
  /** Of a stock client: the media type of data that its SETUP named. */
  readonly dataType?: string;
}

/** Why a link went down. `left`: drained and closed in order; `replaced`: a newer connection or epoch took over. */
export type LinkEnd = 'left' | 'replaced' | 'closed' | 'reset' | 'silent' | 'protocol' | 'stopped';

/** What happened to a link. */
export type LinkEvent =
  | { readonly kind: 'up'; readonly link: Link }
  | { readonly kind: 'down'; readonly link: Link; readonly reason: LinkEnd };

/** One connection to one peer. It never comes back: a reconnect is another `Link`. */
export interface Link {
  /** Grows with each link of this process; for logs and maps. */
  readonly id: number;
  readonly peer: LinkPeer;
  readonly up: boolean;
  /** Bytes that wait for the operating system; above the high-water mark every stream's `credit` reads 0. */
  readonly bufferedBytes: number;
  /** Most bytes that metadata and data of one request or item may have together. More MUST NOT be handed over: no peer takes it. */
  readonly payloadMaxBytes: number;
  /**
   * Opens a stream. Returns `'down'` or `'full'` (the limit of streams) when nothing was sent: certainly not executed.
   * Payload bytes MUST NOT be changed after they were handed over, here and in every `next`: long ones travel by reference.
   */
  open(request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full';
  /** Ends the link for a fault that a user of it found, such as a hostile batch. */
  close(reason: LinkEnd): void;
}

/** How a stream runs, after RSocket 1.0 (Interaction models). */
export type Interaction = 'fire-and-forget' | 'response' | 'stream' | 'channel';

/** What opens a stream. */
export interface StreamRequest {
  readonly kind: StreamKind;
  readonly interaction: Interaction;
  /** For the acceptor; its form belongs to the kind. */
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
  /** Items that the peer may send at first; at least 1 where items are expected. */
  readonly credit: number;
}

/** This side's hands on a stream. After its end every method does nothing. */
export interface Stream {
  readonly link: Link;
  /** Items that may be sent now: what the peer asked for, or 0 while the link's buffer is above its high-water mark. */
  readonly credit: number;
  /** Sends one item; only with `credit` above 0 (a `response` has credit 1). */
  next(metadata: Uint8Array, data: Uint8Array): void;
  /** MAY be there: sends one item without metadata whose bytes are lent for the call, for senders that use one buffer again. */
  nextLent?(data: Uint8Array): void;
  /** Sends the last item. */
  nextAndComplete(metadata: Uint8Array, data: Uint8Array): void;
  /** Ends this direction. */
  complete(): void;
  /** Ends both directions. `code` is an RSocket stream error code, `data` its body. */
  fail(code: number, data: Uint8Array): void;
  /** Allows the peer `count` more items. */
  request(count: number): void;
  /** Asks the peer to stop; nothing is told to the sink after it. */
  cancel(): void;
}

/** What a stream tells its owner. None may throw; `onComplete`, `onFail`, `onCancel` come at most once. */
export interface StreamSink {
  /** One item; the view and its bytes are lent for the call. */
  onNext(payload: PayloadView): void;
  /** The peer ended its direction. */
  onComplete(): void;
  /** Both directions ended. */
  onFail(fault: StreamFault): void;
  /** `stream.credit` went from 0 to more. */
  onCredit(): void;
  /** The peer wants no more of ours; for a channel its own direction may go on. */
  onCancel(): void;
}

/** Why a stream failed: the peer said so, or the link ended. `written: false` proves that the peer never saw the request. */
export type StreamFault =
  | { readonly kind: 'remote'; readonly code: number; readonly data: Uint8Array }
  | { readonly kind: 'link'; readonly reason: LinkEnd; readonly written: boolean };

/** What an acceptor learns of a stream that a peer opened. */
export interface IncomingStream {
  readonly interaction: Interaction;
  readonly stream: Stream;
  /** `scalebus`: this kind's own form. `composite`: RSocket composite metadata of a stock client. */
  readonly metadataForm: 'scalebus' | 'composite';
  /** The request's metadata and data; lent for the call. */
  readonly payload: PayloadView;
  /** Items that may be sent at once (the requester's first request-n); `stream.credit` says the same. */
  readonly credit: number;
}

/** Takes a stream and returns what listens to it. It MUST NOT throw; to refuse, call `stream.fail` and return any sink. */
export type StreamAcceptor = (incoming: IncomingStream) => StreamSink;

/** RSocket 1.0 stream error codes (Error Codes), as `Stream.fail` and `StreamFault` carry them. */
export const streamErrorCodes = {
  /** The handler failed: it ran. */
  applicationError: 0x201,
  /** Refused before it ran: safe to retry elsewhere. */
  rejected: 0x202,
  /** Cancelled by the responder; it may have run. */
  canceled: 0x203,
  /** Malformed for this responder; it did not run. */
  invalid: 0x204,
} as const;
