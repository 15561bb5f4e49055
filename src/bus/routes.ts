import { hashText } from '../core/hash.js';
import { ClusterError } from '../core/errors.js';
import { parsePattern, topicToSegments, type TopicPattern } from '../core/topic.js';
import {
  bucketOf,
  findInterestKey,
  readHashes,
  readLaneInterest,
  readPatternInterest,
  type GroupInterest,
  type InterestKey,
} from '../protocol/bus/interest-row.js';
import { isFreeStrategy } from '../protocol/bus/group.js';
import { TopicTrie } from '../protocol/bus/topic-trie.js';
import type { GroupStrategy } from '../spi/bus.js';
import type { NumberedTopic } from './event-encoder.js';
import type { RemoteResponder, Route, RouteGroup, RouteLane, RouteMember } from './outlet.js';
import type { Peer, RemoteWant } from './peer.js';
import { emptyReceipt } from './plan.js';

/** A route with what sending needs. */
export interface PeerRoute extends Route, NumberedTopic {
  /** Nodes with subscriptions outside groups. */
  readonly peers: readonly Peer[];
  /** Lossless subscriptions. */
  readonly lanes: readonly { readonly peer: Peer; readonly key: string }[];
  readonly groups: readonly PeerRouteGroup[];
  /** Why, for `explain`. */
  readonly wants: readonly RemoteWant[];
}

/** A group with its peers. */
export interface PeerRouteGroup extends RouteGroup {
  readonly nodes: readonly PeerMember[];
}

/** Which nodes want a topic: the interest rows of all peers, indexed by their patterns. */
export class Routes {
  readonly #events = new TopicTrie<RemoteWant, PeerRoute>(buildRoute);
  readonly #requests = new TopicTrie<RemoteWant, readonly RemoteWant[]>((wants) => wants);
  #malformedRows = 0;

  /** Rows of peers that could not be read. */
  get malformedRows(): number {
    return this.#malformedRows;
  }

  find(topic: string): PeerRoute {
    return this.#events.size === 0 ? emptyRoute : this.#events.find(topic).match;
  }

  findOverlap(patterns: readonly TopicPattern[]): PeerRoute {
    return this.#events.size === 0 ? emptyRoute : this.#events.findOverlap(patterns);
  }

  findResponders(topic: string): readonly RemoteResponder[] {
    if (this.#requests.size === 0) return [];
    const responders = new Map<Peer, { plain: number; groups: RouteGroup[] }>();
    for (const want of this.#requests.find(topic).match) {
      if (want.kind !== 'pattern' || !want.peer.isUsable) continue;
      const held = responders.get(want.peer) ?? { plain: 0, groups: [] };
      responders.set(want.peer, held);
      held.plain += want.interest.plain;
      for (const group of want.interest.groups) addResponderGroup(held.groups, want.peer, group);
    }
    return Array.from(responders, ([peer, { plain, groups }]) => ({ node: peer.id.name, plain, groups }));
  }

  /** Takes a row of a peer in place of the one of that key. */
  set(peer: Peer, keyText: string, value: Uint8Array): void {
    this.remove(peer, keyText);
    const key = findInterestKey(keyText);
    // A row of a later build: nothing that this one could route.
    if (key === undefined) return;
    if (key.kind === 'hashed' || key.kind === 'indexed') {
      this.#setBucket(peer, key, readHashes(value));
      return;
    }
    const want = toWant(peer, key, value);
    if (want === undefined) {
      this.#malformedRows += 1;
      return;
    }
    peer.wants.set(keyText, want);
    for (const pattern of patternsOf(want)) this.#trieOf(key).add(pattern, want);
  }

  remove(peer: Peer, keyText: string): void {
    const key = findInterestKey(keyText);
    if (key?.kind === 'hashed' || key?.kind === 'indexed') {
      this.#setBucket(peer, key, undefined);
      return;
    }
    const want = peer.wants.get(keyText);
    if (want === undefined || key === undefined) return;
    peer.wants.delete(keyText);
    for (const pattern of patternsOf(want)) this.#trieOf(key).remove(pattern, want);
  }

  /** Forgets all that a peer wanted. */
  clear(peer: Peer): void {
    for (const [key, want] of peer.wants) {
      const trie = key.startsWith('r ') ? this.#requests : this.#events;
      for (const pattern of patternsOf(want)) trie.remove(pattern, want);
    }
    peer.wants.clear();
  }

  #trieOf(key: InterestKey): TopicTrie<RemoteWant, unknown> {
    return key.kind === 'requests' ? this.#requests : this.#events;
  }

