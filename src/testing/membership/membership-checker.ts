import type { Member, MemberEvent, MemberStatus } from '../../spi/membership.js';
import { MembershipTruth } from './membership-truth.js';
import type { Watched } from './watched.js';

/** What can be broken; each has a count of how often it was looked at. */
export type MembershipRule =
  | 'illegal-pair'
  | 'incarnation-monotonic'
  | 'no-resurrection'
  | 'self-incarnation'
  | 'self-liveness'
  | 'metadata-per-incarnation'
  | 'boundedness'
  | 'convergence'
  | 'healthy-pair';

/** Every rule. */
export const membershipRules: readonly MembershipRule[] = [
  'illegal-pair',
  'incarnation-monotonic',
  'no-resurrection',
  'self-incarnation',
  'self-liveness',
  'metadata-per-incarnation',
  'boundedness',
  'convergence',
  'healthy-pair',
];

interface Belief {
  status: MemberStatus;
  epoch: number;
  incarnation: number;
}

interface Observer {
  readonly name: string;
  readonly watched: Watched;
  readonly beliefs: Map<string, Belief>;
  selfEpoch: number;
  selfIncarnation: number;
}

/**
 * Watches what every node of a simulated cluster is told and believes: the eight invariants, and that two healthy nodes that can
 * reach each other do not stay apart. Each time a rule is applied to something that could break it, that is counted.
 */
export class MembershipChecker {
  readonly faults: string[] = [];
  readonly checked: Record<MembershipRule, number>;
  readonly #truth = new MembershipTruth();
  readonly #observers = new Map<Watched, Observer>();
  readonly #limits: { readonly healthMax: number };
  readonly #nowMs: () => number;

  constructor(limits: { readonly healthMax: number }, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    const checked: Record<string, number> = {};
    for (const rule of membershipRules) checked[rule] = 0;
    // Every rule of the closed list was just written.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.checked = checked;
  }

  /** Begins to watch one life of a node, before it starts. */
  watch(name: string, watched: Watched): void {
    const { epoch, incarnation } = watched.self;
    const observer = { name, watched, beliefs: new Map(), selfEpoch: epoch, selfIncarnation: incarnation };
    this.#truth.began(watched);
    this.#observers.set(watched, observer);
    watched.listen((event) => this.#told(observer, event));
  }

  /**
   * Looks at the table of one that runs, from its own event loop. What a call changes is told in the next turn, so a difference
   * between what it lists and what it was told counts when it is still there `later`.
   */
  look(watched: Watched, later: (look: () => void) => void): void {
    this.#truth.noteAll();
    const observer = this.#observers.get(watched);
    if (observer === undefined) return;
    this.#lookAtSelf(observer);
    if (this.#lookAtTable(observer, 'doubt')) return;
    later(() => {
      if (!this.#lookAtTable(observer, 'doubt')) later(() => this.#lookAtTable(observer, 'blame'));
    });
  }

  /** Remembers what each node says of itself now. */
  note(): void {
    this.#truth.noteAll();
  }

  /** Notes that something was broken. */
  blame(rule: MembershipRule, text: string): void {
    if (this.faults.length < faultsMax) this.faults.push(`${rule}: ${Math.round(this.#nowMs())} ms: ${text}`);
  }

  #told(observer: Observer, event: MemberEvent): void {
    this.#truth.noteAll();
    const { kind, member } = event;
    const what = `${observer.name} is told ${kind} ${textOf(member)}`;
    if (member.name === observer.name) {
      this.#count('self-liveness');
      if (kind !== 'updated') this.blame('self-liveness', what);
      return;
    }
    this.#checkTruth(what, member);
    const before = observer.beliefs.get(member.name);
    this.#checkPair(what, before, event);
    if (before !== undefined) this.#checkOrder(what, before, event);
    const { epoch, incarnation } = member;
    observer.beliefs.set(member.name, { status: statusAfter(kind, before), epoch, incarnation });
  }

  #checkPair(what: string, before: Belief | undefined, { kind, member }: MemberEvent): void {
    this.#count('illegal-pair');
    const from = before?.status ?? 'unknown';
    if (!befores[kind].includes(from)) this.blame('illegal-pair', `${what} while it is ${from}`);
    else if (kind !== 'joined' && before?.epoch !== member.epoch) {
      this.blame('illegal-pair', `${what} while it knows epoch ${before?.epoch}`);
    }
  }

  #checkOrder(what: string, before: Belief, { kind, member }: MemberEvent): void {
    this.#count('incarnation-monotonic');
    const isSameEpoch = before.epoch === member.epoch;
    if (member.epoch < before.epoch || (isSameEpoch && member.incarnation < before.incarnation)) {
      this.blame('incarnation-monotonic', `${what} after ${before.epoch}/${before.incarnation}`);
    }
    if (kind !== 'joined' || !isSameEpoch) return;
    this.#count('no-resurrection');
    if (before.status === 'left') this.blame('no-resurrection', `${what} after its good-bye`);
    else if (member.incarnation <= before.incarnation) {
      this.blame('no-resurrection', `${what} after it was held for failed at ${before.incarnation}`);
    }
  }

