import { emptyBytes } from '../core/bytes.js';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { NodeId } from '../core/ids.js';
import type { Unlisten } from '../core/listeners.js';
import type { Logger } from '../core/logger.js';
import type { TopicPattern } from '../core/topic.js';
import type { GroupStrategy } from '../spi/bus.js';
import type { LaneCodec } from '../spi/codec.js';
import { streamErrorCodes, type IncomingStream, type Links, type StreamSink } from '../spi/links.js';
import type { Membership } from '../spi/membership.js';
import type { Metrics } from '../spi/metrics.js';
import type { SharedTable, Tables } from '../spi/tables.js';
import type { BusCore } from './bus-core.js';
import { BusMeter } from './bus-meter.js';
import type { ResolvedClusterBusOptions } from './cluster-options.js';
import { Deliverer } from './deliverer.js';
import { EventEncoder } from './event-encoder.js';
import { InterestWriter, type Wanting } from './interest-writer.js';
import { LaneAcceptor, refusedSink } from './lane-acceptor.js';
import type { OutEvent } from './out-event.js';
import type { OutLane } from './out-lane.js';
import { type AnswerSink, type AnswerSource, noAnswers, type Question } from './answers.js';
import type { Outgoing, Outlet, RemoteResponder, Route, SendResult } from './outlet.js';
import type { ExplainedNode } from './explain.js';
import type { BusLinkInfo } from './link-info.js';
import type { Peer } from './peer.js';
import { explainWants, peerToLinkInfo } from './peer-view.js';
import { PeerBook } from './peer-book.js';
import { answerStream, askLink } from './remote-requests.js';
import type { Responder } from './responder.js';
import { whenLinked } from './link-wait.js';
import { assertGroupStrategy, type PeerRoute } from './routes.js';
import { copyOf, formFor, SendTally } from './send-tally.js';
import { hasOwnLane } from './subscribe-options.js';
import type { Subscriber } from './subscriber.js';
import type { Wanted } from './wanted.js';

/** What the way out stands on. */
export interface ClusterOutletDeps {
  readonly clock: Clock;
  readonly self: NodeId;
  readonly links: Links;
  readonly tables: Tables;
  readonly membership: Membership;
  readonly codec: LaneCodec;
  /** Send `error.stack` of handlers to askers. */
  readonly exposeStacks: boolean;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * The way to other nodes: what this node wants goes into the interest table, what peers want comes out of it, and events travel on
 * one lane to each peer, and one more for each lossless subscription there.
 */
export class ClusterOutlet implements Outlet {
  readonly #deps: ClusterOutletDeps;
  readonly #core: BusCore;
  readonly #table: SharedTable;
  readonly #interest: InterestWriter;
  readonly #book: PeerBook;
  readonly #acceptor: LaneAcceptor;
  readonly #events: EventEncoder;
  readonly #meter: BusMeter;
  readonly #roomWaiters = new Set<() => void>();
  #unlisten: Unlisten[] = [];
  #isRunning = false;

  constructor(core: BusCore, deps: ClusterOutletDeps, options: ResolvedClusterBusOptions) {
    const { clock, codec, membership, logger } = deps;
    this.#core = core;
    this.#deps = deps;
    this.#table = deps.tables.open('interest');
    this.#interest = new InterestWriter(this.#table, clock, options.exactRowsMax);
    this.#events = new EventEncoder(codec);
    this.#meter = new BusMeter(deps.metrics);
    const onMalformed = (peer: Peer | undefined): void => this.#onMalformed(peer);
    const deliverer = new Deliverer(core, clock, this.#meter);
    this.#acceptor = new LaneAcceptor({ clock, logger, core, meter: this.#meter, deliverer, onMalformed });
    this.#book = new PeerBook({
      membership,
      codec,
      options,
      lanes: {
        clock,
        onUnknown: (lane, range) => this.#onUnknown(lane, range),
        onUnsent: (lane, count) => this.#onUnsent(lane, count),
        onRefused: (lane) => this.#onRefused(lane),
        onMalformed: (lane) => onMalformed(this.#book.find(lane.node)),
        onRoom: () => this.#tellRoom(),
      },
      onEnded: (peer) => this.#acceptor.ended(peer),
      onRoom: () => this.#tellRoom(),
    });
  }

