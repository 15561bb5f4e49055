import { after, type Clock } from '../core/clock.js';
import type { ConfirmLevel, ConfirmOptions, ConfirmReport } from '../spi/bus.js';
import { Gate } from './gate.js';
import type { ConfirmOutcome, Confirming } from './outlet.js';
import type { Publisher, Watch } from './publisher.js';

/** Publishes and follows what becomes of it until all have confirmed or the deadline. */
export async function publishConfirmed(
  publisher: Publisher,
  deps: { readonly clock: Clock; readonly self: string },
  event: { readonly topic: string; readonly value: unknown },
  options: ConfirmOptions,
): Promise<ConfirmReport> {
  const confirmation = new Confirmation(deps.self, options.level);
  const watched = publisher.publishWatched(event.topic, event.value, options, confirmation);
  confirmation.regroup = watched.regroup;
  confirmation.begin(watched.accepted, watched.refused, watched.receipt.local > 0);
  return new Promise((resolve) => {
    const finish = (): void => {
      cancelTimer();
      resolve({ ...watched.receipt, ...confirmation.report() });
    };
    const cancelTimer = deps.clock.setTimer(after(deps.clock.now(), options.timeoutMs ?? 5000), finish);
    confirmation.whenDone(finish);
  });
}

/** One confirmed publish under way. */
class Confirmation implements Watch {
  readonly confirming: Confirming;
  readonly done: Gate | undefined;
  regroup: ((lost: ReadonlySet<string>) => { readonly accepted: readonly string[] }) | undefined;
  readonly #self: string;
  readonly #open = new Set<string>();
  readonly #confirmed = new Set<string>();
  readonly #missing = new Map<string, ConfirmReport['missing'][number]['why']>();
  readonly #groups = new Map<string, string[]>();
  readonly #lost = new Set<string>();
  #early: (readonly [string, ConfirmOutcome])[] | undefined = [];
  #resent = false;
  #onDone: (() => void) | undefined;

  constructor(self: string, level: ConfirmLevel) {
    this.#self = self;
    this.done = level === 'handled' ? new Gate() : undefined;
    this.confirming = {
      level,
      settle: (node, outcome) => this.#settle(node, outcome),
      resent: () => {
        this.#resent = true;
      },
    };
  }

  /** What was sent is known now; outcomes that came before are taken in. */
  begin(accepted: readonly string[], refused: readonly string[], isLocal: boolean): void {
    for (const node of accepted) this.#open.add(node);
    for (const node of refused) this.#missing.set(node, 'dropped');
    if (isLocal && this.done === undefined) this.#confirmed.add(this.#self);
    if (isLocal && this.done !== undefined) this.#watchLocal(this.done);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [node, outcome] of early) this.#settle(node, outcome);
    this.#tellDone();
  }

  whenDone(run: () => void): void {
    this.#onDone = run;
    this.#tellDone();
  }

  won(node: string, group: string): void {
    const held = this.#groups.get(node);
    if (held === undefined) this.#groups.set(node, [group]);
    else held.push(group);
  }

  wonBy(nodes: ReadonlySet<string>): readonly string[] {
    const groups: string[] = [];
    for (const node of nodes) {
      groups.push(...(this.#groups.get(node) ?? []));
      this.#groups.delete(node);
    }
    return groups;
  }

  report(): Pick<ConfirmReport, 'confirmed' | 'missing' | 'resent'> {
    const missing = [...this.#missing].map(([node, why]) => ({ node, why }));
    for (const node of this.#open) missing.push({ node, why: 'deadline' });
    this.#onDone = undefined;
    this.#open.clear();
    return { confirmed: [...this.#confirmed].toSorted(), missing, resent: this.#resent };
  }

  #watchLocal(done: Gate): void {
    this.#open.add(this.#self);
    done.whenOpen(() => {
      if (!this.#open.delete(this.#self)) return;
      if (done.failed > 0) this.#missing.set(this.#self, 'handler-failed');
      else this.#confirmed.add(this.#self);
      this.#tellDone();
    });
    done.settle(true);
  }

  #settle(node: string, outcome: ConfirmOutcome): void {
    if (this.#early !== undefined) {
      this.#early.push([node, outcome]);
      return;
    }
    if (!this.#open.delete(node)) return;
    if (outcome === 'confirmed') this.#confirmed.add(node);
    else this.#miss(node, outcome);
    this.#tellDone();
  }

  #miss(node: string, outcome: Exclude<ConfirmOutcome, 'confirmed'>): void {
    this.#missing.set(node, outcome === 'unsent' ? 'link-lost' : outcome);
    if (outcome !== 'unsent' && outcome !== 'refused' && outcome !== 'dropped') return;
    // It never ran there: the groups that the node had won may have another winner.
    this.#lost.add(node);
    const sent = this.regroup?.(this.#lost);
    for (const other of sent?.accepted ?? []) this.#open.add(other);
  }

  #tellDone(): void {
    if (this.#early !== undefined || this.#open.size > 0) return;
    const run = this.#onDone;
    this.#onDone = undefined;
    run?.();
  }
}
