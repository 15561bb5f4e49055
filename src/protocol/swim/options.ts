import { ClusterError } from '../../core/errors.js';

/**
 * Every figure of the protocol. The defaults are `lan`'s; `profiles.ts` derives the others. Each part of Lifeguard (Dadgar,
 * Phillips, Currey, 2018) and each of ours has a switch, so that the configurations of the papers can be run.
 */
export interface SwimOptions {
  /**
   * Time between two probes. Raising it lowers idle traffic in proportion and delays detection by as much.
   * @defaultValue 1000 (SWIM on a LAN)
   */
  readonly probePeriodMs: number;
  /**
   * Longest wait for a direct answer before others are asked; the adaptive timeout never exceeds it. Lowering it asks others more
   * often, raising it leaves them less time. At most half a period, so that a nack fits (see `nackShare`).
   * @defaultValue 500
   */
  readonly pingTimeoutMs: number;
  /** Least adaptive timeout; below it a scheduling hiccup looks like a loss. @defaultValue 50 */
  readonly pingTimeoutMinMs: number;
  /** Takes the ping timeout from measured round trips (their 99th of the last 100, with half as much again) instead of the fixed one. */
  readonly adaptiveTimeout: boolean;
  /** Members asked to ping in our place. Raising it costs that many more messages per missed ping. @defaultValue 3 (SWIM's k) */
  readonly indirectProbes: number;
  /**
   * The same for a member that is suspect already: whoever accused it has asked `indirectProbes`. At most that many are asked. Raising it
   * costs three messages more for each of about `dogpileNodes` probes, lowering it leaves confirmations to one way. @defaultValue 1
   */
  readonly suspectIndirectProbes: number;
  /** When a relay says that it got no answer, as a share of the ping timeout. @defaultValue 0.8 (Lifeguard, section IV-A) */
  readonly nackShare: number;
  /** Asks over a stream as well when datagrams fail. Costs a connection per missed ping. @defaultValue true */
  readonly streamPing: boolean;

  /** Suspicion lasts at least alpha * log10(n) periods. Raising it is slower and forgives more. @defaultValue 2 (SWIM and Lifeguard use 5) */
  readonly suspicionAlpha: number;
  /** And at most beta times the least. 1 makes it fixed (plain SWIM). @defaultValue 6 */
  readonly suspicionBeta: number;
  /** Distinct further accusers that bring it down to the least; independent of alpha. @defaultValue 3 */
  readonly suspicionConfirmations: number;
  /**
   * Least suspicion whatever alpha and n say. A node that stalls for five seconds is not removed, for the probe that finds it
   * takes one period more. @defaultValue 4200
   */
  readonly suspicionMinMs: number;
  /** Least suspicion when two observers saw the machine refuse connections. @defaultValue 500 */
  readonly suspicionRefusedMs: number;

  /** Local health multiplier (Lifeguard's S): a node that doubts itself waits up to this many times longer, plus one. 0 switches it off. @defaultValue 8 */
  readonly healthMax: number;
  /** Scales period and timeout by local health (LHA-Probe). */
  readonly healthScalesProbes: boolean;
  /**
   * Waits out the scaled period after an answered probe as well (the paper's rule). False: an answer ends the doubt that stretched the period,
   * and the next probe starts a plain period after the last, so a node is well again after as many periods as it has steps.
   * @defaultValue false
   */
  readonly healthScalesAnswered: boolean;
  /** Counts a failed probe against our own health only if a relay's nack is missing too; false is the paper's rule, always. */
  readonly healthTrustsNacks: boolean;
  /** Tells a member that it is suspected or held for dead with any message to it (Lifeguard's buddy system). */
  readonly buddy: boolean;
  /** Probes the next member on a ring of all every second time, so that nobody is unwatched for long; false chooses at random only. */
  readonly ringProbes: boolean;
  /** Probes a newly suspected member at the next turn instead of its own. */
  readonly dogpile: boolean;
  /** Expected number of nodes that do so; beyond it more confirmations bring nothing. @defaultValue 16 */
  readonly dogpileNodes: number;
  /** Takes another's word that a member is dead for an accusation, until it is confirmed. False believes it at once (SWIM). */
  readonly confirmDeath: boolean;
  /** Asks a later life of a live member whether it is where it is said to be, before it takes the member's place. */
  readonly proveClaims: boolean;
  /** Suspects a member that came back from a wrong verdict for the longest time, for ten minutes. */
  readonly patientAfterReturn: boolean;
  /** Holds suspicions while nothing at all is heard from two or more peers: then this node's own network is at fault. */
  readonly holdWhenDeaf: boolean;

  /** Time between two gossip rounds; rounds happen only while there is news. @defaultValue 200 */
  readonly gossipPeriodMs: number;
  /** Members that get each round. @defaultValue 3 */
  readonly gossipFanout: number;
  /** News is sent this many times log10(n + 1), rounded up. Raising it reaches more in one wave and costs as much more. @defaultValue 4 */
  readonly retransmitFactor: number;
  /**
   * `retransmitFactor` for another's word that confirms an open suspicion: it only shortens what everybody knows. At most
   * `retransmitFactor` counts. Raising it costs messages, lowering it removes later in large clusters. @defaultValue 2
   */
  readonly confirmationFactor: number;
  /**
   * Share of its tellings for which news is fresh, two rounds' worth at least. Only fresh news makes rounds come each `gossipPeriodMs`; what
   * is left to tell rides with probes, and with a round each `probePeriodMs`. Raising it costs messages that hardly find anybody who does not
   * know; lowering it makes news slower where datagrams are lost. 1 makes no difference between them. @defaultValue 0.5
   */
  readonly freshShare: number;
  /** News that waits; when full, the most told goes first. @defaultValue 4096 */
  readonly gossipQueueMax: number;
  /** A failed member still gets gossip for this long, so that it can object. @defaultValue 30000 */
  readonly gossipToFailedMs: number;

