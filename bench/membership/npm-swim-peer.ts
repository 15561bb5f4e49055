/** One process of npm `swim` 0.6.0 at its README's settings: tells its parent whom it holds for faulty, and stands still when told. */
import { createRequire } from 'node:module';
import type { SwimPeerReport, SwimPeerSpec } from './npm-swim.js';

/** What is used of the package, which has no types. */
interface NpmSwim {
  bootstrap(hosts: readonly string[], done: () => void): void;
  join(hosts: readonly string[], done: (error?: Error | null) => void): void;
  on(event: string, listener: (update: { readonly host: string; readonly state: number }) => void): void;
  members(): readonly { readonly host: string; readonly state: number }[];
}

interface NpmSwimClass {
  new (options: object): NpmSwim;
  readonly EventType: { readonly Change: string; readonly Update: string };
}

const spec = JSON.parse(process.argv[2] ?? '{}') as SwimPeerSpec;
const Swim = createRequire(`${spec.packages}/package.json`)('swim') as NpmSwimClass;
const swim = new Swim({
  local: { host: spec.host },
  codec: 'msgpack',
  disseminationFactor: 15,
  interval: 100,
  joinTimeout: 200,
  pingTimeout: 20,
  pingReqTimeout: 60,
  pingReqGroupSize: 3,
  suspectTimeout: 60,
  udp: { maxDgramSize: 512 },
  preferCurrentMeta: true,
});
const faulty = 2;

process.on('disconnect', () => process.exit(0));
swim.bootstrap([], () => {
  join();
  swim.on(Swim.EventType.Change, hear);
  swim.on(Swim.EventType.Update, hear);
  setInterval(() => tell({ kind: 'size', subject: '', size: swim.members().filter(isThere).length }), 100);
});
process.on('message', (stallMs: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
  tell({ kind: 'woke', subject: spec.host, size: 0 });
});

/** Tries until a seed answers, for processes start at different speeds. */
function join(): void {
  if (spec.seeds.length === 0) return;
  swim.join(spec.seeds, (error) => {
    if (error !== undefined && error !== null) setTimeout(join, 200);
  });
}

function hear({ host, state }: { readonly host: string; readonly state: number }): void {
  if (state === faulty) tell({ kind: 'faulty', subject: host, size: 0 });
}

function isThere({ state }: { readonly state: number }): boolean {
  return state !== faulty;
}

function tell(report: Omit<SwimPeerReport, 'observer'>): void {
  process.send?.({ ...report, observer: spec.host } satisfies SwimPeerReport);
}
