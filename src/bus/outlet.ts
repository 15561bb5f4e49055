import type { TopicPattern } from '../core/topic.js';
import type { ConfirmLevel, ConfirmReport, GroupStrategy, Receipt } from '../spi/bus.js';
import type { AnswerSink, AnswerSource, Question } from './answers.js';
import type { ExplainedNode } from './explain.js';
import type { BusLinkInfo } from './link-info.js';
import type { Responder } from './responder.js';
import type { Subscriber } from './subscriber.js';
import type { Wanted } from './wanted.js';

/** The way to other nodes. A bus of one node has none. */
export interface Outlet {
  /** Which nodes want a topic, given in normal form. Cheap for a topic that comes often. */
  find(topic: string): Route;
  findOverlap(patterns: readonly TopicPattern[]): Route;
  /** Accepts one copy for each node of the route, and tells each winner which groups it won. */
  send(message: Outgoing): SendResult;
  /**
   * The same for an event without options on a plain route, at the least cost. Returns the number of nodes that it was accepted
   * for. Throws `invalid-value`.
   */
  sendPlain(route: Route, topic: string, value: unknown): number;
  /** Nodes that answer requests on a topic. */
  findResponders(topic: string): readonly RemoteResponder[];
  /** Asks one node. `sink` is told answers and exactly one end. */
  ask(node: RemoteResponder, question: Question, sink: AnswerSink): AnswerSource;
  subscribed(subscriber: Subscriber): void;
  /** `before` is what it wanted until now. */
  updated(subscriber: Subscriber, before: Wanted): void;
  unsubscribed(subscriber: Subscriber): void;
  /** `before` is what it answered until now; `undefined`: it is new. */
  responding(responder: Responder, before?: Wanted): void;
  respondingEnded(responder: Responder): void;
  /** Calls `done` once, when every peer knows what this node wants now. */
  whenKnown(done: () => void): () => void;
  /** Nodes that want a topic, for `explain`. */
  explain(topic: string): readonly ExplainedNode[];
  /** Counters of the lanes to and from each peer. */
  links(): readonly BusLinkInfo[];
  /** Throws `group-conflict` when a peer's members of the group have another strategy. */
  checkGroup(name: string, strategy: GroupStrategy): void;
  /** Calls `run` once when there may be room on some lane that had none, or at once when this node stops. */
  whenRoom(run: () => void): void;
  /** True when every lane of the route has room; its groups are asked themselves. */
  hasRoom(route: Route): boolean;
}

/** Who wants a topic, on other nodes. */
export interface Route {
  readonly empty: boolean;
  /** Nothing but nodes with subscriptions outside groups. */
  readonly isPlain: boolean;
  /** What a publish returns when all nodes of a plain route take it and there is nobody here. */
  readonly receipt: Receipt;
  readonly groups: readonly RouteGroup[];
}

/** The nodes that have members of one group. */
export interface RouteGroup {
  readonly name: string;
  readonly strategy: GroupStrategy;
  readonly nodes: readonly RouteMember[];
}

/** One node's members of a group. */
export interface RouteMember {
  readonly node: string;
  readonly epoch: number;
  /** Age of its oldest member. */
  readonly order: number;
  readonly members: number;
  /** Events sent to it and not acknowledged. */
  readonly inFlight: number;
  /** False while its link is down or it is suspect. */
  readonly usable: boolean;
  /** False while so much waits for it that another member is better, or a lossless source should pause. */
  readonly hasRoom: boolean;
  /** The lanes of its lossless members; empty where they are not, and the node itself chooses one. */
  readonly lanes: readonly RouteLane[];
}

/** A lossless member of a group on another node. */
export interface RouteLane {
  readonly key: string;
  /** Age of the member. */
  readonly order: number;
  readonly inFlight: number;
  readonly hasRoom: boolean;
}

/** Who was chosen for the groups of an event, on other nodes. */
export interface Winners {
  /** Groups won, by node: it chooses the member. */
  readonly byNode: ReadonlyMap<string, readonly string[]>;
  readonly byLane: readonly LaneWinner[];
}

/** A lossless member that was chosen. */
export interface LaneWinner {
  readonly node: string;
  readonly lane: string;
  readonly group: string;
}

/** One event on its way out. */
export interface Outgoing {
  /** Who wants it; `undefined`: the winners only. */
  readonly route: Route | undefined;
  readonly topic: string;
  /** The topic is a pattern that its receiver matches against patterns. */
  readonly broadcast: boolean;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly ttlMs: number | undefined;
  readonly winners: Winners | undefined;
  readonly confirm: Confirming | undefined;
}

/** A wish to hear what became of an event. `settle` is called once for each copy that was accepted: a node may get several. */
export interface Confirming {
  readonly level: ConfirmLevel;
  settle(copy: EventCopy, outcome: ConfirmOutcome): void;
  /** It was sent to this node again, after its link was lost. */
  resent(node: string): void;
  /** Calls `run` once when nobody waits any more, or at once: what is settled later changes nothing. */
  whenOver(run: () => void): void;
}

/** How one node's confirmation ended. `unsent`: it certainly never saw the event. */
export type ConfirmOutcome = 'confirmed' | 'unsent' | Exclude<ConfirmReport['missing'][number]['why'], 'deadline'>;

/** One copy of an event on one lane. */
export interface EventCopy {
  readonly node: string;
  /** The groups that it carries the choice of. */
  readonly won: readonly string[];
}

/** What became of a send. */
export interface SendResult {
  readonly nodes: number;
  readonly dropped: number;
  /** Copies that were accepted; empty when nobody waits for a confirmation. */
  readonly accepted: readonly EventCopy[];
  /** Copies that a full buffer refused; empty as well. */
  readonly refused: readonly EventCopy[];
}

/** A node that answers requests on a topic. */
export interface RemoteResponder {
  readonly node: string;
  /** Groups that it answers in; each group answers once in the cluster. */
  readonly groups: readonly RouteGroup[];
  /** Responders outside groups. */
  readonly plain: number;
}
