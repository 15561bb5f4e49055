import { after, type CancelTimer, type Clock, type MonotonicMs } from '../../core/clock.js';
import type { NodeId } from '../../core/ids.js';
import { jitterMs, type Random } from '../../core/random.js';
import { Dial, type DialDeps, type DialOutcome } from './dial.js';
import type { LinkOptions } from './link-options.js';
import { isWinner } from './tie-break.js';

/**
 * Keeps trying to have a link with one member: waits, dials, and waits longer after each failure, with jitter.
 * States: idle -> waiting -> dialling -> idle (linked) or waiting. The larger name of a pair waits first, so that most pairs never
 * dial at once.
 */
export class PeerDialer {
  readonly #deps: PeerDialerDeps;
  #target: DialTarget;
  #dial: Dial | undefined;
  #cancelWait: CancelTimer | undefined;
  #failures = 0;
  #linkedAt: MonotonicMs | undefined;
  #wasDuplicate = false;
  #isStopped = false;

  constructor(deps: PeerDialerDeps, target: DialTarget) {
    this.#deps = deps;
    this.#target = target;
  }

  get isDialing(): boolean {
    return this.#dial !== undefined;
  }

  /** The member has another address or epoch. */
  retarget(target: DialTarget): void {
    const isChanged = target.address !== this.#target.address || target.epoch !== this.#target.epoch;
    this.#target = target;
    if (!isChanged) return;
    this.#failures = 0;
    this.#wasDuplicate = false;
  }

  /** There is no link: dial when it is time. Does nothing while a dial is planned or under way. */
  want(): void {
    if (this.#isStopped || this.#dial !== undefined || this.#cancelWait !== undefined) return;
    const { clock, options } = this.#deps;
    if (this.#linkedAt !== undefined) {
      // A link that lives for a moment only must not be dialled again at full rate.
      this.#failures = clock.now() - this.#linkedAt > options.redialMaxMs ? 0 : this.#failures + 1;
      this.#linkedAt = undefined;
    }
    this.#cancelWait = clock.setTimer(after(clock.now(), this.#waitMs()), () => {
      this.#cancelWait = undefined;
      this.#start();
    });
  }

  /** There is a link: forget plans. A dial under way goes on; the tie-break decides. */
  rest(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#linkedAt = this.#deps.clock.now();
    this.#wasDuplicate = false;
  }

  stop(): void {
    this.#isStopped = true;
    this.rest();
    this.#dial?.cancel();
    this.#dial = undefined;
  }

  #start(): void {
    const { options } = this.#deps;
    const dial = new Dial(
      this.#deps.dial,
      { purpose: 'link', insists: this.#wasDuplicate, wanted: this.#target.name },
      (outcome) => this.#onOutcome(outcome),
    );
    this.#dial = dial;
    dial.start(this.#target.address, options.dialTimeoutMs);
  }

  #onOutcome(outcome: DialOutcome): void {
    this.#dial = undefined;
    if (outcome.kind !== 'welcome') {
      this.#failures += 1;
      // Said to be a duplicate, and still without a link by the next dial: that one insists.
      this.#wasDuplicate = outcome.kind === 'refused' && outcome.why === 'duplicate';
    }
    this.#deps.onOutcome(this.#target, outcome);
  }

  #waitMs(): number {
    const { options, random, self } = this.#deps;
    const backOff = Math.min(options.redialMaxMs, options.redialMinMs * 2 ** Math.min(this.#failures, 20));
    const spreadMs = Math.min(options.redialMinMs, spreadMsPerMember * this.#deps.memberCount());
    const yieldMs = isWinner(self.name, this.#target.name) ? 0 : options.dialYieldMs;
    // The first dial of all is not held back, but spread: a large cluster that starts must not dial in one instant.
    return jitterMs(random, (this.#failures === 0 ? spreadMs : backOff) + yieldMs, 0.5);
  }
}

/** A newcomer is dialled by everybody at once: two hellos a millisecond are what it answers without a queue. */
const spreadMsPerMember = 0.5;

/** Whom to dial. */
export interface DialTarget extends NodeId {
  readonly address: string;
}

/** What a dialer needs. */
export interface PeerDialerDeps {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly options: LinkOptions;
  readonly dial: DialDeps;
  /** How many may dial the same node at once. */
  readonly memberCount: () => number;
  /** Each dial's outcome, once. The owner raises or closes the link, and calls `want` or `rest`. */
  readonly onOutcome: (target: DialTarget, outcome: DialOutcome) => void;
}
