/** The two processes of the request-response benches. */
import type { Actor, Roles } from '../harness/agent.js';
import { closedLoop, type LoopResult } from '../harness/closed-loop.js';
import { loadContender } from '../harness/load.js';
import { openLoop, type OpenLoopResult } from '../harness/open-loop.js';
import type { EchoClient, Setup } from '../contender.js';
import { Samples } from '../harness/samples.js';
import { isSame, makePool } from '../payload.js';

/** Options of both roles. */
export interface RpcOptions {
  readonly module: string;
  readonly setup: Setup;
}

/** What the client is asked to do. */
export interface RunArgs {
  readonly concurrency: number;
  readonly seconds: number;
}

/** Small calls beside large ones. */
export interface BesideArgs extends RunArgs {
  /** Length of the large payload, one call after the other. */
  readonly largeBytes: number;
}

/** A run at a fixed rate. */
export interface PacedArgs {
  readonly ratePerSec: number;
  readonly seconds: number;
  readonly settleSeconds: number;
}

const checks = 100;
const checkMs = 30_000;

/** `server` serves the echo, `client` calls it. */
export const roles: Roles = {
  server: async ({ module, setup }: RpcOptions): Promise<Actor> => {
    const { rpc } = await loadContender(module);
    if (rpc === undefined) throw new Error(`${module} serves no calls`);
    const { address, stop } = await rpc.serve(setup);
    return { info: address, stop };
  },

  client: async ({ module, setup }: RpcOptions): Promise<Actor> => {
    const { rpc, bytesAs } = await loadContender(module);
    if (rpc === undefined) throw new Error(`${module} makes no calls`);
    const client = await rpc.connect(setup);
    const pool = makePool(setup.payload, bytesAs ?? 'bytes');
    const small: Source = { pool, samples: new Samples() };
    // Made by the warm-up: what a run allocates for itself would be collected in it.
    let large: Source | undefined;
    return {
      verbs: {
        check: async () => check(client, pool),
        run: async (args: RunArgs): Promise<LoopResult> =>
          closedLoop(client.call.bind(client), { ...args, ...small, isRight: isSame }),
        beside: async (args: BesideArgs) => {
          large ??= { pool: makePool(args.largeBytes, bytesAs ?? 'bytes'), samples: new Samples() };
          return beside(client, args, { small, large });
        },
        paced: async (args: PacedArgs): Promise<OpenLoopResult> =>
          openLoop(
            (value, dueMs, settled) => {
              client.call(
                value,
                () => settled(true, dueMs),
                () => settled(false, dueMs),
              );
            },
            { ...args, ...small },
          ),
      },
      stop: async () => client.stop(),
    };
  },
};

/** What calls are made of, and where their delays go; both serve all runs. */
interface Source {
  readonly pool: readonly unknown[];
  readonly samples: Samples;
}

/** Runs the small calls while large ones go over the same connection; the delays are those of the small ones. */
async function beside(
  client: EchoClient,
  { concurrency, seconds }: RunArgs,
  sources: { readonly small: Source; readonly large: Source },
): Promise<LoopResult> {
  const call = client.call.bind(client);
  const [small, big] = await Promise.all([
    closedLoop(call, { concurrency, seconds, ...sources.small, isRight: isSame }),
    closedLoop(call, { concurrency: 1, seconds, ...sources.large, isRight: isSame }),
  ]);
  if (big.failed > 0 || big.hanging > 0 || big.opsWithDrain === 0) {
    throw new Error(`the large calls were not answered: ${big.failure ?? ''}`);
  }
  return small;
}

/** Sends different values at once and compares every answer. */
async function check(client: EchoClient, pool: readonly unknown[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the check's calls were not answered")), checkMs);
  });
  const answers = pool.slice(0, checks).map(
    async (value, index) =>
      new Promise<void>((resolve, reject) => {
        const done = (answer: unknown): void => {
          if (isSame(value, answer)) resolve();
          else reject(new Error(`answer ${index.toString()} is not what was sent`));
        };
        client.call(value, done, (cause) => reject(cause instanceof Error ? cause : new Error(String(cause))));
      }),
  );
  await Promise.race([Promise.all(answers), late]);
  clearTimeout(timer);
}
