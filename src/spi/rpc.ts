import type { CancelToken } from '../core/cancel.js';
import type { Unlisten } from '../core/listeners.js';

/** How one method of a contract runs. */
export type MethodKind = 'call' | 'stream' | 'channel' | 'one-way';

/** One method as the registry and the wire know it. */
export interface MethodDescription {
  readonly kind: MethodKind;
  /** May be retried even if it may have run. */
  readonly idempotent: boolean;
  /** Carries bytes both ways, without a codec. */
  readonly raw: boolean;
}

/** A contract without its types: what is registered, compared and shown. */
export interface ServiceDescription {
  readonly name: string;
  /** Semantic version; callers and instances of one major version are compatible. */
  readonly version: string;
  readonly methods: Readonly<Record<string, MethodDescription>>;
  /** Hash over name, major version, methods and schemas. */
  readonly hash: number;
}

/** One registration of a service at one node. */
export interface ServiceInstance {
  readonly service: ServiceDescription;
  readonly node: string;
  readonly epoch: number;
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An instance came or went. */
export interface InstanceEvent {
  readonly kind: 'added' | 'removed';
  readonly instance: ServiceInstance;
}

/** Untyped calls, for the CLI, bridges and tests; typed clients are built on it. */
export interface RpcDoor {
  /** Calls once, whatever node serves it, local first unless `node` is given. */
  invoke(service: string, method: string, input: unknown, options?: InvokeOptions): Promise<unknown>;
  /** Takes items no faster than the iterator is pulled. */
  invokeStream(service: string, method: string, input: unknown, options?: InvokeOptions): AsyncIterable<unknown>;
  instances(service?: string): readonly ServiceInstance[];
  listen(listener: (event: InstanceEvent) => void): Unlisten;
}

/** How to call without a typed client. */
export interface InvokeOptions {
  readonly node?: string;
  /** @defaultValue 10000 */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cancel?: CancelToken;
}
