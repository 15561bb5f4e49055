import { type Address, findAddress } from '../../core/address.js';
import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import type { Connection, Connections, DialFault } from '../../spi/connections.js';
import type { LinkPeer } from '../../spi/links.js';
import { ClusterError } from '../../core/errors.js';
import { HelloDialer, type HelloDeps, type HelloIntent, type HelloOutcome, type HelloRefusal } from './hello-dialer.js';
import type { LinkHub } from './link-hub.js';
import type { RsocketLink } from './rsocket-link.js';

/** How one dial ended. On `'welcome'` the link is not raised yet: the owner decides what it becomes. */
export type DialOutcome =
  | { readonly kind: 'welcome'; readonly link: RsocketLink; readonly peer: LinkPeer }
  | { readonly kind: 'unreachable'; readonly fault: DialFault }
  | { readonly kind: 'refused'; readonly why: HelloRefusal };

/** One dial with its hello: connects, introduces itself, and tells the outcome once, never inside `start`. */
export class Dial {
  readonly #deps: DialDeps;
  readonly #intent: HelloIntent;
  readonly #done: (outcome: DialOutcome) => void;
  #link: RsocketLink | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isOver = false;

  constructor(deps: DialDeps, intent: HelloIntent, done: (outcome: DialOutcome) => void) {
    this.#deps = deps;
    this.#intent = intent;
    this.#done = done;
  }

  start(addressText: string, timeoutMs: number): void {
    const address = toAddress(addressText);
    if (address === undefined) {
      this.#deps.clock.afterTurn(() => this.#settle({ kind: 'unreachable', fault: 'failed' }));
      return;
    }
    this.#deps.hub.metrics.count('dialed');
    this.#deps.connections.dial(address, { timeoutMs }).then(
      (connection) => this.#onConnected(connection),
      (error: unknown) => this.#settle({ kind: 'unreachable', fault: toFault(error) }),
    );
  }

  /** Nobody waits any more: nothing is told, and what was opened is closed. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#link?.close('closed');
  }

  #onConnected(connection: Connection): void {
    if (this.#isOver) {
      connection.destroy();
      return;
    }
    const { hub, clock, hello } = this.#deps;
    const link = hub.create(connection, true);
    this.#link = link;
    this.#cancelTimer = clock.setTimer(after(clock.now(), hello.options.helloTimeoutMs), () => {
      hub.metrics.count('hello-timeout');
      link.close('silent');
    });
    new HelloDialer(hello, this.#intent, link, (outcome) => this.#onHello(link, outcome)).start();
  }

  #onHello(link: RsocketLink, outcome: HelloOutcome): void {
    if (outcome.kind === 'welcome') {
      this.#settle({ kind: 'welcome', link, peer: outcome.peer });
      return;
    }
    this.#deps.hub.metrics.count(outcome.why === 'duplicate' ? 'duplicate' : 'refused-hello');
    link.close('closed');
    this.#settle(outcome);
  }

  #settle(outcome: DialOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#done(outcome);
  }
}

/** What a dial needs. */
export interface DialDeps {
  readonly hub: LinkHub;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly hello: HelloDeps;
}

/** Reads `host:port`, or a path of a Unix socket. */
export function toAddress(text: string): Address | undefined {
  // `addressToText` puts a port behind a path too, which says nothing.
  return text.startsWith('/') ? { host: text.replace(/:\d+$/, ''), port: 0 } : findAddress(text);
}

function toFault(error: unknown): DialFault {
  const details = error instanceof ClusterError ? error.details : undefined;
  return details === 'refused' || details === 'silent' ? details : 'failed';
}
