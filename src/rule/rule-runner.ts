import { assert } from '../core/assert.js';
import { CancelSource } from '../core/cancel.js';
import { after, type Clock } from '../core/clock.js';
import type { ClusterError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { segmentToText } from '../core/topic.js';
import type { BusDoor, BusEvent, BusSubscription, Gap } from '../spi/bus.js';
import type { Startable } from '../spi/life-cycle.js';
import type { RuleMessage } from '../spi/rule.js';
import type { CompiledRule } from './rule-compiler.js';
import { createRuleCounters, type RuleCounters } from './rule-counters.js';
import { type RuleStep, runStep } from './rule-graph.js';

/** What running rules need. */
export interface RuleRunnerDeps {
  readonly bus: BusDoor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How rules run. */
export interface RuleRunnerOptions {
  /** Events of one rule handled at once; only rules with commands ever wait. @defaultValue 256 */
  readonly concurrencyMax?: number;
  /** Events of one rule that wait; beyond it the oldest are dropped and counted as lost. @defaultValue 4096 */
  readonly queueMax?: number;
  /** How long `stop` waits for devices to answer before it gives their commands up. @defaultValue 2000 */
  readonly drainMs?: number;
}

/** One rule at this node. */
export interface RuleStats {
  readonly name: string;
  readonly file: string;
  readonly counters: Readonly<RuleCounters>;
  /** The last failure, for a person; its time is the wall's. */
  readonly lastError: { readonly timeMs: number; readonly message: string } | undefined;
}

/**
 * Runs rules at this node, beside the other nodes that loaded the same ones. Every node subscribes with the rule's name as its
 * group, so each event goes to one of them, chosen by its publisher: the oldest node (`one`), or the one that the event's key
 * hashes to (`spread`). When that node is suspect, leaves or dies, the next event goes to another; nothing is agreed upon, so
 * nothing is waited for.
 *
 * What may be lost then: events that were on their way to the node or in its queue, commands that it was waiting for, and what
 * `everyMs` remembered, so that a key may pass once more than it should. While publishers disagree about who is suspect, two nodes
 * may each get some of a rule's events, never both the same one.
 */
export class RuleRunner implements Startable {
  readonly partName = 'rules';
  readonly #deps: RuleRunnerDeps;
  readonly #options: RuleRunnerOptions;
  readonly #rules: readonly RunningRule[];
  readonly #cancel = new CancelSource();
  #started = false;
  #stopping: Promise<void> | undefined;

  constructor(deps: RuleRunnerDeps, rules: readonly CompiledRule[], options: RuleRunnerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#rules = rules.map((rule) => new RunningRule(deps, rule, this.#cancel));
  }

  /** Resolves when this node has subscribed; the others learn it from the bus. */
  async start(): Promise<void> {
    assert(!this.#started, 'rules that were not started before');
    this.#started = true;
    const { concurrencyMax = 256, queueMax = 4096 } = this.#options;
    for (const rule of this.#rules) rule.start(concurrencyMax, queueMax);
  }

  /** What each rule has done at this node. */
  stats(): readonly RuleStats[] {
    return this.#rules.map((rule) => rule.stats());
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const rule of this.#rules) rule.stop();
    const { clock } = this.#deps;
    const { drainMs = 2000 } = this.#options;
    const giveUp = clock.setTimer(after(clock.now(), drainMs), () => this.#cancel.cancel());
    // After a cancel the bus rejects what waits, so this ends.
    await Promise.all(this.#rules.map((rule) => rule.settled()));
    giveUp();
  }
}

class RunningRule {
  readonly #deps: RuleRunnerDeps;
  readonly #rule: CompiledRule;
  readonly #counters = createRuleCounters();
  readonly #graph: RuleStep;
  readonly #running = new Set<Promise<void>>();
  readonly #fail = (error: ClusterError): void => this.#onFailure(error);
  #subscription: BusSubscription | undefined;
  #lastError: RuleStats['lastError'];

  constructor(deps: RuleRunnerDeps, rule: CompiledRule, cancel: CancelSource) {
    this.#deps = deps;
    this.#rule = rule;
    const { bus, clock } = deps;
    this.#graph = rule.build({ bus, clock, counters: this.#counters, cancel });
  }

  start(concurrencyMax: number, queueMax: number): void {
    const { name, from, placement } = this.#rule;
    this.#subscription = this.#deps.bus.subscribe(from, (event) => this.#onEvent(event), {
      id: `rule ${name}`,
      group: { name: `rule/${name}`, strategy: placement === 'one' ? 'oldest' : 'hashed' },
      concurrencyMax,
      queueMax,
      overflow: 'drop-oldest',
      onDropped: (count) => this.#onLost(count),
      onGap: (gap) => this.#onLost(gapSize(gap)),
    });
  }

  stop(): void {
    this.#subscription?.stop();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  stats(): RuleStats {
    const { name, file } = this.#rule;
    return { name, file, counters: { ...this.#counters }, lastError: this.#lastError };
  }

  #onEvent(event: BusEvent): void | Promise<void> {
    this.#counters.in += 1;
    const wait = runStep(this.#graph, toMessage(event), this.#fail);
    if (wait === undefined) return undefined;
    // The bus waits for it too, and that is what bounds how many there are.
    this.#running.add(wait);
    return wait.finally(() => this.#running.delete(wait));
  }

  #onFailure(error: ClusterError): void {
    this.#counters.failed += 1;
    // The first one is worth a line; a rule that fails fails for every message, and the counter says how often.
    if (this.#lastError === undefined) {
      this.#deps.logger.error('a rule failed', { rule: this.#rule.name, error: error.message });
    }
    this.#lastError = { timeMs: this.#deps.clock.wallMs(), message: error.message };
  }

  #onLost(count: number): void {
    this.#counters.lost += count;
  }
}

/** Captures are segments on the bus; a rule sees the names that they were made of. */
function toMessage(event: BusEvent): RuleMessage {
  const { topic, value, headers, source } = event;
  const captures = Object.fromEntries(
    Object.entries(event.captures).map(([name, segment]) => [name, segmentToText(segment)]),
  );
  return { topic, value, headers, source, captures };
}

/** A gap without an end counts as one: nobody knows more. */
function gapSize(gap: Gap): number {
  return gap.to === undefined ? 1 : gap.to - gap.from + 1;
}
