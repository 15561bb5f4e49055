import assert from 'node:assert/strict';
import { drawLabel, Programs } from './process-fixture.js';

/** Published as fast as the healthy node takes them, once the other stands still. */
const flood = 60_000;
/** Published one a millisecond, to see how long one takes: with both nodes well, beside the stall, and with its window full. */
const paced = 1000;
const healthyName = 'c';
const events = flood + 3 * paced;

describe('bus beside a process that stands still', function besideStill() {
  this.timeout(150_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('bounds memory for it, shows and counts it, and gives the other everything without delay', async () => {
    const label = drawLabel();
    const publisher = programs.run('a', program('a', label, [], publish));
    const [, address = ''] = await publisher.until(/up at (\S+)/);
    const still = programs.run('b', program('b', label, [address], receive));
    const healthy = programs.run('c', program('c', label, [address], receive));
    await Promise.all([publisher, still, healthy].map((one) => one.until(/ready/)));
    publisher.kill('SIGUSR2');
    const [, calmMs = ''] = await publisher.until(/calm p99 (\S+)/);
    still.kill('SIGSTOP');
    publisher.kill('SIGUSR2');
    // The stall shows in the metrics before the first event is lost to it.
    const [, unacknowledged = '', heldBytes = '', lostYet = ''] = await publisher.until(
      /b has (\d+) unacknowledged (\d+) bytes, dropped (\d+)/,
    );
    assert.ok(Number(unacknowledged) > 0 && Number(heldBytes) > 0, `${unacknowledged}, ${heldBytes} bytes`);
    assert.equal(lostYet, '0');
    const [, dropped = '', retained = ''] = await publisher.until(/dropped (\d+) retained (-?\d+)/, 0, 60_000);
    await healthy.until(new RegExp(`got ${events} in order`), 0, 60_000);
    assert.ok(Number(dropped) > 0, dropped);
    // 120 MB were published; the window holds 8 MiB, the link and the operating system what they may.
    assert.ok(Number(retained) < 48 * 1024 * 1024, `${retained} bytes retained`);
    const [, besideMs = ''] = await publisher.until(/beside p99 (\S+)/);
    const [, fullMs = ''] = await publisher.until(/full p99 (\S+)/);
    process.stdout.write(
      `    p99 of the healthy node: ${calmMs} ms, beside the stall ${besideMs}, window full ${fullMs}\n`,
    );
    // The figure is for a quiet machine; here only a wait for the other node would show, and that never ends.
    for (const ms of [besideMs, fullMs]) assert.ok(Number(ms) < Math.max(500, 20 * Number(calmMs)), `${ms} ms`);
    const [, refused = ''] = await publisher.until(/scalebus_bus_events_refused_total (\d+)/);
    assert.equal(refused, dropped);
    still.kill('SIGCONT');
    for (const one of [publisher, still, healthy]) one.kill('SIGTERM');
    assert.deepEqual([await publisher.exit(), await healthy.exit()], [0, 0], publisher.errors + healthy.errors);
  });
});

/**
 * At each signal: measures how long single events take to the healthy node and back; then publishes 2 KB events as fast as it takes them,
 * and says what the metrics show, what was dropped and what memory is held.
 */
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
const sentAt = new Map<number, number>();
const tookMs: number[] = [];
node.bus.subscribe('/echo', ({ value }) => void tookMs.push(performance.now() - (sentAt.get(value as number) ?? 0)));
while (node.bus.explain('/x').nodes.length < 2) await pause(5);
const pad = 'x'.repeat(2000);
let number = 0;
let dropped = 0;
const publish = (more: object): void => void (dropped += node.bus.publish('/x', { number: (number += 1), pad, ...more }).dropped);
const measure = async (name: string): Promise<void> => {
  tookMs.length = 0;
  for (let count = 0; count < ${paced}; count += 1) {
    sentAt.set(number + 1, performance.now());
    publish({ isEchoed: true });
    await pause(1);
  }
  while (tookMs.length < ${paced}) await pause(1);
  sentAt.clear();
  say(name + ' p99 ' + (tookMs.sort((left, right) => left - right)[Math.floor(${paced} * 0.99)] ?? NaN).toFixed(2));
};
const gauge = (name: string): number => Number(new RegExp(name + '{node="b"} ([0-9]+)').exec(node.metricsText())?.[1] ?? 0);
const runs = [
  () => measure('calm'),
  async () => {
    const before = held();
    await measure('beside');
    while (gauge('scalebus_bus_link_held_bytes') === 0) await pause(5);
    const shown = 'b has ' + gauge('scalebus_bus_link_unacknowledged') + ' unacknowledged ' + gauge('scalebus_bus_link_held_bytes') + ' bytes';
    say(shown + ', dropped ' + dropped);
    for (let count = 1; count <= ${flood}; count += 1) {
      publish({});
      if (count % 500 === 0) while (number - taken > 2000) await pause(1);
    }
    const retained = held() - before;
    await measure('full');
    say('dropped ' + dropped + ' retained ' + retained);
    say(node.metricsText());
  },
];
process.on('SIGUSR2', () => void runs.shift()?.());
say('ready');
`;

/** Counts what comes, and says how far it got every 500. */
const receive = `
let got = 0;
let isInOrder = true;
const subscription = node.bus.subscribe('/x', (event) => {
  got += 1;
  const { number, isEchoed } = event.value as { number: number; isEchoed?: true };
  if (number !== got) isInOrder = false;
  if (isEchoed === true && '${healthyName}' === node.name) node.bus.publish('/echo', number);
  if (got % 500 === 0) node.bus.publish('/taken', got);
  if (got === ${events}) say('got ' + got + (isInOrder ? ' in order' : ' out of order'));
}, { queueMax: 100_000 });
await subscription.ready({ scope: 'cluster', timeoutMs: 20_000 });
for (const topic of ['/taken', '/echo']) while (node.bus.explain(topic).nodes.length < 1) await pause(5);
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
