import { after, type Clock } from '../../core/clock.js';
import { emptyBytes } from '../../core/bytes.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { ExchangeRequest, Link, StreamSink } from '../../spi/links.js';
import { Dial, type DialDeps } from './dial.js';
import type { LinkHub } from './link-hub.js';
import type { LinkOptions } from './link-options.js';

/** One request and one answer with a node that may have no link: over the link if there is one, else over a short connection. */
export class Exchanger {
  readonly #hub: LinkHub;
  readonly #clock: Clock;
  readonly #dialDeps: DialDeps;
  readonly #options: LinkOptions;
  readonly #open = new Set<() => void>();

  constructor(dialDeps: DialDeps, options: LinkOptions) {
    this.#hub = dialDeps.hub;
    this.#clock = dialDeps.clock;
    this.#dialDeps = dialDeps;
    this.#options = options;
  }

  exchange(request: ExchangeRequest, done: (answer: Uint8Array | undefined) => void): void {
    let cleanup: () => void = doNothing;
    const settle = (answer: Uint8Array | undefined): void => {
      if (!this.#open.delete(stop)) return;
      cancelTimer();
      cleanup();
      this.#hub.metrics.count(answer === undefined ? 'exchange-failed' : 'exchange');
      done(answer);
    };
    const stop = (): void => settle(undefined);
    this.#open.add(stop);
    const cancelTimer = this.#clock.setTimer(after(this.#clock.now(), request.timeoutMs), stop);
    const link = this.#findLink(request);
    if (link !== undefined) {
      if (!ask(link, request, settle)) this.#clock.afterTurn(stop);
      return;
    }
    if (this.#open.size > this.#options.exchangesMax) {
      this.#clock.afterTurn(stop);
      return;
    }
    const intent = { purpose: 'exchange', insists: false, wanted: request.name ?? '' } as const;
    const dial = new Dial(this.#dialDeps, intent, (outcome) => {
      if (outcome.kind !== 'welcome') {
        stop();
        return;
      }
      cleanup = () => outcome.link.close('closed');
      this.#hub.raise(outcome.link, outcome.peer, false);
      if (!ask(outcome.link, request, settle)) stop();
    });
    cleanup = () => dial.cancel();
    dial.start(request.address, Math.min(request.timeoutMs, this.#options.dialTimeoutMs));
  }

  /** Ends every exchange without an answer. */
  stop(): void {
    for (const stop of this.#open) stop();
  }

  #findLink(request: ExchangeRequest): Link | undefined {
    if (request.name !== undefined) return this.#hub.findLink(request.name);
    return this.#hub.links().find((link) => link.peer.address === request.address && link.peer.role === 'peer');
  }
}

function doNothing(): void {
  // Nothing was opened yet.
}

/** Opens the one stream; false when it cannot be opened. `done` may be called more than once: the caller takes the first. */
function ask(link: Link, request: ExchangeRequest, done: (answer: Uint8Array | undefined) => void): boolean {
  let answer: Uint8Array | undefined;
  const sink: StreamSink = {
    onNext: (payload: PayloadView) => {
      answer = payload.data().slice();
    },
    onComplete: () => done(answer),
    onFail: () => done(undefined),
    onCredit: () => undefined,
    onCancel: () => undefined,
  };
  const { kind, data } = request;
  const stream = link.open({ kind, interaction: 'response', metadata: emptyBytes, data, credit: 1 }, sink);
  return typeof stream !== 'string';
}
