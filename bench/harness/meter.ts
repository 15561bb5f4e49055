/** What a process costs: CPU time, peak memory, and bytes that its sockets wrote and read. */
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Cost of one process over a measured span. */
export interface Usage {
  readonly cpuUs: number;
  readonly rssPeakBytes: number;
  readonly writtenBytes: number;
  readonly readBytes: number;
}

/** Sockets that belong to the bench itself and are not counted. */
const uncounted = new WeakSet<Socket>();

/** Leaves a socket of the harness out of the byte count. */
export function doNotCount(socket: Socket): void {
  uncounted.add(socket);
}

/** Measures this process. Must be made before any contender opens a socket, or its bytes are missed. */
export class Meter {
  readonly #open = new Set<Socket>();
  #closedWritten = 0;
  #closedRead = 0;
  #cpu = process.cpuUsage();
  #written = 0;
  #read = 0;

  /** Watches every TCP and Unix socket of the process through Node's own channels. */
  start(): void {
    const watch = (message: unknown): void => {
      const { socket } = message as { readonly socket: Socket };
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        if (uncounted.has(socket)) return;
        this.#closedWritten += socket.bytesWritten;
        this.#closedRead += socket.bytesRead;
      });
    };
    subscribe('net.client.socket', watch);
    subscribe('net.server.socket', watch);
  }

  /** Begins a span. */
  begin(): void {
    this.#cpu = process.cpuUsage();
    this.#written = this.#total('bytesWritten');
    this.#read = this.#total('bytesRead');
  }

  /** Ends the span and says what it cost. Peak memory is that of the whole life of the process. */
  end(): Usage {
    const cpu = process.cpuUsage(this.#cpu);
    return {
      cpuUs: cpu.user + cpu.system,
      rssPeakBytes: process.resourceUsage().maxRSS * 1024,
      writtenBytes: this.#total('bytesWritten') - this.#written,
      readBytes: this.#total('bytesRead') - this.#read,
    };
  }

  #total(what: 'bytesWritten' | 'bytesRead'): number {
    let sum = what === 'bytesWritten' ? this.#closedWritten : this.#closedRead;
    for (const socket of this.#open) if (!uncounted.has(socket)) sum += socket[what];
    return sum;
  }
}

/** Microseconds in one tick of /proc; the kernel's interface fixes it at 100 ticks a second. */
const tickUs = 10_000;

/** CPU time and peak memory of another process, from Linux's /proc; zeros elsewhere, shown as unknown. */
export function readProcess(pid: number): { cpuUs: number; rssPeakBytes: number } {
  try {
    const stat = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
    // The command name is in parentheses and may hold spaces: count fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuUs = (Number(fields[11]) + Number(fields[12])) * tickUs;
    const status = readFileSync(`/proc/${pid.toString()}/status`, 'utf8');
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? '0';
    return { cpuUs, rssPeakBytes: Number(peak) * 1024 };
  } catch {
    // Not Linux, or the process is gone: the figure is missing, which is no reason to end a run.
    return { cpuUs: 0, rssPeakBytes: 0 };
  }
}

/** CPU time in microseconds of a live process; 0 where it cannot be read. */
export function processCpuUs(pid: number): number {
  return readProcess(pid).cpuUs;
}
