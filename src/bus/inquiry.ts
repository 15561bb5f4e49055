import type { CancelToken } from '../core/cancel.js';
import { after, type Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { BusEvent } from '../spi/bus.js';
import { SharedEvent } from './event.js';
import type { AnswerSink, AnswerSource } from './answers.js';

/** Someone who may answer: a responder of this node, or another node. */
export interface Answerer {
  readonly node: string;
  ask(sink: AnswerSink): AnswerSource;
}

/** How one inquiry runs. */
export interface InquiryOptions {
  readonly clock: Clock;
  readonly topic: string;
  readonly timeoutMs: number;
  readonly stallMs: number | undefined;
  readonly answersMax: number | undefined;
  readonly cancel: CancelToken | undefined;
}

/**
 * One question to several answerers: answers wait here, a few from each source, until the asker takes them. It ends by itself at
 * its deadline, after a stall, after enough answers or with the last source; then every source that still runs is cancelled.
 */
export class Inquiry {
  readonly #options: InquiryOptions;
  readonly #sources = new Map<number, AnswerSource>();
  readonly #answers: { readonly event: BusEvent; readonly source: number }[] = [];
  readonly #cleanups: (() => void)[] = [];
  readonly #ended = new Set<number>();
  #open = 0;
  #taken = 0;
  #over = false;
  #error: ClusterError | undefined;
  #lastFault: ClusterError | undefined;
  #wake: (() => void) | undefined;
  #cancelStall: (() => void) | undefined;

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /** The last failure of a source, when every source failed. */
  get lastFault(): ClusterError | undefined {
    return this.#lastFault;
  }

  start(answerers: readonly Answerer[]): void {
    const { clock, timeoutMs, topic, cancel } = this.#options;
    const deadline = after(clock.now(), timeoutMs);
    this.#cleanups.push(
      clock.setTimer(deadline, () => {
        this.#end(new ClusterError('deadline-exceeded', `no answer on ${topic} within ${timeoutMs} ms`));
      }),
    );
    if (cancel !== undefined) {
      this.#cleanups.push(
        cancel.listen(() => this.#end(new ClusterError('cancelled', `the request on ${topic} was cancelled`))),
      );
    }
    this.#open = answerers.length;
    this.#restartStall();
    answerers.forEach((answerer, index) => {
      if (this.#over) return;
      this.#keep(index, answerer.ask(this.#sinkFor(answerer.node, index)));
    });
  }

  /** The next answer, or `undefined` at the end; throws what ended it when that was not the sources' own end. */
  async next(): Promise<BusEvent | undefined> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) {
        this.#sources.get(answer.source)?.request(1);
        this.#taken += 1;
        if (this.#taken === this.#options.answersMax) this.stop();
        return answer.event;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Cancels what still runs. */
  stop(): void {
    this.#end(undefined);
    this.#answers.length = 0;
  }

  /** The question may be over inside the call that asked. */
  #keep(index: number, source: AnswerSource): void {
    if (this.#over) source.cancel();
    else if (!this.#ended.has(index)) this.#sources.set(index, source);
  }

  #sinkFor(node: string, index: number): AnswerSink {
    return {
      onAnswer: (value, headers) => {
        if (this.#over) return;
        const rest = { headers, source: node, expiresAt: undefined };
        this.#answers.push({ event: new SharedEvent(this.#options.topic, value, rest), source: index });
        this.#restartStall();
        this.#wakeUp();
      },
      onEnd: (error) => {
        this.#sources.delete(index);
        this.#ended.add(index);
        if (error !== undefined) this.#lastFault = error;
        this.#open -= 1;
        if (this.#open === 0) this.#end(undefined);
      },
    };
  }

  #restartStall(): void {
    const { clock, stallMs } = this.#options;
    if (stallMs === undefined) return;
    this.#cancelStall?.();
    this.#cancelStall = clock.setTimer(after(clock.now(), stallMs), () => this.#end(undefined));
  }

  #end(error: ClusterError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#cancelStall?.();
    for (const cleanUp of this.#cleanups) cleanUp();
    for (const source of this.#sources.values()) source.cancel();
    this.#sources.clear();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
