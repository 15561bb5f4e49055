/** The observer process: a node that sees everything and changes nothing. It tells its parent what it sees twice a second. */
import { createNode } from 'scalebus';
import { label, type Rates, rateService, report, serveRate, stopOnSignal, type View } from './process.js';

const node = createNode({ name: 'observer', label });
await node.start();
serveRate(node, '/answer/**');

const seen = { reports: 0, alarms: 0, acknowledged: 0, refused: 0 };
const lastAlarms: string[] = [];
const lastRoundTripsMs: number[] = [];

// `source` is the node that published: only what came from another one has crossed the cluster.
node.bus.subscribe('/device/{product}/{device}/message/property/report', ({ source }) => {
  if (source !== node.name) seen.reports += 1;
});
node.bus.subscribe('/alarm/**', ({ source, value }) => {
  if (source !== node.name) seen.alarms += 1;
  remember(lastAlarms, describeAlarm(value), 5);
});
node.bus.subscribe('/answer/**', ({ source, value }) => {
  const { ok, tookMs } = value as { readonly ok: boolean; readonly tookMs: number };
  if (!ok) seen.refused += 1;
  else if (source !== node.name) seen.acknowledged += 1;
  if (ok) remember(lastRoundTripsMs, tookMs, 100);
});

// Members as they come and go: who failed or left is no longer in the list, and is still shown.
const members = new Map<string, View['members'][number]>();
node.members$.subscribe((event) => {
  const told = event.kind === 'snapshot' ? event.members : [event.member];
  for (const { name, status, address } of told) members.set(name, { name, status, address });
});

const timer = setInterval(() => void tellView(), 500);
report({ kind: 'ready', name: node.name });
stopOnSignal({ stop: async () => clearInterval(timer) }, node);

async function tellView(): Promise<void> {
  // One typed call to every node that serves it; each answers or fails for itself.
  const answers = await node.rpc.callAll(rateService, 'read', undefined, { timeoutMs: 400 });
  const rates: Rates = Object.fromEntries(
    answers.flatMap((one) => (one.kind === 'value' ? [[one.node, one.value]] : [])),
  );
  const view: View = {
    kind: 'view',
    members: [...members.values()],
    rates,
    seen: { ...seen },
    lastAlarms,
    lastRoundTripsMs,
  };
  report(view);
}

function remember<T>(list: T[], item: T, max: number): void {
  list.push(item);
  if (list.length > max) list.shift();
}

function describeAlarm(value: unknown): string {
  const { text, temperature } = value as { readonly text: string; readonly temperature: number };
  return `${text}: ${temperature.toFixed(1)} degrees`;
}
