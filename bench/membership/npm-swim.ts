/** npm `swim` 0.6.0 under stalls of its event loops: eight processes, one of which stands still at a time. What T2 is compared with. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Extent } from './main.js';
import type { Teller } from './tell.js';

/** What a process is started with. */
export interface SwimPeerSpec {
  readonly host: string;
  readonly seeds: readonly string[];
  /** Where the package was installed. */
  readonly packages: string;
}

/** What a process tells: that it sees so many, that it holds somebody for faulty, or that it stands still no longer. */
export interface SwimPeerReport {
  readonly kind: 'size' | 'faulty' | 'woke';
  readonly observer: string;
  readonly subject: string;
  readonly size: number;
}

/** Stalls of three lengths, each told apart. */
export async function npmSwim(tell: Teller, extent: Extent): Promise<void> {
  const packages = fileURLToPath(new URL('npm-swim', sourceFolder()));
  if (!existsSync(`${packages}/node_modules/swim`)) install(packages);
  for (const stallMs of [50, 200, 1000]) {
    const peers = await Peers.start(extent.smoke ? 3 : 8, packages);
    try {
      await stallThem(tell, peers, { stallMs, stalls: extent.smoke ? 2 : (extent.seeds ?? 20) });
    } finally {
      await peers.stop();
    }
  }
}

async function stallThem(
  tell: Teller,
  peers: Peers,
  { stallMs, stalls }: { readonly stallMs: number; readonly stalls: number },
): Promise<void> {
  const count = { byHealthy: 0, byStalled: 0, ofStalled: 0 };
  // What it says of nobody's stall is the machine's load.
  const quiet = (await peers.watch(2000)).length;
  for (let stall = 0; stall < stalls; stall += 1) {
    const stalled = peers.hosts[(stall * 3 + 1) % peers.hosts.length] ?? '';
    peers.stall(stalled, stallMs);
    for (const { observer, subject } of await peers.watch(stallMs + 1000)) {
      if (subject === stalled) count.ofStalled += 1;
      else if (observer === stalled) count.byStalled += 1;
      else count.byHealthy += 1;
    }
  }
  const about = {
    n: peers.hosts.length,
    seeds: stalls,
    configuration: 'npm swim 0.6.0',
    note: `stalls of ${stallMs} ms`,
  };
  tell.figure({ metric: 'healthy held for faulty by healthy', value: count.byHealthy, ...about });
  tell.figure({ metric: 'healthy held for faulty by stalled', value: count.byStalled, ...about });
  tell.figure({ metric: 'stalled held for faulty', value: count.ofStalled, ...about });
  tell.figure({ metric: 'held for faulty in 2 s without stall', value: quiet, ...about });
}

class Peers {
  readonly hosts: string[] = [];
  readonly #children = new Map<string, ChildProcess>();
  readonly #sizes = new Map<string, number>();
  #verdicts: SwimPeerReport[] = [];

  static async start(count: number, packages: string): Promise<Peers> {
    const peers = new Peers();
    const base = 33_000 + (process.pid % 1000) * 10;
    for (let index = 0; index < count; index += 1) {
      peers.#start(`127.0.0.1:${base + index}`, index === 0 ? [] : [`127.0.0.1:${base}`], packages);
    }
    const endAt = Date.now() + 60_000;
    while (![...peers.#sizes.values()].every((size) => size >= count - 1) || peers.#sizes.size < count) {
      if (Date.now() > endAt) {
        await peers.stop();
        throw new Error(`npm swim: ${count} processes did not find each other within a minute`);
      }
      await pause(50);
    }
    return peers;
  }

  stall(host: string, stallMs: number): void {
    this.#children.get(host)?.send(stallMs);
  }

  /** What was held for faulty in a time, each pair once. */
  async watch(durationMs: number): Promise<readonly SwimPeerReport[]> {
    this.#verdicts = [];
    await pause(durationMs);
    const pairs = new Map(this.#verdicts.map((verdict) => [`${verdict.observer} ${verdict.subject}`, verdict]));
    return [...pairs.values()];
  }

  async stop(): Promise<void> {
    for (const child of this.#children.values()) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  #start(host: string, seeds: readonly string[], packages: string): void {
    const isSource = import.meta.url.endsWith('.ts');
    const script = fileURLToPath(new URL(isSource ? 'npm-swim-peer.ts' : 'npm-swim-peer.js', import.meta.url));
    const child = fork(script, [JSON.stringify({ host, seeds, packages } satisfies SwimPeerSpec)], {
      execArgv: isSource ? ['--import', 'tsx'] : [],
    });
    this.hosts.push(host);
    this.#children.set(host, child);
    child.on('message', (report: SwimPeerReport) => {
      // On a busy machine they lose each other without any stall, so the most that each has seen counts.
      if (report.kind === 'size') this.#sizes.set(host, Math.max(report.size, this.#sizes.get(host) ?? 0));
      else if (report.kind === 'faulty') this.#verdicts.push(report);
    });
  }
}

/** `bench/membership`, also when what runs was built elsewhere. */
function sourceFolder(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('.', import.meta.url)
    : new URL(`file://${process.cwd()}/bench/membership/`);
}

function install(packages: string): void {
  process.stderr.write('installing npm swim into bench/membership/npm-swim\n');
  const { status, stderr } = spawnSync('npm', ['ci', '--prefix', packages, '--no-audit', '--no-fund'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm ci --prefix ${packages} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
