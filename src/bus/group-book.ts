import { ClusterError } from '../core/errors.js';
import type { ResolvedSubscribeOptions } from './subscribe-options.js';

/** What a member of a group is there for. */
export type MemberKind = 'subscription' | 'responder';

/**
 * The groups that this node has members of. They agree on the strategy; and those that listen to other nodes are all `block` or none,
 * because a publisher chooses among the lanes of the former and leaves the choice among the latter to their node.
 */
export class GroupBook {
  readonly #groups = new Map<string, GroupUse>();

  /** Counts a member in, or throws `group-conflict` and changes nothing. */
  join(options: ResolvedSubscribeOptions, kind: MemberKind): void {
    const { group, overflow } = options;
    if (group === undefined) return;
    const use = this.#groups.get(group.name) ?? { strategy: group.strategy, members: 0, lossless: 0, lossy: 0 };
    if (use.strategy !== group.strategy) {
      throw conflict(`group ${group.name} has strategy ${use.strategy} here, not ${group.strategy}`);
    }
    const side = findSide(options, kind);
    if (side !== undefined && use[side === 'lossy' ? 'lossless' : 'lossy'] > 0) {
      const held = side === 'lossy' ? 'block' : 'another policy';
      throw conflict(
        `group ${group.name} has members with overflow ${held} here, and ${overflow} cannot be beside them`,
      );
    }
    use.members += 1;
    if (side !== undefined) use[side] += 1;
    this.#groups.set(group.name, use);
  }

  leave(options: ResolvedSubscribeOptions, kind: MemberKind): void {
    const use = options.group === undefined ? undefined : this.#groups.get(options.group.name);
    if (use === undefined || options.group === undefined) return;
    const side = findSide(options, kind);
    if (side !== undefined) use[side] -= 1;
    use.members -= 1;
    if (use.members === 0) this.#groups.delete(options.group.name);
  }
}

interface GroupUse {
  readonly strategy: string;
  members: number;
  /** Subscriptions that listen to other nodes, with a lane and without. */
  lossless: number;
  lossy: number;
}

function findSide({ broker, overflow }: ResolvedSubscribeOptions, kind: MemberKind): 'lossless' | 'lossy' | undefined {
  if (!broker || kind === 'responder') return undefined;
  return overflow === 'block' ? 'lossless' : 'lossy';
}

function conflict(message: string): ClusterError {
  return new ClusterError('group-conflict', message);
}
