import assert from 'node:assert/strict';
import { createNode, type ClusterNode } from '../../src/index.js';
import { checkBus } from '../../src/testing/conformance/bus.js';
import type { BusFixture } from '../../src/testing/conformance/bus-hall.js';
import { realWaiter } from './link-waiter.js';
import { BusProcess } from './bus-door.js';
import { drawLabel, eventually, type Program, Programs } from './process-fixture.js';

const names = ['a', 'b', 'c'] as const;

describe('bus over TCP', function overTcp() {
  this.timeout(30_000);

  checkBus({ describe, it }, 'three nodes over TCP', async () => {
    const label = drawLabel();
    const nodes: ClusterNode[] = [];
    const start = async (name: string): Promise<ClusterNode> => {
      const node = createNode({ name, label, port: 0, seeds: nodes.map(({ address }) => address), drainMs: 200 });
      await node.start();
      return node;
    };
    for (const name of names) nodes.push(await start(name));
    const [first, second, third] = nodes;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const waiter = realWaiter();
    await waiter.until(() => nodes.every((node) => node.members().length === nodes.length));
    return {
      ...waiter,
      doors: [first.bus, second.bus, third.bus],
      isCluster: true,
      restart: async (index) => {
        await nodes[index]?.stop();
        nodes[index] = await start(names[index]);
        return nodes[index].bus;
      },
      stop: stopAll,
    } satisfies BusFixture;

    async function stopAll(): Promise<void> {
      await Promise.all(nodes.map((node) => node.stop()));
    }
  });
});

describe('bus over processes', function overProcesses() {
  this.timeout(30_000);
  let others: readonly [BusProcess, BusProcess];

  before(() => {
    others = [new BusProcess(), new BusProcess()];
  });
  after(() => Promise.all(others.map((other) => other.kill())));

  // The first node is in this process, the other two in one each: whoever publishes is told a receipt at once.
  checkBus({ describe, it }, 'three nodes in three processes', async () => {
    const label = drawLabel();
    const node = createNode({ name: 'a', label, port: 0, seeds: [], drainMs: 200 });
    await node.start();
    const lives = [`a@${node.epoch}`, '', ''];
    const start = async (index: 1 | 2): Promise<void> => {
      const name = names[index];
      const { epoch } = await others[index === 1 ? 0 : 1].start({ name, label, seeds: [node.address] });
      lives[index] = `${name}@${epoch}`;
    };
    const know = (members: readonly string[]): boolean => lives.every((life) => members.includes(life));
    const all = async (): Promise<boolean> => {
      const [here, ...there] = [node.members().map(({ name, epoch }) => `${name}@${epoch}`), ...(await told())];
      return know(here) && there.every(know);
    };
    const told = (): Promise<readonly (readonly string[])[]> => Promise.all(others.map((other) => other.members()));
    for (const index of [1, 2] as const) await start(index);
    await eventually('all know all', all);
    return {
      ...realWaiter(),
      rest: async () => {
        // What must not happen would need a few turns of each process.
        for (let turn = 0; turn < 10; turn += 1) await Promise.all(others.map((other) => other.ping()));
      },
      doors: [node.bus, others[0].door(), others[1].door()],
      isCluster: true,
      restart: async (index) => {
        await others[index === 1 ? 0 : 1].kill();
        others = index === 1 ? [new BusProcess(), others[1]] : [others[0], new BusProcess()];
        await start(index);
        await eventually('all know the newer life', all);
        return others[index === 1 ? 0 : 1].door();
      },
      stop: async () => {
        await Promise.all([node.stop(), ...others.map((other) => other.stopNode())]);
      },
    } satisfies BusFixture;
  });
});

