import { assert } from '../core/assert.js';
import { after, type Clock } from '../core/clock.js';
import { emptyBytes } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Listeners, type Unlisten } from '../core/listeners.js';
import type {
  ExchangeRequest,
  Link,
  LinkEnd,
  LinkEvent,
  LinkRole,
  Links,
  StreamAcceptor,
  StreamKind,
} from '../spi/links.js';
import type { LinkHome, MemoryLink } from './memory-link.js';
import { MemoryMembership } from './memory-membership.js';

/** What a node in memory needs of its hub. */
export interface MemoryNeighbourhood {
  findByAddress(address: string): MemoryHome | undefined;
  /** Two joined ends that nobody is told of. */
  joinUntold(left: MemoryHome, right: MemoryHome): MemoryLink;
}

/** One node's `Links` in memory. Made by `MemoryLinks.add`. */
export class MemoryHome implements Links, LinkHome {
  readonly id: NodeId;
  readonly role: LinkRole;
  readonly address: string;
  readonly membership: MemoryMembership;
  readonly #hub: MemoryNeighbourhood;
  readonly #clock: Clock;
  readonly #listeners = new Listeners<LinkEvent>();
  readonly #acceptors = new Map<StreamKind, StreamAcceptor>();
  readonly #links = new Map<string, MemoryLink>();

  constructor(id: NodeId, role: LinkRole, hub: MemoryNeighbourhood, clock: Clock) {
    this.id = id;
    this.role = role;
    this.address = `${id.name}.memory:1`;
    this.#hub = hub;
    this.#clock = clock;
    this.membership = new MemoryMembership(id, this.address);
  }

  get self(): NodeId {
    return this.id;
  }

  get name(): string {
    return this.id.name;
  }

  links(): readonly Link[] {
    return [...this.#links.values()];
  }

  findLink(name: string): Link | undefined {
    return this.findMemoryLink(name);
  }

  findMemoryLink(name: string): MemoryLink | undefined {
    const link = this.#links.get(name);
    return link?.up === true ? link : undefined;
  }

  listen(listener: (event: LinkEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  serve(kind: StreamKind, accept: StreamAcceptor): Unlisten {
    assert(!this.#acceptors.has(kind), `no other acceptor for ${kind}`);
    this.#acceptors.set(kind, accept);
    return () => {
      if (this.#acceptors.get(kind) === accept) this.#acceptors.delete(kind);
    };
  }

  exchange(request: ExchangeRequest, done: (answer: Uint8Array | undefined) => void): void {
    let open = true;
    const finish = (answer: Uint8Array | undefined): void => {
      if (!open) return;
      open = false;
      done(answer);
    };
    this.#clock.setTimer(after(this.#clock.now(), request.timeoutMs), () => finish(undefined));
    const target = this.#hub.findByAddress(request.address);
    const wanted = request.name === undefined || request.name === target?.name;
    if (target === undefined || !wanted) {
      this.#clock.afterTurn(() => finish(undefined));
      return;
    }
    const link = this.findMemoryLink(target.name) ?? this.#hub.joinUntold(this, target);
    const isOwn = this.#links.get(target.name) !== link;
    const end = (answer: Uint8Array | undefined): void => {
      if (isOwn) link.close('closed');
      finish(answer);
    };
    const { kind, data } = request;
    link.open(
      { kind, interaction: 'response', metadata: emptyBytes, data, credit: 1 },
      {
        onNext: (payload) => end(payload.data().slice()),
        onComplete: () => end(undefined),
        onFail: () => end(undefined),
        onCredit: () => undefined,
        onCancel: () => undefined,
      },
    );
  }

  findAcceptor(kind: StreamKind): StreamAcceptor | undefined {
    return this.#acceptors.get(kind);
  }

  /** Takes a link that is up, and tells the listeners. */
  raise(link: MemoryLink): void {
    this.#links.set(link.peer.name, link);
    this.#listeners.tell({ kind: 'up', link });
  }

  lower(link: Link, reason: LinkEnd): void {
    if (this.#links.get(link.peer.name) !== link) return;
    this.#links.delete(link.peer.name);
    this.#listeners.tell({ kind: 'down', link, reason });
  }

  /** Streams that are open at this node. */
  streamCount(): number {
    let count = 0;
    for (const link of this.#links.values()) count += link.streamCount;
    return count;
  }
}
