import { groupsWonMax } from '../core/limits.js';
import type { Candidate } from '../protocol/bus/group.js';
import type { RouteLane, RouteMember } from './outlet.js';

/** Another node's members of a group as one candidate. */
export function memberToCandidate(member: RouteMember): Candidate {
  const { node, epoch, order, members, inFlight, hasRoom } = member;
  return { name: node, epoch, order, local: false, members, inFlight, isFull: !hasRoom };
}

/** One lossless member of the node that was chosen, named as that node itself names it. */
export function laneToCandidate({ key, order, inFlight, hasRoom }: RouteLane): Candidate {
  return { name: key, epoch: 0, order, local: true, members: 1, inFlight, isFull: !hasRoom };
}

/** Notes that a node won a group; false when it has won as many as one event or request may name. */
export function addWinner(winners: Map<string, string[]>, node: string, group: string): boolean {
  const won = winners.get(node);
  if (won === undefined) winners.set(node, [group]);
  else if (won.length < groupsWonMax) won.push(group);
  else return false;
  return true;
}
