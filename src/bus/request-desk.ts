import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { NodeId } from '../core/ids.js';
import type { Random } from '../core/random.js';
import { chooseCandidate, type Candidate } from '../protocol/bus/group.js';
import { TopicTrie } from '../protocol/bus/topic-trie.js';
import type { BusEvent, GroupStrategy, RequestManyOptions } from '../spi/bus.js';
import { AbortToken } from './abort-token.js';
import { addWinner, memberToCandidate } from './candidate.js';
import type { BusRequestManyOptions, BusRequestOptions } from './event-bus.js';
import type { Explanation } from './explain.js';
import { noHeaders, SharedEvent } from './event.js';
import { assertAllowed, type BusHooks } from './hooks.js';
import { Inquiry, type Answerer } from './inquiry.js';
import { type AnswerSink, type AnswerSource, noAnswers, type Question } from './answers.js';
import type { Outlet, RouteMember } from './outlet.js';
import { checkRequestManyOptions, checkRequestOptions } from './publish-options.js';
import type { Responder } from './responder.js';
import type { Wanted } from './wanted.js';

/** What requests need. */
export interface RequestDeskDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly self: NodeId;
  readonly outlet: Outlet | undefined;
  readonly hooks: BusHooks;
}

/** Asks responders here and on other nodes, and lets those of this node answer. */
export class RequestDesk {
  readonly #deps: RequestDeskDeps;
  readonly #trie = new TopicTrie<Responder, readonly Responder[]>((responders) => responders);
  readonly #responders = new Set<Responder>();
  readonly #open = new Set<Inquiry>();

  constructor(deps: RequestDeskDeps) {
    this.#deps = deps;
  }

  add(responder: Responder): void {
    this.#responders.add(responder);
    for (const pattern of responder.wanted.patterns) this.#trie.add(pattern, responder);
  }

  remove(responder: Responder): void {
    this.#responders.delete(responder);
    for (const pattern of responder.wanted.patterns) this.#trie.remove(pattern, responder);
  }

  update(responder: Responder, wanted: Wanted): void {
    this.remove(responder);
    responder.wanted = wanted;
    responder.revision += 1;
    this.add(responder);
  }

