import type { Observable } from 'rxjs';
import type { Unlisten } from '../../core/listeners.js';
import type { RetryOptions } from '../../protocol/rpc/retry-policy.js';
import type { InstanceEvent, InvokeOptions, MethodKind, RpcDoor, ServiceInstance } from '../../spi/rpc.js';
import type { ContractMethods, MethodDefinition, ServiceContract } from './contract.js';
import type { RegisterOptions } from './registration.js';
import type {
  CallAllResult,
  CallContext,
  CallOptions,
  Select,
  ServiceClient,
  ServiceHandlers,
} from './service-types.js';

/** Typed calls across the cluster. */
export interface RpcManager extends RpcDoor {
  /**
   * Serves a contract here until the registration is stopped. Throws `invalid-options` when this node has an instance of that id, when a
   * handler is missing or belongs to no method, `too-large` when the contract does not fit the registry.
   */
  register<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    handlers: ServiceHandlers<Methods>,
    options?: RegisterOptions,
  ): ServiceRegistration;
  /** The calling side of a contract; one function a method. Make it once and keep it: it learns who answers and how fast. */
  client<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    options?: ClientOptions,
  ): ServiceClient<Methods>;
  /** Calls every instance at once; each answers or fails for itself, and the promise never rejects for one of them. */
  callAll<Methods extends ContractMethods, Name extends keyof Methods & string>(
    contract: ServiceContract<Methods>,
    method: Name,
    input: MethodInput<Methods[Name]>,
    options?: CallOptions,
  ): Promise<readonly CallAllResult<MethodOutput<Methods[Name]>>[]>;
  /** As `RpcDoor.invoke`, and an AbortSignal cancels it. */
  invoke(service: string, method: string, input: unknown, options?: RpcInvokeOptions): Promise<unknown>;
  /** As `RpcDoor.invokeStream`, with an AbortSignal. */
  invokeStream(service: string, method: string, input: unknown, options?: RpcInvokeOptions): AsyncIterable<unknown>;
  /** Who serves it now, this node included. A contract leaves out incompatible ones. */
  instances(service?: ServiceContract | string): readonly ServiceInstance[];
  /** Everyone who serves it now as `added`, then what changes; nothing is missed in between. */
  instances$(service: ServiceContract | string): Observable<InstanceEvent>;
  /** Resolves when so many instances can be called; rejects with `deadline-exceeded`. */
  whenAvailable(contract: ServiceContract, options?: WaitOptions): Promise<void>;
  /** Told when an instance is discovered that a client of this node cannot use. */
  listenIncompatible(listener: (instance: IncompatibleInstance) => void): Unlisten;
  /** The call that this code runs for, if it runs inside a handler. */
  current(): CallContext | undefined;
  /** Takes back every registration; resolves true when every peer knows, false when time was up first. */
  withdraw(timeoutMs: number): Promise<boolean>;
  /** Refuses new calls as not executed. */
  refuse(): void;
  /** Waits for running handlers; resolves false when time was up first, and then has ended them. */
  finish(drainMs: number): Promise<boolean>;
}

/** One registration of this node. */
export interface ServiceRegistration {
  readonly id: string;
  /** No new call reaches it; those that run go on. Idempotent. */
  stop(): void;
}

/** What holds for every call of one client. */
export interface ClientOptions {
  /** @defaultValue the node's */
  readonly select?: Select;
  /** @defaultValue the node's */
  readonly timeoutMs?: number;
  /** @defaultValue the node's */
  readonly retry?: Partial<RetryOptions>;
}

/** How to call by name. */
export interface RpcInvokeOptions extends InvokeOptions {
  readonly signal?: AbortSignal;
}

/** What to wait for. */
export interface WaitOptions {
  /** @defaultValue 1 */
  readonly instancesMin?: number;
  /** @defaultValue the node's */
  readonly timeoutMs?: number;
}

/** An instance that a client of this node cannot use, and why. */
export interface IncompatibleInstance {
  readonly instance: ServiceInstance;
  readonly why: string;
}

/** What a method takes. */
export type MethodInput<Method> = Method extends MethodDefinition<MethodKind, infer In, unknown> ? In : never;

/** What a method gives. */
export type MethodOutput<Method> = Method extends MethodDefinition<MethodKind, unknown, infer Out> ? Out : never;
