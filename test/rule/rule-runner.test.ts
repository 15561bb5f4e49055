import assert from 'node:assert/strict';
import { silentLogger } from '../../src/core/logger.js';
import { type CompiledRule, compileRules } from '../../src/rule/rule-compiler.js';
import { RuleRunner } from '../../src/rule/rule-runner.js';
import type { BusDoor, SubscribeOptions } from '../../src/spi/bus.js';
import { Simulator } from '../../src/testing/simulator.js';
import { PlainCluster } from '../device/plain-bus.js';

const hot = `
name: hot
from: /device/room/{device}/message/property/report
where: value.properties.temperature > 30
select: { room: device, temperature: value.properties.temperature }
to: /alarm/{device}
`;

describe('running rules', () => {
  it('publish what they select of the events for which they hold', async () => {
    const { bus, runner, alarms, report } = await running(hot);
    report('r1', 31);
    report('r2', 29);
    report('r3', 40);
    assert.deepEqual(alarms, [
      ['/alarm/r1', { room: 'r1', temperature: 31 }],
      ['/alarm/r3', { room: 'r3', temperature: 40 }],
    ]);
    bus.publish('/device/room/r4/message/property/report', { properties: {} });
    const [stats] = runner.stats();
    assert.deepEqual(
      { ...stats?.counters },
      {
        in: 4,
        matched: 2,
        throttled: 0,
        published: 2,
        unheard: 0,
        commands: 0,
        answered: 0,
        failed: 1,
        lost: 0,
      },
    );
    assert.match(stats?.lastError?.message ?? '', /No such key: temperature/);
  });

  it('see names as they are and publish them as segments', async () => {
    const { alarms, report } = await running(hot);
    report('a%2Fb', 31);
    assert.deepEqual(alarms, [['/alarm/a%2Fb', { room: 'a/b', temperature: 31 }]]);
  });

  it('pass at most one event of a key in a while', async () => {
    const { alarms, report, simulator } = await running(`${hot}everyMs: 5000\nkey: device\n`);
    for (const room of ['r1', 'r2', 'r1', 'r1']) report(room, 35);
    assert.deepEqual(
      alarms.map(([topic]) => topic),
      ['/alarm/r1', '/alarm/r2'],
    );
    await simulator.runAsync(5000);
    report('r1', 35);
    assert.equal(alarms.length, 3);
  });

  it('that answer to themselves by way of a command end too', async () => {
    const rule = `
name: ring
from:
  - /device/room/{device}/message/property/report
  - /alarm/{device}
command: { product: room, device: '{device}', name: fan, answerTo: '/alarm/{device}' }
`;
    const { alarms, report, runner, simulator } = await running(rule);
    report('nowhere', 31);
    await simulator.runAsync(1000);
    const [stats] = runner.stats();
    assert.equal(alarms.length, 16, 'as many as there may be rules in a chain');
    assert.equal(stats?.counters.commands, 17);
    assert.match(stats.lastError?.message ?? '', /\[call-depth\] .*came through 16 rules; they feed each other/);
  });

  it('tell an answer once, and what is wrong where that cannot be told', async () => {
    const rule = `
name: told
from: /device/room/{device}/message/property/report
command: { product: room, device: '{device}', name: fan, answerTo: '/alarm/{value.nowhere}' }
`;
    const { alarms, bus, report, runner, simulator } = await running(rule);
    bus.respond('/device/room/r1/command/fan', () => 'on');
    report('r1', 31);
    await simulator.runAsync(100);
    const [stats] = runner.stats();
    assert.deepEqual([alarms, stats?.counters.answered, stats?.counters.failed], [[], 1, 1]);
    assert.match(stats?.lastError?.message ?? '', /No such key: nowhere/);
  });

  it('command a device, and tell what it answered or why it did not', async () => {
    const rule = `
name: cool
from: /device/room/{device}/message/property/report
command:
  product: room
  device: '{device}'
  name: fan
  input: { on: true, level: value.properties.temperature / 10 }
  timeoutMs: 2000
  answerTo: /alarm/{device}
`;
    const { bus, alarms, report, runner, simulator } = await running(rule);
    const asked: unknown[] = [];
    bus.respond('/device/room/r1/command/{name}', ({ value, captures }) => {
      asked.push([captures['name'], value]);
      return { speed: 3 };
    });
    bus.respond('/device/room/r2/command/fan', () => new Promise(() => undefined));
    report('r1', 35);
    report('r2', 35);
    report('r3', 35);
    await simulator.runAsync(1000);
    assert.deepEqual(asked, [['fan', { on: true, level: 3.5 }]]);
    assert.equal(runner.stats()[0]?.counters.answered, 1);
    await simulator.runAsync(1100);
    const shared = { product: 'room', command: 'fan' };
    assert.deepEqual(
      new Map(alarms),
      new Map<string, unknown>([
        ['/alarm/r1', { ...shared, device: 'r1', tookMs: 0, ok: true, output: { speed: 3 } }],
        [
          '/alarm/r2',
          {
            ...shared,
            device: 'r2',
            tookMs: 2000,
            ok: false,
            code: 'deadline-exceeded',
            error: '[deadline-exceeded] /device/room/r2/command/fan',
          },
        ],
        [
          '/alarm/r3',
          {
            ...shared,
            device: 'r3',
            tookMs: 0,
            ok: false,
            code: 'no-responders',
            error: '[no-responders] /device/room/r3/command/fan',
          },
        ],
      ]),
    );
    assert.equal(runner.stats()[0]?.counters.failed, 2);
  });

  it('do both, and one of them failing does not keep the other', async () => {
    const rule = `${hot}command: { product: room, device: '{device}', name: fan }\n`;
    const { alarms, report, runner, simulator } = await running(rule);
    report('r1', 35);
    await simulator.runAsync(1);
    assert.equal(alarms.length, 1);
    assert.equal(runner.stats()[0]?.counters.failed, 1);
  });

  it('run on one node of those that loaded them, and on the next when that is gone', async () => {
    const { cluster, simulator, alarms, report, runner } = await running(hot);
    const second = await join(cluster, simulator, 'n2', hot);
    report('r1', 35);
    assert.deepEqual([runner.stats()[0]?.counters.in, second.stats()[0]?.counters.in], [1, 0]);
    cluster.kill('n1');
    report('r1', 35);
    assert.deepEqual([runner.stats()[0]?.counters.in, second.stats()[0]?.counters.in], [1, 1]);
    assert.equal(alarms.length, 2);
  });

  it('join the group of their name, placed as their file says', async () => {
    const groups: SubscribeOptions['group'][] = [];
    const simulator = new Simulator({ seed: 1 });
    const bus = new PlainCluster(simulator).bus('n1');
    const spy: BusDoor = {
      ...bus,
      subscribe: (patterns, handler, options) => {
        groups.push(options?.group);
        return bus.subscribe(patterns, handler, options);
      },
    };
    const rules = compile(`${hot}---\n${hot.replace('name: hot', 'name: spread')}placement: spread\n`, simulator);
    await new RuleRunner({ bus: spy, clock: simulator, logger: silentLogger }, rules).start();
    assert.deepEqual(groups, [
      { name: 'rule/hot', strategy: 'oldest' },
      { name: 'rule/spread', strategy: 'hashed' },
    ]);
  });

  it('that feed each other in a ring come to an end', async () => {
    const ring = (name: string, from: string, to: string): string => `name: ${name}\nfrom: ${from}\nto: ${to}\n`;
    const { bus, runner } = await running(`${ring('a', '/x', '/y')}---\n${ring('b', '/y', '/x')}`);
    bus.publish('/x', 1);
    const failed = runner.stats().map(({ counters }) => counters.failed);
    assert.deepEqual(failed, [1, 0]);
    assert.match(runner.stats()[0]?.lastError?.message ?? '', /call-depth.*feed each other/);
  });

  it('stop within their drain time, whatever they wait for', async () => {
    const { bus, runner, report, simulator } = await running(
      `${hot}command: { product: room, device: '{device}', name: fan }\n`,
    );
    let asked = 0;
    bus.respond('/device/room/r1/command/fan', () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    report('r1', 35);
    await simulator.runAsync(1);
    const before = simulator.now();
    await simulator.settle(runner.stop(), 20_000);
    assert.ok(simulator.now() - before <= 2000);
    report('r1', 35);
    await simulator.runAsync(1);
    assert.equal(asked, 1);
    await simulator.settle(runner.stop(), 10);
  });
});

interface Running {
  readonly simulator: Simulator;
  readonly cluster: PlainCluster;
  readonly bus: BusDoor;
  readonly runner: RuleRunner;
  /** What came on `/alarm/*`. */
  readonly alarms: [topic: string, value: unknown][];
  readonly report: (room: string, temperature: number) => void;
}

async function running(text: string): Promise<Running> {
  const simulator = new Simulator({ seed: 1 });
  const cluster = new PlainCluster(simulator);
  const runner = await join(cluster, simulator, 'n1', text);
  const bus = cluster.bus('observer');
  const alarms: [string, unknown][] = [];
  bus.subscribe('/alarm/*', ({ topic, value }) => void alarms.push([topic, value]));
  const report = (room: string, temperature: number): void => {
    bus.publish(`/device/room/${room}/message/property/report`, { properties: { temperature } });
  };
  return { simulator, cluster, bus, runner, alarms, report };
}

async function join(cluster: PlainCluster, simulator: Simulator, node: string, text: string): Promise<RuleRunner> {
  const deps = { bus: cluster.bus(node), clock: simulator, logger: silentLogger };
  const runner = new RuleRunner(deps, compile(text, simulator));
  await runner.start();
  return runner;
}

function compile(text: string, simulator: Simulator): readonly CompiledRule[] {
  const result = compileRules([{ file: 'rule.yaml', text }], simulator);
  assert.ok(result.kind === 'rules', JSON.stringify(result));
  return result.rules;
}
