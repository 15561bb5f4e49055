import { ClusterError } from '../core/errors.js';
import type { BusEvent, PublishOptions } from '../spi/bus.js';

/** An event before it is routed. */
export interface Draft {
  readonly topic: string;
  readonly value: unknown;
  readonly options: PublishOptions;
}

/** Who wants to do what. `node` is this node's name, or the guest or peer that asks through it. */
export interface AccessRequest {
  readonly action: 'publish' | 'broadcast' | 'subscribe' | 'request' | 'respond';
  readonly topic: string;
  readonly node: string;
}

/** What may stand between a caller and the bus. All are called synchronously, for each event: they MUST be quick. */
export interface BusHooks {
  /** Changes an event before it is published, or swallows it by returning `undefined`. A throw reaches the publisher. */
  readonly onPublish?: (draft: Draft) => Draft | undefined;
  /** Changes an event before a subscription of this node gets it, or keeps it away. A throw counts as a failure of it. */
  readonly onDeliver?: (event: BusEvent, subscription: string) => BusEvent | undefined;
  /**
   * Says whether somebody may; `false` is `unauthorized` for a caller here and for a request that comes by a link, and a counted
   * drop for an event that does. Asked at the caller's node and at the one that it comes to, each with its own hook.
   */
  readonly allow?: (request: AccessRequest) => boolean;
}

/** Throws `unauthorized` when the hook forbids it. */
export function assertAllowed(hooks: BusHooks, request: AccessRequest): void {
  if (hooks.allow === undefined || hooks.allow(request)) return;
  throw new ClusterError('unauthorized', `${request.node} may not ${request.action} ${request.topic}`);
}
