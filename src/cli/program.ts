import { Command, CommanderError, Option } from 'commander';
import { addressToText, findAddress } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import { packageVersion } from '../core/version.js';
import { connectGuest, type GuestOptions } from '../runtime/connect-guest.js';
import type { GuestNode } from '../runtime/guest-node.js';
import { defaultPort } from '../runtime/profiles.js';
import { exitCodeOf, exitCodes } from './exit-code.js';
import {
  callOne,
  explainTopic,
  type GuestFlags,
  type GuestWork,
  publishOne,
  requestOne,
  showEvents,
  showMembers,
  showServices,
  tapEvents,
  textsToHeaders,
  textToValue,
} from './guest-commands.js';
import { resolveNodeConfig, type NodeFlags } from './node-config.js';
import { runNode } from './node-command.js';
import { showTop } from './top-command.js';
import { type Terminal, toJson } from './terminal.js';

/** The command line as something that tests can run: arguments in, exit code out. */
export interface Program {
  run(args: readonly string[]): Promise<number>;
}

/** How guest commands attach; tests give their own. */
export type ConnectGuest = (options: GuestOptions) => Promise<GuestNode>;

const exitCodeHelp = `
Exit codes: 0 done; 1 failed; 2 wrong use, nothing was tried; 3 nobody serves or answers it;
4 the deadline passed, it may have been carried out; 5 the node or address cannot be reached or had;
130 interrupted before it was done.

Guest commands attach to a running node (--node HOST:PORT, or SCALEBUS_NODE; default the first of this
machine's local ports that answers) and are no members of the cluster.`;

/** Builds the command line on a terminal. */
export function createProgram(terminal: Terminal, connect: ConnectGuest = connectGuest): Program {
  return {
    run: async (args) => {
      const program = buildCommands({ terminal, connect });
      try {
        await program.parseAsync([...args], { from: 'user' });
        return exitCodes.done;
      } catch (error) {
        if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
        if (terminal.signal.aborted) return exitCodes.interrupted;
        terminal.note(describeError(error, args.includes('--json')));
        return exitCodeOf(error);
      }
    },
  };
}

interface CommandWorld {
  readonly terminal: Terminal;
  readonly connect: ConnectGuest;
}

function describeError(error: unknown, json: boolean): string {
  const known = ClusterError.from(error, 'internal');
  return json
    ? toJson({ error: known.code, message: known.message, details: known.details })
    : `scalebus: ${known.message}`;
}

