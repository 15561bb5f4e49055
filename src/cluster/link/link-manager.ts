/**
 * The links of a node: one for each pair of members, dialled by either side, found again after a loss, and closed in order.
 * `docs/architecture.md`, Links and Stopping, is the law; the tie-break is in tie-break.ts, hello in hello-message.ts.
 *
 * Beyond `linksMax` members a node keeps links to those of member-choice.ts; `demand` makes another until it ends by itself.
 */
import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import type { NodeId } from '../../core/ids.js';
import type { Unlisten } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import type { Connection, Connections } from '../../spi/connections.js';
import type {
  ExchangeRequest,
  Link,
  LinkEnd,
  LinkEvent,
  LinkPeer,
  Links,
  StreamAcceptor,
  StreamKind,
} from '../../spi/links.js';
import type { LinkEvidence, Member, MemberEvent, Membership } from '../../spi/membership.js';
import type { Metrics } from '../../spi/metrics.js';
import type { Secrets } from '../../spi/secrets.js';
import type { DialDeps, DialOutcome } from './dial.js';
import { Exchanger } from './exchanger.js';
import { HelloAcceptor, type ProvedHello } from './hello-acceptor.js';
import { type HelloDeps, type Introduction, mayBe } from './hello-dialer.js';
import { Idle } from './idle.js';
import { type HubEvents, LinkHub, refuse } from './link-hub.js';
import type { EngineFactory } from './link-engine.js';
import type { LinkOptions } from './link-options.js';
import { chooseMembers, isThere } from './member-choice.js';
import { type DialTarget, PeerDialer } from './peer-dialer.js';
import type { RsocketLink } from './rsocket-link.js';
import { StockDoor } from './stock-door.js';
import { type HelloVerdict, judgeHello } from './tie-break.js';

/** What the links of a node need. */
export interface LinkManagerDeps {
  /** This node; `address` is what others dial. */
  readonly self: Omit<Introduction, 'role'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly connections: Connections;
  readonly membership: Membership;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Another engine than ours, such as `rsocketJsEngines`. */
  readonly createEngine?: EngineFactory;
}

/** Implements `Links` for a member of the cluster. The owner listens for connections and hands each to `accept`. */
export class LinkManager implements Links {
  readonly self: Introduction;
  readonly #deps: LinkManagerDeps;
  readonly #options: LinkOptions;
  readonly #hub: LinkHub;
  readonly #hello: HelloDeps;
  readonly #dialDeps: DialDeps;
  readonly #exchanger: Exchanger;
  readonly #stock: StockDoor;
  readonly #idle: Idle;
  readonly #dialers = new Map<string, PeerDialer>();
  readonly #demanded = new Set<string>();
  readonly #strangers = new Map<RsocketLink, Stranger>();
  readonly #held = new Map<string, () => void>();
  #unlisten: Unlisten | undefined;
  #isLeaving = false;

