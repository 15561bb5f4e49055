import { after, type Clock } from '../core/clock.js';
import { guestContract } from './guest-contract.js';
import type { NodeRooms } from './assemble.js';

/** A start waits no longer than this for links: a member that is dead but not yet known to be must not hold a newcomer up. */
export const settleMsMax = 1500;

/**
 * Membership has started, so the members that the welcomer knew are here. Resolves when this node has a link to every live member
 * that it should have one to, and holds what they wrote into the tables, so that the first publish or call after `start()` finds who
 * is there; or after `settleMsMax`.
 */
export function whenSettled(rooms: NodeRooms, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      for (const unlisten of unlistens) unlisten();
      resolve();
    };
    const check = (): void => {
      if (isSettled(rooms)) finish();
    };
    const cancel = clock.setTimer(after(clock.now(), settleMsMax), finish);
    const unlistens = [rooms.links.listen(check), rooms.membership.listen(check), rooms.rpc.listen(check)];
    check();
  });
}

/** Every node serves the guest contract, so knowing that of a peer proves that its rows have come. */
function isSettled({ membership, links, rpc }: NodeRooms): boolean {
  const known = new Set(rpc.instances(guestContract.name).map((instance) => instance.node));
  const others = membership.members().filter((member) => membership.isAwaited(member));
  return others.every((member) => links.findLink(member.name) !== undefined && known.has(member.name));
}
