import assert from 'node:assert/strict';
import { drawLabel, Programs } from './process-fixture.js';

const events = 60_000;

describe('bus beside a process that stands still', function besideStill() {
  this.timeout(90_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('bounds memory for it, counts what it drops, and gives the other everything', async () => {
    const label = drawLabel();
    const publisher = programs.run('a', program('a', label, [], publish));
    const [, address = ''] = await publisher.until(/up at (\S+)/);
    const still = programs.run('b', program('b', label, [address], receive));
    const healthy = programs.run('c', program('c', label, [address], receive));
    await Promise.all([publisher, still, healthy].map((one) => one.until(/ready/)));
    still.kill('SIGSTOP');
    publisher.kill('SIGUSR2');
    const [, dropped = '', retained = ''] = await publisher.until(/dropped (\d+) retained (-?\d+)/, 0, 60_000);
    await healthy.until(new RegExp(`got ${events} in order`), 0, 60_000);
    assert.ok(Number(dropped) > 0, dropped);
    // 120 MB were published; the window holds 8 MiB, the link and the operating system what they may.
    assert.ok(Number(retained) < 48 * 1024 * 1024, `${retained} bytes retained`);
    const [, refused = ''] = await publisher.until(/bus_events_refused_total (\d+)/);
    assert.equal(refused, dropped);
    still.kill('SIGCONT');
    for (const one of [publisher, still, healthy]) one.kill('SIGTERM');
    assert.deepEqual([await publisher.exit(), await healthy.exit()], [0, 0], publisher.errors + healthy.errors);
  });
});

/** Publishes 2 KB events as fast as the healthy node takes them, and says what was dropped and what memory is held then. */
const publish = `
const { setFlagsFromString } = await import('node:v8');
const { runInNewContext } = await import('node:vm');
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const held = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
let taken = 0;
node.bus.subscribe('/taken', (event) => void (taken = Math.max(taken, event.value as number)));
while (node.bus.explain('/x').nodes.length < 2) await pause(5);
process.on('SIGUSR2', () => void run());
say('ready');
async function run(): Promise<void> {
  const before = held();
  const pad = 'x'.repeat(2000);
  let dropped = 0;
  for (let number = 1; number <= ${events}; number += 1) {
    dropped += node.bus.publish('/x', { number, pad }).dropped;
    if (number % 500 !== 0) continue;
    while (number - taken > 2000) await pause(1);
  }
  say('dropped ' + dropped + ' retained ' + (held() - before));
  say(node.metricsText());
}
`;

/** Counts what comes, and says how far it got every 500. */
const receive = `
let got = 0;
let isInOrder = true;
const subscription = node.bus.subscribe('/x', (event) => {
  got += 1;
  if ((event.value as { number: number }).number !== got) isInOrder = false;
  if (got % 500 === 0) node.bus.publish('/taken', got);
  if (got === ${events}) say('got ' + got + (isInOrder ? ' in order' : ' out of order'));
}, { queueMax: 100_000 });
await subscription.ready({ scope: 'cluster', timeoutMs: 20_000 });
while (node.bus.explain('/taken').nodes.length < 1) await pause(5);
say('ready');
`;

function program(name: string, label: string, seeds: readonly string[], body: string): string {
  return `
import { createNode } from 'scalebus';
const say = (line: string): void => void process.stdout.write(line + '\\n');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const node = createNode({ name: '${name}', label: '${label}', port: 0, seeds: ${JSON.stringify(seeds)}, drainMs: 500 });
await node.start();
say('up at ' + node.address);
process.on('SIGTERM', () => void node.stop().then(() => process.exit(0)));
while (node.members().length < 3) await pause(5);
${body}
`;
}