function buildCommands(world: CommandWorld): Command {
  const { terminal } = world;
  const program = new Command('scalebus')
    .description('Run a node, or attach to one: publish, subscribe, request, call, look.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.line(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('afterAll', exitCodeHelp);
  addNodeCommand(program, terminal);
  addSubscribeCommands(program, world);
  addSendCommands(program, world);
  addLookCommands(program, world);
  return program;
}

function addNodeCommand(program: Command, terminal: Terminal): void {
  program
    .command('node')
    .description('run a node until Ctrl-C')
    .option('--config <FILE>', 'YAML file with the same names; environment and flags win over it')
    .option('--name <NAME>', 'stable, unique name of the node')
    .option('--listen <HOST:PORT>', 'where to listen; default the first free local port')
    .option('--advertise <HOST:PORT>', 'address that others reach it by')
    .option('--seed <HOST:PORT>', 'address to join by; may be given more than once', gather)
    .option('--key <KEY>', 'cluster key; needed beyond loopback (better given as SCALEBUS_KEY)')
    .option('--label <LABEL>', 'keeps clusters apart')
    .option('--insecure', 'listen beyond loopback without a key, and for devices that nobody asks who they are')
    .option('--mqtt <HOST:PORT>', 'accept MQTT devices here')
    .option('--rule <FILE>', 'run the rules of this file; may be given more than once', gather)
    .option('--json', 'one JSON line for each thing that happens')
    .action(async (flags: NodeFlags & { readonly json?: boolean }) => {
      await runNode(resolveNodeConfig(flags, terminal.env), terminal, flags.json === true);
    });
}

function addSubscribeCommands(program: Command, world: CommandWorld): void {
  guestCommand(program, world, 'sub <pattern...>', 'print the events of patterns')
    .option('--count <N>', 'stop after N events')
    .option('--group <NAME>', 'share the events with the others of this group')
    .action(async (patterns: string[], flags: GuestFlags & { readonly count?: string; readonly group?: string }) => {
      const options = {
        countMax: countOf(flags.count, 'count'),
        ...(flags.group === undefined ? {} : { group: flags.group }),
      };
      await withGuest(flags, world, (work) => showEvents(work, patterns, options));
    });
  guestCommand(program, world, 'tap <pattern>', 'sample the events that pass anywhere in the cluster')
    .option('--count <N>', 'stop after N events')
    .option('--sample <SHARE>', 'share of the events to show, above 0 and at most 1', '1')
    .action(async (pattern: string, flags: GuestFlags & { readonly count?: string; readonly sample: string }) => {
      const [sample, countMax] = [shareOf(flags.sample), countOf(flags.count, 'count')];
      await withGuest(flags, world, (work) => tapEvents(work, pattern, sample, countMax));
    });
}

function addSendCommands(program: Command, world: CommandWorld): void {
  guestCommand(program, world, 'pub <topic> [value]', 'publish a value (JSON, or a text)')
    .option('--header <NAME=VALUE>', 'a header of the event; may be given more than once', gather)
    .action(async (topic: string, text: string | undefined, flags: GuestFlags & { readonly header?: string[] }) => {
      const [value, headers] = [textToValue(text), textsToHeaders(flags.header ?? [])];
      await withGuest(flags, world, (work) => publishOne(work, topic, value, headers));
    });
  guestCommand(program, world, 'request <topic> [value]', 'ask on a topic and print the answer')
    .option('--all', 'print every answer until the timeout')
    .action(async (topic: string, value: string | undefined, flags: GuestFlags & { readonly all?: boolean }) => {
      await withGuest(flags, world, (work) => requestOne(work, topic, textToValue(value), flags.all === true));
    });
  guestCommand(program, world, 'call <service> <method> [input]', 'call a method of a service')
    .option('--at <NODE>', 'call this node')
    .option('--stream', 'print each item of a stream')
    .action(
      async (
        service: string,
        method: string,
        input: string | undefined,
        flags: GuestFlags & { readonly at?: string; readonly stream?: boolean },
      ) => {
        const stream = flags.stream === true;
        const target = { service, method, stream, ...(flags.at === undefined ? {} : { at: flags.at }) };
        await withGuest(flags, world, (work) => callOne(work, target, textToValue(input)));
      },
    );
}

function addLookCommands(program: Command, world: CommandWorld): void {
  guestCommand(program, world, 'members', 'list the members of the cluster').action(async (flags: GuestFlags) => {
    await withGuest(flags, world, showMembers);
  });
  guestCommand(program, world, 'services', 'list the services and where they run').action(async (flags: GuestFlags) => {
    await withGuest(flags, world, showServices);
  });
  guestCommand(program, world, 'explain <topic>', 'who would get an event on this topic, and why').action(
    async (topic: string, flags: GuestFlags) => {
      await withGuest(flags, world, (work) => explainTopic(work, topic));
    },
  );
  guestCommand(program, world, 'top', 'members, links, subscriptions and topics by rate, live')
    .option('--once', 'print one sample and end')
    .action(async (flags: GuestFlags & { readonly once?: boolean }) => {
      await withGuest(flags, world, (work) => showTop(work, flags.once === true));
    });
}

function guestCommand(program: Command, { terminal }: CommandWorld, usage: string, description: string): Command {
  const { env } = terminal;
  return program
    .command(usage)
    .description(description)
    .addOption(
      withDefault(
        new Option('--node <HOST:PORT>', `node to attach to (or SCALEBUS_NODE); port ${defaultPort} unless given`),
        env['SCALEBUS_NODE'],
      ),
    )
    .addOption(new Option('--key <KEY>', 'cluster key (better given as SCALEBUS_KEY)'))
    .option('--timeout <MS>', 'how long to wait for the node and its answers, in milliseconds', '10000')
    .option('--json', 'print JSON lines');
}

function withDefault(option: Option, value: string | undefined): Option {
  // A variable that is there and empty is how shells and CI say that there is none.
  return value === undefined || value === '' ? option : option.default(value);
}

/** Options that may be given more than once. One word each, so that what follows is never taken for another. */
function gather(word: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), word];
}

async function withGuest(
  flags: GuestFlags,
  { terminal, connect }: CommandWorld,
  run: (work: GuestWork) => Promise<void>,
): Promise<void> {
  const timeoutMs = countOf(flags.timeout, 'timeout');
  const key = keyOf(flags.key, terminal.env);
  const guest = await connect({ ...addressesOf(flags.node), ...(key === undefined ? {} : { key }) });
  // A call that waits for its answer ends with its link.
  const leave = (): void => void guest.stop();
  terminal.signal.addEventListener('abort', leave, { once: true });
  try {
    if (terminal.signal.aborted) leave();
    await run({ guest, terminal, json: flags.json === true, timeoutMs });
  } finally {
    terminal.signal.removeEventListener('abort', leave);
    await guest.stop();
  }
}

/** The key, checked here so that the error names the flag or the variable that is wrong, and does not show it. */
function keyOf(flag: string | undefined, env: Terminal['env']): string | undefined {
  const variable = env['SCALEBUS_KEY'];
  const key = flag ?? (variable === '' ? undefined : variable);
  if (key === undefined || key.length >= 16) return key;
  const by = flag === undefined ? 'SCALEBUS_KEY' : '--key';
  throw new ClusterError('invalid-options', `${by} has ${key.length} characters; expected at least 16`);
}

function addressesOf(node: string | undefined): { readonly addresses?: readonly string[] } {
  if (node === undefined) return {};
  const address = findAddress(node, defaultPort);
  if (address !== undefined) return { addresses: [addressToText(address)] };
  throw new ClusterError('invalid-options', `--node is ${JSON.stringify(node)}; expected HOST:PORT`);
}

function countOf(text: string | undefined, option: string): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new ClusterError('invalid-options', `--${option} is ${JSON.stringify(text)}; expected a whole number above 0`);
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new ClusterError('invalid-options', `--sample is ${JSON.stringify(text)}; expected a number above 0, up to 1`);
}
