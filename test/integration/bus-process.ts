/** A node in a process of its own whose bus does what the parent process says; what its handlers do the parent does. */
import { ClusterError, createNode, type ClusterNode } from '../../src/index.js';
import type { BusEvent, BusSubscription, PublishOptions, SubscribeOptions } from '../../src/spi/bus.js';
import { Ipc } from './ipc.js';

/** How to begin a node. */
export interface StartBody {
  readonly name: string;
  readonly label: string;
  readonly seeds: readonly string[];
}

/** What to subscribe or to respond to. */
export interface SubscribeBody {
  readonly handle: number;
  readonly patterns: string | readonly string[];
  readonly options: SubscribeOptions;
}

/** What to publish. */
export interface PublishBody {
  readonly topic: string;
  readonly value: unknown;
  readonly options: PublishOptions;
}

/** An event with all that a handler may read. */
export type EventParts = Pick<BusEvent, 'topic' | 'value' | 'headers' | 'source' | 'captures'>;

const ipc = new Ipc({
  send: (message) => void process.send?.(message),
  listen: (take) => void process.on('message', take),
});
let node: ClusterNode | undefined;
const subscriptions = new Map<number, BusSubscription>();
let calls = 0;

ipc.serve('start', async ({ name, label, seeds }: StartBody) => {
  node = createNode({ name, label, port: 0, seeds, drainMs: 200 });
  await node.start();
  return { address: node.address, epoch: node.epoch };
});
ipc.serve('members', () =>
  running()
    .members()
    .map(({ name, epoch }) => `${name}@${epoch}`),
);
ipc.serve('publish', ({ topic, value, options }: PublishBody) => running().bus.publish(topic, value, options));
ipc.serve('broadcast', ({ topic, value, options }: PublishBody) => running().bus.broadcast(topic, value, options));
ipc.serve('subscribe', ({ handle, patterns, options }: SubscribeBody) => {
  const handler = async (event: BusEvent): Promise<void> => {
    await ipc.ask('handle', { handle, event: eventToParts(event) });
  };
  subscriptions.set(handle, running().bus.subscribe(patterns, handler, options));
});
ipc.serve('respond', ({ handle, patterns, options }: SubscribeBody) => {
  const responder = running().bus.respond(
    patterns,
    async (event, { cancel }) => {
      const call = (calls += 1);
      cancel.listen(() => void ipc.ask('cancel', { call }));
      const answer = await ipc.ask<Answer>('answer', { handle, call, event: eventToParts(event) });
      return answer.isStream ? takeAll(call) : answer.value;
    },
    options,
  );
  subscriptions.set(handle, responder);
});
ipc.serve('update', ({ handle, patterns }: { handle: number; patterns: readonly string[] }) => {
  subscriptions.get(handle)?.update(patterns);
});
ipc.serve('ready', ({ handle, scope }: { handle: number; scope: 'local' | 'cluster' }) => {
  const subscription = subscriptions.get(handle);
  if (subscription === undefined) throw new ClusterError('stopped', `subscription ${handle} was refused`);
  return subscription.ready({ scope });
});
ipc.serve('stop-subscription', ({ handle }: { handle: number }) => subscriptions.get(handle)?.stop());
ipc.serve('ping', () => undefined);
ipc.serve('stop', async () => {
  subscriptions.clear();
  await node?.stop();
  node = undefined;
});
process.once('disconnect', () => process.exit(0));

/** What a responder's handler gave: one value, or the first of a stream's. */
export interface Answer {
  readonly isStream: boolean;
  readonly value: unknown;
}

async function* takeAll(call: number): AsyncGenerator {
  for (;;) {
    const next = await ipc.ask<IteratorResult<unknown>>('next', { call });
    if (next.done === true) return;
    yield next.value;
  }
}

function running(): ClusterNode {
  if (node === undefined) throw new ClusterError('stopped', 'there is no node here');
  return node;
}

function eventToParts({ topic, value, headers, source, captures }: BusEvent): EventParts {
  return { topic, value, headers: { ...headers }, source, captures: { ...captures } };
}
