import assert from 'node:assert/strict';
import { drawLabel, eventually, type Program, Programs } from './process-fixture.js';

describe('the demo', function demo() {
  this.timeout(120_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('--once sees reports, alarms and acknowledged commands cross nodes, says so in JSON and ends with 0', async () => {
    const program = startDemo();
    assert.equal(await program.exit(75_000), 0, program.out + program.errors);
    const summary = JSON.parse(program.out) as Record<string, unknown>;
    assert.equal(summary['ok'], true);
    assert.ok(Number(summary['reports']) >= 100 && Number(summary['alarms']) >= 5);
    assert.ok(Number(summary['acknowledged']) >= 5);
    assert.deepEqual(summary['members'], ['gateway alive', 'observer alive', 'rules alive']);
  });

  it('outlives a kill -9 of gateway and rules: both come back and the goal is still reached', async () => {
    const program = startDemo();
    for (const name of ['gateway', 'rules']) {
      await eventually(`${name} is up`, () => starts(program, name).length === 1);
      const [pid] = starts(program, name);
      assert.ok(pid);
      process.kill(pid, 'SIGKILL');
    }
    assert.equal(await program.exit(75_000), 0, program.out + program.errors);
    for (const name of ['gateway', 'rules']) assert.equal(starts(program, name).length, 2, program.errors);
    assert.equal((JSON.parse(program.out) as Record<string, unknown>)['ok'], true);
  });

  it('leaves no process behind when it is interrupted', async () => {
    const program = startDemo();
    await eventually('the observer is up', () => starts(program, 'observer').length === 1);
    program.kill('SIGINT');
    assert.equal(await program.exit(), 0);
    for (const name of ['gateway', 'rules', 'observer']) {
      for (const pid of starts(program, name)) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    }
  });

  /** In a cluster of its own, whoever else shows the demo on this machine. */
  function startDemo(): Program {
    return programs.runFile('demo', ['examples/demo/main.ts', '--once'], { DEMO_LABEL: drawLabel() });
  }
});

/** Process ids that a node of the demo has had, in order. */
function starts(program: Program, name: string): number[] {
  return [...program.errors.matchAll(new RegExp(`^${name} is up \\(process (\\d+)\\)$`, 'gm'))].map((match) =>
    Number(match[1]),
  );
}
