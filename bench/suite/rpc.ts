/** Request and response: an echo between two processes. */
import { type Agent, type AgentSpec, Crew } from '../harness/agents.js';
import type { LoopResult } from '../harness/closed-loop.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Case, costOf, metered, type Place, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import { type Payload, payloadText } from '../payload.js';

const kiB = 1024;
const miB = kiB * kiB;

/** What is run without options: the goals' cases and each size at a load that suits it. */
const cases: readonly (readonly [Payload, number])[] = [
  [100, 1],
  [100, 64],
  [100, 1024],
  [100, 8192],
  ['iot', 1],
  ['iot', 64],
  ['iot', 1024],
  [16, 64],
  [kiB, 64],
  [16 * kiB, 64],
  [miB, 4],
  [miB, 1],
  [15 * miB, 1],
];
/** Whom goals of a case divide by. */
const rivals: Readonly<Record<string, readonly string[]>> = {
  '100 B x64': ['moleculer', 'rsocket', 'nats'],
  '100 B x1024': ['moleculer', 'rsocket', 'nats'],
  'iot x64': ['moleculer'],
  'iot x1024': ['moleculer'],
  '15 MiB x1': ['rsocket'],
};
const smokeCases: readonly (readonly [Payload, number])[] = [
  [100, 64],
  ['iot', 64],
  [miB, 4],
];

/** With so few small calls in flight each batch finds the other side asleep, and contenders that stay awake are measured beside. */
function isWoken({ payload = 0, concurrency }: Case): boolean {
  return concurrency <= 64 && (payload === 'iot' || payload <= 100);
}

/** Small calls while large ones go over the same connection. */
const besideCase: Case = { name: '100 B x8 beside 15 MiB', payload: 100, concurrency: 8 };

/** The bench `rpc`. */
export const rpcBench: Bench = {
  name: 'rpc',
  summary: 'request and response between two processes, by payload and calls in flight',
  cases: 14,
  weight: 30,
  takes: ['payload', 'concurrency'],
  async run(run) {
    for (const one of casesOf(run)) {
      const also = isWoken(one) && !run.options.smoke ? ['scalebus-awake', 'limit-awake'] : [];
      await run.measure('rpc', [one], async (entry) => measure(run, entry, one), {
        also,
      });
    }
    const { smoke, payload, concurrency } = run.options;
    const chosen = smoke || payload !== undefined || concurrency !== undefined;
    const beside = chosen ? [] : [besideCase];
    await run.measure('rpc', beside, async (entry, one) => measure(run, entry, one));
    goals(run);
  },
};

function casesOf({ options }: Run): Case[] {
  const { payload, concurrency, smoke } = options;
  const base = smoke ? smokeCases : cases;
  const chosen =
    payload === undefined && concurrency === undefined
      ? base
      : payload !== undefined && concurrency !== undefined
        ? [[payload, concurrency] as const]
        : base.filter(([size, load]) => size === payload || load === concurrency);
  const left = chosen.length > 0 ? chosen : [[payload ?? 100, concurrency ?? 64] as const];
  return left.map(([size, load]) => caseOf(size, load));
}

function caseOf(payload: Payload, concurrency: number): Case {
  const name = `${payloadText(payload)} x${concurrency.toString()}`;
  return { name, payload, concurrency, rivals: rivals[name] ?? [] };
}

/** The two processes of a measurement. */
export interface RpcCrew {
  readonly server: Agent;
  readonly client: Agent;
}

/** Starts both sides and checks a hundred answers. */
export async function assembleRpc(run: Run, entry: Entry, payload: Payload, { crew, broker }: Place): Promise<RpcCrew> {
  const module = 'bench/child/rpc.ts';
  const server = crew.prepare(`${entry.name} server`);
  const client = crew.prepare(`${entry.name} client`);
  const spec = async (role: string, index: number, peers: readonly string[]): Promise<AgentSpec> => {
    const setup = await run.setup(entry, { payload, broker: broker.address, index, peers });
    return { name: role, module, role, options: { module: entry.module, setup } };
  };
  const address = await crew.create<string>(server, await spec('server', 0, []));
  await crew.create(client, await spec('client', 1, [address]));
  await client.ask('check');
  return { server, client };
}

async function measure(run: Run, entry: Entry, { name, payload = 100, concurrency }: Case): Promise<Round> {
  const besideLarge = name === besideCase.name;
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const { server, client } = await assembleRpc(run, entry, payload, { crew, broker });
    // A peer may take a second and more for one large answer.
    const seconds = payload !== 'iot' && payload >= 8 * miB ? largeSeconds(run) : run.options.seconds;
    const verb = besideLarge ? 'beside' : 'run';
    const largeBytes = 15 * miB;
    if (besideLarge) await client.ask(verb, { concurrency, seconds: run.options.warmSeconds, largeBytes });
    else await warmUp(run, client, { payload, concurrency });
    const watched = [
      { side: 'client', agent: client },
      { side: 'server', agent: server },
    ];
    const { answer, sides } = await metered(crew, watched, broker, async () =>
      client.ask<LoopResult>(verb, { concurrency, seconds, largeBytes }),
    );
    return roundOf(answer, sides);
  } finally {
    await crew.stop();
  }
}

