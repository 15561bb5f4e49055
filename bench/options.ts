/** Reads the command line. */
import { Command, InvalidArgumentError } from 'commander';
import { parsePayload, type Payload } from './payload.js';

/** What was asked for; `undefined` leaves the choice to the bench. */
export interface BenchOptions {
  readonly bench: string | undefined;
  /** Names or families of contenders to compare with; `all` is every one. */
  readonly peers: readonly string[];
  /** False leaves scalebus out, to look at the others alone. */
  readonly ours: boolean;
  readonly payload: Payload | undefined;
  readonly concurrency: number | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  /** What the run should take; contenders that no goal names then have one round. `undefined` takes what it takes. */
  readonly budgetSeconds: number | undefined;
  /** Runs only cases whose name contains it. */
  readonly only: string | undefined;
  readonly json: boolean;
  readonly smoke: boolean;
  readonly list: boolean;
}

/** What a parse gives: options, or text for the user and an exit code. */
export type Parsed =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'text'; readonly text: string; readonly exitCode: number };

const defaults = { rounds: 5, seconds: 3, warmSeconds: 1.5 };
/** With a budget many short rounds say more than few long ones. */
const budgeted = { rounds: 5, seconds: 1, warmSeconds: 0.7 };
/** Short enough for all benches together to end within a minute. */
const smoke = { rounds: 1, seconds: 0.2, warmSeconds: 0.1 };

interface Raw {
  readonly peers?: readonly string[];
  readonly ours: boolean;
  readonly payload?: Payload;
  readonly concurrency?: number;
  readonly rounds?: number;
  readonly seconds?: number;
  readonly warm?: number;
  readonly budgetMinutes?: number;
  readonly case?: string;
  readonly json?: boolean;
  readonly smoke?: boolean;
  readonly list?: boolean;
}

/** Parses arguments without the two that Node adds. `names` are the benches that exist. */
export function parseOptions(args: readonly string[], names: readonly string[]): Parsed {
  let text = '';
  const command = makeCommand(names)
    .exitOverride()
    .configureOutput({ writeOut: (out) => (text += out), writeErr: (out) => (text += out) });
  try {
    command.parse([...args], { from: 'user' });
  } catch (cause) {
    const exitCode = (cause as { readonly exitCode?: number }).exitCode ?? 1;
    return { kind: 'text', text, exitCode };
  }
  const raw = command.opts<Raw>();
  const bench = command.args[0];
  if (bench !== undefined && !names.includes(bench)) {
    const known = `benches: ${names.join(', ')}`;
    return { kind: 'text', text: `no bench is called ${bench}; ${known}\n`, exitCode: 1 };
  }
  return { kind: 'run', options: resolve(bench, raw) };
}

function resolve(bench: string | undefined, raw: Raw): BenchOptions {
  const given = raw.smoke === true ? smoke : raw.budgetMinutes === undefined ? defaults : budgeted;
  const everybody = raw.budgetMinutes === undefined ? ['limit'] : ['all'];
  return {
    bench,
    peers: raw.smoke === true ? ['limit'] : (raw.peers ?? everybody),
    ours: raw.ours,
    payload: raw.payload,
    concurrency: raw.concurrency,
    rounds: raw.rounds ?? given.rounds,
    seconds: raw.seconds ?? given.seconds,
    warmSeconds: raw.warm ?? given.warmSeconds,
    budgetSeconds: raw.budgetMinutes === undefined ? undefined : raw.budgetMinutes * 60,
    only: raw.case,
    json: raw.json === true,
    smoke: raw.smoke === true,
    list: raw.list === true,
  };
}

function makeCommand(names: readonly string[]): Command {
  return new Command('bench')
    .description('Measures scalebus, the bare sockets and other systems in one run.')
    .argument('[bench]', `one of ${names.join(', ')}`)
    .option('--peers <names>', 'whom to compare with, by name or family, or all (limit)', words)
    .option('--no-ours', 'leave scalebus out')
    .option('--payload <size>', 'iot, or bytes such as 100, 1KiB, 15MiB', payload)
    .option('--concurrency <n>', 'operations in flight', whole)
    .option('--rounds <n>', 'rounds in turn; figures are their median (5)', whole)
    .option('--seconds <s>', 'measured seconds of each round (3)', positive)
    .option('--warm <s>', 'seconds of warm-up before each (1.5)', positive)
    .option('--budget-minutes <m>', 'about how long it may take; compares with all unless --peers', positive)
    .option('--case <text>', 'only the cases whose name contains the text')
    .option('--json', 'print JSON lines only')
    .option('--smoke', 'scalebus and the limit only, short: checks answers, judges no time')
    .option('--list', 'list benches and contenders')
    .helpOption('--help', 'show this');
}

function words(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function payload(text: string): Payload {
  try {
    return parsePayload(text);
  } catch {
    throw new InvalidArgumentError('Expected iot, or bytes such as 100, 1KiB, 15MiB.');
  }
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('Expected a whole number above zero.');
  }
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Expected a number above zero.');
  }
  return value;
}
