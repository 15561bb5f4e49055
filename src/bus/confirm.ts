import { after, type Clock } from '../core/clock.js';
import type { TimerWheel, WheelEntry } from '../core/timer-wheel.js';
import type { ConfirmLevel, ConfirmOptions, ConfirmReport } from '../spi/bus.js';
import { Gate } from './gate.js';
import type { ConfirmOutcome, Confirming, EventCopy } from './outlet.js';
import { checkConfirmOptions } from './publish-options.js';
import type { Publisher, Watch, Watched } from './publisher.js';

/** What following a publish stands on. */
export interface ConfirmDeps {
  readonly clock: Clock;
  readonly deadlines: TimerWheel;
  readonly self: string;
}

/** Publishes and follows what becomes of it until all have confirmed or the deadline. Everything that it throws is a rejection. */
export async function publishConfirmed(
  publisher: Publisher,
  { clock, deadlines, self }: ConfirmDeps,
  { topic, value }: { readonly topic: string; readonly value: unknown },
  options: ConfirmOptions,
): Promise<ConfirmReport> {
  checkConfirmOptions(options);
  const confirmation = new Confirmation(self, options.level);
  const watched = publisher.publishWatched(topic, value, options, confirmation);
  confirmation.begin(watched);
  return new Promise((resolve) => {
    deadlines.set(confirmation, after(clock.now(), options.timeoutMs ?? 5000));
    confirmation.whenDone((report) => {
      deadlines.cancel(confirmation);
      resolve(report);
    });
  });
}

/** One confirmed publish under way. A node may get several copies, on several lanes: it has confirmed when all of them are. */
class Confirmation implements Watch, Confirming, WheelEntry {
  readonly level: ConfirmLevel;
  readonly done: Gate | undefined;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  wheelSlot = -1;
  wheelTick = 0;
  readonly #self: string;
  #watched: Watched | undefined;
  /** The node of each copy that is not settled. */
  readonly #open: string[] = [];
  readonly #confirmed: string[] = [];
  #missing: Map<string, ConfirmReport['missing'][number]['why']> | undefined;
  #lost: Set<string> | undefined;
  /** Of the lanes: they forget what nobody waits for, and with it the event. */
  readonly #releases: (() => void)[] = [];
  #early: (readonly [EventCopy, ConfirmOutcome])[] | undefined;
  #resent = false;
  #isOver = false;
  #onDone: ((report: ConfirmReport) => void) | undefined;

  constructor(self: string, level: ConfirmLevel) {
    this.#self = self;
    this.level = level;
    this.done = level === 'handled' ? new Gate() : undefined;
  }

  get confirming(): Confirming {
    return this;
  }

  settle(copy: EventCopy, outcome: ConfirmOutcome): void {
    if (this.#watched === undefined) (this.#early ??= []).push([copy, outcome]);
    else this.#settle(copy, outcome);
  }

  resent(): void {
    this.#resent = true;
  }

  whenOver(run: () => void): void {
    if (this.#isOver) run();
    else this.#releases.push(run);
  }

  onDeadline(): void {
    this.#end();
  }

  /** What was sent is known now; outcomes that came before are taken in. */
  begin(watched: Watched): void {
    const { accepted, refused, receipt } = watched;
    const early = this.#early ?? noOutcomes;
    this.#early = undefined;
    this.#watched = watched;
    if (receipt.local > 0) this.#takeLocal(this.done);
    this.#take(accepted, refused);
    for (const [copy, outcome] of early) this.#settle(copy, outcome);
  }

  /** Calls `run` once with what came of it: when nothing is open any more, or at the deadline. */
  whenDone(run: (report: ConfirmReport) => void): void {
    this.#onDone = run;
    if (this.#open.length === 0) this.#end();
  }

  /** What is still open missed the deadline. */
  #end(): void {
    const run = this.#onDone;
    const watched = this.#watched;
    if (run === undefined || watched === undefined) return;
    this.#onDone = undefined;
    this.#isOver = true;
    for (const release of this.#releases) release();
    this.#releases.length = 0;
    const { local, nodes, groups, dropped } = watched.receipt;
    run({ local, nodes, groups, dropped, ...this.#outcome() });
  }

  #outcome(): Pick<ConfirmReport, 'confirmed' | 'missing' | 'resent'> {
    const resent = this.#resent;
    if (this.#open.length === 0 && this.#missing === undefined && this.#confirmed.length === 1) {
      return { confirmed: this.#confirmed, missing: noMissing, resent };
    }
    const why = (this.#missing ??= new Map());
    for (const node of this.#open) if (!why.has(node)) why.set(node, 'deadline');
    const missing = Array.from(why, ([node, reason]) => ({ node, why: reason }));
    const confirmed = [...new Set(this.#confirmed)].filter((node) => !why.has(node)).toSorted();
    return { confirmed, missing, resent };
  }

  #take(accepted: readonly EventCopy[], refused: readonly EventCopy[]): void {
    for (const { node } of accepted) this.#open.push(node);
    for (const copy of refused) this.#miss(copy, 'dropped');
  }

  /** A subscription of this node got it: it has confirmed, or will when its handlers are done. */
  #takeLocal(done: Gate | undefined): void {
    if (done === undefined) {
      this.#confirmed.push(this.#self);
      return;
    }
    this.#open.push(this.#self);
    const copy = { node: this.#self, won: noGroups };
    done.whenOpen(() => this.#settle(copy, done.failed > 0 ? 'handler-failed' : 'confirmed'));
    done.settle(true);
  }

  #settle(copy: EventCopy, outcome: ConfirmOutcome): void {
    // After the deadline nobody waits, and nothing is sent in anyone's stead.
    const at = this.#isOver ? -1 : this.#open.indexOf(copy.node);
    if (at < 0) return;
    this.#open.splice(at, 1);
    if (outcome === 'confirmed') this.#confirmed.push(copy.node);
    else this.#miss(copy, outcome);
    if (this.#open.length === 0) this.#end();
  }

  #miss(copy: EventCopy, outcome: Exclude<ConfirmOutcome, 'confirmed'>): void {
    (this.#missing ??= new Map()).set(copy.node, outcome === 'unsent' ? 'link-lost' : outcome);
    if (outcome !== 'unsent' && outcome !== 'refused' && outcome !== 'dropped') return;
    // This copy never ran there: the groups that it was to bring to the node may have another winner.
    const lost = (this.#lost ??= new Set()).add(copy.node);
    const again = this.#watched?.regroup(copy.won, lost);
    if (again === undefined) return;
    if (again.isLocal) this.#takeLocal(again.done);
    this.#take(again.sent.accepted, again.sent.refused);
  }
}

const noGroups: readonly string[] = [];

const noMissing: ConfirmReport['missing'] = Object.freeze([]);

const noOutcomes: readonly (readonly [EventCopy, ConfirmOutcome])[] = [];
