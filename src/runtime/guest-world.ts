import { instanceKey, writeInstance } from '../cluster/rpc/instance-row.js';
import type { ServiceContract } from '../cluster/rpc/contract.js';
import type { NodeId } from '../core/ids.js';
import { Listeners, type Unlisten } from '../core/listeners.js';
import type { LinkPeer } from '../spi/links.js';
import type { Member, Membership } from '../spi/membership.js';
import type { SharedTable, TableChange, Tables } from '../spi/tables.js';

/**
 * The cluster as a guest knows it: one member, its host, and what that serves. It is known beforehand, so a guest needs neither gossip
 * nor tables, and its calls run through the same rooms as a node's.
 */
export class GuestWorld {
  readonly membership: Membership;
  readonly tables: Tables;
  readonly #host: NodeId;
  readonly #services: HostTable;

  constructor(self: NodeId, host: LinkPeer) {
    this.#host = host;
    this.#services = new HostTable(host);
    this.membership = guestMembership(self, host);
    this.tables = { open: (name) => (name === 'services' ? this.#services : new HostTable(host)) };
  }

  /** The host serves a contract, as an instance of this id. */
  serves(contract: ServiceContract, id: string): void {
    const { name, epoch } = this.#host;
    const value = writeInstance({ contract, tags: {} });
    this.#services.put({ kind: 'set', node: { name, epoch }, key: instanceKey(contract.name, id), value });
  }
}

function guestMembership(self: NodeId, host: LinkPeer): Membership {
  const hostMember = toMember(host, host.address);
  return {
    self: toMember(self, ''),
    members: () => [hostMember],
    findMember: (name) => (name === host.name ? hostMember : undefined),
    listen: () => ignore,
    attachDigest: () => ignore,
    report: ignore,
    updateMetadata: ignore,
    start: () => Promise.resolve(),
    leave: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

/** A table of which only the host has a part. */
class HostTable implements SharedTable {
  readonly revision = 0;
  readonly #host: NodeId;
  readonly #rows = new Map<string, Uint8Array>();
  readonly #listeners = new Listeners<TableChange>();

  constructor(host: NodeId) {
    this.#host = host;
  }

  /** The host's part has one more row, or another. */
  put(change: Extract<TableChange, { readonly kind: 'set' }>): void {
    this.#rows.set(change.key, change.value);
    this.#listeners.tell(change);
  }

  set(): void {
    // A guest has nothing to tell, here and below.
  }

  remove(): void {
    // As above.
  }

  rowsOf(node: NodeId): ReadonlyMap<string, Uint8Array> {
    return node.name === this.#host.name ? this.#rows : new Map<string, Uint8Array>();
  }

  nodes(): readonly NodeId[] {
    return [this.#host];
  }

  listen(listener: (change: TableChange) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  whenHeld(): Unlisten {
    return ignore;
  }
}

function toMember({ name, epoch }: NodeId, address: string): Member {
  return { name, epoch, address, status: 'alive', incarnation: 0, wireMin: 1, wireMax: 1, metadata: undefined };
}

function ignore(): void {
  // A guest's cluster never changes while its link is up.
}
