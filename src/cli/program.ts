import { Command, CommanderError, Option } from 'commander';
import { findAddress } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import { packageVersion } from '../core/version.js';
import { connectGuest } from '../runtime/connect-guest.js';
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

const exitCodeHelp = `
Exit codes: 0 done; 1 failed; 2 wrong use, nothing was tried; 3 nobody serves or answers it;
4 the deadline passed, it may have been carried out; 5 the node or address cannot be reached or had.

Guest commands attach to a running node (--node HOST:PORT, or SCALEBUS_NODE; default the first of this machine's local ports that answers)
and are no members of the cluster.`;

/** Builds the command line on a terminal. */
export function createProgram(terminal: Terminal): Program {
  return {
    run: async (args) => {
      const program = buildCommands(terminal);
      try {
        await program.parseAsync([...args], { from: 'user' });
        return exitCodes.done;
      } catch (error) {
        if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
        terminal.note(describeError(error, args.includes('--json')));
        return exitCodeOf(error);
      }
    },
  };
}

function describeError(error: unknown, json: boolean): string {
  const known = error instanceof ClusterError ? error : ClusterError.from(error, 'internal');
  return json
    ? toJson({ error: known.code, message: known.message, details: known.details })
    : `scalebus: ${known.message}`;
}

function buildCommands(terminal: Terminal): Command {
  const program = new Command('scalebus')
    .description('Run a node, or attach to one: publish, subscribe, request, call, look.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.line(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('after', exitCodeHelp);
  addNodeCommand(program, terminal);
  addSubscribeCommands(program, terminal);
  addSendCommands(program, terminal);
  addLookCommands(program, terminal);
  return program;
}

function addNodeCommand(program: Command, terminal: Terminal): void {
  program
    .command('node')
    .description('run a node until Ctrl-C')
    .option('--config FILE', 'YAML file with the same names; environment and flags win over it')
    .option('--name NAME', 'stable, unique name of the node')
    .option('--listen HOST:PORT', 'where to listen; default the first free local port')
    .option('--advertise HOST:PORT', 'address that others reach it by')
    .option('--seed HOST:PORT...', 'addresses to join by')
    .option('--key KEY', 'cluster key; needed beyond loopback (better given as SCALEBUS_KEY)')
    .option('--label LABEL', 'keeps clusters apart')
    .option('--insecure', 'listen beyond loopback without a key')
    .option('--mqtt HOST:PORT', 'accept MQTT devices here')
    .option('--rule FILE...', 'run these rules')
    .option('--json', 'one JSON line for each thing that happens')
    .action(async (flags: NodeFlags & { readonly json?: boolean }) => {
      await runNode(resolveNodeConfig(flags, terminal.env), terminal, flags.json === true);
    });
}

function addSubscribeCommands(program: Command, terminal: Terminal): void {
  guestCommand(program, 'sub <pattern...>', 'print the events of patterns')
    .option('--count N', 'stop after N events')
    .option('--group NAME', 'share the events with the others of this group')
    .action(async (patterns: string[], flags: GuestFlags & { readonly count?: string; readonly group?: string }) => {
      const options = {
        countMax: countOf(flags.count, 'count'),
        ...(flags.group === undefined ? {} : { group: flags.group }),
      };
      await withGuest(flags, terminal, (work) => showEvents(work, patterns, options));
    });
  guestCommand(program, 'tap <pattern>', 'sample the events that pass anywhere in the cluster')
    .option('--count N', 'stop after N events')
    .option('--sample SHARE', 'share of the events to show, 0 to 1', '1')
    .action(async (pattern: string, flags: GuestFlags & { readonly count?: string; readonly sample: string }) => {
      await withGuest(flags, terminal, (work) =>
        tapEvents(work, pattern, Number(flags.sample), countOf(flags.count, 'count')),
      );
    });
}

function addSendCommands(program: Command, terminal: Terminal): void {
  guestCommand(program, 'pub <topic> [value]', 'publish a value (JSON, or a text)')
    .option('--header NAME=VALUE...', 'headers of the event', [])
    .action(async (topic: string, value: string | undefined, flags: GuestFlags & { readonly header: string[] }) => {
      await withGuest(flags, terminal, (work) =>
        publishOne(work, topic, textToValue(value), textsToHeaders(flags.header)),
      );
    });
  guestCommand(program, 'request <topic> [value]', 'ask on a topic and print the answer')
    .option('--all', 'print every answer until the timeout')
    .action(async (topic: string, value: string | undefined, flags: GuestFlags & { readonly all?: boolean }) => {
      await withGuest(flags, terminal, (work) => requestOne(work, topic, textToValue(value), flags.all === true));
    });
  guestCommand(program, 'call <service> <method> [input]', 'call a method of a service')
    .option('--at NODE', 'call this node')
    .option('--stream', 'print each item of a stream')
    .action(
      async (
        service: string,
        method: string,
        input: string | undefined,
        flags: GuestFlags & { readonly at?: string; readonly stream?: boolean },
      ) => {
        const target = {
          service,
          method,
          stream: flags.stream === true,
          ...(flags.at === undefined ? {} : { at: flags.at }),
        };
        await withGuest(flags, terminal, (work) => callOne(work, target, textToValue(input)));
      },
    );
}

function addLookCommands(program: Command, terminal: Terminal): void {
  guestCommand(program, 'members', 'list the members of the cluster').action(async (flags: GuestFlags) => {
    await withGuest(flags, terminal, showMembers);
  });
  guestCommand(program, 'services', 'list the services and where they run').action(async (flags: GuestFlags) => {
    await withGuest(flags, terminal, showServices);
  });
  guestCommand(program, 'explain <topic>', 'who would get an event on this topic, and why').action(
    async (topic: string, flags: GuestFlags) => {
      await withGuest(flags, terminal, (work) => explainTopic(work, topic));
    },
  );
  guestCommand(program, 'top', 'members, links and topics by rate, live')
    .option('--once', 'print one sample and end')
    .action(async (flags: GuestFlags & { readonly once?: boolean }) => {
      await withGuest(flags, terminal, (work) => showTop(work, flags.once === true));
    });
}

function guestCommand(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .addOption(new Option('--node HOST:PORT', 'node to attach to').env('SCALEBUS_NODE'))
    .addOption(new Option('--key KEY', 'cluster key').env('SCALEBUS_KEY'))
    .option('--timeout MS', 'deadline of a request or call, in milliseconds', '10000')
    .option('--json', 'print JSON lines');
}

async function withGuest(
  flags: GuestFlags,
  terminal: Terminal,
  run: (work: GuestWork) => Promise<void>,
): Promise<void> {
  const timeoutMs = countOf(flags.timeout, 'timeout');
  const guest = await connectGuest({
    ...addressesOf(flags.node),
    ...(flags.key === undefined ? {} : { key: flags.key }),
  });
  try {
    await run({ guest, terminal, json: flags.json === true, timeoutMs });
  } finally {
    await guest.stop();
  }
}

function addressesOf(node: string | undefined): { readonly addresses?: readonly string[] } {
  if (node === undefined) return {};
  if (findAddress(node, defaultPort) !== undefined) return { addresses: [node] };
  throw new ClusterError('invalid-options', `--node is ${JSON.stringify(node)}; expected HOST:PORT`);
}

function countOf(text: string | undefined, option: string): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new ClusterError('invalid-options', `--${option} is ${JSON.stringify(text)}; expected a whole number above 0`);
}