/**
 * Calls until the code is compiled, which a time alone does not promise: on a busy machine 100,000 calls cost three times what
 * 500,000 later ones do. So short calls by the dozen go on until there were `warmCalls` of them, within four times the given time.
 */
export async function warmUp(run: Run, client: Agent, { payload, concurrency }: WarmUp): Promise<void> {
  const { warmSeconds: seconds, smoke: isSmoke } = run.options;
  const isQuick = !isSmoke && concurrency >= 64 && (payload === 'iot' || payload <= kiB);
  let callsLeft = isQuick ? warmCalls : 1;
  for (let slice = 0; slice < warmSlicesMax && callsLeft > 0; slice += 1) {
    const { ops } = await client.ask<LoopResult>('run', { concurrency, seconds });
    callsLeft -= Math.max(1, ops);
  }
}

interface WarmUp {
  readonly payload: Payload;
  readonly concurrency: number;
}

const warmCalls = 400_000;
const warmSlicesMax = 4;

function largeSeconds({ options }: Run): number {
  return options.smoke ? options.seconds : Math.max(options.seconds, 4);
}

/** A round from a closed loop; throws when an answer was wrong or missing. */
export function roundOf(answer: LoopResult, sides: Parameters<typeof costOf>[1]): Round {
  const { ops, opsWithDrain, seconds, failed, failure, wrong, hanging, delays } = answer;
  if (wrong > 0) throw new Error(`${wrong.toString()} answers were wrong`);
  if (failed > 0) throw new Error(`${failed.toString()} calls failed: ${failure ?? ''}`);
  if (hanging > 0) throw new Error(`${hanging.toString()} calls were never answered`);
  if (ops === 0) throw new Error('no call was answered');
  const { p50us, p99us, p999us } = delays;
  return { opsPerSec: ops / seconds, p50us, p99us, p999us, ...costOf(opsWithDrain, sides) };
}

function goals(run: Run): void {
  for (const load of [64, 1024]) {
    const { name } = caseOf(100, load);
    run.ratioGoal(name, 'limit', 0.6);
    run.ratioGoal(name, 'moleculer', 5);
    run.ratioGoal(name, 'rsocket', 3);
    run.ratioGoal(name, 'nats', 8);
    const { name: objects } = caseOf('iot', load);
    run.ratioGoal(objects, 'limit', 0.8);
    run.ratioGoal(objects, 'moleculer', 3);
  }
  // Where cores sleep a call at 64 is mostly waking up. So also ours awake: against the bare socket awake, and, as a user may set it,
  // against the peers as they are.
  const awake = { mine: 'scalebus-awake' };
  const { name: woken } = caseOf(100, 64);
  run.ratioGoal(woken, 'limit-awake', 0.6, awake);
  run.ratioGoal(woken, 'moleculer', 5, awake);
  run.ratioGoal(woken, 'rsocket', 3, awake);
  run.ratioGoal(woken, 'nats', 8, awake);
  fallGoals(run);
  run.ratioGoal(caseOf(15 * miB, 1).name, 'rsocket', 10);
  const p99us = run.line(besideCase.name, 'scalebus')?.p99us;
  if (p99us !== undefined) run.goal(besideCase.name, 'p99 us', p99us, { atMost: 5000 });
  const small = run.line(caseOf(miB, 1).name, 'scalebus')?.opsPerSec;
  const large = run.line(caseOf(15 * miB, 1).name, 'scalebus')?.opsPerSec;
  if (small !== undefined && large !== undefined) {
    const linear = Number(((large * 15) / small).toPrecision(3));
    run.goal('15 MiB', 'bytes/s at 15 MiB / at 1 MiB', linear, { atLeast: 0.5 });
  }
}

/**
 * How much of the ratio to the limit is left at 8,192 in flight. At 64 both sides sleep between two batches, at 8,192 they seldom do. So it
 * is judged twice: against the ratio at 64 as it is, and against that of contenders that stay awake there.
 */
function fallGoals(run: Run): void {
  const high = run.line(caseOf(100, 8192).name, 'scalebus')?.ratioToLimit;
  const { name } = caseOf(100, 64);
  const low = run.line(name, 'scalebus')?.ratioToLimit;
  const metric = 'ratio to limit at 8,192 / at 64';
  if (high === undefined || low === undefined) return;
  run.goal('100 B', metric, Number((high / low).toPrecision(3)), { atLeast: 0.75 });
  const awake = run.line(name, 'scalebus-awake')?.ratioToLimit;
  if (awake === undefined) return;
  run.goal('100 B', `${metric}, both awake there`, Number((high / awake).toPrecision(3)), { atLeast: 0.75 });
}
