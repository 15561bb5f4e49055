/** What the three processes of the demo share: a typed service for rates, reports to the parent, and an orderly end. */
import { call, type ClusterNode, defineService, type MethodDefinition, type ServiceContract } from 'scalebus';

/** Keeps the demo's nodes apart from others on this machine. */
export const label: string = process.env['DEMO_LABEL'] ?? 'scalebus-demo';

/** Events per second that a node saw of the pattern it counts. */
export type Rates = Readonly<Record<string, number>>;

/** A contract: its types reach the one who serves it and the one who calls it. */
export const rateService: ServiceContract<{ readonly read: MethodDefinition<'call', void, number> }> = defineService(
  'demo.rate',
  {
    version: '1.0.0',
    methods: { read: call<void, number>({ idempotent: true }) },
  },
);

/** What the observer sees. */
export interface View {
  readonly kind: 'view';
  readonly members: readonly { readonly name: string; readonly status: string; readonly address: string }[];
  readonly rates: Rates;
  readonly seen: {
    readonly reports: number;
    readonly alarms: number;
    readonly acknowledged: number;
    readonly refused: number;
  };
  readonly lastAlarms: readonly string[];
  readonly lastRoundTripsMs: readonly number[];
}

/** What a process tells its parent. */
export type Report = { readonly kind: 'ready'; readonly name: string; readonly mqtt?: string } | View;

/** Tells the parent, or a person when there is none. */
export function report(message: Report): void {
  if (process.send !== undefined) process.send(message);
  else console.log(JSON.stringify(message));
}

/** Counts the events of a pattern and serves their rate over the last seconds. */
export function serveRate(node: ClusterNode, pattern: string): void {
  const counts = [0, 0, 0, 0, 0];
  node.bus.subscribe(pattern, () => {
    counts[0] = (counts[0] ?? 0) + 1;
  });
  setInterval(() => {
    counts.unshift(0);
    counts.pop();
  }, 1000).unref();
  node.rpc.register(rateService, {
    read: () => counts.slice(1).reduce((sum, count) => sum + count, 0) / (counts.length - 1),
  });
}

/** Stops everything in order at Ctrl-C, at a termination signal, or when the parent has gone. */
export function stopOnSignal(...parts: readonly { stop(): Promise<void> }[]): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const part of parts) await part.stop();
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  process.on('disconnect', () => void stop());
}
