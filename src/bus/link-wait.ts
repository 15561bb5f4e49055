import { after, type Clock } from '../core/clock.js';
import type { Unlisten } from '../core/listeners.js';
import type { Links } from '../spi/links.js';
import type { Membership } from '../spi/membership.js';

/** What waiting for links stands on. */
export interface LinkWaitDeps {
  readonly clock: Clock;
  readonly links: Links;
  readonly membership: Membership;
}

/**
 * Calls `done` once every member that is alive has a link here: what nodes tell each other goes over links, and a node that has just
 * started knows its members before it has links to them. A member that gets none within a second is not waited for: it is cut off,
 * or one of more than this node links to. The returned function ends the waiting.
 */
export function whenLinked({ clock, links, membership }: LinkWaitDeps, done: () => void): Unlisten {
  if (allLinked(links, membership)) {
    done();
    return () => undefined;
  }
  const ends: Unlisten[] = [];
  const end = (): void => {
    for (const one of ends.splice(0)) one();
  };
  const finish = (): void => {
    if (ends.length === 0) return;
    end();
    done();
  };
  const check = (): void => {
    if (allLinked(links, membership)) finish();
  };
  ends.push(clock.setTimer(after(clock.now(), linkWaitMs), finish), links.listen(check), membership.listen(check));
  return end;
}

function allLinked(links: Links, membership: Membership): boolean {
  const self = membership.self.name;
  return membership.members().every(({ name, status, epoch }) => {
    if (name === self || status !== 'alive') return true;
    const link = links.findLink(name);
    return link !== undefined && link.peer.epoch >= epoch;
  });
}

/** A link is dialled within a few hundred milliseconds of the member's being known. */
const linkWaitMs = 1000;
