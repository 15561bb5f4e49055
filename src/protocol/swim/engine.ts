import type { MonotonicMs } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { GossipMessage } from '../../spi/membership.js';
import { AntiEntropy } from './anti-entropy.js';
import type { Armour } from './armour.js';
import { MemberCatalogue } from './catalogue.js';
import { Claims } from './claims.js';
import { createSwimCounts } from './counts.js';
import { Dissemination } from './dissemination.js';
import { Doubts } from './doubts.js';
import type { FactsOwner } from './facts-owner.js';
import { Facts } from './facts.js';
import { SelfState, type SwimIdentity } from './identity.js';
import { Joiner } from './joiner.js';
import { Lags } from './lags.js';
import { LocalHealth } from './local-health.js';
import { MemberTable } from './member-table.js';
import { Metadata } from './metadata.js';
import type { SwimOptions } from './options.js';
import { Outbox } from './outbox.js';
import { Agenda, Ears, type SwimParts } from './parts.js';
import { Prober } from './probe.js';
import { Receiver } from './receiver.js';
import { Reconnect } from './reconnect.js';
import { Relay } from './relay.js';
import { Spread } from './spread.js';
import { Returns } from './returns.js';
import { SuspicionBook } from './suspicion.js';
import { TableDigests } from './table-digests.js';
import { SwimView } from './view.js';

/** What a machine is made of. */
export interface SwimSetup {
  readonly options: SwimOptions;
  readonly identity: SwimIdentity;
  readonly random: Random;
  /** Shared by machines that are simulated in one process; its own by default. */
  readonly catalogue?: MemberCatalogue;
  /** Who is known from the start, this node included as `identity` says it; over the same catalogue. For simulations of settled clusters. */
  readonly known?: MemberTable;
  /** Seals and opens datagrams. Without it they travel in clear. */
  readonly armour?: Armour;
  /** Takes users' messages that came; MUST NOT call the machine. Without it they are only passed on. */
  readonly heard?: (message: GossipMessage) => void;
}

/** The parts of one machine, joined. */
export interface SwimEngine {
  readonly parts: SwimParts;
  readonly outbox: Outbox;
  readonly facts: Facts;
  readonly claims: Claims;
  readonly prober: Prober;
  readonly relay: Relay;
  readonly joiner: Joiner;
  readonly metadata: Metadata;
  readonly antiEntropy: AntiEntropy;
  readonly reconnect: Reconnect;
  readonly digests: TableDigests;
  readonly receiver: Receiver;
  readonly view: SwimView;
  readonly spread: Spread;
}

/** Makes the parts and joins them. */
export function buildEngine(now: MonotonicMs, setup: SwimSetup): SwimEngine {
  const parts = buildParts(now, setup);
  let seq = setup.random.below(0x1000_0000);
  const start = { now, drawSeq: () => (seq += 1) };
  const outbox = new Outbox(parts);
  const reconnect = new Reconnect(parts, now);
  // Facts tell the joiner and the metadata what concerns them, and these are made with the facts.
  const later: { joiner?: Joiner; metadata?: Metadata } = {};
  const claims = new Claims(parts, outbox, start.drawSeq);
  const owner: FactsOwner = {
    claimed: (at, life, out) => later.joiner?.claimed(at, life, out),
    holdsClaim: (at, slot, record, out) => claims.holds(at, slot, record, out),
    answersAccusations: () => later.joiner?.isUp ?? false,
    findMetadata: (slot) => later.metadata?.find(slot),
    came: (slot) => reconnect.found(parts.table.lifeOf(slot).address),
    went: (at, slot, status) => {
      later.metadata?.forget(slot);
      const { address } = parts.table.lifeOf(slot);
      if (status === 'failed') reconnect.lost(at, address);
      else reconnect.found(address);
    },
  };
  const facts = new Facts(parts, owner, now);
  const antiEntropy = new AntiEntropy(parts, facts, outbox, now);
  const doubts = new Doubts(parts, facts);
  const prober = new Prober({ parts, facts, doubts, outbox, ...start });
  const relay = new Relay(parts, outbox, start.drawSeq);
  const joiner = new Joiner({ parts, facts, outbox, antiEntropy, ...start });
  const metadata = new Metadata(parts, facts, outbox);
  later.joiner = joiner;
  later.metadata = metadata;
  const digests = new TableDigests();
  const spread = new Spread(parts, outbox, setup.heard ?? (() => undefined));
  const receiver = new Receiver({
    parts,
    facts,
    claims,
    doubts,
    outbox,
    antiEntropy,
    prober,
    relay,
    joiner,
    metadata,
    digests,
    spread,
  });
  const view = new SwimView(parts, facts);
  return {
    parts,
    outbox,
    facts,
    claims,
    prober,
    relay,
    joiner,
    metadata,
    antiEntropy,
    reconnect,
    digests,
    receiver,
    view,
    spread,
  };
}

function buildParts(now: MonotonicMs, setup: SwimSetup): SwimParts {
  const { options, identity, random } = setup;
  const self = new SelfState(identity);
  const table = new MemberTable(setup.catalogue ?? new MemberCatalogue());
  if (setup.known === undefined) table.put(self.life, self.incarnation);
  else table.copyFrom(setup.known);
  const freshness = { share: options.freshShare, least: options.gossipFanout * freshRounds };
  return {
    options,
    random,
    self,
    table,
    gossip: new Dissemination(options.retransmitFactor, options.gossipQueueMax, freshness),
    spreads: new Dissemination(options.retransmitFactor, spreadsMax, freshness),
    health: new LocalHealth(options.healthMax),
    suspicions: new SuspicionBook(options),
    agenda: new Agenda(),
    ears: new Ears(now),
    lags: new Lags(now),
    returns: new Returns(),
    counts: createSwimCounts(),
    armour: setup.armour,
  };
}

/** In the second round a node tells those that the first had no room for: in a small cluster everybody then knows. */
const freshRounds = 2;
/** Users' messages that wait to be passed on: 256 of the largest are told in seconds, and hold 150 KiB. */
const spreadsMax = 256;
