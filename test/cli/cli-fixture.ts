import { stripVTControlCharacters } from 'node:util';
import { ClusterError } from '../../src/core/errors.js';
import { createProgram } from '../../src/cli/program.js';
import type { Terminal } from '../../src/cli/terminal.js';
import type { GuestOptions } from '../../src/runtime/connect-guest.js';
import type { GuestNode, MemberView } from '../../src/runtime/guest-node.js';
import type { BusEvent } from '../../src/spi/bus.js';
import { Simulator } from '../../src/testing/simulator.js';

/** A terminal that keeps what was written, without colours. */
export class KeptTerminal implements Terminal {
  readonly lines: string[] = [];
  readonly notes: string[] = [];
  readonly shown: (readonly string[])[] = [];
  readonly abort: AbortController = new AbortController();
  readonly clock: Simulator = new Simulator({ seed: 1 });
  readonly env: Record<string, string> = {};

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  line(text: string): void {
    this.lines.push(stripVTControlCharacters(text));
  }

  note(text: string): void {
    this.notes.push(stripVTControlCharacters(text));
  }

  show(lines: readonly string[]): void {
    this.shown.push(lines.map(stripVTControlCharacters));
  }

  /** What was written to standard output, one JSON text a line. */
  get json(): unknown[] {
    return this.lines.map((line) => JSON.parse(line) as unknown);
  }
}

/** One event as a guest gets it. */
export function makeEvent(topic: string, value: unknown): BusEvent {
  return { topic, value, headers: { trace: '1' }, source: 'n2', captures: {} };
}

const members: readonly MemberView[] = [
  { name: 'n2', epoch: 2, address: '127.0.0.1:7701', status: 'suspect', self: false },
  { name: 'n1', epoch: 1, address: '127.0.0.1:7700', status: 'alive', self: true },
];

/** A guest that answers from memory and keeps what it was asked. */
export class FakeGuest implements GuestNode {
  readonly asked: unknown[][] = [];
  readonly host = { name: 'n1', epoch: 1, address: '127.0.0.1:7700' };
  /** What every call fails with. */
  error: ClusterError | undefined;
  /** Calls never answer until the guest is stopped. */
  isHanging = false;
  stops = 0;
  #end: (error: ClusterError) => void = () => undefined;

  members(): ReturnType<GuestNode['members']> {
    return this.#answer(['members'], members);
  }

  subscribe(...args: Parameters<GuestNode['subscribe']>): ReturnType<GuestNode['subscribe']> {
    const [patterns, { signal, ...options } = {}] = args;
    return this.#items(['subscribe', patterns, options], [makeEvent('/a', 1), makeEvent('/b', 'two')], signal);
  }

  publish(...args: Parameters<GuestNode['publish']>): ReturnType<GuestNode['publish']> {
    return this.#answer(['publish', ...args], { local: 1, nodes: 2, groups: 3, dropped: 0 });
  }

  request(...args: Parameters<GuestNode['request']>): ReturnType<GuestNode['request']> {
    return this.#answer(['request', ...args], makeEvent('/answer', { ok: true }));
  }

  requestMany(...args: Parameters<GuestNode['requestMany']>): ReturnType<GuestNode['requestMany']> {
    return this.#items(['requestMany', ...args], [makeEvent('/answer', 1), makeEvent('/answer', 2)]);
  }

  invoke(...args: Parameters<GuestNode['invoke']>): Promise<unknown> {
    return this.#answer(['invoke', ...args], { said: 'hi', bytes: Uint8Array.of(1, 2) });
  }

  invokeStream(...args: Parameters<GuestNode['invokeStream']>): AsyncIterable<unknown> {
    return this.#items(['invokeStream', ...args], [1, { two: 2n }]);
  }

  instances(): ReturnType<GuestNode['instances']> {
    const methods = {
      read: { kind: 'call', idempotent: true, raw: false },
      write: { kind: 'call', idempotent: false, raw: false },
    } as const;
    const service = { name: 'store', version: '1.2.3', methods, hash: 7 };
    return this.#answer(['instances'], [{ service, node: 'n2', epoch: 2, id: 'i1', tags: {} }]);
  }

  explain(topic: string): ReturnType<GuestNode['explain']> {
    const subscription = { id: 's1', patterns: ['/t'], group: 'g', priority: 2, local: true, broker: false };
    const node = { node: 'n2', epoch: 2, because: ['/*', '/t'], linked: false, suspect: false, inFlight: 3 };
    const sharers = [
      { node: 'n1', members: 1, usable: true },
      { node: 'n2', members: 2, usable: false },
    ];
    return this.#answer(['explain', topic], {
      topic,
      node: 'n1',
      subscriptions: [subscription],
      nodes: [node],
      groups: [{ name: 'g', strategy: 'oldest', members: sharers, winner: 'n1' }],
      responders: [{ node: 'n2', plain: 1, groups: ['q'] }],
    });
  }

  tap(...args: Parameters<GuestNode['tap']>): ReturnType<GuestNode['tap']> {
    const [pattern, { signal, ...options } = {}] = args;
    return this.#items(['tap', pattern, options], [makeEvent('/seen', 1)], signal);
  }

  stats(): ReturnType<GuestNode['stats']> {
    return this.#answer(['stats'], {
      name: 'n1',
      members: members.map(({ name, status, address }) => ({ name, status, address })),
      links: [{ peer: 'n2', role: 'peer', bufferedBytes: 12 }],
      lanes: [],
      subscriptions: [],
      topics: [{ topic: '/a', count: 3 }],
    });
  }

  stop(): Promise<void> {
    this.stops += 1;
    this.#end(new ClusterError('link-lost', 'the guest was stopped'));
    return Promise.resolve();
  }

  #answer<T>(asked: unknown[], answer: T): Promise<T> {
    this.asked.push(asked);
    if (this.error !== undefined) return Promise.reject(this.error);
    if (!this.isHanging) return Promise.resolve(answer);
    return new Promise((_resolve, reject) => {
      this.#end = reject;
    });
  }

  async *#items<T>(asked: unknown[], items: readonly T[], signal?: AbortSignal): AsyncGenerator<T> {
    this.asked.push(asked);
    if (this.error !== undefined) throw this.error;
    yield* items;
    if (signal === undefined || signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}

/** A command line with a terminal and a guest that tests look at. */
export interface CommandLine {
  readonly terminal: KeptTerminal;
  readonly guest: FakeGuest;
  readonly connects: GuestOptions[];
  readonly run: (...args: string[]) => Promise<number>;
}

/** Makes one. */
export function makeCommandLine(): CommandLine {
  const terminal = new KeptTerminal();
  const guest = new FakeGuest();
  const connects: GuestOptions[] = [];
  const program = createProgram(terminal, async (options) => {
    connects.push(options);
    return guest;
  });
  const run = (...args: string[]): Promise<number> => program.run(args);
  return { terminal, guest, connects, run };
}
