import { after, type Clock } from '../core/clock.js';
import type { ConfirmLevel, ConfirmOptions, ConfirmReport } from '../spi/bus.js';
import { Gate } from './gate.js';
import type { ConfirmOutcome, Confirming, EventCopy } from './outlet.js';
import { checkConfirmOptions } from './publish-options.js';
import type { Publisher, Watch, Watched } from './publisher.js';

/** Publishes and follows what becomes of it until all have confirmed or the deadline. */
export async function publishConfirmed(
  publisher: Publisher,
  deps: { readonly clock: Clock; readonly self: string },
  event: { readonly topic: string; readonly value: unknown },
  options: ConfirmOptions,
): Promise<ConfirmReport> {
  checkConfirmOptions(options);
  const confirmation = new Confirmation(deps.self, options.level);
  const watched = publisher.publishWatched(event.topic, event.value, options, confirmation);
  confirmation.regroup = watched.regroup;
  confirmation.begin(watched);
  return new Promise((resolve) => {
    const finish = (): void => {
      cancelTimer();
      resolve({ ...watched.receipt, ...confirmation.report() });
    };
    const cancelTimer = deps.clock.setTimer(after(deps.clock.now(), options.timeoutMs ?? 5000), finish);
    confirmation.whenDone(finish);
  });
}

/** One confirmed publish under way. A node may get several copies, on several lanes: it has confirmed when all of them are. */
class Confirmation implements Watch {
  readonly confirming: Confirming;
  readonly done: Gate | undefined;
  regroup: Watched['regroup'] | undefined;
  readonly #self: string;
  /** Copies that are not settled, by node. */
  readonly #open = new Map<string, number>();
  readonly #confirmed = new Set<string>();
  readonly #missing = new Map<string, ConfirmReport['missing'][number]['why']>();
  readonly #lost = new Set<string>();
  /** Of the lanes: they forget what nobody waits for, and with it the event. */
  readonly #releases: (() => void)[] = [];
  #early: (readonly [EventCopy, ConfirmOutcome])[] | undefined = [];
  #resent = false;
  #isOver = false;
  #onDone: (() => void) | undefined;

  constructor(self: string, level: ConfirmLevel) {
    this.#self = self;
    this.done = level === 'handled' ? new Gate() : undefined;
    this.confirming = {
      level,
      settle: (copy, outcome) => this.#settle(copy, outcome),
      resent: () => {
        this.#resent = true;
      },
      whenOver: (run) => {
        if (this.#isOver) run();
        else this.#releases.push(run);
      },
    };
  }

  /** What was sent is known now; outcomes that came before are taken in. */
  begin({ accepted, refused, receipt }: Watched): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (receipt.local > 0) this.#takeLocal(this.done);
    this.#take(accepted, refused);
    for (const [copy, outcome] of early) this.#settle(copy, outcome);
    this.#tellDone();
  }

  whenDone(run: () => void): void {
    this.#onDone = run;
    this.#tellDone();
  }

  /** Ends it: what is still open missed the deadline. */
  report(): Pick<ConfirmReport, 'confirmed' | 'missing' | 'resent'> {
    this.#isOver = true;
    this.#onDone = undefined;
    this.regroup = undefined;
    for (const release of this.#releases.splice(0)) release();
    for (const node of this.#open.keys()) if (!this.#missing.has(node)) this.#missing.set(node, 'deadline');
    const missing = Array.from(this.#missing, ([node, why]) => ({ node, why }));
    const confirmed = [...this.#confirmed].filter((node) => !this.#missing.has(node)).toSorted();
    return { confirmed, missing, resent: this.#resent };
  }

  #take(accepted: readonly EventCopy[], refused: readonly EventCopy[]): void {
    for (const { node } of accepted) this.#hold(node);
    for (const copy of refused) this.#miss(copy, 'dropped');
  }

  /** A subscription of this node got it: it has confirmed, or will when its handlers are done. */
  #takeLocal(done: Gate | undefined): void {
    if (done === undefined) {
      this.#confirmed.add(this.#self);
      return;
    }
    this.#hold(this.#self);
    const copy = { node: this.#self, won: noGroups };
    done.whenOpen(() => this.#settle(copy, done.failed > 0 ? 'handler-failed' : 'confirmed'));
    done.settle(true);
  }

  #hold(node: string): void {
    this.#open.set(node, (this.#open.get(node) ?? 0) + 1);
  }

  #settle(copy: EventCopy, outcome: ConfirmOutcome): void {
    if (this.#early !== undefined) {
      this.#early.push([copy, outcome]);
      return;
    }
    const open = this.#open.get(copy.node);
    // After the deadline nobody waits, and nothing is sent in anyone's stead.
    if (open === undefined || this.#isOver) return;
    if (open > 1) this.#open.set(copy.node, open - 1);
    else this.#open.delete(copy.node);
    if (outcome === 'confirmed') this.#confirmed.add(copy.node);
    else this.#miss(copy, outcome);
    this.#tellDone();
  }

  #miss(copy: EventCopy, outcome: Exclude<ConfirmOutcome, 'confirmed'>): void {
    this.#missing.set(copy.node, outcome === 'unsent' ? 'link-lost' : outcome);
    if (outcome !== 'unsent' && outcome !== 'refused' && outcome !== 'dropped') return;
    // This copy never ran there: the groups that it was to bring to the node may have another winner.
    this.#lost.add(copy.node);
    const again = this.regroup?.(copy.won, this.#lost);
    if (again === undefined) return;
    if (again.isLocal) this.#takeLocal(again.done);
    this.#take(again.sent.accepted, again.sent.refused);
  }

  #tellDone(): void {
    if (this.#early !== undefined || this.#open.size > 0) return;
    const run = this.#onDone;
    this.#onDone = undefined;
    run?.();
  }
}

const noGroups: readonly string[] = [];
