import { int31Max } from './frame.js';
import type { Question } from './question.js';
import type { RsocketStream } from './stream.js';
import { StreamTable } from './stream-table.js';

/** The streams of one connection: those that this side opened and those of the peer, and the ids that come next. */
export class Streams {
  /** Open streams of both sides by tag. */
  readonly countByTag: Int32Array = new Int32Array(256);
  readonly #isClient: boolean;
  readonly #local = new StreamTable<RsocketStream>();
  /** Of this side, and not in `#local`. */
  readonly #questions = new StreamTable<Question>();
  readonly #remote = new StreamTable<RsocketStream>();
  #nextId: number;

  constructor(isClient: boolean, firstId: number | undefined) {
    this.#isClient = isClient;
    this.#nextId = firstId ?? (isClient ? 1 : 2);
  }

  get localCount(): number {
    return this.#local.size + this.#questions.size;
  }

  get remoteCount(): number {
    return this.#remote.size;
  }

  /** The stream of an id; makes one of a question. */
  find(id: number): RsocketStream | undefined {
    if (!this.isLocalId(id)) return this.#remote.find(id);
    const question = this.#questions.find(id);
    return question === undefined ? this.#local.find(id) : this.#toStream(question);
  }

  /** The question of an id, unless it is a stream, or over. */
  findQuestion(id: number): Question | undefined {
    return this.isLocalId(id) ? this.#questions.find(id) : undefined;
  }

  /** "A client MUST generate odd Stream IDs and a server MUST generate even Stream IDs" (Stream Identifiers). */
  isLocalId(id: number): boolean {
    return (id & 1) === (this.#isClient ? 1 : 0);
  }

  /** Returns the next id that is not in use; ids begin again after the largest. Ends because the table is bounded. */
  takeId(): number {
    let id = this.#nextId;
    while (this.#questions.find(id) !== undefined || this.#local.find(id) !== undefined) id = this.#idAfter(id);
    this.#nextId = this.#idAfter(id);
    return id;
  }

  add(stream: RsocketStream, tag: number): void {
    stream.isListed = true;
    stream.tag = tag;
    (stream.isRequester ? this.#local : this.#remote).add(stream);
    this.#count(tag, 1);
  }

  addQuestion(question: Question): void {
    this.#questions.add(question);
    this.#count(question.tag, 1);
  }

  removeQuestion(question: Question): void {
    this.#questions.remove(question.id);
    this.#count(question.tag, -1);
  }

  /** Counts a stream under another tag. */
  mark(stream: RsocketStream, tag: number): void {
    if (stream.isListed) {
      this.#count(stream.tag, -1);
      this.#count(tag, 1);
    }
    stream.tag = tag;
  }

  remove(stream: RsocketStream): void {
    stream.isListed = false;
    (stream.isRequester ? this.#local : this.#remote).remove(stream.id);
    this.#count(stream.tag, -1);
  }

  /** A snapshot, for the end of the connection. */
  all(): RsocketStream[] {
    for (const question of this.#questions.all()) this.#toStream(question);
    return [...this.#local.all(), ...this.#remote.all()];
  }

  #toStream(question: Question): RsocketStream {
    this.removeQuestion(question);
    const stream = question.toStream();
    this.add(stream, question.tag);
    return stream;
  }

  #idAfter(id: number): number {
    return id + 2 > int31Max ? (this.#isClient ? 1 : 2) : id + 2;
  }

  #count(tag: number, change: number): void {
    this.countByTag[tag] = (this.countByTag[tag] ?? 0) + change;
  }
}
