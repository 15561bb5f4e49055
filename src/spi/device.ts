import type { Address } from '../core/address.js';
import type { Unlisten } from '../core/listeners.js';
import type { PeerCertificate } from './connections.js';

/**
 * A listener that speaks a device transport: MQTT, TCP, HTTP, CoAP. It takes `Connections`, so that it runs simulated too.
 * It knows packets and clients; it knows neither devices nor topics of the bus.
 */
export interface NetworkComponent {
  readonly kind: string;
  /** Where it listens, once started. */
  readonly local: Address;
  /**
   * Listens, and hands over each client that it let in. `accept` MUST call `client.listen` before it returns and MUST NOT throw.
   * Rejects with `address-in-use`, `unavailable` or `insecure-address`; then it has released everything.
   */
  start(accept: (client: DeviceClient) => void): Promise<void>;
  /** Ends every client in order, within a bounded time. Idempotent. */
  stop(): Promise<void>;
}

/** One device's transport connection, whatever the transport. */
export interface DeviceClient {
  /** The name the client gave and the component accepted; not yet a device id. */
  readonly clientId: string;
  /** The other side's address, for logs; it proves nothing. */
  readonly remote: string;
  /** The user name it gave; proved only where the component authenticates. */
  readonly user: string | undefined;
  /** Says whether whoever admitted this client lets it speak for the device. Without authentication it always does. */
  allows(device: DeviceRef): boolean;
  /** What happens on this connection; called once. */
  listen(handlers: DeviceClientHandlers): void;
  /**
   * Sends to the device if it asked for the topic; resolves when it confirmed (QoS 1) or the bytes were handed to the connection.
   * Rejects with `unavailable` when it did not ask or is gone, `overloaded` when its queue is full, `too-large` when it takes no
   * message of that size: it was not sent then. Rejects with `link-lost` when it went away before it confirmed, `rejected` when it refused the message.
   */
  send(message: TransportMessage): Promise<void>;
  /** Ends the connection and tells the other side why, where the transport can. Idempotent. */
  close(reason: CloseReason): void;
}

/** Someone who wants to come in, as a component learned it. Bounded in length; the password is the hook's own copy. */
export interface ConnectAttempt {
  readonly clientId: string;
  readonly user: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
}

/**
 * Decides who comes in and which devices it may speak for: an embedding program's hook. The component waits no longer than its
 * connect timeout; a throw or a rejection refuses with `unavailable`.
 */
export type Authenticate = (attempt: ConnectAttempt) => Admission | Promise<Admission>;

/** The hook's answer. `allows` is asked for every device that the client names; it MUST be cheap and MUST NOT throw. */
export type Admission =
  | { readonly kind: 'admitted'; readonly allows: (device: DeviceRef) => boolean }
  | {
      readonly kind: 'refused';
      readonly reason: 'bad-credentials' | 'not-authorized' | 'unavailable';
    };

/** Why a component or gateway ends a client. */
export type CloseReason = 'taken-over' | 'not-authorized' | 'overloaded' | 'stopping';

/** What a device's connection tells its owner: a gateway today, a broker later. None of these may throw. */
export interface DeviceClientHandlers {
  /**
   * One message; its payload is lent for the call. The answer decides the transport's acknowledgement, which waits for a promise.
   * `retry` is no answer at all: the component ends the connection so that the device sends again.
   */
  onMessage(message: TransportMessage): MessageOutcome | Promise<MessageOutcome>;
  /** The client asks for a topic filter of its transport; only what is granted is ever sent to it. */
  onSubscribe(filter: string): SubscribeOutcome;
  /** The client no longer wants a filter that was granted. */
  onUnsubscribe(filter: string): void;
  /** Exactly once, and nothing after it. Unless it `left`, its will, if any, came as a message before. */
  onClosed(end: ClientEnd): void;
}

