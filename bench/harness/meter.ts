/** What a process costs: CPU time, peak memory, and bytes that its sockets wrote and read. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Server, Socket } from 'node:net';

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

/** The byte counters that a socket and the handle below it share. */
interface Counters {
  readonly bytesWritten?: number;
  readonly bytesRead?: number;
}

/** One connection. An accepted socket may give its handle to another one: the handle is what counts on. */
interface Watched {
  readonly socket: Socket;
  readonly handle: Counters | undefined;
  written: number;
  read: number;
}

/** Measures this process. Must be started before any contender opens a socket, or its bytes are missed. */
export class Meter {
  readonly #all = new Set<Watched>();
  readonly #known = new WeakSet<Socket>();
  #cpu = process.cpuUsage();
  #written = 0;
  #read = 0;

  /**
   * Watches every TCP and Unix socket of the process where it begins. Node's own channels would miss sockets that are made
   * before they dial, and speak of accepted ones only after the server's listeners, which may have moved the handle.
   */
  start(): void {
    const watch = (socket: Socket): void => this.#watch(socket);
    const { prototype: dialling } = Socket;
    const connect: unknown = Reflect.get(dialling, 'connect');
    assert(typeof connect === 'function');
    Reflect.set(dialling, 'connect', function watched(this: Socket, ...args: unknown[]): unknown {
      const result: unknown = Reflect.apply(connect, this, args);
      watch(this);
      return result;
    });
    const { prototype: accepting } = Server;
    const emit: unknown = Reflect.get(accepting, 'emit');
    assert(typeof emit === 'function');
    Reflect.set(accepting, 'emit', function watched(this: Server, ...args: unknown[]): unknown {
      const [event, socket] = args;
      if (event === 'connection' && socket instanceof Socket) watch(socket);
      return Reflect.apply(emit, this, args);
    });
  }

  /** Begins a span. */
  begin(): void {
    this.#cpu = process.cpuUsage();
    const { written, read } = this.#totals();
    this.#written = written;
    this.#read = read;
  }

  /** Ends the span and says what it cost. Peak memory is that of the whole life of the process. */
  end(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu);
    const { written, read } = this.#totals();
    return {
      cpuUs: user + system,
      rssPeakBytes: process.resourceUsage().maxRSS * 1024,
      writtenBytes: written - this.#written,
      readBytes: read - this.#read,
    };
  }

  #watch(socket: Socket): void {
    if (this.#known.has(socket)) return;
    this.#known.add(socket);
    const handle: unknown = Reflect.get(socket, '_handle');
    const counters = typeof handle === 'object' && handle !== null ? handle : undefined;
    const watched: Watched = { socket, handle: counters, written: 0, read: 0 };
    this.#all.add(watched);
    // A closed socket stays in the list: its last count is kept, and its handle may live on in another one.
    socket.once('close', () => refresh(watched));
  }

  #totals(): { readonly written: number; readonly read: number } {
    let written = 0;
    let read = 0;
    for (const watched of this.#all) {
      if (uncounted.has(watched.socket)) continue;
      refresh(watched);
      written += watched.written;
      read += watched.read;
    }
    return { written, read };
  }
}

/** Takes the larger of what socket and handle say: each forgets in its own way when it is closed or moved. */
function refresh(watched: Watched): void {
  const { socket, handle } = watched;
  watched.written = Math.max(watched.written, socket.bytesWritten, handle?.bytesWritten ?? 0);
  watched.read = Math.max(watched.read, socket.bytesRead, handle?.bytesRead ?? 0);
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
