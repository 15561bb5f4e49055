/** The configurations of the papers, by the machine's switches, and ours. */
import type { SwimOptions } from '../../src/protocol/swim/options.js';

/** One way to run the machine. */
export interface Configuration {
  readonly name: string;
  readonly swim: Partial<SwimOptions>;
}

/** SWIM as memberlist ran it for the paper: none of Lifeguard's parts and none of ours. */
const plain: Partial<SwimOptions> = {
  adaptiveTimeout: false,
  streamPing: false,
  suspectIndirectProbes: 3,
  confirmationFactor: 4,
  freshShare: 1,
  suspicionAlpha: 5,
  suspicionBeta: 1,
  suspicionConfirmations: 0,
  suspicionMinMs: 0,
  healthMax: 0,
  healthScalesProbes: false,
  healthScalesAnswered: true,
  healthTrustsNacks: false,
  buddy: false,
  ringProbes: false,
  dogpile: false,
  confirmDeath: false,
  proveClaims: false,
  patientAfterReturn: false,
  holdWhenDeaf: false,
  digestSync: false,
  reconnectMax: 0,
};

const probe: Partial<SwimOptions> = { healthMax: 8, healthScalesProbes: true };

function suspicion(alpha: number, beta: number): Partial<SwimOptions> {
  return { suspicionAlpha: alpha, suspicionBeta: beta, suspicionConfirmations: 3 };
}

/** Lifeguard with all its parts, at an alpha and a beta. */
export function lifeguard(alpha: number, beta: number): Configuration {
  return {
    name: `Lifeguard a${alpha} b${beta}`,
    swim: { ...plain, ...probe, ...suspicion(alpha, beta), buddy: true },
  };
}

/** The five of Table IV, in its order. */
export const paperConfigurations: readonly Configuration[] = [
  { name: 'SWIM', swim: plain },
  { name: 'LHA-Probe', swim: { ...plain, ...probe } },
  { name: 'LHA-Suspicion', swim: { ...plain, ...suspicion(5, 6) } },
  { name: 'Buddy System', swim: { ...plain, buddy: true } },
  { ...lifeguard(5, 6), name: 'Lifeguard' },
];

/** What this package does when nothing is set. */
export const ours: Configuration = { name: 'ours (a2)', swim: {} };