  #checkTruth(what: string, member: Member): void {
    this.#count('self-incarnation');
    const fault = this.#truth.findFault(member);
    if (fault !== undefined) this.blame('self-incarnation', `${what}, which ${fault}`);
  }

  #lookAtSelf(observer: Observer): void {
    const { self, isUp } = observer.watched;
    this.#count('self-incarnation');
    const isSameEpoch = self.epoch === observer.selfEpoch;
    if (self.epoch < observer.selfEpoch || (isSameEpoch && self.incarnation < observer.selfIncarnation)) {
      this.blame('self-incarnation', `${observer.name} went back from ${observer.selfIncarnation} to ${textOf(self)}`);
    }
    observer.selfEpoch = self.epoch;
    observer.selfIncarnation = self.incarnation;
    if (!isUp) return;
    this.#count('self-liveness');
    if (self.status !== 'alive') this.blame('self-liveness', `${observer.name} holds itself for ${self.status}`);
  }

  /** Returns whether all is as it was told. */
  #lookAtTable(observer: Observer, unequal: 'doubt' | 'blame'): boolean {
    const { name, watched, beliefs } = observer;
    const members = watched.members();
    this.#count('boundedness');
    const names = this.#truth.nameCount;
    const { goneCount, newsCount, healthScore } = watched;
    if (members.length + goneCount > names || newsCount > names || healthScore > this.#limits.healthMax) {
      const sizes = `${members.length} live, ${goneCount} gone, ${newsCount} news, health ${healthScore}`;
      this.blame('boundedness', `${name} has ${sizes} where ${names} names ever were`);
    }
    for (const member of members) {
      if (member.name === name) continue;
      const what = `${name} lists ${textOf(member)}`;
      this.#checkTruth(what, member);
      const belief = beliefs.get(member.name);
      if (belief === undefined || belief.epoch !== member.epoch || belief.status !== member.status) {
        if (unequal === 'doubt') return false;
        this.blame('illegal-pair', `${what}, but was told ${belief?.status ?? 'nothing'}`);
      } else if (member.incarnation < belief.incarnation) {
        this.blame('incarnation-monotonic', `${what}, after ${belief.incarnation}`);
      } else {
        belief.incarnation = member.incarnation;
      }
      // A doubt may raise the incarnation before the member's own word brings what it says there.
      if (member.status !== 'alive' || member.metadata === undefined || member.metadata.length === 0) continue;
      this.#count('metadata-per-incarnation');
      if (!this.#truth.isMetadataTrue(member)) this.blame('metadata-per-incarnation', what);
    }
    return true;
  }

  #count(rule: MembershipRule): void {
    this.checked[rule] += 1;
  }
}

/** A broken run breaks the same thing again and again. */
const faultsMax = 50;

const befores: Readonly<Record<MemberEvent['kind'], readonly (MemberStatus | 'unknown')[]>> = {
  joined: ['unknown', 'failed', 'left'],
  updated: ['alive', 'suspect'],
  suspect: ['alive'],
  alive: ['suspect'],
  left: ['alive', 'suspect'],
  failed: ['alive', 'suspect'],
};

function statusAfter(kind: MemberEvent['kind'], before: Belief | undefined): MemberStatus {
  if (kind === 'joined') return 'alive';
  if (kind === 'updated') return before?.status ?? 'alive';
  return kind;
}

function textOf({ name, epoch, incarnation }: Member): string {
  return `${name}@${epoch}/${incarnation}`;
}
