import type { Address } from '../core/address.js';
import type { Unlisten } from '../core/listeners.js';

/** A listener that speaks a device transport: MQTT, TCP, HTTP, CoAP. It takes `Connections`, so that it runs simulated too. */
export interface NetworkComponent {
  readonly kind: string;
  /** Where it listens, once started. */
  readonly local: Address;
  /** Rejects with `address-in-use`; then it has released everything. */
  start(accept: (client: DeviceClient) => void): Promise<void>;
  /** Ends every client in order. Idempotent. */
  stop(): Promise<void>;
}

/** One device's transport connection, whatever the transport. */
export interface DeviceClient {
  /** The name the client gave and the component accepted; not yet a device id. */
  readonly clientId: string;
  readonly remote: string;
  /** The user name it gave, for the device protocol's check. */
  readonly user: string | undefined;
  /** Messages from the device; one listener. */
  listen(handlers: DeviceClientHandlers): void;
  /** Sends to the device if it asked for the topic; resolves when it confirmed (QoS 1) or was written. Rejects with `unavailable`. */
  send(message: TransportMessage): Promise<void>;
  close(reason: string): void;
}

/** What a device's connection tells its gateway. */
export interface DeviceClientHandlers {
  onMessage(message: TransportMessage): void;
  /** Exactly once. `inOrder` is false when it vanished; then its will, if any, came as a message before. */
  onClosed(inOrder: boolean): void;
}

/** One message on a device transport. */
export interface TransportMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
}

/** What a device says. */
export type DeviceMessage =
  | {
      readonly kind: 'report';
      readonly device: DeviceRef;
      readonly timeMs: number;
      readonly properties: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'event';
      readonly device: DeviceRef;
      readonly timeMs: number;
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
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** Translates between one transport's bytes and device messages. Implementations MUST be stateless or keyed by client. */
export interface DeviceProtocol {
  readonly name: string;
  /** Who is on this connection, or why it is refused. */
  identify(client: DeviceClient): DeviceRef | { readonly refused: string };
  /** Throws nothing: what cannot be read is a fault with its reason. */
  decode(device: DeviceRef, message: TransportMessage): DeviceMessage | { readonly fault: string };
  encode(device: DeviceRef, command: DeviceCommand): TransportMessage;
}

/** One device's connection at one node. */
export interface DeviceSession {
  readonly device: DeviceRef;
  readonly client: DeviceClient;
  /** Grows with each connection of the device here, so that a late end never closes a newer one. */
  readonly epoch: number;
}

/** The devices that are connected here. */
export interface Sessions {
  open(device: DeviceRef, client: DeviceClient): DeviceSession;
  find(device: DeviceRef): DeviceSession | undefined;
  /** Ends this session; false when a newer one has taken its place. */
  close(session: DeviceSession): boolean;
  all(): readonly DeviceSession[];
  listen(listener: (event: { readonly kind: 'online' | 'offline'; readonly session: DeviceSession }) => void): Unlisten;
}
