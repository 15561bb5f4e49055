/**
 * The main file of every process that a bench starts. It makes one actor from a module that the parent names, and runs
 * the actor's verbs when asked. It ends when the parent goes away, whatever the actor does.
 */
import { pathToFileURL } from 'node:url';
import { Meter } from './meter.js';

/** What a work module makes in a process of its own. */
export interface Actor {
  /** Told to the parent at once: ports, addresses. */
  readonly info?: unknown;
  /** What the parent may ask for, by name. Arguments and answers cross as JSON. */
  readonly verbs?: Readonly<Record<string, (args: never) => unknown>>;
  stop(): Promise<void> | void;
}

/** A work module exports `roles`: what each role makes from its options. */
export type Roles = Readonly<Record<string, (options: never) => Promise<Actor>>>;

/** A question of the parent. */
export interface Question {
  readonly id: number;
  readonly verb: string;
  readonly args?: unknown;
}

/** The answer to one question. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** Message and stack of what went wrong. */
  readonly error?: string;
}

/** Arguments of the built-in verb `create`. */
export interface CreateArgs {
  /** File of the compiled work module. */
  readonly module: string;
  readonly role: string;
  readonly options: unknown;
}

const meter = new Meter();
meter.start();
let actor: Actor | undefined;

process.on('message', (message) => {
  const { id, verb, args } = message as Question;
  void run(verb, args).then(
    (value) => reply({ id, value }),
    (cause: unknown) => {
      reply({ id, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
    },
  );
});
// Without a parent nobody wants the answer; an actor's open sockets must not keep the process.
process.on('disconnect', () => {
  const given = setTimeout(() => process.exit(0), 500);
  void Promise.resolve(actor?.stop()).finally(() => {
    clearTimeout(given);
    process.exit(0);
  });
});
reply({ id: 0 });

async function run(verb: string, args: unknown): Promise<unknown> {
  if (verb === 'create') return create(args as CreateArgs);
  if (verb === 'begin') return meter.begin();
  if (verb === 'end') return meter.end();
  if (verb === 'stop') return actor?.stop();
  const known = actor?.verbs?.[verb];
  if (known === undefined) throw new Error(`no verb ${verb} in this process`);
  return await known(args as never);
}

async function create({ module, role, options }: CreateArgs): Promise<unknown> {
  const { roles } = (await import(pathToFileURL(module).href)) as { readonly roles: Roles };
  const make = roles[role];
  if (make === undefined) throw new Error(`${module} has no role ${role}`);
  actor = await make(options as never);
  return actor.info;
}

function reply(answer: Answer): void {
  if (process.connected) process.send?.(answer);
}
