/** `npm run bench -- membership <name> [--json] [--full] [--seeds N] [--nodes N]`: the protocol's targets, simulated; `stalls`, `kills` and `upkeep` with processes. */
import { Command } from 'commander';
import { crash } from './crash.js';
import { grey } from './grey.js';
import { heal } from './heal.js';
import { idle } from './idle.js';
import { interval, threshold } from './paper.js';
import { join } from './join.js';
import { kills } from './kills.js';
import { loss } from './loss.js';
import { metadata } from './metadata.js';
import { npmSwim } from './npm-swim.js';
import { restart } from './restart.js';
import { small } from './small.js';
import { stall } from './stall.js';
import { stalls } from './stalls.js';
import { Teller } from './tell.js';
import { upkeep } from './upkeep.js';

/** How much is run. */
export interface Extent {
  readonly full: boolean;
  readonly smoke: boolean;
  /** Overrides how many seeds each case takes. */
  readonly seeds: number | undefined;
  /** The one size that `join` and `crash` run, instead of all. */
  readonly nodes: number | undefined;
}

const experiments: Readonly<Record<string, (tell: Teller, extent: Extent) => void | Promise<void>>> = {
  interval,
  threshold,
  crash,
  join,
  loss,
  grey,
  heal,
  restart,
  metadata,
  idle,
  small,
  stall,
  stalls,
  kills,
  upkeep,
  'npm-swim': npmSwim,
};

const program = new Command('membership')
  .argument('[names...]', `of ${Object.keys(experiments).join(', ')}; all but the long ones by default`)
  .option('--json', 'print JSON lines only')
  .option('--full', 'the whole grid, 10,000 nodes, days of virtual time')
  .option('--smoke', 'short: proves that it runs')
  .option('--seeds <n>', 'seeds of each case')
  .option('--nodes <n>', 'join and crash: this size only')
  .parse();
const flags = program.opts<{ json?: boolean; full?: boolean; smoke?: boolean; seeds?: string; nodes?: string }>();
const names = program.args.length > 0 ? program.args : flags.smoke === true ? ['idle'] : ['crash', 'join', 'idle'];
for (const name of names) {
  const experiment = experiments[name];
  if (experiment === undefined) {
    console.error(`no experiment is called ${name}; there are ${Object.keys(experiments).join(', ')}`);
    process.exit(2);
  }
  const tell = new Teller(name, flags.json === true);
  const seeds = flags.seeds === undefined ? undefined : Number(flags.seeds);
  const nodes = flags.nodes === undefined ? undefined : Number(flags.nodes);
  await experiment(tell, { full: flags.full === true, smoke: flags.smoke === true, seeds, nodes });
}
