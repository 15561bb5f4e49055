import { findAddress } from '../../core/address.js';
import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { isNodeName } from '../../core/ids.js';
import { memberMetadataBytesMax, wireVersion, wireVersionMin } from '../../core/limits.js';
import type { Unlisten } from '../../core/listeners.js';
import type { Random } from '../../core/random.js';
import { drawEpoch } from '../../protocol/swim/identity.js';
import { KeyRing } from '../../protocol/swim/key-ring.js';
import { TableDigests } from '../../protocol/swim/table-digests.js';
import type {
  ClusterWatch,
  DigestSource,
  Gossip,
  LinkEvidence,
  Member,
  MemberEvent,
  Membership,
  MemberStatus,
} from '../../spi/membership.js';
import { MemberTeller } from './member-teller.js';
import { PartitionWatch } from './partition-watch.js';

/** One node of the list. */
export interface StaticNode {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
}

/** What a static membership works with. */
export interface StaticMembershipDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Who there is, by configuration. */
export interface StaticMembershipOptions {
  readonly name: string;
  readonly address: string;
  /** Every node of the cluster; this one may be among them. */
  readonly nodes: readonly StaticNode[];
  /** @defaultValue drawn from the wall clock */
  readonly epoch?: number;
  readonly metadata?: Uint8Array;
  /** Kept for the links, which prove them: nothing is sealed here. @defaultValue none */
  readonly keys?: readonly Uint8Array[];
  /**
   * A member that no link has heard for so long is failed: what was kept for its life is dropped. Raising it keeps that longer,
   * lowering it makes a pause look like an end. @defaultValue 10000
   */
  readonly failAfterMs?: number;
  /** How long a member that failed counts as lost for `partition`. @defaultValue 3600000 */
  readonly partitionMemoryMs?: number;
}

/** The epoch of a member that no link has reached yet: its life is not known. Links dial such a member by name and address. */
export const unknownEpoch = 0;

/**
 * Membership by a list: for clusters that never change, and where gossip cannot pass. It sends nothing. Everybody on the list is a
 * member at once, `suspect` and of unknown epoch; links that reach one say so by `report`, which makes it alive, and links that end
 * make it suspect. After `failAfterMs` without a word its life has failed, and it waits, suspect and of unknown epoch, for another.
 * Metadata and digests of others do not travel here; tables repair by their links alone. For the same reason there is no user gossip.
 */
export class StaticMembership implements Membership {
  /** Health, partition and quorum. */
  readonly watch: ClusterWatch;
  /** There is none: `spread` throws `invalid-options`, `send` finds nobody, listeners hear nothing. */
  readonly gossip: Gossip = noGossip;
  /** The keys that were given, to change them while the node runs; `undefined` for a cluster without any. */
  readonly keyRing: KeyRing | undefined;
  readonly #clock: Clock;
  readonly #failAfterMs: number;
  readonly #teller: MemberTeller;
  readonly #digests = new TableDigests();
  readonly #members = new Map<string, Member>();
  readonly #doubts = new Map<string, CancelTimer>();
  #self: Member;
  #stopped = false;

  constructor(deps: StaticMembershipDeps, options: StaticMembershipOptions) {
    checkOptions(options);
    const { clock, random } = deps;
    const { name, address, failAfterMs = 10_000, partitionMemoryMs = 3_600_000, metadata } = options;
    this.#clock = clock;
    this.#failAfterMs = failAfterMs;
    this.keyRing = options.keys === undefined || options.keys.length === 0 ? undefined : new KeyRing(options.keys);
    this.#teller = new MemberTeller(clock);
    const epoch = options.epoch ?? drawEpoch(clock.wallMs(), 0, random.fork('epoch'));
    const status: MemberStatus = 'alive';
    this.#self = { ...newMember(name, address), epoch, status, metadata: metadata ?? new Uint8Array(0) };
    this.#members.set(name, this.#self);
    for (const node of options.nodes) {
      if (node.name !== name) this.#members.set(node.name, newMember(node.name, node.address));
    }
    const partition = new PartitionWatch(clock, partitionMemoryMs);
    this.#teller.listen((event) => partition.observe(event, this.#members.size));
    this.watch = {
      health: { score: 0, lagMs: 0, deaf: false },
      get partition() {
        return partition.state;
      },
      listenPartition: (listener) => partition.listen(listener),
      requireQuorum: () => partition.requireQuorum(),
    };
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
    return this.#teller.listen(listener);
  }

