import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The repository, which a program must be inside of for `scalebus` to be found under its own name. */
export const rootFolder: string = fileURLToPath(new URL('../..', import.meta.url));

/** A program in a process of its own, with what it wrote so far. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<number>;
  #out = '';
  #errors = '';
  #told = (): void => undefined;
  #exitCode: number | undefined;

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#name = name;
    this.#child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      cwd: rootFolder,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#out += chunk.toString();
      this.#told();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
      this.#told();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#exitCode = code ?? (signal === null ? -1 : -2);
        resolve(this.#exitCode);
        this.#told();
      });
    });
  }

  /** Standard output, so far. */
  get out(): string {
    return this.#out;
  }

  /** Standard error, so far. */
  get errors(): string {
    return this.#errors;
  }

  get isRunning(): boolean {
    return this.#exitCode === undefined;
  }

  /** Resolves with the match once standard output has it, looked for behind `from`; throws when the program ends without. */
  async until(pattern: RegExp, from = 0, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const endAt = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#out.slice(from));
      if (match !== null) return match;
      if (!this.isRunning || Date.now() > endAt) throw new Error(this.#describe(`never wrote ${String(pattern)}`));
      await this.#change(endAt - Date.now());
    }
  }

  /** Resolves with the exit code; -2 after a signal. */
  async exit(timeoutMs = 30_000): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(this.#describe(`did not end in ${timeoutMs} ms`))), timeoutMs);
    });
    try {
      return await Promise.race([this.#ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #change(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxMs);
      this.#told = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #describe(what: string): string {
    return `${this.#name} ${what}; exit code ${this.#exitCode ?? 'none'}\nout: ${this.#out}\nerrors: ${this.#errors}`;
  }
}

/** Programs of one test, none of which outlives it. */
export class Programs {
  readonly #running: Program[] = [];
  readonly #folder: string = mkdtempSync(join(rootFolder, 'test', 'programs-'));

  /** Runs code as a module that can import `scalebus`. */
  run(name: string, code: string): Program {
    const file = join(this.#folder, `${name}.ts`);
    writeFileSync(file, code);
    return this.#add(new Program(name, [file]));
  }

  /** Runs a file of the repository. */
  runFile(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return this.#add(new Program(name, args, env));
  }

  /** Ends what still runs, and removes what was written. */
  async stop(): Promise<void> {
    for (const program of this.#running) if (program.isRunning) program.kill('SIGKILL');
    await Promise.all(this.#running.map((program) => program.exit()));
    rmSync(this.#folder, { recursive: true });
  }

  #add(program: Program): Program {
    this.#running.push(program);
    return program;
  }
}

/** A label that no other cluster on this machine has. */
export function drawLabel(): string {
  return `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

/** Polls a condition that no event tells of. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  maxMs = 20_000,
): Promise<void> {
  const endAt = Date.now() + maxMs;
  while (!(await condition())) {
    if (Date.now() > endAt) throw new Error(`not within ${maxMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