  start(): void {
    const { links, membership } = this.#deps;
    this.#isRunning = true;
    this.#unlisten = [
      links.listen((event) => this.#book.linkChanged(event)),
      links.serve('bus', (incoming) => this.#accept(incoming)),
      this.#table.listen((change) => this.#book.interestChanged(change)),
      membership.listen(({ kind, member }) => this.#book.memberChanged(kind, member)),
    ];
    for (const node of this.#table.nodes()) {
      for (const [key, value] of this.#table.rowsOf(node)) {
        this.#book.interestChanged({ kind: 'set', node, key, value });
      }
    }
    for (const link of links.links()) this.#book.linkUp(link);
  }

  /** Ends every lane; what is not acknowledged is reported. Idempotent. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
    this.#book.close();
    this.#tellRoom();
  }

  /** Takes back everything this node wanted; peers hear it at once. */
  withdraw(): void {
    this.#interest.withdraw();
  }

  /** Every event that was accepted is acknowledged. */
  get isSettled(): boolean {
    return this.peers().every((peer) => peer.link === undefined || peer.outLanes().every((lane) => lane.isSettled));
  }

  sayFinal(): void {
    for (const peer of this.#book.peers()) for (const lane of peer.outLanes()) lane.sayFinal();
  }

  peers(): readonly Peer[] {
    return [...this.#book.peers()];
  }

  find(topic: string): PeerRoute {
    return this.#book.routes.find(topic);
  }

  findOverlap(patterns: readonly TopicPattern[]): PeerRoute {
    return this.#book.routes.findOverlap(patterns);
  }

  send(message: Outgoing): SendResult {
    const { peers, lanes } = message.route === undefined ? winnersOnly : this.#asRoute(message.route);
    if (peers.length === 0 && lanes.length === 0 && message.winners === undefined) return nothingSent;
    return this.#sendWide({ peers, lanes }, this.#events.encode(message, this.#book.hasBasicPeers), message);
  }

  sendPlain(route: Route, topic: string, value: unknown): number {
    const own = this.#asRoute(route);
    const event = this.#events.encodePlain(topic, own, value, this.#book.hasBasicPeers);
    let nodes = 0;
    for (const peer of own.peers) if (this.#offer(peer, peer.shared, event)) nodes += 1;
    this.#meter.sent.add(nodes);
    if (nodes < own.peers.length) this.#meter.refused.add(own.peers.length - nodes);
    return nodes;
  }

  #sendWide({ peers, lanes }: Pick<PeerRoute, 'peers' | 'lanes'>, event: OutEvent, message: Outgoing): SendResult {
    const tally = new SendTally();
    for (const peer of peers) this.#offerShared(peer, event, message, tally);
    for (const name of message.winners?.byNode.keys() ?? []) {
      const peer = this.#book.find(name);
      if (peer !== undefined && !peers.includes(peer)) this.#offerShared(peer, event, message, tally);
    }
    for (const { peer, key } of lanes) {
      this.#offerOwn(peer, key, event, tally);
    }
    for (const { node, lane, group } of message.winners?.byLane ?? []) {
      const peer = this.#book.find(node);
      if (peer !== undefined) this.#offerOwn(peer, lane, { ...formFor(peer, event), won: [group] }, tally);
    }
    this.#meter.sent.add(tally.sent);
    this.#meter.refused.add(tally.refusals);
    return tally.result();
  }

  findResponders(topic: string): readonly RemoteResponder[] {
    return this.#book.routes.findResponders(topic);
  }

  ask(responder: RemoteResponder, question: Question, sink: AnswerSink): AnswerSource {
    const link = this.#book.find(responder.node)?.link;
    if (link !== undefined) return askLink(link, this.#deps.codec, question, sink);
    sink.onEnd(new ClusterError('not-executed', `there is no link to ${responder.node} any more`));
    return noAnswers;
  }

  subscribed(subscriber: Subscriber): void {
    if (hasOwnLane(subscriber.options)) this.#acceptor.addBlocker(subscriber);
    this.#interest.put(subscriber, 'events');
  }

  updated(subscriber: Subscriber, before: Wanted): void {
    this.#interest.put(subscriber, 'events', before);
  }

  unsubscribed(subscriber: Subscriber): void {
    this.#acceptor.removeBlocker(subscriber);
    if (hasOwnLane(subscriber.options)) {
      for (const peer of this.#book.peers()) peer.closeWindow(String(subscriber.order));
    }
    this.#interest.remove(subscriber, 'events');
  }

  responding(responder: Responder, before?: Wanted): void {
    this.#interest.put(responder, 'requests', before);
  }

  respondingEnded(responder: Wanting): void {
    this.#interest.remove(responder, 'requests');
  }

  whenKnown(done: () => void): () => void {
    const revision = this.#interest.flush();
    let end: Unlisten | undefined;
    const endWait = whenLinked(this.#deps, () => {
      end = this.#table.whenHeld(revision, done);
    });
    return () => {
      endWait();
      end?.();
    };
  }

  checkGroup(name: string, strategy: GroupStrategy): void {
    assertGroupStrategy(this.#book.peers(), name, strategy);
  }

  explain(topic: string): readonly ExplainedNode[] {
    return explainWants(this.#book.routes.find(topic).wants);
  }

  links(): readonly BusLinkInfo[] {
    return this.peers().map(peerToLinkInfo);
  }

  hasRoom(route: Route): boolean {
    const { peers, lanes } = this.#asRoute(route);
    return (
      peers.every((peer) => peer.shared.hasRoom) &&
      lanes.every(({ peer, key }) => peer.ownLanes.get(key)?.hasRoom !== false)
    );
  }

  whenRoom(run: () => void): void {
    if (!this.#isRunning) run();
    else this.#roomWaiters.add(run);
  }

  /** Routes are this object's own; only their type was widened on the way. */
  #asRoute(route: Route): PeerRoute {
    return isPeerRoute(route) ? route : this.#book.routes.find('/');
  }

  #offerShared(peer: Peer, event: OutEvent, message: Outgoing, tally: SendTally): void {
    const won = message.winners?.byNode.get(peer.id.name);
    const own = formFor(peer, event);
    const copy = won === undefined ? own : { ...own, won };
    tally.count(copyOf(peer, copy), this.#offer(peer, peer.shared, copy));
  }

  #offerOwn(peer: Peer, key: string, event: OutEvent, tally: SendTally): void {
    const lane = peer.ownLanes.get(key);
    tally.count(copyOf(peer, event), lane !== undefined && this.#offer(peer, lane, event));
  }

  #offer(peer: Peer, lane: OutLane, event: OutEvent): boolean {
    // A node that never had a link here is known by hearsay: there is nothing to resume, and no one to wait for.
    if (!peer.wasLinked) return false;
    return lane.accept(formFor(peer, event));
  }

  #accept(incoming: IncomingStream): StreamSink {
    const { stream } = incoming;
    if (stream.link.peer.role === 'stock' || !this.#isRunning) {
      stream.fail(streamErrorCodes.rejected, emptyBytes);
      return refusedSink;
    }
    if (incoming.interaction === 'stream') {
      const origin = { node: this.#deps.self.name, exposeStacks: this.#deps.exposeStacks };
      return answerStream({ ...this.#deps, origin, answer: this.#answer }, incoming);
    }
    const peer = stream.link.peer.role === 'peer' ? this.#book.get(stream.link.peer) : undefined;
    return this.#acceptor.accept(peer, incoming);
  }

  readonly #answer = (question: Question, source: string, sink: AnswerSink): AnswerSource => {
    const { topic } = question;
    if (this.#core.isAllowed({ action: 'request', topic, node: source })) {
      return this.#core.desk.answerFor(question, source, sink);
    }
    this.#meter.forbidden.add();
    sink.onEnd(new ClusterError('unauthorized', `${source} may not request ${topic}`));
    return noAnswers;
  };

  #onUnknown(lane: OutLane, range: { readonly from: number; readonly to: number }): void {
    const { node, epoch } = lane;
    const { from, to } = range;
    const count = to - from + 1;
    this.#meter.deliveryUnknown.add(count);
    this.#deps.logger.info('delivery of events is unknown', { node, epoch, from, to });
    this.#core.tellUndelivered({ kind: 'unknown', node, epoch, count, from, to });
  }

  #onUnsent(lane: OutLane, count: number): void {
    this.#meter.unsent.add(count);
    const { node, epoch } = lane;
    this.#deps.logger.info('events were never sent', { node, epoch, count });
    this.#core.tellUndelivered({ kind: 'unsent', node, epoch, count });
  }

  #onRefused(lane: OutLane): void {
    this.#meter.groupless.add();
    const { node, epoch } = lane;
    this.#deps.logger.debug('a group had no member any more where an event came', { node, epoch });
    this.#core.tellUndelivered({ kind: 'refused', node, epoch, count: 1 });
  }

  #onMalformed(peer: Peer | undefined): void {
    this.#meter.malformed.add();
    peer?.link?.close('protocol');
  }

  #tellRoom(): void {
    const waiters = [...this.#roomWaiters];
    this.#roomWaiters.clear();
    for (const run of waiters) run();
  }
}

const winnersOnly: Pick<PeerRoute, 'peers' | 'lanes'> = { peers: [], lanes: [] };

const nothingSent: SendResult = { nodes: 0, dropped: 0, accepted: [], refused: [] };

function isPeerRoute(route: Route): route is PeerRoute {
  return 'peers' in route;
}
