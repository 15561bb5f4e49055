import type { Explanation } from '../bus/explain.js';
import type { BusEvent, Receipt } from '../spi/bus.js';
import type { NodeStats } from './node-stats.js';
import type { ServiceInstance } from '../spi/rpc.js';

/** One member as a guest sees it. */
export interface MemberView {
  readonly name: string;
  readonly epoch: number;
  readonly address: string;
  readonly status: string;
  /** True for the node that answers. */
  readonly self: boolean;
}

/** How a guest publishes or asks. */
export interface GuestSendOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ttlMs?: number;
  readonly timeoutMs?: number;
}

/** How a guest subscribes. */
export interface GuestSubscribeOptions {
  readonly group?: string;
  readonly signal?: AbortSignal;
}

/** How a guest calls a service. */
export interface GuestCallOptions {
  readonly node?: string;
  readonly timeoutMs?: number;
}

/** A client of one running node: no member of the cluster, and everything it does is done by that node. */
export interface GuestNode {
  /** The node that it is attached to. */
  readonly host: { readonly name: string; readonly epoch: number; readonly address: string };
  members(): Promise<readonly MemberView[]>;
  /** Events until the signal aborts or the link ends (then it throws `link-lost`). Pulled no faster than it is read. */
  subscribe(patterns: readonly string[], options?: GuestSubscribeOptions): AsyncIterable<BusEvent>;
  publish(topic: string, value: unknown, options?: GuestSendOptions): Promise<Receipt>;
  request(topic: string, value: unknown, options?: GuestSendOptions): Promise<BusEvent>;
  requestMany(topic: string, value: unknown, options?: GuestSendOptions): AsyncIterable<BusEvent>;
  invoke(service: string, method: string, input: unknown, options?: GuestCallOptions): Promise<unknown>;
  invokeStream(service: string, method: string, input: unknown, options?: GuestCallOptions): AsyncIterable<unknown>;
  instances(service?: string): Promise<readonly ServiceInstance[]>;
  /** Who would get an event on this topic, and why. */
  explain(topic: string): Promise<Explanation>;
  /** Samples the events that pass, all over the cluster. */
  tap(pattern: string, options?: { readonly sample?: number; readonly signal?: AbortSignal }): AsyncIterable<BusEvent>;
  /** Counters of the node, now. */
  stats(): Promise<NodeStats>;
  /** Ends the link. Idempotent. */
  stop(): Promise<void>;
}
