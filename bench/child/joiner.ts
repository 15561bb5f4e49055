/**
 * A node as a user's program starts one, without the harness around it: what it loads would count as the time that a contender takes
 * to join. It answers once it has joined. Arguments: the adapter's module, its setup as JSON, the node's name, the members to wait for.
 */
import type { Answer, Question } from '../harness/agent.js';
import { until } from '../harness/clock.js';
import { loadContender } from '../harness/load.js';
import type { Setup } from '../contender.js';

// First of all: a parent may go while this still joins, and the node's open sockets would keep the process for ever.
process.on('disconnect', () => process.exit(0));

const [module = '', setup = '', name = '', members = ''] = process.argv.slice(2);
const { cluster } = await loadContender(module);
if (cluster === undefined) throw new Error(`${module} has no cluster`);
const node = await cluster.start(JSON.parse(setup) as Setup, name);
if (node.members() !== undefined) {
  await until(`${members} members`, () => (node.members() ?? 0) >= Number(members), 30_000);
}

const verbs: Readonly<Record<string, () => unknown>> = {
  joined: () => true,
  rss: () => {
    globalThis.gc?.();
    return process.memoryUsage.rss();
  },
  stop: async () => node.stop(),
};
// What was asked before waits in the channel.
process.on('message', (message) => {
  const { id, verb } = message as Question;
  void answer(id, verb);
});

async function answer(id: number, verb: string): Promise<void> {
  let said: Answer;
  try {
    const known = verbs[verb];
    if (known === undefined) throw new Error(`no verb ${verb} in this process`);
    said = { id, value: await known() };
  } catch (cause) {
    said = { id, error: String(cause) };
  }
  if (process.connected) process.send?.(said);
}