  /** One want stands for all buckets of a pattern, so that routing looks into one of them only. */
  #setBucket(peer: Peer, key: BucketKey, hashes: readonly number[] | undefined): void {
    const { text, index } = key.kind === 'hashed' ? wholeTopic : { text: key.pattern, index: key.index };
    const wantKey = `x ${index} ${text}`;
    let want = peer.wants.get(wantKey);
    if (want === undefined) {
      if (hashes === undefined) return;
      want = { kind: 'values', peer, text, index, buckets: new Map() };
      peer.wants.set(wantKey, want);
      for (const pattern of patternsOf(want)) this.#events.add(pattern, want);
    }
    if (want.kind !== 'values') return;
    if (hashes === undefined) want.buckets.delete(key.bucket);
    else want.buckets.set(key.bucket, new Set(hashes));
    if (want.buckets.size === 0) {
      peer.wants.delete(wantKey);
      for (const pattern of patternsOf(want)) this.#events.remove(pattern, want);
    }
    this.#events.touch();
  }
}

type BucketKey = Extract<InterestKey, { readonly kind: 'hashed' | 'indexed' }>;

const wholeTopic = { text: '/**', index: -1 };

/** A node's members of a group, with its state as it is when asked. */
export class PeerMember implements RouteMember {
  readonly peer: Peer;
  readonly node: string;
  readonly epoch: number;
  readonly order: number;
  readonly members: number;
  readonly lanes: readonly RouteLane[];
  readonly #isAnyEnough: boolean;

  constructor(peer: Peer, { order, members, strategy }: GroupInterest, lanes: readonly RouteLane[] = noLanes) {
    this.peer = peer;
    this.node = peer.id.name;
    this.epoch = peer.id.epoch;
    this.order = order;
    this.members = members;
    this.lanes = lanes;
    this.#isAnyEnough = isFreeStrategy(strategy);
  }

  get inFlight(): number {
    if (this.lanes.length === 0) return this.peer.shared.inFlight;
    return this.lanes.reduce((sum, lane) => sum + lane.inFlight, 0);
  }

  get hasRoom(): boolean {
    if (this.lanes.length === 0) return this.peer.shared.hasRoom;
    return this.#isAnyEnough ? this.lanes.some(laneHasRoom) : this.lanes.every(laneHasRoom);
  }

  get usable(): boolean {
    return this.peer.isUsable;
  }
}

/** The lane of a lossless member, with its state as it is when asked. */
class MemberLane implements RouteLane {
  readonly key: string;
  readonly order: number;
  readonly #peer: Peer;

  constructor(peer: Peer, key: string) {
    this.#peer = peer;
    this.key = key;
    this.order = Number(key);
  }

  get inFlight(): number {
    return this.#peer.ownLanes.get(this.key)?.inFlight ?? 0;
  }

  get hasRoom(): boolean {
    return this.#peer.ownLanes.get(this.key)?.hasRoom === true;
  }
}

const noLanes: readonly RouteLane[] = [];

function laneHasRoom(lane: RouteLane): boolean {
  return lane.hasRoom;
}

/** Says whether a strategy contradicts what peers use; throws `group-conflict`. */
export function assertGroupStrategy(peers: Iterable<Peer>, name: string, strategy: GroupStrategy): void {
  for (const peer of peers) {
    for (const want of peer.wants.values()) {
      if (want.kind !== 'pattern') continue;
      const other = want.interest.groups.find((group) => group.name === name);
      if (other === undefined || other.strategy === strategy) continue;
      const text = `group ${name} has strategy ${other.strategy} at ${peer.id.name}, not ${strategy}`;
      throw new ClusterError('group-conflict', text);
    }
  }
}

