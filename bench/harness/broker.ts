/** The process that runs a broker, so that the broker ends with the run whatever becomes of the parent. */
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import type { Actor, Roles } from './agent.js';
import { until } from './clock.js';
import { loadContender } from './load.js';
import { readProcess } from './meter.js';

/** What to run. */
export interface BrokerOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly port: number;
  /** Adapter whose own broker runs in this process, in place of a program. */
  readonly module: string | undefined;
}

/** Cost of the program so far. */
export interface BrokerCost {
  readonly cpuUs: number;
  readonly rssPeakBytes: number;
}

/** Says whether a program is installed. Debian puts servers where a user's path may not look. */
export function hasProgram(program: string): boolean {
  return !('code' in (spawnSync(program, ['--version'], { env: serverEnv(), stdio: 'ignore' }).error ?? {}));
}

/** What a server says of its own version, in one line; empty when it is not installed. */
export function programVersion(program: string): string {
  const { stdout, stderr } = spawnSync(program, ['--version'], { env: serverEnv(), encoding: 'utf8' });
  // mosquitto does not know the question, and names its version in the usage that it answers with.
  const said = `${stdout}${stderr}`.split('\n');
  return said.find((line) => /\d+\.\d+/.test(line))?.trim() ?? '';
}

/** `program` starts a server and waits for its port; `own` asks the adapter. */
export const roles: Roles = {
  program: async ({ program, args, port }: BrokerOptions): Promise<Actor> => {
    const child = spawn(program, args, { env: serverEnv(), stdio: 'ignore' });
    let failure: Error | undefined;
    child.once('error', (cause) => (failure = cause));
    child.once('exit', (code) => (failure ??= new Error(`${program} ended: ${String(code)}`)));
    process.once('exit', () => child.kill('SIGKILL'));
    await until(`${program} to listen`, async () => {
      if (failure !== undefined) throw failure;
      return answers(port);
    });
    const pid = child.pid ?? 0;
    return {
      verbs: { cost: (): BrokerCost => readProcess(pid) },
      // Waits for the end: a child whose parent left first stays in the process table.
      stop: async () => {
        const ended = new Promise((resolve) => {
          child.once('exit', resolve);
        });
        if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      },
    };
  },

  own: async ({ module, port }: BrokerOptions): Promise<Actor> => {
    const contender = await loadContender(module ?? '');
    if (contender.broker === undefined) throw new Error(`${module ?? ''} has no broker`);
    const { stop } = await contender.broker(port);
    const cost = (): BrokerCost => {
      const { user, system } = process.cpuUsage();
      return { cpuUs: user + system, rssPeakBytes: process.resourceUsage().maxRSS * 1024 };
    };
    return { verbs: { cost }, stop };
  },
};

function serverEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
