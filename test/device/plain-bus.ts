import { CancelSource, type CancelToken } from '../../src/core/cancel.js';
import { after, type Clock } from '../../src/core/clock.js';
import { ClusterError } from '../../src/core/errors.js';
import {
  matchesSegments,
  normalizeTopic,
  parsePattern,
  readCaptures,
  type TopicPattern,
  topicToSegments,
} from '../../src/core/topic.js';
import type {
  BusDoor,
  BusEvent,
  BusSubscription,
  ConfirmReport,
  EventHandler,
  PublishOptions,
  Receipt,
  RespondHandler,
} from '../../src/spi/bus.js';

/** The least that a bus must do, for nodes in one process: everything arrives in the call, groups go to the oldest node. */
export class PlainCluster {
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];
  readonly #gone = new Set<string>();
  /** Everything that was published, as `topic value`. */
  readonly log: { readonly topic: string; readonly value: unknown; readonly key: string | undefined }[] = [];
  /** Why a confirmed publish is not confirmed; nobody when empty. */
  missing: ConfirmReport['missing'] = [];

  /** What `publish` and `respond` throw, as a bus that has stopped does. */
  refuse: ClusterError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The bus as one node sees it. Nodes are as old as their first subscription. */
  bus(node: string): BusDoor {
    const fail = (): never => {
      throw new ClusterError('internal', 'not in this bus');
    };
    const publish: BusDoor['publish'] = (topic, value, options) => this.#publish(node, { topic, value, options });
    return {
      publish,
      broadcast: fail,
      publishConfirmed: async (topic, value, options) => {
        const receipt = publish(topic, value, options);
        return { ...receipt, confirmed: [], missing: this.missing, resent: false };
      },
      subscribe: (patterns, handler, options = {}) => {
        const { group, local = true, broker = true } = options;
        return this.#add({ node, patterns: parse(patterns), handler, group: group?.name, local, broker });
      },
      request: (topic, value, options = {}) =>
        this.#request(node, { topic, value, timeoutMs: options.timeoutMs ?? 10_000, cancel: options.cancel }),
      requestMany: fail,
      respond: (pattern, respond) =>
        this.#add({ node, patterns: parse(pattern), respond, group: undefined, local: true, broker: true }),
    };
  }

  /** The node is gone: nothing of it is reached any more. */
  kill(node: string): void {
    this.#gone.add(node);
  }

  /** The topics that somebody wants, for tests of who responds where. */
  responders(): string[] {
    return this.#alive().flatMap((entry) =>
      entry.respond === undefined ? [] : entry.patterns.map(({ text }) => text),
    );
  }

  #alive(): Entry[] {
    return this.#entries.filter(({ node }) => !this.#gone.has(node));
  }

  #publish(node: string, said: { topic: string; value: unknown; options: PublishOptions | undefined }): Receipt {
    if (this.refuse !== undefined) throw this.refuse;
    const topic = normalizeTopic(said.topic);
    this.log.push({ topic, value: said.value, key: said.options?.key });
    const groups = new Set<string>();
    let local = 0;
    const nodes = new Set<string>();
    for (const entry of this.#alive()) {
      const pattern = entry.patterns.find(({ segments }) => matchesSegments(segments, topicToSegments(topic)));
      if (pattern === undefined || entry.handler === undefined) continue;
      if (node === entry.node ? !entry.local : !entry.broker) continue;
      if (entry.group !== undefined && groups.has(entry.group)) continue;
      if (entry.group !== undefined) groups.add(entry.group);
      if (entry.node === node) local += 1;
      else nodes.add(entry.node);
      const event = toEvent({ source: node, topic, value: said.value, pattern, headers: said.options?.headers });
      void entry.handler(event);
    }
    return { local, nodes: nodes.size, groups: groups.size, dropped: 0 };
  }

  #request(
    node: string,
    asked: { topic: string; value: unknown; timeoutMs: number; cancel: CancelToken | undefined },
  ): Promise<BusEvent> {
    const topic = normalizeTopic(asked.topic);
    for (const entry of this.#alive()) {
      const pattern = entry.patterns.find(({ segments }) => matchesSegments(segments, topicToSegments(topic)));
      if (pattern === undefined || entry.respond === undefined) continue;
      const cancel = new CancelSource();
      const answer = Promise.resolve(
        entry.respond(toEvent({ source: node, topic, value: asked.value, pattern }), { cancel }),
      );
      return new Promise((resolve, reject) => {
        const stop = this.#clock.setTimer(after(this.#clock.now(), asked.timeoutMs), () => {
          reject(new ClusterError('deadline-exceeded', topic));
          cancel.cancel();
        });
        asked.cancel?.listen(() => {
          reject(new ClusterError('cancelled', topic));
          cancel.cancel();
        });
        answer
          .then((value) => resolve(toEvent({ source: entry.node, topic, value, pattern })))
          .catch((error: unknown) => {
            const { code, message } = ClusterError.from(error, 'internal');
            reject(new ClusterError('remote', message, { details: { code }, cause: error }));
          })
          .finally(stop);
      });
    }
    return Promise.reject(new ClusterError('no-responders', topic));
  }

  #add(entry: Entry): BusSubscription {
    if (this.refuse !== undefined) throw this.refuse;
    this.#entries.push(entry);
    return {
      id: String(this.#entries.length),
      revision: 0,
      stats: { received: 0, handled: 0, dropped: 0, failed: 0, queued: 0 },
      ready: async () => undefined,
      update: () => undefined,
      stop: () => {
        const at = this.#entries.indexOf(entry);
        if (at >= 0) this.#entries.splice(at, 1);
      },
    };
  }
}

interface Entry {
  readonly node: string;
  readonly patterns: readonly TopicPattern[];
  readonly handler?: EventHandler;
  readonly respond?: RespondHandler;
  readonly group: string | undefined;
  readonly local: boolean;
  readonly broker: boolean;
}

function parse(patterns: string | readonly string[]): TopicPattern[] {
  return (typeof patterns === 'string' ? [patterns] : patterns).flatMap((text) => [...parsePattern(text)]);
}

function toEvent(said: {
  readonly source: string;
  readonly topic: string;
  readonly value: unknown;
  readonly pattern: TopicPattern;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}): BusEvent {
  const { source, topic, value, pattern, headers = {} } = said;
  return { topic, value, headers, source, captures: readCaptures(pattern, topic) };
}