/**
 * How a client ended: `left` with a good-bye, `lost` without one, `silent` too long, broke the `protocol`, or closed from this side.
 */
export type ClientEnd = 'left' | 'lost' | 'silent' | 'protocol' | CloseReason;

/** What became of a device's message. `no-subscribers`: taken, and nobody wanted it. `retry`: not taken, and worth sending again. */
export type MessageOutcome =
  | 'taken'
  | 'no-subscribers'
  | 'not-authorized'
  | 'topic-invalid'
  | 'payload-invalid'
  | 'overloaded'
  | 'retry';

/** What becomes of a wish to receive. */
export type SubscribeOutcome = 'granted' | 'not-authorized' | 'filter-invalid' | 'overloaded';

/** One message on a device transport. */
export interface TransportMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** What the transport carries beside the payload, such as MQTT 5 user properties. Bounded; names and values are a stranger's. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a device says. */
export type DeviceMessage =
  | {
      readonly kind: 'report';
      readonly device: DeviceRef;
      readonly properties: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'event';
      readonly device: DeviceRef;
      readonly event: string;
      readonly data: unknown;
    }
  | {
      readonly kind: 'reply';
      readonly device: DeviceRef;
      readonly commandId: string;
      readonly success: boolean;
      readonly output: unknown;
    };

/** A device by product and id; both as the device gave them, not yet topic segments. */
export interface DeviceRef {
  readonly product: string;
  readonly id: string;
}

/** What a device is asked to do. */
export interface DeviceCommand {
  /** Comes back in the reply. */
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** What a protocol could not read or write, and why; for counters and logs. */
export interface DeviceFault {
  readonly fault: 'topic-invalid' | 'payload-invalid';
  readonly why: string;
}

/**
 * Translates between one transport's bytes and device messages. It is stateless, and throws nothing: what cannot be read is a
 * fault with its reason. Product and id that it returns are not empty and bounded in length.
 */
export interface DeviceProtocol {
  readonly name: string;
  /** What a message says, and of which device; `client` serves transports where the connection is the device. */
  decode(message: TransportMessage, client: DeviceClient): DeviceMessage | DeviceFault;
  /** The device whose commands a client asks for with this filter, or `undefined` when it is no such filter. */
  findCommandTarget(filter: string, client: DeviceClient): DeviceRef | undefined;
  /** The transport's form of a command; a fault when its name or input cannot be carried. */
  encode(device: DeviceRef, command: DeviceCommand): TransportMessage | DeviceFault;
}

/** One device's connection at one node. */
export interface DeviceSession {
  readonly device: DeviceRef;
  readonly client: DeviceClient;
  /** Grows with each session that the table opened, so that a late end never closes a newer one. */
  readonly epoch: number;
}

/** The devices that are connected here. A client may carry many; a device has one session. */
export interface Sessions {
  readonly size: number;
  /**
   * Opens a session, in place of the one that the device had, if any. The same client again gives the session that it has.
   * `undefined` when the table is full: nothing changed then.
   */
  open(device: DeviceRef, client: DeviceClient): DeviceSession | undefined;
  find(device: DeviceRef): DeviceSession | undefined;
  /** Ends this session; false when it had ended or a newer one has taken its place. */
  close(session: DeviceSession): boolean;
  /** The sessions that this client carries. */
  of(client: DeviceClient): readonly DeviceSession[];
  all(): readonly DeviceSession[];
  /** What happens from now on, told inside `open` and `close`, in order. */
  listen(listener: (event: SessionEvent) => void): Unlisten;
}

/** `opened` and `closed` alternate for one device; a takeover is one `replaced`, with the session that ended as `previous`. */
export type SessionEvent =
  | { readonly kind: 'opened'; readonly session: DeviceSession }
  | { readonly kind: 'closed'; readonly session: DeviceSession }
  | {
      readonly kind: 'replaced';
      readonly session: DeviceSession;
      readonly previous: DeviceSession;
    };
