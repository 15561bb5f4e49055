import type { ClusterError } from '../../core/errors.js';
import type { CallLeg, LegOwner } from './call-leg.js';
import type { ErrorOrigin } from '../../core/error-body.js';
import { readError, writeError } from './remote-error.js';
import type { AnswerPort, ServedCall } from './served-call.js';

/** A call with many items inside this node: values are handed over as they are; credit, ends and errors behave as on a link. */
export class LocalLeg implements CallLeg {
  /** What the handler's side sends to. */
  readonly port: LocalPort;
  /** Set once, right after the call was begun. */
  served: ServedCall | undefined;

  constructor(owner: LegOwner, credit: number, origin: ErrorOrigin) {
    this.port = new LocalPort(owner, credit, origin);
  }

  get credit(): number {
    return this.port.ended ? 0 : this.port.inputs;
  }

  request(count: number): void {
    if (this.port.ended) return;
    this.port.answers += count;
    this.served?.credited();
  }

  next(value: unknown): void {
    if (this.port.ended) return;
    this.port.inputs -= 1;
    this.served?.receive(value);
  }

  complete(): void {
    this.served?.receiveEnd();
  }

  fail(error: ClusterError): void {
    this.cancel(error);
  }

  cancel(reason: ClusterError): void {
    if (this.port.ended) return;
    this.port.ended = true;
    this.served?.cancel(reason);
  }
}

/** The handler's side of a local call. */
export class LocalPort implements AnswerPort {
  readonly #owner: LegOwner;
  readonly #origin: ErrorOrigin;
  /** Items that the handler may send. */
  answers: number;
  /** Items that the caller may send. */
  inputs = 0;
  ended = false;

  constructor(owner: LegOwner, credit: number, origin: ErrorOrigin) {
    this.#owner = owner;
    this.#origin = origin;
    this.answers = credit;
  }

  get caller(): string {
    return this.#origin.node;
  }

  get credit(): number {
    return this.ended ? 0 : this.answers;
  }

  item(value: unknown): void {
    if (this.ended) return;
    this.answers -= 1;
    this.#owner.value(value);
  }

  answer(value: unknown): void {
    this.item(value);
    this.complete();
  }

  complete(): void {
    if (this.ended) return;
    this.ended = true;
    this.#owner.ended();
  }

  fail(error: ClusterError, ran: boolean): void {
    if (this.ended) return;
    this.ended = true;
    const seen = readError(writeError(error, ran, this.#origin), this.#origin.node);
    this.#owner.failed({ error: seen, notExecuted: !ran, peerFailed: false });
  }

  request(count: number): void {
    if (this.ended) return;
    this.inputs += count;
    this.#owner.credited();
  }
}
