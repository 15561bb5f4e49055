import { after, type Clock, type MonotonicMs } from '../core/clock.js';
import { findDataFault } from '../core/data.js';
import { ClusterError } from '../core/errors.js';
import type { NodeId } from '../core/ids.js';
import type { Random } from '../core/random.js';
import { normalizeTopic, parsePattern } from '../core/topic.js';
import { chooseCandidate, type Candidate } from '../protocol/bus/group.js';
import type { GroupStrategy, PublishOptions, Receipt } from '../spi/bus.js';
import { addWinner, laneToCandidate, memberToCandidate } from './candidate.js';
import { noHeaders, SharedEvent, type EventRest } from './event.js';
import type { ExplainedGroup } from './explain.js';
import { Gate } from './gate.js';
import { assertAllowed, type BusHooks, type Draft } from './hooks.js';
import { isFull, type LocalDelivery } from './local-delivery.js';
import type { Confirming, EventCopy, LaneWinner, Outlet, Route, RouteGroup, SendResult, Winners } from './outlet.js';
import { emptyReceipt, type Fan, type FanGroup } from './plan.js';
import { checkHookedOptions, checkPublishOptions } from './publish-options.js';
import type { Subscriber } from './subscriber.js';

/** What publishing needs. */
export interface PublisherDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly self: NodeId;
  readonly delivery: LocalDelivery;
  readonly outlet: Outlet | undefined;
  readonly hooks: BusHooks;
  /** Refuses values that are not data even when they stay on this node. */
  readonly checkValues: boolean;
}

