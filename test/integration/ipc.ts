import { ClusterError } from '../../src/core/errors.js';

/** One end of a channel between two processes of a test. */
export interface IpcEnd {
  send(message: IpcMessage): void;
  listen(take: (message: IpcMessage) => void): void;
}

/** What goes over it: a question, or the answer to one. */
export type IpcMessage =
  | { readonly kind: 'ask'; readonly id: number; readonly what: string; readonly body: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ErrorParts };

/** Questions and answers between two processes, in the order in which they were asked. Errors keep name, code, details and cause. */
export class Ipc {
  readonly #end: IpcEnd;
  readonly #answers = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  readonly #servers = new Map<string, (body: never) => unknown>();
  #ids = 0;

  constructor(end: IpcEnd) {
    this.#end = end;
    end.listen((message) => this.#take(message));
  }

  /** Answers questions of one kind. */
  serve(what: string, answer: (body: never) => unknown): void {
    this.#servers.set(what, answer);
  }

  ask<T>(what: string, body: unknown): Promise<T> {
    const id = (this.#ids += 1);
    this.#end.send({ kind: 'ask', id, what, body });
    return new Promise<T>((resolve, reject) => {
      this.#answers.set(id, { resolve: (value) => resolve(value as T), reject });
    });
  }

  /** The other process is gone. */
  end(error: Error): void {
    for (const waiting of this.#answers.values()) waiting.reject(error);
    this.#answers.clear();
  }

  #take(message: IpcMessage): void {
    if (message.kind === 'ask') {
      void this.#answer(message.id, message.what, message.body);
      return;
    }
    const waiting = this.#answers.get(message.id);
    this.#answers.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(partsToError(message.error));
  }

  async #answer(id: number, what: string, body: unknown): Promise<void> {
    try {
      const serve = this.#servers.get(what);
      if (serve === undefined) throw new Error(`nothing answers ${what}`);
      const value: unknown = await serve(body as never);
      this.#end.send({ kind: 'answer', id, value });
    } catch (error) {
      this.#end.send({ kind: 'failure', id, error: errorToParts(error) });
    }
  }
}

/** An error as data. */
export interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly code: ClusterError['code'] | undefined;
  readonly details: unknown;
  readonly cause: ErrorParts | undefined;
}

function errorToParts(error: unknown): ErrorParts {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), code: undefined, details: undefined, cause: undefined };
  }
  const { name, message } = error;
  const cause = error.cause === undefined ? undefined : errorToParts(error.cause);
  if (!(error instanceof ClusterError)) return { name, message, code: undefined, details: undefined, cause };
  return { name, message: message.slice(error.code.length + 3), code: error.code, details: error.details, cause };
}

function partsToError(parts: ErrorParts): Error {
  const cause = parts.cause === undefined ? undefined : partsToError(parts.cause);
  if (parts.code !== undefined) return new ClusterError(parts.code, parts.message, { details: parts.details, cause });
  const error = new Error(parts.message, cause === undefined ? undefined : { cause });
  error.name = parts.name;
  return error;
}