  /** Compares tables on every acknowledgement and pulls what differs. */
  readonly digestSync: boolean;
  /** Least time between two pulls of one node while they bring news. @defaultValue 200 */
  readonly syncPeriodMs: number;
  /** Datagrams that answer one pull. @defaultValue 8 */
  readonly syncPacketsMax: number;
  /** Datagrams a second that a node spends on answering pulls. @defaultValue 400 */
  readonly syncPacketsPerSecond: number;

  /** How long a failed or left member is remembered, so that old news does not bring it back. @defaultValue 3600000 */
  readonly tombstoneMs: number;
  /** Cluster-wide mean time between two attempts to reach a lost member. @defaultValue 1000 */
  readonly reconnectPeriodMs: number;
  /** Addresses of lost members that are still tried after their tombstones ended. @defaultValue 64 */
  readonly reconnectMax: number;
  /** Members, this node and the lost ones included. News about more is dropped and counted. @defaultValue 20000 */
  readonly membersMax: number;
  /** How long the old address of our own name may take to answer before it counts as silent. @defaultValue 1000 */
  readonly nameCheckMs: number;

  /** Two clusters with different labels never merge, even on one network. @defaultValue "scalebus" */
  readonly label: string;
  /** Largest datagram; lower it where a tunnel needs more room. @defaultValue 1400 */
  readonly datagramMaxBytes: number;
}

/** Fills what is absent and checks the rest; throws `invalid-options` and names the option. */
export function resolveSwimOptions(given: Partial<SwimOptions> = {}): SwimOptions {
  const options: SwimOptions = { ...defaults, ...given };
  for (const [name, lowest, highest] of ranges) {
    const value = options[name];
    if (typeof value !== 'number' || !(value >= lowest && value <= highest)) {
      throw new ClusterError('invalid-options', `${name} is ${String(value)}; it must be ${lowest} to ${highest}`);
    }
  }
  if (options.pingTimeoutMs * (1 + options.nackShare) > options.probePeriodMs) {
    throw new ClusterError(
      'invalid-options',
      `pingTimeoutMs ${options.pingTimeoutMs} leaves no room for a nack in a period of ${options.probePeriodMs} ms`,
    );
  }
  if (options.label === '' || options.label.length > 255) {
    throw new ClusterError('invalid-options', 'label must have 1 to 255 characters');
  }
  return options;
}

const defaults: SwimOptions = {
  probePeriodMs: 1000,
  pingTimeoutMs: 500,
  pingTimeoutMinMs: 50,
  adaptiveTimeout: true,
  indirectProbes: 3,
  suspectIndirectProbes: 1,
  nackShare: 0.8,
  streamPing: true,
  suspicionAlpha: 2,
  suspicionBeta: 6,
  suspicionConfirmations: 3,
  suspicionMinMs: 4200,
  suspicionRefusedMs: 500,
  healthMax: 8,
  healthScalesProbes: true,
  healthScalesAnswered: false,
  healthTrustsNacks: true,
  buddy: true,
  ringProbes: true,
  dogpile: true,
  dogpileNodes: 16,
  confirmDeath: true,
  proveClaims: true,
  patientAfterReturn: true,
  holdWhenDeaf: true,
  gossipPeriodMs: 200,
  gossipFanout: 3,
  retransmitFactor: 4,
  confirmationFactor: 2,
  freshShare: 0.5,
  gossipQueueMax: 4096,
  gossipToFailedMs: 30_000,
  digestSync: true,
  syncPeriodMs: 200,
  syncPacketsMax: 8,
  syncPacketsPerSecond: 400,
  tombstoneMs: 3_600_000,
  reconnectPeriodMs: 1000,
  reconnectMax: 64,
  membersMax: 20_000,
  nameCheckMs: 1000,
  label: 'scalebus',
  datagramMaxBytes: 1400,
};

type NumberOption = {
  [Name in keyof SwimOptions]: SwimOptions[Name] extends number ? Name : never;
}[keyof SwimOptions];

/** Option, lowest, highest. The highest bound what one mistake can cost; none is meant to be reached. */
const ranges: readonly (readonly [NumberOption, number, number])[] = [
  ['probePeriodMs', 10, 600_000],
  ['pingTimeoutMs', 1, 300_000],
  ['pingTimeoutMinMs', 1, 300_000],
  ['indirectProbes', 0, 16],
  ['suspectIndirectProbes', 0, 16],
  ['nackShare', 0.1, 1],
  ['suspicionAlpha', 0, 100],
  ['suspicionBeta', 1, 100],
  ['suspicionConfirmations', 0, 32],
  ['suspicionMinMs', 0, 3_600_000],
  ['suspicionRefusedMs', 0, 3_600_000],
  ['healthMax', 0, 64],
  ['dogpileNodes', 0, 1_000_000],
  ['gossipPeriodMs', 5, 60_000],
  ['gossipFanout', 1, 64],
  ['retransmitFactor', 1, 64],
  ['confirmationFactor', 1, 64],
  ['freshShare', 0, 1],
  ['gossipQueueMax', 16, 1_000_000],
  ['gossipToFailedMs', 0, 86_400_000],
  ['syncPeriodMs', 10, 600_000],
  ['syncPacketsMax', 1, 64],
  ['syncPacketsPerSecond', 1, 100_000],
  ['tombstoneMs', 1000, 31_536_000_000],
  ['reconnectPeriodMs', 100, 86_400_000],
  ['reconnectMax', 0, 4096],
  ['membersMax', 2, 1_000_000],
  ['nameCheckMs', 1, 60_000],
  ['datagramMaxBytes', 512, 1400],
];
