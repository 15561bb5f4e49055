import type { Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import { Armour } from '../../protocol/swim/armour.js';
import type { MemberCatalogue } from '../../protocol/swim/catalogue.js';
import { drawEpoch } from '../../protocol/swim/identity.js';
import type { SwimSetup } from '../../protocol/swim/engine.js';
import { KeyRing } from '../../protocol/swim/key-ring.js';
import { SwimMachine } from '../../protocol/swim/swim.js';
import type { DatagramSocket } from '../../spi/datagrams.js';
import type { Metrics } from '../../spi/metrics.js';
import type { Cipher, Secrets } from '../../spi/secrets.js';
import type { ResolvedSwimMembershipOptions } from './membership-options.js';
import type { HostResolver } from './seeds.js';

/** What the driver works with. */
export interface SwimMembershipDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Bound by the caller, who closes it after `stop`. */
  readonly socket: DatagramSocket;
  /** Looks seeds' names up. Without one they go to the socket as they are. */
  readonly resolver?: HostResolver;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Needed with `keys`. */
  readonly cipher?: Cipher;
  readonly secrets?: Secrets;
  /** Shared by nodes that are simulated in one process. */
  readonly catalogue?: MemberCatalogue;
}

/** What seals datagrams; `undefined` without keys. Throws `invalid-options` when keys have no cipher or secrets. */
export function makeArmour(deps: SwimMembershipDeps, options: ResolvedSwimMembershipOptions): Armour | undefined {
  const { cipher, secrets } = deps;
  if (options.keys.length === 0) return undefined;
  if (cipher === undefined || secrets === undefined) {
    throw new ClusterError('invalid-options', 'keys need a cipher and secrets');
  }
  const { label, membersMax: sessionsMax } = options.swim;
  return new Armour({ cipher, secrets, ring: new KeyRing(options.keys) }, { label, sessionsMax, sealsMax: 2 ** 32 });
}

/** The machine of this life: its epoch is drawn when none is given. */
export function makeMachine(
  deps: SwimMembershipDeps,
  options: ResolvedSwimMembershipOptions,
  parts: Pick<SwimSetup, 'armour' | 'heard'>,
): SwimMachine {
  const { clock, random, catalogue } = deps;
  const { name, address, metadata, wireVersions } = options;
  const epoch = options.epoch ?? drawEpoch(clock.wallMs(), 0, random.fork('epoch'));
  return new SwimMachine(clock.now(), {
    options: options.swim,
    identity: { name, epoch, address, metadata, wireMin: wireVersions.min, wireMax: wireVersions.max },
    random: random.fork('swim'),
    ...(catalogue === undefined ? {} : { catalogue }),
    ...parts,
  });
}
