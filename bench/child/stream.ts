/** The two processes of the stream benches. */
import type { Actor, Roles } from '../harness/agent.js';
import { pause, until } from '../harness/clock.js';
import { loadContender } from '../harness/load.js';
import type { Setup, StreamClient } from '../contender.js';
import { isSame, makePool } from '../payload.js';

/** Options of both roles. */
export interface StreamOptions {
  readonly module: string;
  readonly setup: Setup;
}

/** What a consumer took. */
export interface StreamResult {
  readonly items: number;
  readonly seconds: number;
  readonly wrong: number;
  readonly failure: string | undefined;
}

const checkEvery = 64;

/** `server` offers items for ever, `client` takes them. */
export const roles: Roles = {
  server: async ({ module, setup }: StreamOptions): Promise<Actor> => {
    const { stream, bytesAs } = await loadContender(module);
    if (stream === undefined) throw new Error(`${module} serves no streams`);
    const { address, stop } = await stream.serve(setup, makePool(setup.payload, bytesAs ?? 'bytes'));
    return { info: address, verbs: { rss }, stop };
  },

  client: async ({ module, setup }: StreamOptions): Promise<Actor> => {
    const { stream, bytesAs } = await loadContender(module);
    if (stream === undefined) throw new Error(`${module} takes no streams`);
    const client = await stream.connect(setup);
    const pool = makePool(setup.payload, bytesAs ?? 'bytes');
    return {
      verbs: {
        rss,
        run: async ({ seconds }: { readonly seconds: number }) => consume(client, pool, seconds),
        open: async () => {
          let items = 0;
          client.consume(
            () => {
              items += 1;
            },
            () => undefined,
          );
          await until('the first item', () => items > 0);
        },
        stall: async () => {
          if (!isSame(pool[0], await client.stall())) throw new Error('the first item is not what was sent');
        },
      },
      stop: async () => client.stop(),
    };
  },
};

function rss(): number {
  return process.memoryUsage.rss();
}

async function consume(client: StreamClient, pool: readonly unknown[], seconds: number): Promise<StreamResult> {
  let items = 0;
  let wrong = 0;
  let failure: string | undefined;
  const stop = client.consume(
    (value) => {
      if (items % checkEvery === 0 && !isSame(pool[items % pool.length], value)) wrong += 1;
      items += 1;
    },
    (cause) => {
      failure ??= cause instanceof Error ? cause.message : String(cause);
    },
  );
  // The time starts with the first item: opening a stream is another bench.
  await until('the first item', () => items > 0 || failure !== undefined);
  const startedAt = performance.now();
  const before = items;
  await pause(seconds * 1000);
  const taken = items - before;
  const spent = (performance.now() - startedAt) / 1000;
  stop();
  return { items: taken, seconds: spent, wrong, failure };
}