  /** A start waits for a link to everybody on the list. */
  isAwaited(member: Member): boolean {
    return member.name !== this.#self.name;
  }

  attachDigest(name: string, source: DigestSource): Unlisten {
    return this.#digests.attach(name, source);
  }

  report(evidence: LinkEvidence): void {
    const { name, epoch } = evidence.node;
    const member = this.#members.get(name);
    if (this.#stopped || member === undefined || member === this.#self) return;
    if (evidence.kind === 'heard') this.#hear(member, epoch);
    // What ends a link to an earlier life says nothing about this one.
    else if (epoch === member.epoch && member.status === 'alive') this.#doubt(member);
    this.#teller.flushLater();
  }

  /** Never told: nobody speaks of other lives of a name here. */
  listenFault(): Unlisten {
    return () => undefined;
  }

  /** Has no use for them. */
  attachStreams(): void {
    return undefined;
  }

  updateMetadata(metadata: Uint8Array): void {
    if (metadata.length > memberMetadataBytesMax) {
      throw new ClusterError('too-large', `metadata has ${metadata.length} bytes; at most ${memberMetadataBytesMax}`);
    }
    const incarnation = this.#self.incarnation + 1;
    this.#self = { ...this.#self, metadata: metadata.slice(), incarnation };
    this.#change('updated', this.#self);
    this.#teller.flushLater();
  }

  async start(): Promise<void> {
    if (this.#stopped) throw new ClusterError('stopped', 'this membership was stopped; make another');
  }

  async leave(_timeoutMs: number): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#doubts.values()) cancel();
    this.#doubts.clear();
  }

  #hear(member: Member, epoch: number): void {
    if (epoch < member.epoch) return;
    this.#doubts.get(member.name)?.();
    this.#doubts.delete(member.name);
    if (epoch > member.epoch) {
      if (member.epoch !== unknownEpoch) this.#change('failed', { ...member, status: 'failed' });
      this.#change('joined', { ...member, epoch, status: 'alive' });
    } else if (member.status !== 'alive') {
      this.#change('alive', { ...member, status: 'alive' });
    }
  }

  #doubt(member: Member): void {
    this.#change('suspect', { ...member, status: 'suspect' });
    const failAt = after(this.#clock.now(), this.#failAfterMs);
    this.#doubts.get(member.name)?.();
    const cancel = this.#clock.setTimer(failAt, () => {
      this.#doubts.delete(member.name);
      this.#change('failed', { ...member, status: 'failed' });
      this.#change('joined', { ...member, epoch: unknownEpoch, status: 'suspect' });
      this.#teller.flush();
    });
    this.#doubts.set(member.name, cancel);
  }

  #change(kind: MemberEvent['kind'], member: Member): void {
    if (kind !== 'failed') this.#members.set(member.name, member);
    this.#teller.add({ kind, member });
  }
}

const noGossip: Gossip = {
  spread: () => {
    throw new ClusterError(
      'invalid-options',
      'membership by a list of nodes has no gossip; publish on the bus instead',
    );
  },
  send: () => false,
  listen: () => () => undefined,
};

function newMember(name: string, address: string): Member {
  return {
    name,
    epoch: unknownEpoch,
    address,
    status: 'suspect',
    incarnation: 0,
    wireMin: wireVersionMin,
    wireMax: wireVersion,
    metadata: undefined,
  };
}

function checkOptions(options: StaticMembershipOptions): void {
  const names = new Set<string>();
  for (const { name, address } of [{ name: options.name, address: options.address }, ...options.nodes]) {
    const isOwn = name === options.name;
    if (!isNodeName(name)) throw new ClusterError('invalid-options', `${JSON.stringify(name)} is no node name`);
    if (findAddress(address) === undefined) {
      throw new ClusterError('invalid-options', `${address} of ${name} is no host:port`);
    }
    if (names.has(name) && !isOwn) throw new ClusterError('invalid-options', `${name} is listed twice`);
    names.add(name);
  }
}
