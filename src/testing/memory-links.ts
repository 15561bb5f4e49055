import { shapesCapability } from '../codec/msgpack-codec.js';
import { assert, must } from '../core/assert.js';
import { after, type Clock } from '../core/clock.js';
import type { NodeId } from '../core/ids.js';
import { wireVersion } from '../core/limits.js';
import type { LinkEnd, LinkRole, Links } from '../spi/links.js';
import { MemoryHome } from './memory-home.js';
import { MemoryLink, type WireRules } from './memory-link.js';
import { memoryMember, type MemoryMembership } from './memory-membership.js';

/** How the links of one hub behave. */
export interface MemoryLinksOptions {
  /** One-way delay of every pair that has none of its own. @defaultValue 1 */
  readonly delayMs?: number;
  /** Two nodes whose link went down get another after this long; 0 for never. @defaultValue 50 */
  readonly reconnectMs?: number;
  /** A cut that lasts longer ends the link as `silent`. @defaultValue 3000 */
  readonly silentMs?: number;
  /** Each node gets a link to every other as it is added. @defaultValue true */
  readonly autoLink?: boolean;
  /** Streams that one end may have open. @defaultValue 100000 */
  readonly streamsMax?: number;
  /** Bytes on the way above which every `credit` reads 0. @defaultValue 1048576 */
  readonly highWaterBytes?: number;
  /** Everyone hears everyone's digests so often; 0 for never. @defaultValue 1000 */
  readonly gossipPeriodMs?: number;
  /** What the build of a node offers beyond its wire version. @defaultValue what this build does */
  readonly capabilitiesOf?: (name: string) => readonly string[];
}

/** One node of the hub: what a room takes as its doors. */
export interface MemoryNode {
  readonly id: NodeId;
  readonly links: Links;
  readonly membership: MemoryMembership;
}

/**
 * Links and memberships of many nodes in one process, without frames and sockets, on one clock. It keeps the contract of
 * `Links` strictly, and can delay, congest, cut and drop each pair. For tests and simulations of the rooms above links.
 */
export class MemoryLinks {
  readonly #clock: Clock;
  readonly #options: Required<MemoryLinksOptions>;
  readonly #nodes = new Map<string, MemoryHome>();
  readonly #delays = new Map<string, number>();
  readonly #cuts = new Set<string>();
  readonly #congested = new Set<string>();
  readonly #rules: WireRules;
  #nextLinkId = 1;
  #nextEpoch = 1;
  #stopped = false;
  /** Items sent without credit, over every link that ever was. */
  violations = 0;

  constructor(clock: Clock, options: MemoryLinksOptions = {}) {
    this.#clock = clock;
    this.#options = { ...defaultOptions, ...options };
    this.#rules = {
      clock,
      streamsMax: this.#options.streamsMax,
      highWaterBytes: this.#options.highWaterBytes,
      delayMs: (from, to) => this.#delays.get(pairKey(from, to)) ?? this.#options.delayMs,
      isCut: (from, to) => this.#cuts.has(pairKey(from, to)),
      isCongested: (from, to) => this.#congested.has(pairKey(from, to)),
      ended: (link, reason) => this.#ended(link, reason),
    };
    if (this.#options.gossipPeriodMs > 0) this.#gossipLater();
  }

