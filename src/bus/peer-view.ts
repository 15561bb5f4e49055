import type { ExplainedNode } from './explain.js';
import type { BusLinkInfo } from './link-info.js';
import type { Peer, RemoteWant } from './peer.js';

/** Who of the peers wants a topic, and why. */
export function explainWants(all: Iterable<RemoteWant>): readonly ExplainedNode[] {
  const wants = new Map<Peer, string[]>();
  for (const want of all) {
    const because = wants.get(want.peer) ?? [];
    wants.set(want.peer, because);
    because.push(describeWant(want));
  }
  return Array.from(wants, ([peer, because]) => ({
    node: peer.id.name,
    epoch: peer.id.epoch,
    because,
    linked: peer.link !== undefined,
    suspect: peer.isSuspect,
    inFlight: sum(peer.outLanes(), (lane) => lane.inFlight),
  }));
}

/** The counters of all lanes to and from a peer. */
export function peerToLinkInfo(peer: Peer): BusLinkInfo {
  return {
    node: peer.id.name,
    epoch: peer.id.epoch,
    linked: peer.link !== undefined,
    suspect: peer.isSuspect,
    sent: sum(peer.outLanes(), (lane) => lane.accepted),
    dropped: sum(peer.outLanes(), (lane) => lane.dropped),
    resent: sum(peer.outLanes(), (lane) => lane.resent),
    inFlight: sum(peer.outLanes(), (lane) => lane.inFlight),
    heldBytes: sum(peer.outLanes(), (lane) => lane.heldBytes),
    received: sum([...peer.inLanes.values()], (lane) => lane.received),
    duplicates: sum([...peer.windows.values()], (window) => window.duplicates),
    ownLanes: peer.ownLanes.size,
  };
}

function describeWant(want: RemoteWant): string {
  if (want.kind === 'pattern') return want.text;
  if (want.kind === 'lane') {
    const { group, patterns } = want.interest;
    return `lossless lane ${want.key}${group === undefined ? '' : ` of group ${group}`}: ${patterns.join(' ')}`;
  }
  return want.index < 0 ? 'exact topics, as hashes' : `${want.text} narrowed to a set of values`;
}

function sum<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((total, item) => total + read(item), 0);
}
