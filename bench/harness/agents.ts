/** Processes of a run, as the parent sees them: started, asked with a deadline, and always ended. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Answer } from './agent.js';
import { compiledPath } from './paths.js';
import type { Usage } from './meter.js';

/** What to start. */
export interface AgentSpec {
  /** Shown in errors. */
  readonly name: string;
  /** Source path of the work module from the root: `bench/child/rpc.ts`. */
  readonly module: string;
  readonly role: string;
  readonly options: unknown;
  /** More flags for Node, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[];
}

/** A file that a process runs, from the root, and its arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

const agentProgram: Program = { file: 'bench/harness/agent.ts', args: [] };
const askMs = 60_000;
const endMs = 3_000;
const tailChars = 4_000;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** All processes of this run; the last line of defence against orphans. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}

/** One process and the questions that it has not answered yet. */
export class Agent {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextId = 1;
  #tail = '';
  #failure: Error | undefined;
  #endedByUs = false;

  /** Starts the process; with the usual program nothing is loaded in it before `create`. Another one MUST answer what it is asked. */
  constructor(name: string, nodeFlags: readonly string[] = [], { file, args }: Program = agentProgram) {
    this.name = name;
    this.#child = fork(compiledPath(file), [...args], {
      execArgv: [...nodeFlags],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    });
    running.add(this.#child);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#child.on('message', (message) => this.#onAnswer(message as Answer));
    this.#child.on('error', (cause) => this.#fail(cause.message));
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        running.delete(this.#child);
        this.#fail(`process ended (${signal ?? `code ${String(code)}`})`);
        resolve();
      });
    });
  }

  /** Process id, for signals. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks for a verb. Rejects with what the process threw, with its last output, or when the deadline passes. */
  ask<T = unknown>(verb: string, args?: unknown, deadlineMs: number = askMs): Promise<T> {
    const failure = this.#failure;
    if (failure !== undefined) return Promise.reject(failure);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(this.#error(`did not answer ${verb} in ${(deadlineMs / 1000).toString()} s`));
      }, deadlineMs);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#child.send({ id, verb, args }, (cause) => {
        if (cause !== null) this.#fail(cause.message);
      });
    });
  }

  /** Sends a signal: SIGKILL and SIGSTOP are what the failure bench is about. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') this.#endedByUs = true;
    this.#child.kill(signal);
  }

  /** Stops the actor, then the process; kills it when it does not end in time. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#endedByUs = true;
    await this.ask('stop', undefined, endMs).catch(() => undefined);
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #onAnswer({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(value);
    else waiting.reject(new Error(`${this.name}: ${error}`));
  }

  #fail(why: string): void {
    this.#failure ??= this.#error(why);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#failure);
    }
    this.#waiting.clear();
  }

  #error(why: string): Error {
    const tail = this.#tail.trim();
    const output = tail === '' || this.#endedByUs ? '' : `\n${tail}`;
    return new Error(`${this.name}: ${why}${output}`);
  }

  #keep(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.toString()).slice(-tailChars);
  }
}

/** A process that was started, and what its actor told. It crossed a process border: the caller names its type. */
export interface Added<T> {
  readonly agent: Agent;
  readonly info: T;
}

/** The processes of one measurement; `stop` ends them all, whatever state they are in. */
export class Crew {
  readonly #agents: Agent[] = [];

  /** Starts a process and makes its actor. Returns it with what the actor told. */
  async add<T = unknown>(spec: AgentSpec): Promise<Added<T>> {
    const agent = this.prepare(spec.name, spec.nodeFlags);
    return { agent, info: await this.create<T>(agent, spec) };
  }

  /** Starts a process only, so that several can start at once. */
  prepare(name: string, nodeFlags?: readonly string[], program?: Program): Agent {
    const agent = new Agent(name, nodeFlags, program);
    this.#agents.push(agent);
    return agent;
  }

  /** Makes the actor of a prepared process. The answer crossed a process border: the caller names what its module returns. */
  async create<T = unknown>(agent: Agent, { module, role, options }: AgentSpec): Promise<T> {
    return agent.ask<T>('create', { module: compiledPath(module), role, options });
  }

  /** Begins the measured span in the given processes. */
  async begin(agents: readonly Agent[]): Promise<void> {
    await Promise.all(agents.map(async (agent) => agent.ask('begin')));
  }

  /** Ends the span and returns the cost of each, in order. */
  async end(agents: readonly Agent[]): Promise<Usage[]> {
    return Promise.all(agents.map(async (agent) => agent.ask<Usage>('end')));
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map(async (agent) => agent.stop()));
  }
}
