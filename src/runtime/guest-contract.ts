import { call, defineService, type MethodDefinition, type ServiceContract, stream } from '../cluster/rpc/contract.js';
import type { Explanation } from '../bus/explain.js';
import type { BusEvent, Receipt } from '../spi/bus.js';
import type { ServiceInstance } from '../spi/rpc.js';
import type { NodeStats } from './node-stats.js';
import type { MemberView } from './guest-node.js';

/** What a guest publishes or asks. */
export interface GuestMessage {
  readonly topic: string;
  readonly value: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ttlMs?: number;
  readonly timeoutMs?: number;
}

/** What a guest listens to. */
export interface GuestInterest {
  readonly patterns: readonly string[];
  readonly group?: string;
}

/** What a guest calls. */
export interface GuestCall {
  readonly service: string;
  readonly method: string;
  readonly input: unknown;
  readonly node?: string;
  readonly timeoutMs?: number;
}

/** What a guest looks at. */
export interface GuestTap {
  readonly pattern: string;
  /** Share of the events to show, above 0 and at most 1. */
  readonly sample: number;
}

/** The methods by which a node works for its guests. */
export type GuestMethods = {
  readonly host: MethodDefinition<'call', void, MemberView>;
  readonly members: MethodDefinition<'call', void, readonly MemberView[]>;
  readonly publish: MethodDefinition<'call', GuestMessage, Receipt>;
  readonly subscribe: MethodDefinition<'stream', GuestInterest, BusEvent>;
  readonly request: MethodDefinition<'call', GuestMessage, BusEvent>;
  readonly requestMany: MethodDefinition<'stream', GuestMessage, BusEvent>;
  readonly invoke: MethodDefinition<'call', GuestCall, unknown>;
  readonly invokeStream: MethodDefinition<'stream', GuestCall, unknown>;
  readonly instances: MethodDefinition<'call', { readonly service?: string }, readonly ServiceInstance[]>;
  readonly explain: MethodDefinition<'call', { readonly topic: string }, Explanation>;
  readonly tap: MethodDefinition<'stream', GuestTap, BusEvent>;
  readonly stats: MethodDefinition<'call', void, NodeStats>;
};

/** The built-in service of every node; see docs/decisions/0005-guests.md. */
export const guestContract: ServiceContract<GuestMethods> = defineService('scalebus.node', {
  version: '1.0.0',
  methods: {
    host: call<void, MemberView>({ idempotent: true }),
    members: call<void, readonly MemberView[]>({ idempotent: true }),
    publish: call<GuestMessage, Receipt>(),
    subscribe: stream<GuestInterest, BusEvent>(),
    request: call<GuestMessage, BusEvent>(),
    requestMany: stream<GuestMessage, BusEvent>(),
    invoke: call<GuestCall, unknown>(),
    invokeStream: stream<GuestCall>(),
    instances: call<{ readonly service?: string }, readonly ServiceInstance[]>({ idempotent: true }),
    explain: call<{ readonly topic: string }, Explanation>({ idempotent: true }),
    tap: stream<GuestTap, BusEvent>(),
    stats: call<void, NodeStats>({ idempotent: true }),
  },
});
