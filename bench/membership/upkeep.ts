/** T10 with processes: what an idle node costs its machine, and what a node keeps of each other. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { toMonotonicMs } from '../../src/core/clock.js';
import { SeededRandom } from '../../src/core/random.js';
import type { SwimEffects } from '../../src/protocol/swim/effects.js';
import { resolveSwimOptions } from '../../src/protocol/swim/options.js';
import { PacketWriter } from '../../src/protocol/swim/packet.js';
import { SwimMachine } from '../../src/protocol/swim/swim.js';
import { Crew } from './crew.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** Whole nodes in processes with nothing to do, then one machine with a view of a thousand. */
export async function upkeep(tell: Teller, extent: Extent): Promise<void> {
  const crew = await Crew.start(extent.smoke ? 3 : 16);
  try {
    await measureIdle(tell, crew, extent.smoke ? 2000 : 60_000);
  } finally {
    await crew.stop();
  }
  measureMemory(tell, 1000);
}

async function measureIdle(tell: Teller, crew: Crew, durationMs: number): Promise<void> {
  // What start-up leaves to be compiled and collected is no upkeep.
  await crew.reach(Date.now() + durationMs / 2);
  const before = await usage(crew);
  const wakesBefore = wakings(crew);
  const from = Date.now();
  await crew.reach(from + durationMs);
  const wakes = wakings(crew);
  const after = await usage(crew);
  const seconds = (Date.now() - from) / 1000;
  const costs = [...after].map(([name, ms]) => (ms - (before.get(name) ?? 0)) / seconds);
  const about = { n: crew.names.length, note: 'whole node: gossip, links, tables; the median and the worst process' };
  tell.figure({
    metric: 'processor ms / node / s, p50',
    value: quantile(costs, 0.5),
    target: 1,
    reference: 0.43,
    ...about,
  });
  const rates = [...wakes].map(([name, count]) => (count - (wakesBefore.get(name) ?? 0)) / seconds);
  if (rates.length > 0) {
    const rate = quantile(rates, 0.5);
    tell.figure({ metric: 'wakings / node / s, p50', value: rate, ...about });
    const note = 'Node itself on this machine: a timer that does nothing, as often as a node woke';
    tell.figure({ metric: 'processor ms / bare process / s', value: await measureBare(rate, durationMs), n: 1, note });
  }
  tell.figure({ metric: 'processor ms / node / s, worst', value: Math.max(...costs), reference: 0.43, ...about });
}

/** What a process costs in a second that does nothing but wake up so often. */
async function measureBare(wakesPerSecond: number, durationMs: number): Promise<number> {
  const code = `
    setInterval(() => undefined, ${1000 / wakesPerSecond});
    setTimeout(() => {
      const before = process.cpuUsage();
      setTimeout(() => {
        const { user, system } = process.cpuUsage(before);
        process.stdout.write(String((user + system) / ${durationMs}), () => process.exit());
      }, ${durationMs});
    }, 1000);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code]);
  return Number(stdout);
}

/** How often each process has gone to sleep by itself, which is how often it woke; empty where the system does not say. */
function wakings(crew: Crew): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (process.platform !== 'linux') return counts;
  for (const { name, child } of crew.members) {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    counts.set(name, Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? Number.NaN));
  }
  return counts;
}

async function usage(crew: Crew): Promise<ReadonlyMap<string, number>> {
  const from = crew.reports.length;
  for (const name of crew.names) crew.tell(name, { kind: 'usage', subject: name });
  await crew.until(() => crew.all('usage', from).length === crew.names.length, 'everyone to tell its usage', 5000);
  return new Map(crew.all('usage', from).map(({ observer, text }) => [observer, Number(text)]));
}

/** One machine that shares nothing with others learns of so many members from datagrams, as it would in a cluster. */
function measureMemory(tell: Teller, members: number): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  // Nobody is there to answer probes, so none are sent meanwhile; and what rides with probes must go by rounds of gossip then.
  const options = resolveSwimOptions({ probePeriodMs: 600_000, freshShare: 1 });
  const machine = new SwimMachine(toMonotonicMs(0), {
    options,
    identity: { name: 'self', epoch: 1, address: '10.0.0.1:7700', wireMin: 1, wireMax: 1, metadata: new Uint8Array(0) },
    random: new SeededRandom(1),
  });
  const out: SwimEffects = {
    send: () => undefined,
    exchange: () => undefined,
    changed: () => undefined,
    phased: () => undefined,
  };
  machine.comeUp(toMonotonicMs(0), out);
  const learn = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) {
      const [name, epoch] = [`node-${index}`, 1_767_225_600_000_000 + index];
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:7700`;
      const metadata = { metadataVersion: 0, metadataHash: 0, metadataBytes: 0 };
      const writer = new PacketWriter(options.label, 1400);
      writer.begin(1, name, epoch);
      writer.add({
        kind: 'alive',
        life: { name, epoch, address, wireMin: 1, wireMax: 1, ...metadata },
        incarnation: 0,
      });
      machine.receive(toMonotonicMs(0), address, writer.finish(), out);
    }
  };
  // Code is compiled and tables have their first size before it is weighed; news is told and forgotten after it.
  learn(0, 100);
  tellAll(machine, out, 0);
  const before = used();
  learn(100, 100 + members);
  tellAll(machine, out, 60_000);
  const grown = used() - before;
  const note = 'one machine with a catalogue of its own, after its news was told';
  tell.figure({ metric: 'memory bytes / known member', value: grown / members, target: 300, n: members, note });
  if (machine.view.liveCount !== members + 101) throw new Error(`${machine.view.liveCount} members are known`);
}

/** Lets a minute of gossip rounds pass, until what was learnt has been told and forgotten. */
function tellAll(machine: SwimMachine, out: SwimEffects, fromMs: number): void {
  for (let at = fromMs; at < fromMs + 59_000; at += 100) machine.tick(toMonotonicMs(at), out);
}
