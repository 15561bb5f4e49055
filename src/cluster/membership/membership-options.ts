import { ClusterError } from '../../core/errors.js';
import { findAddress } from '../../core/address.js';
import { isNodeName } from '../../core/ids.js';
import { wireVersion, wireVersionMin, type WireVersions } from '../../core/limits.js';
import { resolveSwimOptions, type SwimOptions } from '../../protocol/swim/options.js';
import { lanSwim, localSwim, wanSwim } from '../../protocol/swim/profiles.js';
import { checkSeeds, type SeedSource } from './seeds.js';

/** How a node takes part. Only `name` and `address` have no default. */
export interface SwimMembershipOptions {
  readonly name: string;
  /** `host:port` where others reach this node, which behind NAT is not where it is bound. */
  readonly address: string;
  /** The epoch of this life. @defaultValue drawn from the wall clock */
  readonly epoch?: number;
  /** Figures of the protocol; a profile gives them together. */
  readonly swim?: Partial<SwimOptions>;
  /** Whom to ask. Nobody, or only this node itself: it is the first. @defaultValue [] */
  readonly seeds?: SeedSource;
  /** For seeds that name no port. @defaultValue the port of `address` */
  readonly seedPort?: number;
  /**
   * How long `start` waits for a seed's answer. Raising it delays the first node of a cluster, lowering it makes a node of a large
   * cluster begin alone for a moment. @defaultValue 3000
   */
  readonly joinTimeoutMs?: number;
  /** First wait between two attempts to join; it doubles up to a second. @defaultValue 200 */
  readonly joinRetryMs?: number;
  /** Rejects `start` with `join-failed` when no seed answers in time, instead of starting alone and trying on. @defaultValue false */
  readonly joinRequired?: boolean;
  /** Seeds that are no member are tried again so often, for ever; alone, up to ten times as often. @defaultValue 30000 */
  readonly seedRetryMs?: number;
  /** @defaultValue none */
  readonly metadata?: Uint8Array;
  /** How long a member that failed counts as lost for `partition`. @defaultValue 3600000 */
  readonly partitionMemoryMs?: number;
  /** A timer later than this means that the loop stood still. @defaultValue 50 */
  readonly stallMs?: number;
  /** Two clusters of different labels never hear each other. @defaultValue "scalebus" */
  readonly label?: string;
  /**
   * Keys of 32 bytes that seal every datagram, the one to seal with first; needs `cipher` and `secrets`. Sealing costs some 10 us and
   * 45 bytes a datagram. None: datagrams travel in clear, and whoever reaches the port can join. @defaultValue []
   */
  readonly keys?: readonly Uint8Array[];
  /** @defaultValue what this build speaks */
  readonly wireVersions?: WireVersions;
}

/** Options with every default filled in. */
export interface ResolvedSwimMembershipOptions extends Required<
  Omit<SwimMembershipOptions, 'swim' | 'epoch' | 'label'>
> {
  readonly epoch: number | undefined;
  readonly swim: SwimOptions;
}

/** Fills what is absent and checks the rest; throws `invalid-options`. */
export function resolveSwimMembershipOptions(given: SwimMembershipOptions): ResolvedSwimMembershipOptions {
  const address = findAddress(given.address);
  if (address === undefined) fail('address', given.address, 'host:port');
  if (!isNodeName(given.name)) fail('name', given.name, '1 to 63 letters, digits, dots, dashes, underscores');
  const seeds = given.seeds ?? [];
  checkSeeds(seeds);
  const resolved = {
    joinTimeoutMs: 3000,
    joinRetryMs: 200,
    joinRequired: false,
    seedRetryMs: 30_000,
    metadata: new Uint8Array(0),
    partitionMemoryMs: 3_600_000,
    stallMs: 50,
    wireVersions: { min: wireVersionMin, max: wireVersion },
    ...given,
    seeds,
    epoch: given.epoch,
    seedPort: given.seedPort ?? address.port,
    keys: given.keys ?? [],
    swim: resolveSwimOptions({ ...given.swim, ...(given.label === undefined ? {} : { label: given.label }) }),
  };
  for (const name of ['joinTimeoutMs', 'joinRetryMs', 'seedRetryMs', 'partitionMemoryMs', 'stallMs'] as const) {
    if (!(resolved[name] >= 1)) fail(name, resolved[name], '1 or more');
  }
  return resolved;
}

function fail(name: string, value: unknown, expected: string): never {
  throw new ClusterError('invalid-options', `${name} is ${JSON.stringify(value)}; it must be ${expected}`);
}

/** What a profile sets; spread it into the options and change what differs. */
export type MembershipProfile = Pick<
  SwimMembershipOptions,
  'swim' | 'joinTimeoutMs' | 'joinRetryMs' | 'seedRetryMs' | 'stallMs'
>;

/** Nodes on one machine: the sixteen ports that are tried answer at once or not at all. */
export function localMembership(): MembershipProfile {
  return { swim: localSwim(), joinTimeoutMs: 250, joinRetryMs: 60, seedRetryMs: 5000 };
}

/** One data centre and about `nodes` nodes. */
export function lanMembership(nodes: number): MembershipProfile {
  return { swim: lanSwim(nodes), joinTimeoutMs: 3000, joinRetryMs: 200, seedRetryMs: 30_000 };
}

/** Several sites and about `nodes` nodes. */
export function wanMembership(nodes: number): MembershipProfile {
  return { swim: wanSwim(nodes), joinTimeoutMs: 10_000, joinRetryMs: 500, seedRetryMs: 60_000, stallMs: 100 };
}
