import { assert } from '../../core/assert.js';
import type { Clock } from '../../core/clock.js';
import { hashText } from '../../core/hash.js';
import type { NodeId } from '../../core/ids.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import { textToBytes } from '../../core/text.js';
import type { Connection } from '../../spi/connections.js';
import {
  type IncomingStream,
  type LinkEnd,
  type LinkEvent,
  type LinkPeer,
  type StreamAcceptor,
  type StreamKind,
  type StreamSink,
  streamErrorCodes,
} from '../../spi/links.js';
import type { Metrics } from '../../spi/metrics.js';
import { SlabPool } from '../../protocol/rsocket/send-buffer.js';
import type { Setup, SetupRefusal } from '../../protocol/rsocket/setup.js';
import { deafSink } from '../../protocol/rsocket/stream.js';
import { createOwnEngine, type EngineFactory } from './link-engine.js';
import { LinkMetrics } from './link-metrics.js';
import type { LinkOptions } from './link-options.js';
import { type LinkOwner, RsocketLink } from './rsocket-link.js';
import { findKind, helloByte, kindBytes } from './stream-kinds.js';

/** What every end of links shares: who is up, who listens, and which acceptor takes which kind of stream. */
export class LinkHub implements LinkOwner {
  readonly self: NodeId;
  readonly metrics: LinkMetrics;
  readonly #deps: LinkHubDeps;
  readonly #options: LinkOptions;
  readonly #events: HubEvents;
  readonly #pool = new SlabPool();
  readonly #listeners = new Listeners<LinkEvent>();
  /** By kind byte: each request asks. */
  readonly #acceptors: (StreamAcceptor | undefined)[] = [];
  readonly #byName = new Map<string, RsocketLink>();
  readonly #all = new Set<RsocketLink>();
  #nextId = 1;

  constructor(deps: LinkHubDeps, options: LinkOptions, events: HubEvents) {
    this.self = deps.self;
    this.metrics = new LinkMetrics(deps.metrics);
    this.#deps = deps;
    this.#options = options;
    this.#events = events;
  }

  /** Every connection that has not ended: strangers, links that are up, and those that drain. */
  get connections(): ReadonlySet<RsocketLink> {
    return this.#all;
  }

  /** Links that are up. */
  links(): readonly RsocketLink[] {
    return [...this.#all].filter((link) => link.up);
  }

  findLink(name: string): RsocketLink | undefined {
    return this.#byName.get(name);
  }

  listen(listener: (event: LinkEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  serve(kind: StreamKind, accept: StreamAcceptor): Unlisten {
    const byte = kindBytes[kind];
    assert(this.#acceptors[byte] === undefined, `one acceptor for streams of kind ${kind}`);
    this.#acceptors[byte] = accept;
    return () => {
      if (this.#acceptors[byte] === accept) this.#acceptors[byte] = undefined;
    };
  }

  /** Puts an engine on a connection; it listens, and says SETUP when it dialled. */
  create(connection: Connection, isDialer: boolean, metadataMime?: string): RsocketLink {
    const { clock } = this.#deps;
    const link = new RsocketLink({
      id: this.#nextId++,
      isDialer,
      connection,
      owner: this,
      clock,
      pool: this.#pool,
      options: this.#options,
      tickPhaseMs: hashText(this.self.name) % this.#options.keepAliveMs,
      createEngine: this.#deps.createEngine ?? createOwnEngine,
    });
    this.#all.add(link);
    link.start(metadataMime);
    return link;
  }

  /** The peer of a connection is known. `isNamed` makes it the link of that name; an exchange is not. */
  raise(link: RsocketLink, peer: LinkPeer, isNamed: boolean): void {
    link.raise(peer);
    if (!isNamed) return;
    this.#byName.set(peer.name, link);
    this.metrics.count('up');
    this.#deps.logger.info('link up', { node: peer.name, epoch: peer.epoch, role: peer.role, address: peer.address });
    this.#listeners.tell({ kind: 'up', link });
  }

  /** A link is no longer the one of its name. */
  lower(link: RsocketLink, reason: LinkEnd): void {
    if (this.#byName.get(link.peer.name) !== link) return;
    this.#byName.delete(link.peer.name);
    this.metrics.count('down');
    this.#deps.logger.info('link down', { node: link.peer.name, epoch: link.peer.epoch, reason });
    this.#listeners.tell({ kind: 'down', link, reason });
  }

  /** Another link took over: this one opens nothing more, finishes what runs, and is told as down. */
  retire(link: RsocketLink): void {
    link.drain();
    this.lower(link, 'replaced');
    if (link.engine.streamCount === 0) link.close('replaced');
  }

  /** Open streams of some kinds over all connections. */
  streamCount(kinds: readonly StreamKind[]): number {
    let count = 0;
    for (const link of this.#all) for (const kind of kinds) count += link.engine.countOf(kindBytes[kind]);
    return count;
  }

  // What links tell.

  onSetup(link: RsocketLink, setup: Setup): 'accept' | 'wait' | SetupRefusal {
    return this.#events.onSetup(link, setup);
  }

  onRequest(link: RsocketLink, stream: IncomingStream): StreamSink {
    if (stream.metadataForm === 'composite') return this.#accept(link, stream, kindBytes.rpc);
    const view = stream.payload;
    const byte = view.metadataLength > 0 ? view.bytes[view.metadataStart] : undefined;
    view.metadataStart += byte === undefined ? 0 : 1;
    if (!link.up) return byte === helloByte ? this.#events.onHello(link, stream) : refuse(stream, 'hello comes first');
    return byte === undefined ? refuse(stream, 'unknown kind of stream') : this.#accept(link, stream, byte);
  }

  onCallbackFailed(link: RsocketLink, error: unknown): void {
    this.metrics.count('callback-failed');
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.logger.error('a callback of a stream threw', { node: link.peer.name, error: text });
  }

  onMoved(link: RsocketLink): void {
    if (link.isDraining && link.engine.streamCount === 0) link.close('replaced');
    this.#events.onMoved();
  }

  onTick(link: RsocketLink): void {
    this.metrics.collect(link.engine.counters);
    this.#events.onTick(link);
  }

  onEnded(link: RsocketLink, reason: LinkEnd): void {
    this.#all.delete(link);
    this.metrics.collect(link.engine.counters);
    this.lower(link, reason);
    this.#events.onEnded(link, reason);
  }

  #accept(link: RsocketLink, stream: IncomingStream, byte: number): StreamSink {
    const accept = this.#acceptors[byte];
    if (accept !== undefined) {
      link.engine.mark(stream, byte);
      return accept(stream);
    }
    const kind = findKind(byte);
    return refuse(stream, kind === undefined ? 'unknown kind of stream' : `nobody takes streams of kind ${kind} here`);
  }
}

/** What a hub needs. */
export interface LinkHubDeps {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The engine of each connection. @defaultValue our own */
  readonly createEngine?: EngineFactory;
}

/** What a hub leaves to its owner. */
export interface HubEvents {
  onSetup(link: RsocketLink, setup: Setup): 'accept' | 'wait' | SetupRefusal;
  /** A hello stream of a stranger. */
  onHello(link: RsocketLink, stream: IncomingStream): StreamSink;
  onMoved(): void;
  onTick(link: RsocketLink): void;
  /** A connection is over; whoever waited for it goes on. */
  onEnded(link: RsocketLink, reason: LinkEnd): void;
}

/** Ends a stream as not executed. */
export function refuse(incoming: IncomingStream, why: string): StreamSink {
  incoming.stream.fail(streamErrorCodes.rejected, textToBytes(why));
  return deafSink;
}
