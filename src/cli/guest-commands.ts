import { ClusterError } from '../core/errors.js';
import type { GuestNode } from '../runtime/guest-node.js';
import { explanationToLines } from './explain-lines.js';
import { eventToLine, membersToLines, receiptToLine, type Terminal, toJson } from './terminal.js';

/** Flags that every guest command has. */
export interface GuestFlags {
  readonly node?: string;
  readonly key?: string;
  readonly json?: boolean;
  readonly timeout?: string;
}

/** What a guest command works with. */
export interface GuestWork {
  readonly guest: GuestNode;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly timeoutMs: number;
}

/** `scalebus members`. */
export async function showMembers({ guest, terminal, json }: GuestWork): Promise<void> {
  const members = await guest.members();
  if (json) for (const member of members) terminal.line(toJson(member));
  else for (const line of membersToLines(members)) terminal.line(line);
}

/** `scalebus sub`: until the count is reached or the command is stopped. */
export async function showEvents(
  work: GuestWork,
  patterns: readonly string[],
  options: { readonly countMax: number; readonly group?: string },
): Promise<void> {
  const { guest, terminal } = work;
  const { signal } = terminal;
  const events = guest.subscribe(patterns, options.group === undefined ? { signal } : { signal, group: options.group });
  terminal.note(`subscribing at ${guest.host.name} to ${patterns.join(', ')}; Ctrl-C ends it`);
  await printEvents(work, events, options.countMax);
}

/** `scalebus pub`. */
export async function publishOne(
  work: GuestWork,
  topic: string,
  value: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const receipt = await work.guest.publish(topic, value, { headers });
  work.terminal.line(work.json ? toJson(receipt) : receiptToLine(receipt));
}

/** `scalebus request`: the first answer, or with `all` every answer. */
export async function requestOne(work: GuestWork, topic: string, value: unknown, all: boolean): Promise<void> {
  const options = { timeoutMs: work.timeoutMs };
  if (all) return printEvents(work, work.guest.requestMany(topic, value, options), Number.POSITIVE_INFINITY);
  const answer = await work.guest.request(topic, value, options);
  work.terminal.line(work.json ? toJson(answer) : eventToLine(answer));
  return undefined;
}

/** `scalebus call SERVICE METHOD`. */
export async function callOne(
  work: GuestWork,
  target: { readonly service: string; readonly method: string; readonly at?: string; readonly stream: boolean },
  input: unknown,
): Promise<void> {
  const options = { timeoutMs: work.timeoutMs, ...(target.at === undefined ? {} : { node: target.at }) };
  if (!target.stream) {
    work.terminal.line(toJson(await work.guest.invoke(target.service, target.method, input, options)));
    return;
  }
  for await (const item of work.guest.invokeStream(target.service, target.method, input, options)) {
    work.terminal.line(toJson(item));
    if (work.terminal.signal.aborted) return;
  }
}

/** `scalebus services`. */
export async function showServices(work: GuestWork): Promise<void> {
  for (const instance of await work.guest.instances()) {
    const { service } = instance;
    const methods = Object.keys(service.methods).join(' ');
    work.terminal.line(
      work.json
        ? toJson(instance)
        : `${service.name}@${service.version} at ${instance.node} (${instance.id}): ${methods}`,
    );
  }
}

/** `scalebus explain TOPIC`. */
export async function explainTopic(work: GuestWork, topic: string): Promise<void> {
  const explained = await work.guest.explain(topic);
  if (work.json) work.terminal.line(toJson(explained));
  else for (const line of explanationToLines(explained)) work.terminal.line(line);
}

/** `scalebus tap PATTERN`. */
export async function tapEvents(work: GuestWork, pattern: string, sample: number, countMax: number): Promise<void> {
  await printEvents(work, work.guest.tap(pattern, { sample, signal: work.terminal.signal }), countMax);
}

/** Reads a value given on the command line: JSON if it is JSON, else the text itself. */
export function textToValue(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: `scalebus pub /greeting hello` means the text.
    return text;
  }
}

/** Reads `name=value` headers. */
export function textsToHeaders(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new ClusterError('invalid-options', `header ${JSON.stringify(text)}; expected name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

async function printEvents(
  work: GuestWork,
  events: AsyncIterable<Parameters<typeof eventToLine>[0]>,
  countMax: number,
): Promise<void> {
  let count = 0;
  for await (const event of events) {
    work.terminal.line(work.json ? toJson(event) : eventToLine(event));
    count += 1;
    if (count >= countMax) return;
  }
}
