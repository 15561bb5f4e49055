import type { Observable } from 'rxjs';
import type { ClusterError } from '../../core/errors.js';
import type { MethodKind } from '../../spi/rpc.js';
import type { Strategy, Candidate } from '../../protocol/rpc/balance.js';
import type { CreditSource } from '../../reactive/credit-source.js';
import type { LossySource } from './sources.js';
import type { ContractMethods, MethodDefinition } from './contract.js';

/** What a handler knows beyond its input. */
export interface CallContext {
  readonly service: string;
  readonly method: string;
  readonly instanceId: string;
  /** Aborted when the caller cancelled or went away, when its deadline passed, or when this node stops. */
  readonly signal: AbortSignal;
  /** Milliseconds until nobody waits any more; infinite when the caller set no deadline. */
  remainingMs(): number;
  readonly headers: Readonly<Record<string, string>>;
  /** The calling node, or the client behind a link. */
  readonly caller: string;
  /** Calls that led here, this one included. */
  readonly depth: number;
}

/** What a handler may return for many items. A plain Observable is taken with overflow `error`. */
export type ItemSource<T> = AsyncIterable<T> | Iterable<T> | CreditSource<T> | LossySource<T> | Observable<T>;

/** The handler of one method. */
export type Handler<Method> =
  Method extends MethodDefinition<infer Kind, infer In, infer Out> ? HandlerOf<Kind, In, Out> : never;

/** The handler of one kind of method. */
export type HandlerOf<Kind extends MethodKind, In, Out> = {
  call: (input: In, context: CallContext) => Out | Promise<Out> | Observable<Out>;
  stream: (input: In, context: CallContext) => ItemSource<Out> | Promise<ItemSource<Out>>;
  channel: (input: AsyncIterable<In>, context: CallContext) => ItemSource<Out> | Promise<ItemSource<Out>>;
  'one-way': (input: In, context: CallContext) => unknown;
}[Kind];

/** The handlers of a contract. */
export type ServiceHandlers<Methods extends ContractMethods> = {
  readonly [Name in keyof Methods]: Handler<Methods[Name]>;
};

/** Many items from another node. Nothing is asked for before somebody takes; each taking is a call of its own. */
export interface RpcStream<T> extends AsyncIterable<T> {
  /** Runs `project` for each item, at most `concurrency` at once; an item's credit returns when its work ends. Rejects with the first error. */
  drain(concurrency: number, project: (item: T) => unknown): Promise<void>;
  /** Emits as items come; credit returns when `next` returns. Unsubscribing cancels the call. */
  toObservable(): Observable<T>;
}

/** What a channel's caller may send. A plain Observable is taken with overflow `error`. */
export type ChannelInput<T> = ItemSource<T>;

/** The calling side of one method. */
export type Caller<Method> =
  Method extends MethodDefinition<infer Kind, infer In, infer Out> ? CallerOf<Kind, In, Out> : never;

/** The calling side of one kind of method. */
export type CallerOf<Kind extends MethodKind, In, Out> = {
  call: (input: In, options?: CallOptions) => Promise<Out>;
  stream: (input: In, options?: StreamOptions) => RpcStream<Out>;
  channel: (input: ChannelInput<In>, options?: StreamOptions) => RpcStream<Out>;
  'one-way': (input: In, options?: CallOptions) => Promise<void>;
}[Kind];

/** The calling side of a contract. */
export type ServiceClient<Methods extends ContractMethods> = {
  readonly [Name in keyof Methods]: Caller<Methods[Name]>;
};

/** One instance that could be called, as a custom selection sees it. */
export interface SelectCandidate extends Candidate {
  readonly instanceId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Chooses one of at least one; `undefined` means none of them. */
export type CustomSelect = (candidates: readonly SelectCandidate[]) => SelectCandidate | undefined;

/** How an instance is chosen. */
export type Select = Strategy | CustomSelect;

/** How to make one call. */
export interface CallOptions {
  /** @defaultValue the client's; a call inside a handler never gets more than the handler has left */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Crosses the wire; at most 64, 8 KiB together. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly select?: Select;
  /** Decides for `rendezvous`. */
  readonly key?: string;
  /** Only this node. */
  readonly node?: string;
  /** Only instances of this id. */
  readonly instanceId?: string;
  /** Only instances that have all of these. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How to take many items. */
export interface StreamOptions extends CallOptions {
  /** Items that may be on the way before the consumer took them. @defaultValue 64 */
  readonly credit?: number;
}

/** How one instance answered a call to all. */
export type CallAllResult<T> =
  | { readonly node: string; readonly instanceId: string; readonly kind: 'value'; readonly value: T }
  | { readonly node: string; readonly instanceId: string; readonly kind: 'error'; readonly error: ClusterError };
