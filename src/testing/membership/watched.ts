import type { SwimMembership } from '../../cluster/membership/swim-membership.js';
import type { Member, MemberEvent } from '../../spi/membership.js';

/** What checkers see of one life of one node. Tests put a broken one in front of a sound one, to see it caught. */
export interface Watched {
  readonly self: Member;
  /** It has come up and has not begun to leave. */
  readonly isUp: boolean;
  readonly goneCount: number;
  readonly newsCount: number;
  readonly healthScore: number;
  /** How many of something the machine counted. */
  count(name: 'refuted-self' | 'stalled' | 'suspicion-held' | 'life-replaced' | 'reconnect-tried'): number;
  members(): readonly Member[];
  /** Events from now on. */
  listen(listener: (event: MemberEvent) => void): void;
}

/** A production membership as checkers see it. */
export function watchedOf(membership: SwimMembership): Watched {
  const { machine } = membership;
  return {
    get self() {
      return membership.self;
    },
    get isUp() {
      return machine.phase === 'up';
    },
    get goneCount() {
      return machine.view.goneCount;
    },
    get newsCount() {
      return machine.view.newsCount;
    },
    get healthScore() {
      return machine.view.healthScore;
    },
    count: (name) => machine.counts[name],
    members: () => membership.members(),
    listen: (listener) => void membership.listen(listener),
  };
}
