import { after } from '../../core/clock.js';
import type { ClusterNode } from '../../runtime/cluster-node.js';
import type { BusSubscription } from '../../spi/bus.js';
import type { BusChecker, CheckedSubscription } from './bus-checker.js';
import type { GroupChecker } from './group-checker.js';

/** One life of a node in an event run, with what it subscribed. */
export class EventHome {
  readonly node: ClusterNode;
  readonly life: string;
  published = 0;
  /** Its machine was made to stand still until then. */
  stalledUntilMs = 0;
  /** Requests and confirmations that have not settled. */
  open = 0;
  plain: { readonly subscription: BusSubscription; readonly checked: CheckedSubscription }[] = [];
  members: { readonly subscription: BusSubscription; readonly group: GroupChecker }[] = [];

  constructor(node: ClusterNode) {
    this.node = node;
    this.life = `${node.name}@${node.epoch}`;
  }

  /** Waits on the clock of this life's process: a killed one never goes on. */
  pause(ms: number): Promise<void> {
    const { clock } = this.node.parts;
    return new Promise((resolve) => {
      clock.setTimer(after(clock.now(), ms), resolve);
    });
  }
}

/** What nodes of a run told about events that they sent and that will not arrive, or may not. */
export class LossLog {
  unknown = 0;
  unsent = 0;
  refused = 0;
  readonly #checker: BusChecker;
  readonly #told = new Map<string, number>();

  constructor(checker: BusChecker) {
    this.#checker = checker;
  }

  /** How many events of a life were told to be lost or unknown on the way to anybody. */
  toldOf(life: string): number {
    return this.#told.get(life) ?? 0;
  }

  /** Listens to one life as its program would. */
  watch({ node, life }: EventHome): void {
    node.bus.onUndelivered(({ kind, node: peer, count }) => {
      if (kind === 'unknown') this.unknown += count;
      else if (kind === 'unsent') this.unsent += count;
      else this.refused += count;
      this.#told.set(life, this.toldOf(life) + count);
      this.#checker.senderLost(life, peer, count);
    });
  }
}