/** Takes an event from this node's program to everyone who wants it: chooses each group's winner, sends, delivers, reports. */
export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #delivery: LocalDelivery;
  readonly #outlet: Outlet | undefined;
  readonly #plainRest: EventRest;
  readonly #hooked: boolean;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#delivery = deps.delivery;
    this.#outlet = deps.outlet;
    this.#plainRest = { headers: noHeaders, source: deps.self.name, expiresAt: undefined };
    this.#hooked = deps.hooks.onPublish !== undefined || deps.hooks.allow !== undefined;
  }

  publish(topic: string, value: unknown, options: PublishOptions): Receipt {
    if (options !== noOptions) checkPublishOptions(options);
    if (this.#hooked) return this.#publishHooked(topic, value, options);
    const found = this.#delivery.find(topic);
    const fan = found.match.own;
    const route = this.#outlet?.find(found.topic);
    if (route !== undefined && route.isPlain && fan.groups.length === 0 && options === noOptions) {
      return this.#publishPlain(found.topic, { fan, route }, value);
    }
    if ((route !== undefined && !route.empty) || fan.groups.length > 0) {
      return this.#publishWide({ topic: found.topic, broadcast: false, fan, route, options }, value);
    }
    // The quick way: plain subscriptions of this node, or nobody.
    if (fan.receipt.local === 0) return emptyReceipt;
    const event = new SharedEvent(found.topic, this.#evaluate(value), this.#restOf(options));
    const local = this.#delivery.deliver(fan, noMembers, event);
    return local === fan.receipt.local ? fan.receipt : { ...emptyReceipt, local, dropped: fan.receipt.local - local };
  }

  broadcast(pattern: string, value: unknown, options: PublishOptions): Receipt {
    if (options !== noOptions) checkPublishOptions(options);
    const patterns = parsePattern(pattern);
    // Each alternative, in the normal form: a hook that compares texts must not be got round by another spelling.
    for (const { text } of patterns) this.#assertAllowed('broadcast', text);
    const fan = this.#delivery.findOverlap(patterns).own;
    const route = this.#outlet?.findOverlap(patterns);
    const topic = pattern.startsWith('/') ? pattern : `/${pattern}`;
    return this.#publishWide({ topic, broadcast: true, fan, route, options }, value);
  }

  /** The way of confirmed publishes: `confirming` hears of nodes, `done` is held for each local handler. */
  publishWatched(topic: string, value: unknown, options: PublishOptions, watch: Watch): Watched {
    const draft = this.#admit(topic, value, options);
    if (draft === undefined) return nothingWatched;
    const found = this.#delivery.find(draft.topic);
    const route = this.#outlet?.find(found.topic);
    const event: WideEvent = {
      topic: found.topic,
      broadcast: false,
      fan: found.match.own,
      route,
      options: draft.options,
      watch,
    };
    const evaluated = this.#evaluate(draft.value);
    let sent = noSend;
    const receipt = this.#publishWide(event, evaluated, (result) => {
      sent = result;
    });
    return {
      receipt,
      accepted: sent.accepted,
      refused: sent.refused,
      regroup: (groups, lost) => this.#sendAgain(event, evaluated, groups, lost),
    };
  }

  /** The groups of a topic, and who would win them. */
  explainGroups(topic: string): readonly ExplainedGroup[] {
    const { own } = this.#delivery.find(topic).match;
    const theirs = this.#outlet?.find(topic).groups ?? noGroups;
    const self = this.#deps.self.name;
    return Array.from(groupNames(own.groups, theirs), (name) => {
      const here = own.groups.find((group) => group.name === name);
      const there = theirs.find((group) => group.name === name);
      const strategy = here?.strategy ?? there?.strategy ?? 'random';
      const mine = here === undefined ? [] : [{ node: self, members: here.members.length, usable: true }];
      const others = (there?.nodes ?? []).map(({ node, members, usable }) => ({ node, members, usable }));
      const isFixed = strategy === 'oldest' || strategy === 'hashed';
      const winner = isFixed ? this.#chooseNode(here, there, { key: topic, except: undefined }) : undefined;
      return { name, strategy, members: [...mine, ...others], winner };
    });
  }

  /** The usual way to other nodes: no groups, no options. */
  #publishPlain(topic: string, { fan, route }: PlainTargets, value: unknown): Receipt {
    const evaluated = this.#evaluate(value);
    // Out first, as below.
    const nodes = this.#outlet?.sendPlain(route, topic, evaluated) ?? 0;
    const { receipt } = route;
    const here = fan.receipt.local;
    if (here === 0 && nodes === receipt.nodes) return receipt;
    const event = new SharedEvent(topic, evaluated, this.#plainRest);
    const local = here === 0 ? 0 : this.#delivery.deliver(fan, noMembers, event);
    return { local, nodes, groups: 0, dropped: receipt.nodes - nodes + here - local };
  }

  #publishHooked(topic: string, value: unknown, options: PublishOptions): Receipt {
    const draft = this.#admit(topic, value, options);
    if (draft === undefined) return emptyReceipt;
    const found = this.#delivery.find(draft.topic);
    const route = this.#outlet?.find(found.topic);
    const event = { topic: found.topic, broadcast: false, fan: found.match.own, route, options: draft.options };
    return this.#publishWide(event, draft.value);
  }

  /** What the hooks make of an event: they see its topic in the normal form, and throw or swallow what may not be. */
  #admit(topic: string, value: unknown, options: PublishOptions): Draft | undefined {
    const draft = { topic: normalizeTopic(topic), value, options };
    this.#assertAllowed('publish', draft.topic);
    if (this.#deps.hooks.onPublish === undefined) return draft;
    const changed = this.#deps.hooks.onPublish(draft);
    if (changed !== undefined && changed.options !== options) checkHookedOptions(changed.options);
    return changed;
  }

  #assertAllowed(action: 'publish' | 'broadcast', topic: string): void {
    assertAllowed(this.#deps.hooks, { action, topic, node: this.#deps.self.name });
  }

  #publishWide(wide: WideEvent, value: unknown, onSent?: (result: SendResult) => void): Receipt {
    const { fan, route, options, watch } = wide;
    const leaves = route !== undefined && !route.empty;
    if (!leaves && fan.receipt.local === 0 && fan.groups.length === 0) return emptyReceipt;
    const evaluated = this.#evaluate(value);
    const election = this.#elect(wide, undefined);
    // Out first: what handlers here publish in answer must not overtake what they answer.
    const sent = leaves ? this.#send(wide, evaluated, election.winners) : noSend;
    onSent?.(sent);
    const expected = fan.receipt.local + election.chosen.length;
    const event = expected === 0 ? undefined : new SharedEvent(wide.topic, evaluated, this.#restOf(options));
    const local = event === undefined ? 0 : this.#delivery.deliver(fan, election.chosen, event, watch?.done);
    const dropped = sent.dropped + election.dropped + expected - local;
    return { local, nodes: sent.nodes, groups: election.groups, dropped };
  }

  #send(wide: WideEvent, value: unknown, winners: Winners | undefined): SendResult {
    const { route, options, watch, topic, broadcast } = wide;
    if (this.#outlet === undefined) return noSend;
    return this.#outlet.send({
      route,
      topic,
      broadcast,
      value,
      headers: options.headers ?? noHeaders,
      key: options.key,
      ttlMs: options.ttlMs,
      winners,
      confirm: watch?.confirming,
    });
  }

  /** Chooses again for groups whose copy certainly never arrived, without the nodes that are lost. */
  #sendAgain(wide: WideEvent, value: unknown, groups: readonly string[], lost: ReadonlySet<string>): Regrouped {
    if (groups.length === 0 || this.#outlet === undefined) return nothingRegrouped;
    const names = new Set(groups);
    const fan = this.#delivery.find(wide.topic).match.own;
    const route = this.#outlet.find(wide.topic);
    const again: WideEvent = {
      ...wide,
      fan: {
        plain: [],
        only: undefined,
        tiered: fan.tiered,
        receipt: emptyReceipt,
        groups: fan.groups.filter(({ name }) => names.has(name)),
      },
      route: { ...route, groups: route.groups.filter(({ name }) => names.has(name)) },
    };
    const election = this.#elect(again, lost);
    const sent =
      election.winners === undefined ? noSend : this.#send({ ...again, route: undefined }, value, election.winners);
    if (election.chosen.length === 0) return { sent, isLocal: false, done: undefined };
    // The gate of the first try may have opened long ago.
    const done = wide.watch?.done === undefined ? undefined : new Gate();
    const event = new SharedEvent(wide.topic, value, this.#restOf(wide.options));
    const isLocal = this.#delivery.deliver(again.fan, election.chosen, event, done) > 0;
    return { sent, isLocal, done };
  }

  #elect(wide: WideEvent, except: ReadonlySet<string> | undefined): Election {
    const { fan, route } = wide;
    const theirs = route?.groups ?? noGroups;
    if (fan.groups.length === 0 && theirs.length === 0) return noElection;
    const choice = { key: wide.options.key ?? wide.topic, except };
    const chosen: Subscriber[] = [];
    const byNode = new Map<string, string[]>();
    const byLane: LaneWinner[] = [];
    let groups = 0;
    let dropped = 0;
    for (const name of groupNames(fan.groups, theirs)) {
      const here = fan.groups.find((group) => group.name === name);
      const there = theirs.find((group) => group.name === name);
      const winner = this.#chooseNode(here, there, choice);
      if (winner === undefined) continue;
      groups += 1;
      if (winner !== this.#deps.self.name) {
        const lane = this.#chooseLane(there, winner, choice.key);
        if (lane === undefined) dropped += addWinner(byNode, winner, name) ? 0 : 1;
        else byLane.push({ node: winner, lane, group: name });
      } else if (here !== undefined) {
        const member = this.#delivery.chooseMember(here, choice.key);
        if (member !== undefined) chosen.push(member);
      }
    }
    groups -= dropped;
    return { chosen, groups, dropped, winners: byNode.size + byLane.length === 0 ? undefined : { byNode, byLane } };
  }

  #chooseNode(here: FanGroup | undefined, there: RouteGroup | undefined, choice: NodeChoice): string | undefined {
    if (here !== undefined && there === undefined) return this.#deps.self.name;
    const strategy: GroupStrategy = here?.strategy ?? there?.strategy ?? 'random';
    const candidates: Candidate[] = here === undefined ? [] : [this.#ownCandidate(here)];
    for (const member of there?.nodes ?? []) {
      if (!member.usable || choice.except?.has(member.node) === true) continue;
      candidates.push(memberToCandidate(member));
    }
    return candidates[chooseCandidate(strategy, candidates, choice.key, this.#deps.random)]?.name;
  }

  /** The lane of a node's lossless member that is to get it; `undefined`: the node itself chooses. */
  #chooseLane(group: RouteGroup | undefined, node: string, key: string): string | undefined {
    const lanes = group?.nodes.find((member) => member.node === node)?.lanes;
    if (group === undefined || lanes === undefined || lanes.length === 0) return undefined;
    const candidates = lanes.map(laneToCandidate);
    return candidates[chooseCandidate(group.strategy, candidates, key, this.#deps.random)]?.name;
  }

  #ownCandidate(group: FanGroup): Candidate {
    const { name, epoch } = this.#deps.self;
    const order = group.members.reduce((least, member) => Math.min(least, member.order), Number.MAX_SAFE_INTEGER);
    const inFlight = group.members.reduce((sum, member) => sum + member.inFlight, 0);
    const { members } = group;
    return { name, epoch, order, local: true, members: members.length, inFlight, isFull: members.every(isFull) };
  }

  #evaluate(value: unknown): unknown {
    const evaluated: unknown = typeof value === 'function' ? value() : value;
    if (this.#deps.checkValues) assertData(evaluated);
    return evaluated;
  }

  #restOf(options: PublishOptions): EventRest {
    if (options === noOptions) return this.#plainRest;
    const { ttlMs, headers } = options;
    return {
      headers: headers ?? noHeaders,
      source: this.#deps.self.name,
      expiresAt: ttlMs === undefined ? undefined : this.#expiry(ttlMs),
    };
  }

  #expiry(ttlMs: number): MonotonicMs {
    return after(this.#deps.clock.now(), ttlMs);
  }
}

