import { ByteReader, ByteWriter, emptyBytes } from '../core/bytes.js';
import type { Clock } from '../core/clock.js';
import { after } from '../core/clock.js';
import { type ErrorOrigin, readErrorBody, writeErrorBody } from '../core/error-body.js';
import { ClusterError, type ErrorCode } from '../core/errors.js';
import { groupsWonMax, headersBytesMax, headersMax, topicLengthMax, wireVersionMin } from '../core/limits.js';
import { findTopicFault } from '../core/topic.js';
import type { Codec } from '../spi/codec.js';
import { streamErrorCodes, type IncomingStream, type Link, type StreamFault, type StreamSink } from '../spi/links.js';
import { noHeaders } from './event.js';
import { answerCredit, noAnswers, type AnswerSink, type AnswerSource, type Question } from './answers.js';

/**
 * Requests to other nodes: one RSocket request-stream for each node asked. The question's head is the stream's metadata, its value
 * the data; each item is an answer.
 */
export function askLink(link: Link, codec: Codec, question: Question, sink: AnswerSink): AnswerSource {
  const stream = link.open(
    {
      kind: 'bus',
      interaction: 'stream',
      metadata: writeQuestion(question, link.peer.wireVersion),
      data: codec.encode(question.value),
      credit: answerCredit,
    },
    {
      onNext: (payload) => {
        try {
          sink.onAnswer(codec.decode(payload.data()), noHeaders);
        } catch (error) {
          sink.onEnd(ClusterError.from(error, 'protocol'));
          cancel();
        }
      },
      onComplete: () => sink.onEnd(undefined),
      onFail: (fault) => sink.onEnd(toError(fault, link.peer.name)),
      onCredit: () => undefined,
      onCancel: () => undefined,
    },
  );
  if (typeof stream === 'string') {
    const why = stream === 'down' ? 'its link is down' : 'its link carries all the streams it may';
    sink.onEnd(new ClusterError('not-executed', `${link.peer.name} was not asked: ${why}`));
    return noAnswers;
  }
  const cancel = (): void => stream.cancel();
  return { request: (count) => stream.request(count), cancel };
}

/** What answering needs. */
export interface AnswerHost {
  readonly clock: Clock;
  readonly codec: Codec;
  /** What this node says of itself when it answers with an error. */
  readonly origin: ErrorOrigin;
  /** Answers by this node's own responders. */
  answer(question: Question, source: string, sink: AnswerSink): AnswerSource;
}

/** Answers a request that a peer opened. */
export function answerStream(host: AnswerHost, incoming: IncomingStream): StreamSink {
  const { stream, payload } = incoming;
  const source = stream.link.peer.name;
  let question: Question | undefined;
  try {
    question = readQuestion(payload.metadata(), () => host.codec.decode(payload.data()));
  } catch {
    // A value that cannot be decoded is the asker's fault, as a malformed head is; both are answered alike.
    question = undefined;
  }
  if (question === undefined) {
    const malformed = new ClusterError('protocol', 'the request is malformed');
    stream.fail(streamErrorCodes.invalid, writeErrorBody(malformed, host.origin));
    return deafSink;
  }
  return new AnsweringStream(host, incoming, { question, source });
}

/** Sends answers as the asker's credit allows; those that came before it wait, a few from each responder. */
class AnsweringStream implements StreamSink {
  readonly #host: AnswerHost;
  readonly #stream: IncomingStream['stream'];
  readonly #source: AnswerSource;
  readonly #waiting: Uint8Array[] = [];
  readonly #cancelTimer: () => void;
  #isOver = false;
  #ended: { readonly error: ClusterError | undefined } | undefined;

  constructor(host: AnswerHost, incoming: IncomingStream, asked: { question: Question; source: string }) {
    this.#host = host;
    this.#stream = incoming.stream;
    const { clock } = host;
    this.#cancelTimer = clock.setTimer(after(clock.now(), asked.question.timeoutMs), () => this.#timeOut());
    // Last: it may be over inside the call, when nobody answers here any more.
    this.#source = this.#ask(asked.question, asked.source);
  }

  onNext(): void {
    // A request-stream has one question; more is ignored.
  }

  onComplete(): void {
    // The asker's direction ended with its question.
  }

  onFail(): void {
    this.#stop();
  }

