import { ClusterError } from '../core/errors.js';
import { memberMetadataBytesMax, wireVersion, wireVersionMin } from '../core/limits.js';
import { Listeners, type Unlisten } from '../core/listeners.js';
import type { NodeId } from '../core/ids.js';
import type { DigestSource, LinkEvidence, Member, MemberEvent, Membership } from '../spi/membership.js';

/** A membership that is told who is here; for tests of the rooms above it. */
export class MemoryMembership implements Membership {
  readonly #listeners = new Listeners<MemberEvent>();
  readonly #members = new Map<string, Member>();
  readonly #sources = new Map<string, DigestSource>();
  /** Every evidence that links reported, in order. */
  readonly evidence: LinkEvidence[] = [];
  #self: Member;

  constructor(self: NodeId, address: string) {
    this.#self = memoryMember(self, address);
    this.#members.set(self.name, this.#self);
  }

  get self(): Member {
    return this.#self;
  }

  members(): readonly Member[] {
    return [...this.#members.values()];
  }

  findMember(name: string): Member | undefined {
    return this.#members.get(name);
  }

  listen(listener: (event: MemberEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  attachDigest(name: string, source: DigestSource): Unlisten {
    if (this.#sources.has(name)) throw new ClusterError('invalid-options', `digest ${name} twice`);
    this.#sources.set(name, source);
    return () => this.#sources.delete(name);
  }

  report(evidence: LinkEvidence): void {
    if (evidence.kind !== 'heard') this.evidence.push(evidence);
  }

  updateMetadata(metadata: Uint8Array): void {
    if (metadata.length > memberMetadataBytesMax) {
      throw new ClusterError('too-large', `metadata of ${metadata.length} bytes`);
    }
    this.#self = { ...this.#self, metadata, incarnation: this.#self.incarnation + 1 };
    this.#members.set(this.#self.name, this.#self);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Adds or changes a member and tells the listeners. `left` and `failed` take it off the list. */
  tell(kind: MemberEvent['kind'], member: Member): void {
    if (kind === 'left' || kind === 'failed') {
      if (this.#members.get(member.name)?.epoch !== member.epoch) return;
      this.#members.delete(member.name);
    } else {
      this.#members.set(member.name, member);
    }
    const status = kind === 'joined' || kind === 'updated' ? 'alive' : kind;
    this.#listeners.tell({ kind, member: { ...member, status } });
  }

  /** Tells the listeners of an event and nothing else, as news of an earlier life does that comes late. */
  tellOnly(event: MemberEvent): void {
    this.#listeners.tell(event);
  }

  /** Lets this node hear the digests of another, as one round of gossip would. */
  hear(other: MemoryMembership): void {
    for (const [name, source] of other.#sources) {
      this.#sources.get(name)?.heard(other.#self, source.own());
    }
  }
}

/** A member that is alive, as the in-memory hub announces it. */
export function memoryMember(node: NodeId, address: string): Member {
  return {
    name: node.name,
    epoch: node.epoch,
    address,
    status: 'alive',
    incarnation: 0,
    wireMin: wireVersionMin,
    wireMax: wireVersion,
    metadata: undefined,
  };
}