  constructor(deps: LinkManagerDeps, options: LinkOptions) {
    this.self = { ...deps.self, role: 'peer' };
    this.#deps = deps;
    this.#options = options;
    this.#hub = new LinkHub({ ...deps, self: deps.self }, options, this.#events());
    this.#hello = { self: this.self, secrets: deps.secrets, options };
    this.#dialDeps = { hub: this.#hub, clock: deps.clock, connections: deps.connections, hello: this.#hello };
    this.#exchanger = new Exchanger(this.#dialDeps, options);
    this.#stock = new StockDoor(options, {
      isTaken: (name) => this.#isTaken(name, 'stock'),
      raise: (link, peer) => this.#raiseAccepted(link, peer, true),
      onRefused: () => this.#hub.metrics.count('refused-stock'),
    });
    this.#idle = new Idle(deps.clock, (kinds) => this.#hub.streamCount(kinds) === 0);
  }

  /** Begins to dial the members that are there and those that come. */
  start(): void {
    this.#unlisten = this.#deps.membership.listen((event) => this.#onMember(event));
    this.#review();
  }

  /** A connection came in on this node's address. */
  accept(connection: Connection): void {
    const isFull = this.#hub.connections.size >= this.#options.acceptedMax + this.#options.linksMax;
    if (this.#isLeaving || isFull || this.#strangers.size >= this.#options.strangersMax) {
      this.#hub.metrics.count('refused-full');
      connection.destroy();
      return;
    }
    this.#hub.metrics.count('accepted');
    const { clock } = this.#deps;
    const link = this.#hub.create(connection, false);
    const acceptor = new HelloAcceptor(this.#hello, (hello) => this.#onProved(link, hello));
    const cancelTimer = clock.setTimer(after(clock.now(), this.#options.helloTimeoutMs), () => {
      this.#hub.metrics.count('hello-timeout');
      link.close('silent');
    });
    this.#strangers.set(link, { acceptor, cancelTimer });
  }

  /** Keeps a link to a member beyond `linksMax`, until it ends by itself. */
  demand(name: string): void {
    this.#demanded.add(name);
    this.#review();
  }

  /** Refuses every stream that a peer opens from now on, as not executed, and takes no connection. Links stay up. */
  withdraw(): void {
    this.#isLeaving = true;
    for (const link of this.#hub.connections) link.engine.refuseRequests();
  }

  /** Resolves true when no stream of these kinds is open, false after `timeoutMs`. */
  drained(timeoutMs: number, kinds: readonly StreamKind[] = ['rpc', 'swim']): Promise<boolean> {
    return this.#idle.wait(timeoutMs, kinds);
  }

  /** Withdraws, waits for calls up to `drainMs`, and closes every link as left. Idempotent. */
  async stop(drainMs: number): Promise<void> {
    this.withdraw();
    this.#unlisten?.();
    for (const dialer of this.#dialers.values()) dialer.stop();
    this.#dialers.clear();
    if (drainMs > 0) await this.drained(drainMs);
    this.#exchanger.stop();
    for (const link of this.#hub.connections) link.close(link.up ? 'left' : 'stopped');
    await this.#idle.ended(() => this.#hub.connections.size === 0);
  }

  /** Open streams of these kinds, over all connections. */
  streamCount(kinds: readonly StreamKind[]): number {
    return this.#hub.streamCount(kinds);
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

  #events(): HubEvents {
    return {
      onSetup: (link, setup) => this.#stock.onSetup(link, setup),
      onHello: (link, stream) =>
        this.#strangers.get(link)?.acceptor.onRequest(stream) ?? refuse(stream, 'hello is for acceptors'),
      onMoved: () => this.#idle.check(),
      onTick: (link) => {
        if (link.takeHeard()) this.#report(link.peer, 'heard');
      },
      onEnded: (link, reason) => this.#onEnded(link, reason),
    };
  }

  // Whom to dial.

  #onMember(event: MemberEvent): void {
    const { member, kind } = event;
    const { clock } = this.#deps;
    if (kind === 'failed') this.#closeLife(member);
    // Who leaves closes its links itself, after its last answers; gossip may be faster than these.
    if (kind === 'left') clock.setTimer(after(clock.now(), leftDrainMs), () => this.#closeLife(member));
    this.#review();
  }

  #closeLife({ name, epoch }: NodeId): void {
    const link = this.#hub.findLink(name);
    if (link !== undefined && link.peer.epoch <= epoch) link.close('closed');
  }

  /** Dials whoever should have a link and has none, and forgets those who should not. */
  #review(): void {
    if (this.#isLeaving) return;
    const { membership } = this.#deps;
    const others = membership.members().filter((member) => member.name !== this.self.name && isThere(member));
    const chosen = new Map(chooseMembers(this.self.name, others, this.#options.linksMax).map((one) => [one.name, one]));
    for (const member of others) if (this.#demanded.has(member.name)) chosen.set(member.name, member);
    for (const [name, dialer] of this.#dialers) {
      if (chosen.has(name)) continue;
      dialer.stop();
      this.#dialers.delete(name);
    }
    for (const member of chosen.values()) this.#wantLink(member);
  }

  #wantLink(member: Member): void {
    let dialer = this.#dialers.get(member.name);
    if (dialer === undefined) {
      const { self, clock, random } = { self: this.self, clock: this.#deps.clock, random: this.#deps.random };
      const onOutcome = (target: DialTarget, outcome: DialOutcome): void => this.#onDialed(target, outcome);
      const memberCount = (): number => this.#deps.membership.members().length;
      const deps = { self, clock, random, options: this.#options, dial: this.#dialDeps, memberCount, onOutcome };
      dialer = new PeerDialer(deps, member);
      this.#dialers.set(member.name, dialer);
    }
    dialer.retarget(member);
    const link = this.#hub.findLink(member.name);
    if (link === undefined || link.peer.epoch < member.epoch) dialer.want();
  }

  #onDialed(target: DialTarget, outcome: DialOutcome): void {
    const dialer = this.#dialers.get(target.name);
    if (outcome.kind === 'welcome') {
      this.#onWelcome(outcome.link, outcome.peer);
      dialer?.rest();
    } else if (outcome.kind === 'unreachable') {
      this.#hub.metrics.count('dial-failed');
      if (outcome.fault === 'refused') this.#report(target, 'refused');
    } else if (outcome.why !== 'duplicate') {
      this.#deps.logger.info('hello refused', { node: target.name, address: target.address, why: outcome.why });
    }
    // Whoever was held for this dial is judged again, now that it is settled.
    this.#held.get(target.name)?.();
    if (this.#hub.findLink(target.name) === undefined && !this.#isLeaving) dialer?.want();
  }

  #onWelcome(link: RsocketLink, peer: LinkPeer): void {
    const claim = { name: this.self.name, epoch: peer.epoch, insists: false };
    // Seen from the other end: the hello was ours, so the claim carries our name and its epoch is the peer's.
    const verdict = judgeHello(peer, claim, this.#present(peer.name, false));
    if (verdict === 'duplicate' || verdict === 'stale') {
      link.close('replaced');
      return;
    }
    this.#install(link, peer);
  }

  // Who comes.

  #onProved(link: RsocketLink, hello: ProvedHello): void {
    const { message, peer } = hello;
    if (!mayBe(link.connection.certificate, peer.name, this.#options)) {
      hello.refuse('unauthorized');
    } else if (message.name === this.self.name) {
      hello.refuse('name-taken');
    } else if (this.#isLeaving) {
      hello.refuse('leaving');
    } else if (message.purpose === 'exchange') {
      hello.welcome();
      this.#raiseAccepted(link, peer, false);
    } else if (message.role === 'guest') {
      this.#onGuest(link, hello);
    } else {
      this.#judge(link, hello);
    }
  }

  #onGuest(link: RsocketLink, hello: ProvedHello): void {
    if (this.#isTaken(hello.peer.name, 'guest')) {
      hello.refuse('name-taken');
      return;
    }
    hello.welcome();
    this.#raiseAccepted(link, hello.peer, true);
  }

  /** Says whether a name is a member's, or that of a link which one that is no member may not replace: all but its own kind's. */
  #isTaken(name: string, role: 'guest' | 'stock'): boolean {
    const present = this.#hub.findLink(name);
    const isMember = name === this.self.name || this.#deps.membership.findMember(name) !== undefined;
    return isMember || (present !== undefined && present.peer.role !== role);
  }

  #judge(link: RsocketLink, hello: ProvedHello): void {
    const { peer, message } = hello;
    const isDialing = this.#dialers.get(peer.name)?.isDialing ?? false;
    const verdict: HelloVerdict = judgeHello(this.self, message, this.#present(peer.name, isDialing));
    switch (verdict) {
      case 'hold':
        this.#hold(link, hello);
        return;
      case 'duplicate':
      case 'stale':
        hello.refuse(verdict);
        return;
      case 'take':
      case 'replace':
        hello.welcome();
        this.#raiseAccepted(link, peer, true);
    }
  }

  /** Waits for our own dial, for half of the time that the other side gives its hello. */
  #hold(link: RsocketLink, hello: ProvedHello): void {
    const { clock } = this.#deps;
    const { name } = hello.peer;
    let isOver = false;
    const settle = (isDialing: boolean): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      if (this.#held.get(name) === release) this.#held.delete(name);
      if (link.isEnded) return;
      const verdict = judgeHello(this.self, hello.message, this.#present(name, isDialing));
      if (verdict === 'take' || verdict === 'replace') {
        hello.welcome();
        this.#raiseAccepted(link, hello.peer, true);
      } else {
        hello.refuse(verdict === 'stale' ? 'stale' : 'duplicate');
      }
    };
    const release = (): void => settle(false);
    const cancelTimer = clock.setTimer(after(clock.now(), this.#options.helloTimeoutMs / 2), release);
    this.#held.get(name)?.();
    this.#held.set(name, release);
  }

  #raiseAccepted(link: RsocketLink, peer: LinkPeer, isNamed: boolean): void {
    this.#strangers.get(link)?.cancelTimer();
    this.#strangers.delete(link);
    if (isNamed) this.#install(link, peer);
    else this.#hub.raise(link, peer, false);
  }

  /** Makes a connection the link of its peer; one that was there finishes what runs, or is closed with its older life. */
  #install(link: RsocketLink, peer: LinkPeer): void {
    if (this.#isLeaving) {
      link.close('left');
      return;
    }
    const old = this.#hub.findLink(peer.name);
    if (old !== undefined) this.#replace(old, peer.epoch);
    this.#hub.raise(link, peer, true);
    // Its hello was just heard; a membership that has nothing else to go by must not wait for the next look.
    this.#report(peer, 'heard');
    this.#dialers.get(peer.name)?.rest();
  }

  #replace(old: RsocketLink, epoch: number): void {
    const { clock } = this.#deps;
    this.#hub.retire(old);
    if (old.isEnded) return;
    if (old.peer.epoch < epoch) {
      old.close('replaced');
      return;
    }
    clock.setTimer(after(clock.now(), this.#options.replacedDrainMs), () => old.close('replaced'));
  }

  #onEnded(link: RsocketLink, reason: LinkEnd): void {
    this.#strangers.get(link)?.cancelTimer();
    this.#strangers.delete(link);
    this.#idle.check();
    const { peer } = link;
    if (peer.role !== 'peer' || peer.name === '') return;
    if (reason === 'reset') this.#report(peer, 'reset');
    else if (reason === 'closed' || reason === 'left') this.#report(peer, 'closed');
    if (this.#hub.findLink(peer.name) === undefined) {
      this.#demanded.delete(peer.name);
      this.#review();
    }
  }

  #present(name: string, isDialing: boolean): Parameters<typeof judgeHello>[2] {
    const linkEpoch = this.#hub.findLink(name)?.peer.epoch;
    return { linkEpoch, knownEpoch: this.#deps.membership.findMember(name)?.epoch, isDialing };
  }

  #report(node: LinkPeer | DialTarget, kind: LinkEvidence['kind']): void {
    if (node.name === '' || ('role' in node && node.role !== 'peer')) return;
    this.#deps.membership.report({ node: { name: node.name, epoch: node.epoch }, address: node.address, kind });
  }
}

/** An accepted connection before its hello. */
interface Stranger {
  readonly acceptor: HelloAcceptor;
  readonly cancelTimer: CancelTimer;
}

/** A member that left has so long to close its link itself; then it died on its way out. */
const leftDrainMs = 2000;