  onCredit(): void {
    this.#pump();
  }

  onCancel(): void {
    this.#stop();
  }

  #ask(question: Question, source: string): AnswerSource {
    const end = (error: ClusterError | undefined): void => {
      this.#ended ??= { error };
      this.#pump();
    };
    try {
      return this.#host.answer(question, source, { onAnswer: (value) => this.#answer(value), onEnd: end });
    } catch (error) {
      end(ClusterError.from(error, 'internal'));
      return noAnswers;
    }
  }

  #answer(value: unknown): void {
    if (this.#isOver) return;
    try {
      this.#waiting.push(this.#host.codec.encode(value));
    } catch (error) {
      this.#ended = { error: ClusterError.from(error, 'invalid-value') };
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#isOver) return;
    while (this.#stream.credit > 0) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      this.#stream.next(emptyBytes, bytes);
      this.#source.request(1);
    }
    if (this.#ended === undefined || this.#waiting.length > 0) return;
    this.#isOver = true;
    this.#cancelTimer();
    const { error } = this.#ended;
    if (error === undefined) this.#stream.complete();
    else this.#stream.fail(errorCodeOf(error), writeErrorBody(error, this.#host.origin));
  }

  #timeOut(): void {
    if (this.#isOver) return;
    const late = new ClusterError('deadline-exceeded', 'the deadline passed');
    this.#stream.fail(streamErrorCodes.canceled, writeErrorBody(late, this.#host.origin));
    this.#stop();
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#source.cancel();
  }
}

const deafSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};

const flagPlain = 1;

function writeQuestion(question: Question, wireVersion: number): Uint8Array {
  const writer = new ByteWriter(128);
  writer.u8(wireVersion);
  writer.u8(question.plain ? flagPlain : 0);
  writer.text(question.topic);
  writer.varint(Math.max(0, Math.ceil(question.timeoutMs)));
  writer.varint(question.groups.length);
  for (const group of question.groups) writer.text(group);
  writer.text(question.key);
  const headers = Object.entries(question.headers);
  writer.varint(headers.length);
  for (const [name, text] of headers) {
    writer.text(name);
    writer.text(text);
  }
  return writer.take();
}

function readQuestion(metadata: Uint8Array, readValue: () => unknown): Question | undefined {
  const reader = new ByteReader(metadata);
  const version = reader.u8();
  const flags = reader.u8();
  const topic = reader.text(topicLengthMax * 3);
  const timeoutMs = Math.min(reader.varint(), timeoutMaxMs);
  const groupCount = reader.varint();
  const groups: string[] = [];
  for (let index = 0; index < Math.min(groupCount, groupsWonMax) && reader.ok; index += 1) {
    groups.push(reader.text(512));
  }
  const key = reader.text(headersBytesMax);
  const headerCount = reader.varint();
  const headers: [string, string][] = [];
  for (let index = 0; index < Math.min(headerCount, headersMax) && reader.ok; index += 1) {
    headers.push([reader.text(headersBytesMax), reader.text(headersBytesMax)]);
  }
  if (!reader.ok || version < wireVersionMin || findTopicFault(topic) !== undefined) return undefined;
  const plain = (flags & flagPlain) !== 0;
  return { topic, value: readValue(), headers: Object.fromEntries(headers), timeoutMs, groups, plain, key };
}

/** Longest that a responder works for one request, whatever the asker says. */
const timeoutMaxMs = 24 * 60 * 60 * 1000;

/** What is said of a question that no handler has seen. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['overloaded', 'no-responders', 'unauthorized']);

function errorCodeOf(error: ClusterError): number {
  if (error.ran === true) return streamErrorCodes.applicationError;
  return refusals.has(error.code) ? streamErrorCodes.rejected : streamErrorCodes.applicationError;
}

function toError(fault: StreamFault, node: string): ClusterError {
  if (fault.kind === 'link') {
    return fault.written
      ? new ClusterError('link-lost', `the link to ${node} ended (${fault.reason}) before it answered`, { node })
      : new ClusterError('not-executed', `the link to ${node} ended (${fault.reason}) before it was asked`, { node });
  }
  const ran = fault.code !== streamErrorCodes.rejected && fault.code !== streamErrorCodes.invalid;
  return readErrorBody({ data: fault.data, node, ran, code: ran ? 'remote' : 'not-executed' });
}
