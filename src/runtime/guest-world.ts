import { instanceKey, writeInstance } from '../cluster/rpc/instance-row.js';
import type { NodeId } from '../core/ids.js';
import type { LinkPeer } from '../spi/links.js';
import type { Member, Membership } from '../spi/membership.js';
import type { SharedTable, Tables } from '../spi/tables.js';
import { guestContract } from './guest-contract.js';

/**
 * The cluster as a guest knows it: one member, its host, that serves one contract. It is known beforehand, so a guest needs neither
 * gossip nor tables, and its calls run through the same rooms as a node's.
 */
export function createGuestWorld(
  self: NodeId,
  host: LinkPeer,
): { readonly membership: Membership; readonly tables: Tables } {
  return { membership: guestMembership(self, host), tables: { open: (name) => guestTable(name, host) } };
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

function guestTable(name: string, host: NodeId): SharedTable {
  const row = [instanceKey(guestContract.name, 'node'), writeInstance({ contract: guestContract, tags: {} })] as const;
  const rows: ReadonlyMap<string, Uint8Array> = name === 'services' ? new Map([row]) : new Map<string, Uint8Array>();
  return {
    revision: 0,
    set: ignore,
    remove: ignore,
    rowsOf: (node) => (node.name === host.name ? rows : new Map<string, Uint8Array>()),
    nodes: () => [host],
    listen: () => ignore,
    whenHeld: () => ignore,
  };
}

function toMember({ name, epoch }: NodeId, address: string): Member {
  return { name, epoch, address, status: 'alive', incarnation: 0, wireMin: 1, wireMax: 1, metadata: undefined };
}

function ignore(): void {
  // A guest's world never changes while its link is up.
}
