import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { createProgram } from '../../src/cli/program.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { KeptTerminal } from '../cli/cli-fixture.js';
import { drawLabel, eventually, type Program, Programs } from './process-fixture.js';

const main = 'src/cli/main.ts';

describe('the command line, as processes', function commandLine() {
  this.timeout(120_000);
  const label = drawLabel();
  const folder = mkdtempSync(join(tmpdir(), 'scalebus-cli-'));
  let programs: Programs;
  let gateway: Program;
  let rules: Program;
  let mqttUrl = '';
  const at = { gateway: '', rules: '' };

  before(async () => {
    programs = new Programs();
    gateway = scalebus(
      'node',
      '--name',
      'gateway',
      '--listen',
      '127.0.0.1:0',
      '--label',
      label,
      '--mqtt',
      '127.0.0.1:0',
    );
    [, at.gateway = ''] = await gateway.until(/^node gateway (\S+)$/m);
    mqttUrl = `mqtt://${(await gateway.until(/^mqtt (\S+)$/m))[1] ?? ''}`;
    writeFileSync(join(folder, 'hot.yaml'), rule);
    const config = join(folder, 'node.yaml');
    writeFileSync(
      config,
      `name: not this\nlisten: 127.0.0.1:0\nlabel: ${label}\nseeds: ['${at.gateway}']\nrules: [hot.yaml]\n`,
    );
    rules = scalebus('node', '--name', 'rules', '--config', config, '--json');
    [, at.rules = ''] = await rules.until(/"kind":"node","name":"rules","address":"([^"]+)"/);
    await rules.until(/"kind":"rules","names":\["hot"\]/);
    await gateway.until(/^joined rules /m);
  });

  after(async () => {
    await programs.stop();
    rmSync(folder, { recursive: true });
  });

  it('members: lists both, at either of them', async () => {
    for (const node of [at.gateway, at.rules]) {
      const { out, code } = await guest(node, 'members', '--json');
      assert.equal(code, 0);
      const members = out.map((line) => JSON.parse(line) as { name: string; status: string; self: boolean });
      assert.deepEqual(members.map(({ name, status }) => `${name} ${status}`).toSorted(), [
        'gateway alive',
        'rules alive',
      ]);
    }
  });

  it('pub and sub: an event from one node is printed at the other', async () => {
    const sub = scalebus('sub', '/news/*', '--node', at.rules, '--count', '2', '--json');
    // The subscription is known everywhere once a publish at the other node counts it.
    await eventually('the subscription is known', async () => {
      const { out } = await guest(at.gateway, 'pub', '/news/first', '{"n":1}', '--json', '--header', 'h=x');
      return (JSON.parse(out[0] ?? '{}') as { nodes: number }).nodes === 1;
    });
    await guest(at.gateway, 'pub', '/news/second', 'plain text');
    assert.equal(await sub.exit(), 0);
    const [first, second] = sub.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([first?.['value'], first?.['source'], first?.['headers']], [{ n: 1 }, 'gateway', { h: 'x' }]);
    assert.deepEqual([second?.['topic'], second?.['value']], ['/news/second', 'plain text']);
  });

  it('sub: Ctrl-C ends it with 0', async () => {
    const sub = scalebus('sub', '/**', '--node', at.gateway);
    await eventually('it has subscribed', () => sub.errors.includes('subscribing'));
    sub.kill('SIGINT');
    assert.equal(await sub.exit(), 0);
  });

  it('services and call: the built-in service, at a node by name', async () => {
    const services = await guest(at.gateway, 'services');
    assert.equal(services.out.filter((line) => line.startsWith('scalebus.node@1.0.0 at ')).length, 2);
    const called = await guest(at.gateway, 'call', 'scalebus.node', 'host', '--at', 'rules');
    assert.equal((JSON.parse(called.out[0] ?? '{}') as { name: string }).name, 'rules');
  });

  it('request: a command reaches a device, and its answer comes back', async () => {
    const client = await connectDevice(mqttUrl, 'b1');
    const answered = await guest(at.rules, 'request', '/device/boiler/b1/command/fan', '{"on":true}', '--json');
    assert.equal(answered.code, 0, answered.errors);
    assert.match(answered.out[0] ?? '', /"on":true/);
    const alarm = scalebus('sub', '/alarm/**', '--node', at.gateway, '--count', '1');
    await eventually('the alarm of a hot report', async () => {
      client.publish('boiler/b1/report', '{"temperature":90}');
      await new Promise((resolve) => setTimeout(resolve, 100));
      return !alarm.isRunning;
    });
    assert.match(alarm.out, /^\/alarm\/b1 \{"temperature":90\} from rules$/m);
    client.publish('boiler/b1/report', '{"pressure":2}');
    await eventually('the fault of the rule is told', () =>
      rules.errors.includes('"text":"a rule failed","rule":"hot"'),
    );
    await client.endAsync();
  });

  it('explain and top: what the node knows, as JSON and for people', async () => {
    const explained = await guest(at.gateway, 'explain', '/device/x/y/message/property/report', '--json');
    assert.deepEqual([explained.code, explained.out.length], [0, 1]);
    const top = await guest(at.gateway, 'top', '--once');
    assert.match(top.out.join('\n'), /^members of gateway\n {2}\S+ 127\.0\.0\.1:\d+ alive/);
  });

  it('exit codes: 2 wrong use, 3 nobody there, 5 no node', async () => {
    const pub = scalebus('pub', '/a', '1', '--node', '127.0.0.1:1');
    const codes = await Promise.all([
      guest(at.gateway, 'pub', '/a/#/b', '1'),
      guest(at.gateway, 'request', '/nobody', '1'),
      guest(at.gateway, 'call', 'no.such', 'method'),
      guest('127.0.0.1:1', 'members'),
    ]);
    assert.deepEqual(
      codes.map(({ code }) => code),
      [2, 3, 3, 5],
      codes.map(({ errors }) => errors).join(''),
    );
    assert.deepEqual([await pub.exit(), pub.out], [5, '']);
    assert.match(
      pub.errors,
      /^scalebus: \[unavailable\] no node answers at 127\.0\.0\.1:1 \(nothing listens there\); start one/,
    );
    const wrongRule = join(folder, 'wrong.yaml');
    writeFileSync(wrongRule, 'name: wrong\nfrom: /a\nwhere: velue > 1\nto: /b\n');
    const node = scalebus('node', '--listen', '127.0.0.1:0', '--label', label, '--rule', wrongRule);
    assert.equal(await node.exit(), 2);
    assert.match(node.errors, /wrong\.yaml:3:\d+: /);
    const taken = scalebus('node', '--listen', at.gateway, '--label', label);
    assert.equal(await taken.exit(), 5);
    assert.match(taken.errors, /address-in-use.+ is taken; stop the other program or give another port/);
    const twin = scalebus('node', '--name', 'gateway', '--listen', '127.0.0.1:0', '--seed', at.rules, '--label', label);
    assert.equal(await twin.exit(), 5);
    assert.match(twin.errors, /name-taken.+another node named gateway answers at/);
  });

  it('node: Ctrl-C ends it in order with 0, and the others are told', async () => {
    rules.kill('SIGINT');
    assert.equal(await rules.exit(), 0, rules.errors);
    await rules.until(/"kind":"stopped","name":"rules"/);
    await gateway.until(/^left rules /m);
    gateway.kill('SIGTERM');
    assert.equal(await gateway.exit(), 0, gateway.errors);
    assert.equal(gateway.errors, '');
    // The fault that a report without a temperature made.
    assert.match(rules.errors, /^\{"kind":"error","text":"a rule failed".*\}\n$/);
  });

  function scalebus(...args: string[]): Program {
    return programs.runFile(`scalebus ${args.join(' ')}`, [main, ...args]);
  }

  /** A guest command over a real socket, in this process: starting one costs more than all that it does. */
  async function guest(node: string, ...args: string[]) {
    // `top` waits for its second sample, so its clock must go on by itself here.
    const terminal = Object.assign(new KeptTerminal(), { clock: new NodeClock() });
    const code = await createProgram(terminal).run([...args, '--node', node]);
    return { code, out: terminal.lines, errors: terminal.notes.join('\n') };
  }
});

const rule = `
name: hot
from: /device/boiler/{device}/message/property/report
where: value.properties.temperature > 30
select:
  temperature: value.properties.temperature
to: /alarm/{device}
`;

/** A device that answers each command with what it was asked. */
async function connectDevice(url: string, id: string): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url, { clientId: id, protocolVersion: 5 });
  client.on('message', (_topic, payload) => {
    const command = JSON.parse(payload.toString()) as { id: string; input: unknown };
    client.publish(`boiler/${id}/reply`, JSON.stringify({ id: command.id, output: command.input }), { qos: 1 });
  });
  await client.subscribeAsync(`boiler/${id}/command/+`, { qos: 1 });
  return client;
}
