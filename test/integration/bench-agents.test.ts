import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, Crew } from '../../bench/harness/agents.js';
import { until } from '../../bench/harness/clock.js';
import { compile } from '../../bench/harness/compile.js';
import { buildDir } from '../../bench/harness/paths.js';

const actor = `
export const roles = {
  tester: async ({ greeting }) => ({
    info: greeting,
    verbs: {
      echo: (args) => args,
      fail: () => { throw new Error('on purpose'); },
      hang: () => new Promise(() => undefined),
      crash: () => { console.error('last words'); process.exit(3); },
    },
    stop: () => new Promise(() => undefined),
  }),
};
`;

describe('the processes of a bench', function processes() {
  this.timeout(60_000);
  let dir = '';
  let file = '';

  before(async () => {
    await compile();
    dir = mkdtempSync(join(buildDir, 'test-'));
    file = join(dir, 'tester.mjs');
    writeFileSync(file, actor);
  });

  after(() => rmSync(dir, { recursive: true }));

  it('answer, and hand on what a verb throws', async () => {
    const agent = await start();
    assert.deepEqual(await agent.ask('echo', { a: 1 }), { a: 1 });
    await assert.rejects(agent.ask('fail'), /tester: Error: on purpose/);
    await assert.rejects(agent.ask('nothing'), /no verb nothing/);
    await agent.ask('begin');
    const { cpuUs } = await agent.ask<{ cpuUs: number }>('end');
    assert.ok(cpuUs >= 0);
    await agent.stop();
  });

  it('miss a deadline with an error that names the verb', async () => {
    const agent = await start();
    await assert.rejects(agent.ask('hang', undefined, 50), /did not answer hang in 0.05 s/);
    await agent.stop();
  });

  it('reject every open question when they die, with their last words', async () => {
    const agent = await start();
    const hanging = assert.rejects(agent.ask('hang'), /process ended \(code 3\)\nlast words/);
    await assert.rejects(agent.ask('crash'), /process ended \(code 3\)\nlast words/);
    await hanging;
    await assert.rejects(agent.ask('echo'), /process ended/);
    await agent.stop();
  });

  it('are gone after stop, even when a signal stopped them and their actor never ends', async () => {
    const agent = await start();
    agent.signal('SIGSTOP');
    await agent.stop();
    await until('the process to be gone', () => !isAlive(agent.pid));
  });

  it('leave nobody behind when one of a crew cannot be made', async () => {
    const crew = new Crew();
    const first = crew.prepare('first');
    const spec = { name: 'second', module: 'bench/child/rpc.ts', role: 'nobody', options: {} };
    await assert.rejects(crew.add(spec), /no role nobody/);
    await crew.stop();
    await until('the process to be gone', () => !isAlive(first.pid));
  });

  async function start(): Promise<Agent> {
    const agent = new Agent('tester');
    const info = await agent.ask('create', { module: file, role: 'tester', options: { greeting: 'hello' } });
    assert.equal(info, 'hello');
    return agent;
  }
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}