  responders(): readonly Responder[] {
    return [...this.#responders];
  }

  /** Who answers on a topic: this node first. */
  explain(topic: string): Explanation['responders'] {
    const here = this.#trie.find(topic).match;
    const groups = new Set(here.flatMap(({ options }) => (options.group === undefined ? [] : [options.group.name])));
    const plain = here.filter(({ options }) => options.group === undefined).length;
    const mine = here.length === 0 ? [] : [{ node: this.#deps.self.name, plain, groups: [...groups] }];
    const others = this.#deps.outlet?.findResponders(topic) ?? [];
    return [
      ...mine,
      ...others.map((other) => ({
        node: other.node,
        plain: other.plain,
        groups: other.groups.map(({ name }) => name),
      })),
    ];
  }

  async request(topic: string, value: unknown, options: BusRequestOptions): Promise<BusEvent> {
    checkRequestOptions(options);
    const inquiry = this.#start(topic, value, { ...options, answersMax: 1 });
    try {
      const answer = await inquiry.next();
      if (answer !== undefined) return answer;
      throw (
        inquiry.lastFault ?? new ClusterError('no-responders', `the responders of ${topic} ended without an answer`)
      );
    } finally {
      this.#end(inquiry);
    }
  }

  async *requestMany(topic: string, value: unknown, options: BusRequestManyOptions): AsyncGenerator<BusEvent, void> {
    checkRequestManyOptions(options);
    const inquiry = this.#start(topic, value, options);
    let answered = false;
    try {
      for (let answer = await inquiry.next(); answer !== undefined; answer = await inquiry.next()) {
        answered = true;
        yield answer;
      }
      if (!answered && inquiry.lastFault !== undefined) throw inquiry.lastFault;
    } finally {
      this.#end(inquiry);
    }
  }

  /** Answers a question that came from another node: for its chosen groups, and for responders outside groups. */
  answerFor(question: Question, source: string, sink: AnswerSink): AnswerSource {
    const responders = this.#choose(question.topic, { ...question, foreign: true });
    const event = new SharedEvent(question.topic, question.value, {
      headers: question.headers,
      source,
      expiresAt: undefined,
    });
    return answerAll(responders, event, sink, question.topic);
  }

  stop(): void {
    for (const inquiry of this.#open) inquiry.stop();
    for (const responder of this.#responders) this.remove(responder);
  }

  #start(asked: string, value: unknown, options: BusRequestManyOptions): Inquiry {
    const { clock, hooks, self } = this.#deps;
    // The hook sees the normal form: it must not be got round by another spelling.
    const { topic } = this.#trie.find(asked);
    assertAllowed(hooks, { action: 'request', topic, node: self.name });
    const { signal } = options;
    const answerers = this.#findAnswerers(topic, value, options);
    if (answerers.length === 0) throw new ClusterError('no-responders', `nobody responds on ${topic}`);
    const inquiry = new Inquiry({
      clock,
      topic,
      timeoutMs: options.timeoutMs ?? 10_000,
      stallMs: options.stallMs,
      answersMax: options.answersMax,
      cancel: signal === undefined ? options.cancel : new AbortToken(signal),
    });
    this.#open.add(inquiry);
    inquiry.start(answerers);
    return inquiry;
  }

  #end(inquiry: Inquiry): void {
    inquiry.stop();
    this.#open.delete(inquiry);
  }

  #findAnswerers(topic: string, value: unknown, options: RequestManyOptions): readonly Answerer[] {
    const evaluated: unknown = typeof value === 'function' ? value() : value;
    const { self, outlet } = this.#deps;
    const key = options.key ?? topic;
    const headers = options.headers ?? noHeaders;
    const remote = outlet?.findResponders(topic) ?? [];
    const winners = this.#elect(topic, key, remote);
    const here = this.#choose(topic, { foreign: false, plain: true, groups: winners.get(self.name) ?? [], key });
    const event = new SharedEvent(topic, evaluated, { headers, source: self.name, expiresAt: undefined });
    const answerers: Answerer[] = here.map((responder) => ({
      node: self.name,
      ask: (sink) => responder.answer(event, sink),
    }));
    for (const responder of remote) {
      const groups = winners.get(responder.node) ?? [];
      if (outlet === undefined || (responder.plain === 0 && groups.length === 0)) continue;
      const timeoutMs = options.timeoutMs ?? 10_000;
      const question = { topic, value: evaluated, headers, timeoutMs, groups, plain: responder.plain > 0, key };
      answerers.push({ node: responder.node, ask: (sink) => outlet.ask(responder, question, sink) });
    }
    return answerers;
  }

  /** The responders of this node that answer: all outside groups, and one for each group won. */
  #choose(topic: string, ask: LocalAsk): readonly Responder[] {
    const wanting = this.#trie
      .find(topic)
      .match.filter((responder) => (ask.foreign ? responder.options.broker : responder.options.local))
      .filter((responder) => responder.wanted.only === undefined || responder.wanted.wants(topic));
    const chosen = ask.plain ? wanting.filter((responder) => responder.options.group === undefined) : [];
    for (const name of ask.groups) {
      const members = wanting.filter((responder) => responder.options.group?.name === name);
      const strategy = members[0]?.options.group?.strategy ?? 'random';
      const index = chooseCandidate(strategy, members.map(responderToCandidate), ask.key, this.#deps.random);
      const member = members[index];
      if (member !== undefined) chosen.push(member);
    }
    return chosen;
  }

  /** Groups won, by node; this node takes part with its own members. */
  #elect(
    topic: string,
    key: string,
    remote: readonly {
      readonly groups: readonly { name: string; strategy: GroupStrategy; nodes: readonly RouteMember[] }[];
    }[],
  ): ReadonlyMap<string, readonly string[]> {
    const { self, random } = this.#deps;
    const groups = new Map<string, { strategy: GroupStrategy; candidates: Candidate[] }>();
    for (const responder of this.#trie.find(topic).match) {
      const group = responder.options.group;
      if (group === undefined || !responder.options.local) continue;
      const held = groups.get(group.name) ?? { strategy: group.strategy, candidates: [] };
      groups.set(group.name, held);
      // One candidate for this node; its oldest member comes first.
      if (held.candidates.length > 0) continue;
      held.candidates.push({ ...responderToCandidate(responder), name: self.name, epoch: self.epoch });
    }
    for (const { groups: theirs } of remote) {
      for (const { name, strategy, nodes } of theirs) {
        const held = groups.get(name) ?? { strategy, candidates: [] };
        groups.set(name, held);
        for (const member of nodes) {
          if (member.usable) held.candidates.push(memberToCandidate(member));
        }
      }
    }
    const winners = new Map<string, string[]>();
    for (const [name, { strategy, candidates }] of groups) {
      const winner = candidates[chooseCandidate(strategy, candidates, key, random)]?.name;
      if (winner !== undefined) addWinner(winners, winner, name);
    }
    return winners;
  }
}

interface LocalAsk {
  readonly foreign: boolean;
  readonly plain: boolean;
  readonly groups: readonly string[];
  readonly key: string;
}

function responderToCandidate(responder: Responder): Candidate {
  return {
    name: `${responder.id}#${responder.order}`,
    epoch: 0,
    order: responder.order,
    local: true,
    members: 1,
    inFlight: responder.inFlight,
    isFull: false,
  };
}

/** Joins the answers of several responders of this node into one source. */
function answerAll(
  responders: readonly Responder[],
  event: SharedEvent,
  sink: AnswerSink,
  topic: string,
): AnswerSource {
  let open = responders.length;
  let lastError: ClusterError | undefined;
  let answered = false;
  if (open === 0) {
    sink.onEnd(new ClusterError('no-responders', `nobody responds on ${topic} here any more`));
    return noAnswers;
  }
  const order: number[] = [];
  const sources = responders.map((responder, index) =>
    responder.answer(event, {
      onAnswer: (value, headers) => {
        answered = true;
        order.push(index);
        sink.onAnswer(value, headers);
      },
      onEnd: (error) => {
        lastError = error ?? lastError;
        open -= 1;
        if (open === 0) sink.onEnd(answered ? undefined : lastError);
      },
    }),
  );
  return {
    // Answers are taken in the order they were given: whoever gave the oldest may give another.
    request: (count) => {
      for (const index of order.splice(0, count)) sources[index]?.request(1);
    },
    cancel: () => {
      for (const source of sources) source.cancel();
    },
  };
}
