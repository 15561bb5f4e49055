import { addHash, hashText } from '../../core/hash.js';
import type { NodeId } from '../../core/ids.js';
import type { Member } from '../../spi/membership.js';

/**
 * Which members a node links to when there are more than `linksMax`: those with the highest hash of the pair. Both ends of a pair
 * see one hash, so they mostly agree, and a member that comes or goes moves few links. Others are reached on demand.
 */
export function chooseMembers<T extends NodeId>(self: string, members: readonly T[], linksMax: number): readonly T[] {
  if (members.length <= linksMax) return members;
  const scored = members.map((member) => ({ member, score: pairScore(self, member.name) }));
  return scored
    .toSorted((left, right) => right.score - left.score)
    .slice(0, linksMax)
    .map(({ member }) => member);
}

/** Says whether a member is one to have a link to: a suspect one may be well. */
export function isThere(member: Member): boolean {
  return member.status === 'alive' || member.status === 'suspect';
}

function pairScore(left: string, right: string): number {
  const [first, second] = left < right ? [left, right] : [right, left];
  return addHash(hashText(first), hashText(second));
}
