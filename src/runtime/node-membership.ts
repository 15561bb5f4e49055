import { StaticMembership } from '../cluster/membership/static-membership.js';
import {
  lanMembership,
  localMembership,
  type MembershipProfile,
  wanMembership,
} from '../cluster/membership/membership-options.js';
import { SwimMembership } from '../cluster/membership/swim-membership.js';
import type { ClusterError } from '../core/errors.js';
import type { Unlisten } from '../core/listeners.js';
import type { KeyRing } from '../protocol/swim/key-ring.js';
import type { Links } from '../spi/links.js';
import type { ClusterWatch, Gossip, Member, Membership } from '../spi/membership.js';
import { type NodeEnvironment, versionsOf } from './environment.js';
import type { FrontDoor } from './front-door.js';
import type { ResolvedNodeOptions } from './options.js';
import type { Profile } from './profiles.js';

/** A node's membership: the door, and what users and the assembly need of it besides. */
export interface NodeMembership extends Membership {
  readonly watch: ClusterWatch;
  readonly gossip: Gossip;
  readonly keyRing: KeyRing | undefined;
  /** Whether `start()` waits for a link to this member. */
  isAwaited(member: Member): boolean;
  /** Told once when this node must stop by itself. */
  listenFault(listener: (fault: ClusterError) => void): Unlisten;
  /** Gives it the links, where it can use them. */
  attachStreams(links: Links): void;
}

/** Membership by gossip, or by the list of the option `nodes`. */
export function createMembership(
  environment: NodeEnvironment,
  options: ResolvedNodeOptions,
  front: { readonly address: string; readonly door: FrontDoor },
): NodeMembership {
  const { clock, random } = environment;
  const { address } = front;
  const common = {
    name: options.name,
    address,
    keys: options.key === undefined ? [] : [options.key],
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
  };
  const own = random.fork('membership');
  if (options.nodes !== undefined) {
    return new StaticMembership({ clock, random: own }, { ...common, nodes: options.nodes });
  }
  const { logger, metrics, cipher, secrets, resolver } = environment;
  return new SwimMembership(
    {
      clock,
      random: own,
      socket: front.door.datagrams,
      logger,
      metrics,
      cipher,
      secrets,
      ...(resolver === undefined ? {} : { resolver }),
    },
    {
      ...membershipProfile(options.profile),
      ...common,
      label: options.label,
      seeds: options.seeds.filter((seed) => seed !== address),
      joinRequired: options.joinRequired,
      joinTimeoutMs: options.joinTimeoutMs,
      ...versionsOf(environment),
    },
  );
}

function membershipProfile(profile: Profile): MembershipProfile {
  if (profile.kind === 'local') return localMembership();
  return profile.kind === 'lan' ? lanMembership(profile.nodes) : wanMembership(profile.nodes);
}