describe('bus of three processes', function processes() {
  this.timeout(60_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('keeps order, serves a group once, answers, hands over and tells a gap when a publisher is killed', async () => {
    const label = drawLabel();
    const first = programs.run('a', program('a', label, []));
    const [, address = ''] = await first.until(/up at (\S+)/);
    const second = programs.run('b', program('b', label, [address]));
    // Which of them is older is decided by who starts first.
    await second.until(/up at/);
    const third = programs.run('c', program('c', label, [address]));
    const all = [first, second, third];
    await Promise.all(all.map((one) => one.until(/ready/)));
    // Each publishes 500 events; each must get the 1500 of all, the events of each node in order.
    await Promise.all(all.map((one) => one.until(/plain 1500 in order/)));
    await Promise.all(all.map((one) => one.until(/answers a,b,c/)));
    await third.until(/confirmed by a,b,c, missing 0/);
    const share = async (one: Program): Promise<number> => Number((await one.until(/share (\d+)/))[1]);
    const shares = await Promise.all(all.map(share));
    assert.equal(
      shares.reduce((sum, count) => sum + count, 0),
      900,
      shares.join(' '),
    );
    assert.ok(shares.every((count) => count > 0));
    const seen = second.out.length;
    first.kill('SIGKILL');
    await second.until(/gap a from \d+ to undefined/, seen);
    await third.until(/gap a from \d+ to undefined/);
    // The oldest was a; the next in age takes over.
    await second.until(/oldest b/, seen);
    for (const one of [second, third]) one.kill('SIGTERM');
    assert.deepEqual([await second.exit(), await third.exit()], [0, 0], second.errors + third.errors);
  });
});

/** One of three equal nodes that say what they see. */
function program(name: string, label: string, seeds: readonly string[]): string {
  return `
import { createNode } from 'scalebus';
const say = (line: string): void => void process.stdout.write(line + '\\n');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const node = createNode({ name: '${name}', label: '${label}', port: 0, seeds: ${JSON.stringify(seeds)}, drainMs: 500 });
await node.start();
say('up at ' + node.address);
process.on('SIGTERM', () => void node.stop().then(() => process.exit(0)));
const { bus } = node;
while (node.members().length < 3) await pause(5);
let plain = 0;
let share = 0;
let isInOrder = true;
const lastOf = new Map<string, number>();
const takePlain = (event: { source: string; value: unknown }): void => {
  const number = event.value as number;
  if (number !== (lastOf.get(event.source) ?? 0) + 1) isInOrder = false;
  lastOf.set(event.source, number);
  plain += 1;
};
const subscriptions = [
  bus.subscribe('/plain/*', takePlain, { onGap: (gap) => say('gap ' + gap.node + ' from ' + gap.from + ' to ' + gap.to) }),
  bus.subscribe('/share/*', () => void (share += 1), { group: { name: 'share', strategy: 'random' } }),
  bus.subscribe('/oldest', () => say('oldest ${name}'), { group: { name: 'oldest', strategy: 'oldest' } }),
  bus.subscribe('/sure', () => pause(5)),
  bus.respond('/who', () => '${name}'),
];
await Promise.all(subscriptions.map((one) => one.ready({ scope: 'cluster', timeoutMs: 20_000 })));
const sees = (): boolean => bus.explain('/plain/1').nodes.length === 2 && bus.explain('/share/1').groups[0]?.members.length === 3
  && bus.explain('/who').responders.length === 3;
while (!sees()) await pause(5);
say('ready');
for (let number = 1; number <= 500; number += 1) bus.publish('/plain/' + (number % 3), number);
for (let number = 0; number < 300; number += 1) bus.publish('/share/' + number, number);
while (plain < 1500) await pause(5);
say('plain ' + plain + (isInOrder ? ' in order' : ' out of order'));
const answers: string[] = [];
for await (const answer of bus.requestMany('/who', 1)) answers.push(String(answer.value));
say('answers ' + answers.sort().join(','));
const report = await bus.publishConfirmed('/sure', 1, { level: 'handled' });
say('confirmed by ' + [...report.confirmed].sort().join(',') + ', missing ' + report.missing.length);
let last = -1;
while (share !== last) {
  last = share;
  await pause(500);
}
say('share ' + share);
while (node.state === 'running') {
  bus.publish('/oldest', 1);
  await pause(100);
}
`;
}
