import { ClusterError } from '../core/errors.js';
import type { OnlyValues, SubscribeOptions } from '../spi/bus.js';
import { GroupBook } from './group-book.js';
import { assertAllowed, type BusHooks } from './hooks.js';
import type { Outlet } from './outlet.js';
import {
  assertTravels,
  hasOwnLane,
  lanesOfNodeMax,
  resolveSubscribeOptions,
  type ResolvedSubscribeOptions,
} from './subscribe-options.js';
import { createWanted, type Wanted } from './wanted.js';

/** What a caller of the bus wants to be. */
export type Joining = 'subscribe' | 'respond';

/** Options and patterns that were found good. */
export interface Admitted {
  readonly resolved: ResolvedSubscribeOptions;
  readonly wanted: Wanted;
  /** Grows with each that was admitted. */
  readonly order: number;
}

/** Decides who may subscribe or respond on this node: options, access, groups, and how many have a lane of their own. */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #groups = new GroupBook();
  #orders = 0;
  /** Subscriptions with a lane from every peer. */
  #lanes = 0;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  /** Counts one more; whoever is admitted MUST `leave`. Throws, and counts nothing, when something is not allowed. */
  admit(joining: Joining, patterns: string | readonly string[], options: SubscribeOptions): Admitted {
    const resolved = resolveSubscribeOptions(options);
    const wanted = this.admitUpdate(joining, patterns, options.only);
    this.assertTravels(resolved, wanted);
    const takesLane = joining === 'subscribe' && hasLane(resolved);
    if (takesLane) this.#assertLaneFree();
    this.#joinGroup(joining, resolved);
    if (takesLane) this.#lanes += 1;
    const order = this.#orders;
    this.#orders += 1;
    return { resolved, wanted, order };
  }

  /** Other patterns for one that was admitted. */
  admitUpdate(joining: Joining, patterns: string | readonly string[], only: OnlyValues | undefined): Wanted {
    const { hooks, self } = this.#deps;
    const wanted = createWanted(patterns, only);
    for (const { text } of wanted.patterns) assertAllowed(hooks, { action: joining, topic: text, node: self });
    return wanted;
  }

  /** Throws when others could not be told of it. */
  assertTravels(options: ResolvedSubscribeOptions, wanted: Wanted): void {
    if (this.#deps.outlet !== undefined) assertTravels(options, wanted);
  }

  /** One that was admitted is gone. */
  leave(joining: Joining, options: ResolvedSubscribeOptions): void {
    this.#groups.leave(options, kinds[joining]);
    if (joining === 'subscribe' && hasLane(options)) this.#lanes -= 1;
  }

  /** Throws when peers would give one more lossless subscription of this node no lane. */
  #assertLaneFree(): void {
    if (this.#deps.outlet === undefined || this.#lanes < lanesOfNodeMax) return;
    throw new ClusterError(
      'too-large',
      `a node has ${lanesOfNodeMax} block subscriptions that listen to others at most`,
    );
  }

  #joinGroup(joining: Joining, options: ResolvedSubscribeOptions): void {
    const { group, broker } = options;
    if (group !== undefined && broker) this.#deps.outlet?.checkGroup(group.name, group.strategy);
    this.#groups.join(options, kinds[joining]);
  }
}

/** What admission asks. */
export interface AdmissionDeps {
  /** This node. */
  readonly self: string;
  readonly hooks: BusHooks;
  /** None in a bus without a cluster. */
  readonly outlet: Outlet | undefined;
}

const kinds = { subscribe: 'subscription', respond: 'responder' } as const;

function hasLane(options: ResolvedSubscribeOptions): boolean {
  return options.broker && hasOwnLane(options);
}