  /** Adds a node: the others learn it as a member, and it gets its links if the option says so. */
  add(name: string, role: LinkRole = 'peer'): MemoryNode {
    assert(!this.#nodes.has(name), `no other node ${name}`);
    const id = { name, epoch: this.#nextEpoch++ };
    const home = new MemoryHome(id, role, this, this.#clock);
    const others = [...this.#nodes.values()];
    this.#nodes.set(name, home);
    if (role === 'peer') {
      for (const other of others.filter((one) => one.role === 'peer')) {
        home.membership.tell('joined', memoryMember(other.id, other.address));
        this.#clock.afterTurn(() => other.membership.tell('joined', memoryMember(id, home.address)));
      }
    }
    if (this.#options.autoLink) for (const other of others) this.connect(name, other.id.name);
    return { id, links: home, membership: home.membership };
  }

  /** Takes a node away: its links end, and the others learn it as a member that left or failed. */
  remove(name: string, how: 'left' | 'failed' = 'failed'): void {
    const home = must(this.#nodes.get(name), `a node ${name}`);
    this.#nodes.delete(name);
    for (const link of home.links()) link.close(how === 'left' ? 'left' : 'reset');
    for (const other of this.#nodes.values()) {
      this.#clock.afterTurn(() => other.membership.tell(how, memoryMember(home.id, home.address)));
    }
  }

  /** Ends a node without a good-bye and adds another life of its name. */
  restart(name: string): MemoryNode {
    const role = must(this.#nodes.get(name), `a node ${name}`).role;
    this.remove(name);
    return this.add(name, role);
  }

  /** Gives two nodes a link after the delay between them, if they have none. */
  connect(left: string, right: string): void {
    const at = after(this.#clock.now(), this.#rules.delayMs(left, right));
    this.#clock.setTimer(at, () => this.#connectNow(left, right));
  }

  /** Ends the link of a pair; it comes back if the options say so. What was on the way is lost. */
  drop(left: string, right: string, reason: LinkEnd = 'reset'): void {
    this.#nodes.get(left)?.findMemoryLink(right)?.close(reason);
  }

  /** Sets the one-way delay of a direction. */
  delay(from: string, to: string, delayMs: number): void {
    this.#delays.set(pairKey(from, to), delayMs);
  }

  /** Makes the sender of a direction believe that its buffer is full, or not any more. */
  congest(from: string, to: string, on: boolean): void {
    if (on) this.#congested.add(pairKey(from, to));
    else this.#congested.delete(pairKey(from, to));
    this.#nodes.get(from)?.findMemoryLink(to)?.checkCongestion();
  }

  /** Lets nothing through between two nodes. Their link ends as `silent` if it lasts. */
  cut(left: string, right: string): void {
    this.#cuts.add(pairKey(left, right));
    this.#cuts.add(pairKey(right, left));
    const link = this.#nodes.get(left)?.findMemoryLink(right);
    this.#clock.setTimer(after(this.#clock.now(), this.#options.silentMs), () => {
      if (this.#cuts.has(pairKey(left, right)) && link?.up === true) link.close('silent');
    });
  }

  /** Ends a cut: what waited arrives, a lost link comes back. */
  heal(left: string, right: string): void {
    this.#cuts.delete(pairKey(left, right));
    this.#cuts.delete(pairKey(right, left));
    this.#nodes.get(left)?.findMemoryLink(right)?.release();
    this.#nodes.get(right)?.findMemoryLink(left)?.release();
    if (this.#options.reconnectMs > 0) this.connect(left, right);
  }

  /** Ends every timer that this hub would set again. */
  stop(): void {
    this.#stopped = true;
    for (const home of this.#nodes.values()) for (const link of home.links()) link.close('stopped');
  }

  /** Streams that are open anywhere; 0 at the end of a test that leaks none. */
  streamCount(): number {
    let count = 0;
    for (const home of this.#nodes.values()) count += home.streamCount();
    return count;
  }

  /** Finds a node by its address, for `exchange`. */
  findByAddress(address: string): MemoryHome | undefined {
    return [...this.#nodes.values()].find((home) => home.address === address);
  }

  /** Two joined ends that nobody is told of, for `exchange`. */
  joinUntold(left: MemoryHome, right: MemoryHome): MemoryLink {
    const leftEnd = new MemoryLink(this.#nextLinkId++, this.#toPeer(right, left), left, this.#rules);
    const rightEnd = new MemoryLink(this.#nextLinkId++, this.#toPeer(left, right), right, this.#rules);
    MemoryLink.join(leftEnd, rightEnd);
    return leftEnd;
  }

  #connectNow(leftName: string, rightName: string): void {
    const left = this.#nodes.get(leftName);
    const right = this.#nodes.get(rightName);
    if (this.#stopped || left === undefined || right === undefined) return;
    if (this.#cuts.has(pairKey(leftName, rightName))) return;
    if (left.findMemoryLink(rightName) !== undefined) return;
    const leftEnd = new MemoryLink(this.#nextLinkId++, this.#toPeer(right, left), left, this.#rules);
    const rightEnd = new MemoryLink(this.#nextLinkId++, this.#toPeer(left, right), right, this.#rules);
    MemoryLink.join(leftEnd, rightEnd);
    left.raise(leftEnd);
    right.raise(rightEnd);
  }

  #ended(link: MemoryLink, reason: LinkEnd): void {
    this.violations += link.violations;
    const home = this.#nodes.get(link.home.name);
    link.home.lower(link, reason);
    if (home === undefined || home !== link.home) return;
    if (this.#stopped || this.#options.reconnectMs === 0) return;
    if (!this.#nodes.has(link.peer.name)) return;
    const at = after(this.#clock.now(), this.#options.reconnectMs);
    this.#clock.setTimer(at, () => this.#connectNow(home.id.name, link.peer.name));
  }

  #toPeer(home: MemoryHome, other: MemoryHome): MemoryLink['peer'] {
    const { id, role, address } = home;
    const theirs = this.#options.capabilitiesOf(other.id.name);
    const common = this.#options.capabilitiesOf(id.name).filter((capability) => theirs.includes(capability));
    return { ...id, role, address, wireVersion, capabilities: new Set(common) };
  }

  #gossipLater(): void {
    this.#clock.setTimer(after(this.#clock.now(), this.#options.gossipPeriodMs), () => {
      if (this.#stopped) return;
      const peers = [...this.#nodes.values()].filter((home) => home.role === 'peer');
      for (const from of peers) {
        for (const to of peers) {
          const cut = this.#cuts.has(pairKey(from.id.name, to.id.name));
          if (from !== to && !cut) to.membership.hear(from.membership);
        }
      }
      this.#gossipLater();
    });
  }
}

const defaultOptions: Required<MemoryLinksOptions> = {
  delayMs: 1,
  reconnectMs: 50,
  silentMs: 3000,
  autoLink: true,
  streamsMax: 100_000,
  highWaterBytes: 1_048_576,
  gossipPeriodMs: 1000,
  capabilitiesOf: () => [shapesCapability],
};

function pairKey(from: string, to: string): string {
  return `${from}>${to}`;
}
