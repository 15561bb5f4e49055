import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CancelSource } from '../../src/core/cancel.js';
import type {
  BusDoor,
  BusSubscription,
  EventHandler,
  PublishOptions,
  Receipt,
  RespondHandler,
  SubscribeOptions,
} from '../../src/spi/bus.js';
import type { Answer, EventParts, StartBody } from './bus-process.js';
import { Ipc } from './ipc.js';

/**
 * The bus of a node in another process, for a suite that subscribes and responds there: handlers run here, their results travel back.
 * Who publishes there is not told the receipt, and nobody asks there.
 */
export class BusProcess {
  readonly #child: ChildProcess;
  readonly #ipc: Ipc;
  readonly #handlers = new Map<number, EventHandler>();
  readonly #responders = new Map<number, RespondHandler>();
  readonly #answering = new Map<number, { readonly cancel: CancelSource; items: AsyncIterator<unknown> | undefined }>();
  #handles = 0;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('bus-process.ts', import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#ipc = new Ipc({
      send: (message) => void this.#child.send(message),
      listen: (take) => void this.#child.on('message', take),
    });
    this.#child.once('exit', () => this.#ipc.end(new Error('the process is gone')));
    this.#ipc.serve('handle', ({ handle, event }: { handle: number; event: EventParts }) =>
      this.#handlers.get(handle)?.(event),
    );
    this.#ipc.serve('answer', (body: { handle: number; call: number; event: EventParts }) => this.#answer(body));
    this.#ipc.serve('next', ({ call }: { call: number }) => this.#answering.get(call)?.items?.next());
    this.#ipc.serve('cancel', ({ call }: { call: number }) => this.#answering.get(call)?.cancel.cancel('over there'));
  }

  /** Starts a node there. */
  start(body: StartBody): Promise<{ readonly address: string; readonly epoch: number }> {
    return this.#ipc.ask('start', body);
  }

  /** The members that the node knows, as `NAME@EPOCH`. */
  members(): Promise<readonly string[]> {
    return this.#ipc.ask('members', {});
  }

  /** Resolves when the process has done what it was asked until now. */
  ping(): Promise<void> {
    return this.#ipc.ask('ping', {});
  }

  /** Stops its node in order; the process waits for the next. */
  async stopNode(): Promise<void> {
    await this.#ipc.ask('stop', {});
    this.#handlers.clear();
    this.#responders.clear();
    this.#answering.clear();
  }

  /** Ends the process without a word. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** The bus of its node. */
  door(): BusDoor {
    return {
      publish: (topic, value, options) => this.#publish('publish', topic, value, options),
      broadcast: (pattern, value, options) => this.#publish('broadcast', pattern, value, options),
      publishConfirmed: refuseToAsk,
      request: refuseToAsk,
      requestMany: refuseToAsk,
      subscribe: (patterns, handler, options = {}) => {
        const handle = (this.#handles += 1);
        this.#handlers.set(handle, handler);
        return this.#open('subscribe', handle, patterns, options);
      },
      respond: (patterns, handler, options = {}) => {
        const handle = (this.#handles += 1);
        this.#responders.set(handle, handler);
        return this.#open('respond', handle, patterns, options);
      },
    };
  }

  #publish(what: 'publish' | 'broadcast', topic: string, value: unknown, options: PublishOptions = {}): Receipt {
    void this.#ipc.ask(what, { topic, value, options });
    return unknownReceipt;
  }

  #open(
    what: 'subscribe' | 'respond',
    handle: number,
    patterns: string | readonly string[],
    options: SubscribeOptions,
  ): BusSubscription {
    const ask = (kind: string, body: object): Promise<void> => this.#ipc.ask<void>(kind, { handle, ...body });
    // A refusal is told to who asks whether it is ready.
    const opened = ask(what, { patterns, options });
    opened.catch(() => undefined);
    let revision = 0;
    return {
      id: `remote-${handle}`,
      stats: { received: Number.NaN, handled: Number.NaN, dropped: Number.NaN, failed: Number.NaN, queued: Number.NaN },
      get revision() {
        return revision;
      },
      ready: async ({ scope = 'local' } = {}) => {
        await opened;
        await ask('ready', { scope });
      },
      update: (next) => {
        revision += 1;
        void ask('update', { patterns: next });
      },
      stop: () => void ask('stop-subscription', {}),
    };
  }

  async #answer({ handle, call, event }: { handle: number; call: number; event: EventParts }): Promise<Answer> {
    const cancel = new CancelSource();
    const answering = { cancel, items: undefined as AsyncIterator<unknown> | undefined };
    this.#answering.set(call, answering);
    const value: unknown = await this.#responders.get(handle)?.(event, { cancel });
    if (!isAsyncIterable(value)) return { isStream: false, value };
    answering.items = value[Symbol.asyncIterator]();
    return { isStream: true, value: undefined };
  }
}

/** Equal to no receipt, so that a check of it fails. */
const unknownReceipt: Receipt = { local: Number.NaN, nodes: Number.NaN, groups: Number.NaN, dropped: Number.NaN };

function refuseToAsk(): never {
  throw new Error('only the first node asks: its bus is in this process');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
