import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report, View } from './process.js';

/** What the children's parent wants to know. */
export interface ChildListener {
  onNote(note: string): void;
  onMqtt(address: string): void;
  onView(view: View): void;
}

/** The three node processes. */
export interface Children {
  /** Process id by name, of those that run now. */
  readonly processes: ReadonlyMap<string, number>;
  /** `host:port` where devices connect, once the gateway is up. */
  readonly mqttAddress: string | undefined;
  stop(): Promise<void>;
}

/** The names of the three nodes, each of which has a file of that name here. */
export const nodeNames = ['gateway', 'rules', 'observer'] as const;

/** A process that ended is started again after so long, and a stop is given so long before it is forced. */
const restartMs = 4000;
const stopTimeoutMs = 8000;

/** Starts the three processes and starts each again when it dies, under its old name: the others see a restart. */
export function startChildren(listener: ChildListener): Children {
  const running = new Map<string, ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();
  let mqttAddress: string | undefined;
  let stopping = false;

  const start = (name: (typeof nodeNames)[number]): void => {
    const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    const args = name === 'gateway' && mqttAddress !== undefined ? [mqttAddress] : [];
    const child = fork(file, args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    running.set(name, child);
    child.on('message', (message) => onReport(message as Report, child));
    child.on('error', (error) => listener.onNote(`${name}: ${error.message}`));
    child.on('exit', (code, signal) => {
      running.delete(name);
      if (stopping) return;
      listener.onNote(`${name} ended (${signal ?? `exit code ${code}`}); it starts again under its name`);
      timers.add(setTimeout(() => start(name), restartMs));
    });
  };
  const onReport = (message: Report, child: ChildProcess): void => {
    if (message.kind === 'view') {
      listener.onView(message);
      return;
    }
    listener.onNote(`${message.name} is up (process ${child.pid ?? 0})`);
    if (message.mqtt === undefined) return;
    mqttAddress = message.mqtt;
    listener.onMqtt(message.mqtt);
  };

  for (const name of nodeNames) start(name);
  return {
    get processes() {
      return new Map([...running].map(([name, child]) => [name, child.pid ?? 0]));
    },
    get mqttAddress() {
      return mqttAddress;
    },
    stop: async () => {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([...running.values()].map(stopChild));
    },
  };
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