const emptyRoute: PeerRoute = {
  empty: true,
  isPlain: false,
  receipt: emptyReceipt,
  groups: [],
  peers: [],
  lanes: [],
  wants: [],
  number: 0,
};

function buildRoute(wants: readonly RemoteWant[], topic: string | undefined): PeerRoute {
  const peers = new Set<Peer>();
  const lanes: { peer: Peer; key: string }[] = [];
  const groups = new Map<string, { strategy: GroupStrategy; members: Map<Peer, GroupInterest> }>();
  const memberLanes: { peer: Peer; group: string; lane: RouteLane }[] = [];
  const matching = topic === undefined ? wants : wants.filter((want) => isWanted(want, topic));
  for (const want of matching) {
    if (want.kind === 'lane') {
      const { peer, key, interest } = want;
      if (interest.group === undefined) lanes.push({ peer, key });
      else memberLanes.push({ peer, group: interest.group, lane: new MemberLane(peer, key) });
    } else if (want.kind !== 'pattern') peers.add(want.peer);
    else {
      if (want.interest.plain > 0) peers.add(want.peer);
      for (const group of want.interest.groups) addMember(groups, want.peer, group);
    }
  }
  if (peers.size + lanes.length + groups.size === 0) return emptyRoute;
  return {
    empty: false,
    isPlain: lanes.length + groups.size === 0,
    receipt: Object.freeze({ local: 0, nodes: peers.size, groups: 0, dropped: 0 }),
    number: 0,
    peers: [...peers],
    lanes,
    groups: Array.from(groups, ([name, { strategy, members }]) => ({
      name,
      strategy,
      nodes: Array.from(members, ([peer, interest]) => {
        const own = memberLanes.filter((other) => other.peer === peer && other.group === name);
        return new PeerMember(
          peer,
          interest,
          own.map(({ lane }) => lane),
        );
      }),
    })),
    wants: matching,
  };
}

/** The last word on rows whose pattern is wider than what is wanted. */
function isWanted(want: RemoteWant, topic: string): boolean {
  if (want.kind !== 'values') return true;
  const hash = hashText(want.index < 0 ? topic : (topicToSegments(topic)[want.index] ?? ''));
  return want.buckets.get(bucketOf(hash))?.has(hash) === true;
}

function addMember(
  groups: Map<string, { strategy: GroupStrategy; members: Map<Peer, GroupInterest> }>,
  peer: Peer,
  group: GroupInterest,
): void {
  const held = groups.get(group.name) ?? { strategy: group.strategy, members: new Map<Peer, GroupInterest>() };
  groups.set(group.name, held);
  const other = held.members.get(peer);
  // Several patterns of one group at one node: the larger count and the older member stand for it.
  const order = Math.min(group.order, other?.order ?? group.order);
  const members = Math.max(group.members, other?.members ?? 0);
  held.members.set(peer, { ...group, order, members });
}

function addResponderGroup(groups: RouteGroup[], peer: Peer, group: GroupInterest): void {
  if (groups.some(({ name }) => name === group.name)) return;
  const { name, strategy } = group;
  groups.push({ name, strategy, nodes: [new PeerMember(peer, group)] });
}

function toWant(peer: Peer, key: Exclude<InterestKey, BucketKey>, value: Uint8Array): RemoteWant | undefined {
  if (key.kind === 'lane' || key.kind === 'member') {
    const interest = readLaneInterest(value);
    const isMember = interest?.group !== undefined;
    return interest === undefined || isMember !== (key.kind === 'member')
      ? undefined
      : { kind: 'lane', peer, key: key.lane, interest };
  }
  const interest = readPatternInterest(value);
  return interest === undefined ? undefined : { kind: 'pattern', peer, text: key.pattern, interest };
}

/** The patterns of a want; one that a peer malformed matches nothing. */
function patternsOf(want: RemoteWant): readonly TopicPattern[] {
  const texts = want.kind === 'lane' ? want.interest.patterns : [want.text];
  return texts.flatMap((text) => {
    try {
      return parsePattern(text);
    } catch {
      // A pattern of a later build's syntax, or nonsense: either way there is nothing to route by it.
      return [];
    }
  });
}
