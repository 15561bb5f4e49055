import type { Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { NodeId } from '../../core/ids.js';
import type { Unlisten } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import type { Connections } from '../../spi/connections.js';
import type { ExchangeRequest, Link, LinkEvent, Links, StreamAcceptor, StreamKind } from '../../spi/links.js';
import type { Metrics } from '../../spi/metrics.js';
import type { Secrets } from '../../spi/secrets.js';
import { Dial, type DialDeps, type DialOutcome, toAddress } from './dial.js';
import { Exchanger } from './exchanger.js';
import { Idle } from './idle.js';
import { LinkHub, refuse } from './link-hub.js';
import type { LinkOptions } from './link-options.js';
import { compositeMime } from './stream-kinds.js';
import { connectionErrorCodes } from '../../protocol/rsocket/frame.js';

/** What the links of a guest need. */
export interface GuestLinksDeps {
  /** A name that no member has. */
  readonly self: NodeId;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly connections: Connections;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Implements `Links` for a process that is no member: it dials nodes, proves the key, and is dialled by nobody. */
export class GuestLinks implements Links {
  readonly self: NodeId;
  readonly #options: LinkOptions;
  readonly #hub: LinkHub;
  readonly #dialDeps: DialDeps;
  readonly #exchanger: Exchanger;
  readonly #idle: Idle;

  constructor(deps: GuestLinksDeps, options: LinkOptions) {
    this.self = deps.self;
    this.#options = options;
    this.#hub = new LinkHub(deps, options, {
      onSetup: () => ({ code: connectionErrorCodes.rejectedSetup, text: 'a guest takes no connections' }),
      onHello: (_link, stream) => refuse(stream, 'a guest takes no hello'),
      onMoved: () => this.#idle.check(),
      onTick: () => undefined,
      onEnded: () => this.#idle.check(),
    });
    const self = { ...deps.self, role: 'guest', address: '' } as const;
    const hello = { self, secrets: deps.secrets, options };
    this.#dialDeps = { hub: this.#hub, clock: deps.clock, connections: deps.connections, hello };
    this.#exchanger = new Exchanger(this.#dialDeps, options);
    this.#idle = new Idle(deps.clock, (kinds) => this.#hub.streamCount(kinds) === 0);
  }

  /**
   * Dials `host:port` and resolves with the link, up. Rejects with `unavailable` when nobody answers there, `unauthorized`,
   * `incompatible`, or `rejected` with the node's reason. A link that is lost is not dialled again: call it again.
   */
  dial(address: string, timeoutMs: number = this.#options.dialTimeoutMs): Promise<Link> {
    return new Promise((resolve, reject) => {
      const dial = new Dial(this.#dialDeps, { purpose: 'link', insists: true, wanted: '' }, (outcome) => {
        if (outcome.kind === 'welcome') {
          const old = this.#hub.findLink(outcome.peer.name);
          if (old !== undefined) this.#hub.retire(old);
          this.#hub.raise(outcome.link, outcome.peer, true);
          resolve(outcome.link);
        } else {
          reject(toError(address, outcome));
        }
      });
      dial.start(address, timeoutMs);
    });
  }

  /**
   * Dials a stock RSocket server, without hello: `link.open` sends metadata as it is given, which should be composite. `name` is
   * what the link goes by here. A SETUP that the server refuses ends the link as `protocol` later. Rejects with `unavailable`.
   */
  async dialStock(address: string, name: string, timeoutMs: number = this.#options.dialTimeoutMs): Promise<Link> {
    const to = toAddress(address);
    if (to === undefined) throw new ClusterError('unavailable', `${address} is no address`);
    const connection = await this.#dialDeps.connections.dial(to, { timeoutMs });
    const link = this.#hub.create(connection, true, compositeMime);
    link.engine.metadataForm = 'composite';
    this.#hub.raise(link, { name, epoch: 0, role: 'stock', address, wireVersion: 0, capabilities: new Set() }, true);
    return link;
  }

  /** Closes every link. Idempotent. */
  async stop(drainMs = 0): Promise<void> {
    if (drainMs > 0) await this.#idle.wait(drainMs, ['rpc', 'bus']);
    this.#exchanger.stop();
    for (const link of this.#hub.connections) link.close('left');
    await this.#idle.ended(() => this.#hub.connections.size === 0);
  }

  links(): readonly Link[] {
    return this.#hub.links();
  }

  findLink(name: string): Link | undefined {
    return this.#hub.findLink(name);
  }

  listen(listener: (event: LinkEvent) => void): Unlisten {
    return this.#hub.listen(listener);
  }

  serve(kind: StreamKind, accept: StreamAcceptor): Unlisten {
    return this.#hub.serve(kind, accept);
  }

  exchange(request: ExchangeRequest, done: (answer: Uint8Array | undefined) => void): void {
    this.#exchanger.exchange(request, done);
  }
}

function toError(address: string, outcome: Exclude<DialOutcome, { readonly kind: 'welcome' }>): ClusterError {
  if (outcome.kind === 'unreachable') {
    return new ClusterError('unavailable', `no node answers at ${address}`, { details: outcome.fault });
  }
  const { why } = outcome;
  if (why === 'unauthorized') {
    return new ClusterError(why, `the node at ${address} refuses this guest: it has another cluster key, or needs one`);
  }
  if (why === 'incompatible') {
    return new ClusterError(why, `the node at ${address} speaks no wire version of this build`);
  }
  return new ClusterError('rejected', `the node at ${address} refuses this guest: ${why}`);
}
