import { findRendezvous } from '../../core/rendezvous.js';
import type { Random } from '../../core/random.js';
import type { GroupStrategy } from '../../spi/bus.js';

/** Somebody who could get a group's event: a node with members of the group, or one member inside a node. */
export interface Candidate {
  /** Unique among the candidates: a node's name, or a subscription's id. */
  readonly name: string;
  /** Age: first the epoch, then `order` inside it, then the name. Equal on every node that knows the same candidates. */
  readonly epoch: number;
  readonly order: number;
  /** On the node that publishes. */
  readonly local: boolean;
  /** Members behind it; a random choice gives each member the same share. */
  readonly members: number;
  /** Events given to it and not yet known to be done. */
  readonly inFlight: number;
  /** It could not take one more now: a strategy that is free to passes it by. */
  readonly isFull: boolean;
}

/**
 * Chooses who of a group gets an event: the index, or -1 when there is nobody. Pure; only `random` and ties draw a number.
 * `local-first` takes a member of the publishing node if there is one, any other else. `oldest` and `hashed` have no choice; the
 * others pass full candidates by while there is one that is not.
 */
export function chooseCandidate(
  strategy: GroupStrategy,
  candidates: readonly Candidate[],
  key: string,
  random: Random,
): number {
  if (candidates.length <= 1) return candidates.length - 1;
  if (strategy === 'oldest') return indexOfLeast(candidates, isOlder);
  if (strategy === 'hashed') return findRendezvous(key, candidates.map(nameOf));
  if (strategy === 'least-in-flight') return indexOfLeast(candidates, isIdler, random.below(candidates.length));
  return drawByMembers(candidates, random, findEligible(strategy, candidates));
}

/** Says whether a strategy may take any member. */
export function isFreeStrategy(strategy: GroupStrategy): boolean {
  return strategy !== 'oldest' && strategy !== 'hashed';
}

/** Who may be drawn: those with room before the others, then the local ones if they come first. */
function findEligible(strategy: GroupStrategy, candidates: readonly Candidate[]): (candidate: Candidate) => boolean {
  const someHaveRoom = candidates.some(({ isFull }) => !isFull);
  const isFit = ({ isFull }: Candidate): boolean => !isFull || !someHaveRoom;
  const localOnly = strategy === 'local-first' && candidates.some((candidate) => candidate.local && isFit(candidate));
  return (candidate) => isFit(candidate) && (candidate.local || !localOnly);
}

function drawByMembers(
  candidates: readonly Candidate[],
  random: Random,
  isEligible: (candidate: Candidate) => boolean,
): number {
  let total = 0;
  for (const candidate of candidates) if (isEligible(candidate)) total += candidate.members;
  let left = random.below(Math.max(1, total));
  for (let index = 0; index < candidates.length; index += 1) {
    const candidate = candidates[index];
    if (candidate === undefined || !isEligible(candidate)) continue;
    left -= candidate.members;
    if (left < 0) return index;
  }
  return candidates.length - 1;
}

/** The index of the smallest; the search starts at `from`, so that equal ones take turns when it is random. */
function indexOfLeast(
  candidates: readonly Candidate[],
  isLess: (left: Candidate, right: Candidate) => boolean,
  from = 0,
): number {
  let best = from % candidates.length;
  for (let step = 1; step < candidates.length; step += 1) {
    const index = (from + step) % candidates.length;
    const candidate = candidates[index];
    const held = candidates[best];
    if (candidate !== undefined && held !== undefined && isLess(candidate, held)) best = index;
  }
  return best;
}

function nameOf(candidate: Candidate): string {
  return candidate.name;
}

function isOlder(left: Candidate, right: Candidate): boolean {
  if (left.epoch !== right.epoch) return left.epoch < right.epoch;
  if (left.order !== right.order) return left.order < right.order;
  return left.name < right.name;
}

function isIdler(left: Candidate, right: Candidate): boolean {
  if (left.isFull !== right.isFull) return right.isFull;
  return left.inFlight / left.members < right.inFlight / right.members;
}
