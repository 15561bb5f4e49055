/** Whole nodes in processes of their own on one machine, and what they told: for what only real processes show. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What a process of the crew is started with. */
export interface CrewSpec {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly seeds: readonly string[];
  readonly profile: 'local' | 'lan' | 'wan';
  readonly label: string;
  readonly joinTimeoutMs: number;
}

/** What a process is told to do; `subject` is whom it concerns. */
export type CrewOrder = { readonly subject: string } & (
  | { readonly kind: 'stall'; readonly stallMs: number; readonly where: StallPlace }
  | { readonly kind: 'publish' | 'call'; readonly text: string }
  | { readonly kind: 'usage' }
);

/** Where in a turn of the event loop a stall begins. */
export type StallPlace = 'timer' | 'io' | 'immediate';

/** Every place of a stall. */
export const stallPlaces: readonly StallPlace[] = ['timer', 'io', 'immediate'];

/** What a process tells: whom it knew from the start (`known`), a member event, or what came of an order. */
export interface CrewReport {
  readonly kind: string;
  readonly observer: string;
  readonly subject: string;
  readonly epoch?: number;
  readonly incarnation?: number;
  readonly text?: string;
  readonly atMs: number;
}

/** A process of the crew. */
export interface CrewMember {
  readonly name: string;
  readonly child: ChildProcess;
  readonly epoch: number;
  /** Whom it knew when its start had resolved. */
  readonly atStart: readonly string[];
}

/** Processes that were started one after the other. */
export class Crew {
  readonly reports: CrewReport[] = [];
  readonly #members = new Map<string, CrewMember>();
  readonly #ports: readonly number[];
  readonly #label = `crew-${process.pid}-${Math.random().toString(36).slice(2)}`;
  /** The last word of each observer on each other. */
  readonly #views = new Map<string, Map<string, CrewReport>>();

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** Starts so many, named `p1` and on, and waits until everyone knows everyone. */
  static async start(count: number): Promise<Crew> {
    const crew = new Crew(await freePorts(count));
    try {
      for (let index = 1; index <= count; index += 1) await crew.join(`p${index}`);
      await crew.begin();
    } catch (error) {
      await crew.stop();
      throw error;
    }
    return crew;
  }

  get members(): readonly CrewMember[] {
    return [...this.#members.values()];
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  get(name: string): CrewMember {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no process ${name}`);
    return member;
  }

  all(kind: string, from = 0): readonly CrewReport[] {
    return this.reports.slice(from).filter((report) => report.kind === kind);
  }

  seen(kind: string, subject: string, from = 0): readonly CrewReport[] {
    return this.all(kind, from).filter((report) => report.subject === subject);
  }

  tell(name: string, order: CrewOrder): void {
    this.get(name).child.send(order);
  }

  /** True when the last word of everybody on everybody is that he is there, in the life that he lives. */
  agrees(): boolean {
    return this.members.every((observer) => this.members.every((subject) => this.isThereFor(observer.name, subject)));
  }

  /** True when this observer's last word on a member is that it is alive in its present life. */
  isThereFor(observer: string, subject: CrewMember): boolean {
    if (observer === subject.name) return true;
    const last = this.#views.get(observer)?.get(subject.name);
    return last !== undefined && presentKinds.has(last.kind) && last.epoch === subject.epoch;
  }

  async until(condition: () => boolean, what: string, maxMs: number): Promise<void> {
    const endAt = Date.now() + maxMs;
    while (!condition()) {
      if (Date.now() > endAt) throw new Error(`waited ${maxMs} ms for ${what}: ${this.#describe()}`);
      await pause(5);
    }
  }

  /** Lets the wall reach a time: for what lasts by its nature. */
  async reach(wallMs: number): Promise<void> {
    while (Date.now() < wallMs) await pause(Math.min(50, wallMs - Date.now() + 1));
  }

  /** Starts one; after `kill` another life of the name at the same address. */
  async join(name: string): Promise<CrewMember> {
    const port = this.#ports[Number(name.slice(1)) - 1] ?? 0;
    const seeds = this.#ports.map((one) => `127.0.0.1:${one}`);
    const about = { host: '127.0.0.1', profile: 'local', label: this.#label, joinTimeoutMs: 1000 } as const;
    const isSource = import.meta.url.endsWith('.ts');
    const script = fileURLToPath(new URL(isSource ? 'crew-member.ts' : 'crew-member.js', import.meta.url));
    const child = fork(script, [JSON.stringify({ name, port, seeds, ...about } satisfies CrewSpec)], {
      execArgv: isSource ? ['--import', 'tsx'] : [],
    });
    this.#views.set(name, new Map());
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
      child.on('message', (report: CrewReport) => {
        this.reports.push(report);
        if (report.kind === 'ready') {
          const member = { name, child, epoch: report.epoch ?? 0, atStart: (report.text ?? '').split(',') };
          this.#members.set(name, member);
          resolve(member);
        } else if (memberKinds.has(report.kind)) {
          this.#views.get(name)?.set(report.subject, report);
        }
      });
    });
  }

  /** Waits until everyone knows everyone, and forgets what was told until then. */
  async begin(): Promise<void> {
    await this.until(() => this.agrees(), 'everyone to know everyone', 20_000);
    this.reports.length = 0;
  }

  /** Ends a process with SIGKILL, and forgets it. */
  async kill(name: string): Promise<number> {
    const { child } = this.get(name);
    const killedAt = Date.now();
    this.#members.delete(name);
    await end(child);
    return killedAt;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ child }) => end(child)));
    this.#members.clear();
  }

  #describe(): string {
    const missing = this.members.flatMap((subject) =>
      this.names
        .filter((observer) => !this.isThereFor(observer, subject))
        .map((observer) => `${observer} lacks ${subject.name}`),
    );
    return `${missing.join(', ')}; last reports ${JSON.stringify(this.reports.slice(-12))}`;
  }
}

/** The last word on a member that is there. */
export const presentKinds: ReadonlySet<string> = new Set(['known', 'joined', 'updated', 'alive']);
const memberKinds: ReadonlySet<string> = new Set([...presentKinds, 'suspect', 'left', 'failed']);

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Ports below those that systems give to outgoing connections, free for datagrams and connections. */
async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < 200; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`only ${found.size} of ${count} ports are free`);
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    // Taken; another one will do.
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