/** No options; the quick way compares by identity. */
export const noOptions: PublishOptions = Object.freeze({});

/** Throws `invalid-value` with the path of the part that is not data. */
export function assertData(value: unknown): void {
  const fault = findDataFault(value);
  if (fault === undefined) return;
  const where = fault.path === '' ? 'the value' : fault.path;
  throw new ClusterError('invalid-value', `${where}: ${fault.why}`, { details: [fault] });
}

/** Follows one confirmed publish. */
export interface Watch {
  readonly done: Gate | undefined;
  readonly confirming: Confirming;
}

/** A confirmed publish that was sent. */
export interface Watched {
  readonly receipt: Receipt;
  readonly accepted: readonly EventCopy[];
  readonly refused: readonly EventCopy[];
  /** Chooses other winners for groups whose copy certainly never arrived, without the nodes that are lost. */
  readonly regroup: (groups: readonly string[], lost: ReadonlySet<string>) => Regrouped;
}

/** What a second choice came to. */
export interface Regrouped {
  readonly sent: SendResult;
  /** A member of this node was chosen; `done` opens when its handler is done. */
  readonly isLocal: boolean;
  readonly done: Gate | undefined;
}

interface WideEvent {
  readonly topic: string;
  readonly broadcast: boolean;
  readonly fan: Fan;
  readonly route: Route | undefined;
  readonly options: PublishOptions;
  readonly watch?: Watch;
}

interface PlainTargets {
  readonly fan: Fan;
  readonly route: Route;
}

interface Election {
  readonly chosen: readonly Subscriber[];
  readonly groups: number;
  /** Groups beyond what one event may name. */
  readonly dropped: number;
  readonly winners: Winners | undefined;
}

interface NodeChoice {
  readonly key: string;
  readonly except: ReadonlySet<string> | undefined;
}

function groupNames(here: readonly FanGroup[], there: readonly RouteGroup[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name } of here) names.add(name);
  for (const { name } of there) names.add(name);
  return names;
}

const noGroups: readonly RouteGroup[] = [];

const noMembers: readonly Subscriber[] = [];

const noElection: Election = { chosen: noMembers, groups: 0, dropped: 0, winners: undefined };

const noSend: SendResult = { nodes: 0, dropped: 0, accepted: [], refused: [] };

const nothingWatched: Watched = { receipt: emptyReceipt, accepted: [], refused: [], regroup: () => nothingRegrouped };

const nothingRegrouped: Regrouped = { sent: noSend, isLocal: false, done: undefined };
