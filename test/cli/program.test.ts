import assert from 'node:assert/strict';
import { createProgram } from '../../src/cli/program.js';
import { ClusterError } from '../../src/core/errors.js';
import { packageVersion } from '../../src/core/version.js';
import { KeptTerminal, makeCommandLine } from './cli-fixture.js';

const commands = ['node', 'sub', 'tap', 'pub', 'request', 'call', 'members', 'services', 'explain', 'top'];

describe('command line', () => {
  it('tells its version, and helps everywhere', async () => {
    const { run, terminal } = makeCommandLine();
    assert.equal(await run('--version'), 0);
    assert.equal(terminal.lines.at(-1), packageVersion);
    assert.equal(await run('--help'), 0);
    const help = terminal.lines.join('\n');
    for (const command of commands) assert.match(help, new RegExp(`^ {2}${command} `, 'm'));
    for (const command of commands) {
      terminal.lines.length = 0;
      assert.equal(await run(command, '--help'), 0, command);
      const own = terminal.lines.join('\n');
      assert.match(own, new RegExp(`^Usage: scalebus ${command} `), command);
      assert.match(own, /--json/, command);
      assert.match(own, /Exit codes: 0 done/, command);
    }
    assert.deepEqual(terminal.notes, []);
  });

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [[], /Usage: scalebus/],
    [['nothing'], /unknown command 'nothing'/],
    [['pub'], /missing required argument 'topic'/],
    [['pub', '/a', '1', '2'], /too many arguments/],
    [['sub'], /missing required argument 'pattern'/],
    [['members', '--colour'], /unknown option '--colour'/],
    [['members', '--node'], /argument missing/],
    [['members', '--node', 'http://x'], /--node is "http:\/\/x"; expected HOST:PORT/],
    [['sub', '/a', '--count', '0'], /--count is "0"; expected a whole number above 0/],
    [['call', 's', 'm', '--timeout', 'soon'], /--timeout is "soon"/],
    [['tap', '/a', '--sample', '2'], /--sample is "2"; expected a number above 0, up to 1/],
    [['pub', '/a', '1', '--header', '=x'], /header "=x"; expected name=value/],
    [['node', '--listen', 'nowhere'], /--listen is "nowhere"; expected HOST:PORT/],
    [['node', '--config', '/no/such/file.yaml'], /config file \/no\/such\/file\.yaml: ENOENT/],
    [['node', '--listen', '0.0.0.0:0'], /insecure-address.+ give key/],
    [['node', '--name', 'a b'], /option name is "a b"/],
    [['node', '--rule', '/no/such/rule.yaml'], /rule file \/no\/such\/rule\.yaml cannot be read/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${JSON.stringify(args.join(' '))} with exit code 2, tries nothing and says why`, async () => {
      const { run, terminal, connects } = makeCommandLine();
      assert.equal(await run(...args), 2);
      assert.match(terminal.notes.join('\n'), message);
      assert.deepEqual([connects, terminal.lines], [[], []]);
    });
  }

  const codes = [
    ['no-responders', 3],
    ['not-found', 3],
    ['deadline-exceeded', 4],
    ['unavailable', 5],
    ['link-lost', 5],
    ['unauthorized', 5],
    ['invalid-topic', 2],
    ['remote', 1],
    ['internal', 1],
  ] as const;
  for (const [code, exitCode] of codes) {
    it(`ends with ${exitCode} for ${code}, and says it for people and for programs`, async () => {
      const { run, terminal, guest } = makeCommandLine();
      guest.error = new ClusterError(code, 'because', { details: { path: 'x' } });
      assert.equal(await run('call', 'store', 'read'), exitCode);
      assert.equal(await run('call', 'store', 'read', '--json'), exitCode);
      const json = { error: code, message: `[${code}] because`, details: { path: 'x' } };
      assert.deepEqual(terminal.notes, [`scalebus: [${code}] because`, JSON.stringify(json)]);
      assert.deepEqual([terminal.lines, guest.stops], [[], 2]);
    });
  }

  it('ends with 5 when no node can be attached to', async () => {
    const terminal = new KeptTerminal();
    const refuse = () => Promise.reject(new ClusterError('unavailable', 'no node answers'));
    assert.equal(await createProgram(terminal, refuse).run(['members']), 5);
    assert.deepEqual(terminal.notes, ['scalebus: [unavailable] no node answers']);
  });

  it('attaches where the flag, or else the environment, says, with the key', async () => {
    const { run, terminal, connects } = makeCommandLine();
    await run('members');
    await run('members', '--node', 'db');
    Object.assign(terminal.env, { SCALEBUS_NODE: '10.0.0.1:1', SCALEBUS_KEY: 'from the environment' });
    await run('members');
    await run('members', '--node', '[::1]:9', '--key', 'from the flag ...');
    assert.deepEqual(connects, [
      {},
      { addresses: ['db:7700'] },
      { addresses: ['10.0.0.1:1'], key: 'from the environment' },
      { addresses: ['[::1]:9'], key: 'from the flag ...' },
    ]);
    await run('members', '--help');
    assert.ok(!terminal.lines.join('\n').includes('from the environment'), 'a key is not shown');
  });

  it('takes an empty variable for none', async () => {
    const { run, terminal, connects } = makeCommandLine();
    Object.assign(terminal.env, { SCALEBUS_NODE: '', SCALEBUS_KEY: '' });
    assert.equal(await run('members'), 0);
    assert.deepEqual(connects, [{}]);
  });

  it('names the flag or the variable of a key that is too short, and does not show it', async () => {
    const { run, terminal, connects } = makeCommandLine();
    assert.equal(await run('members', '--key', 'secret'), 2);
    terminal.env['SCALEBUS_KEY'] = 'secrets';
    assert.equal(await run('members'), 2);
    assert.equal(await run('node'), 2);
    assert.deepEqual(terminal.notes, [
      'scalebus: [invalid-options] --key has 6 characters; expected at least 16',
      'scalebus: [invalid-options] SCALEBUS_KEY has 7 characters; expected at least 16',
      'scalebus: [invalid-options] SCALEBUS_KEY has 7 characters; expected at least 16',
    ]);
    assert.deepEqual(connects, []);
  });

  it('ends a call that waits at Ctrl-C, with 130 and without a complaint', async () => {
    const { run, terminal, guest } = makeCommandLine();
    guest.isHanging = true;
    const running = run('call', 'store', 'read');
    // The command has attached and asked by the next turn of the loop.
    await new Promise(setImmediate);
    assert.deepEqual(guest.asked.length, 1);
    terminal.abort.abort();
    assert.equal(await running, 130);
    assert.deepEqual(terminal.notes, []);
  });
});
