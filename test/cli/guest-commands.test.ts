import assert from 'node:assert/strict';
import { textsToHeaders, textToValue } from '../../src/cli/guest-commands.js';
import { makeCommandLine, makeEvent } from './cli-fixture.js';

describe('guest commands', () => {
  it('members: a table for people, an object a line for programs', async () => {
    const { run, terminal } = makeCommandLine();
    assert.equal(await run('members'), 0);
    assert.deepEqual(terminal.lines.splice(0), [
      'name  address         status',
      'n1    127.0.0.1:7700  alive (this node)',
      'n2    127.0.0.1:7701  suspect',
    ]);
    assert.equal(await run('members', '--json'), 0);
    assert.deepEqual(terminal.json, [
      { name: 'n2', epoch: 2, address: '127.0.0.1:7701', status: 'suspect', self: false },
      { name: 'n1', epoch: 1, address: '127.0.0.1:7700', status: 'alive', self: true },
    ]);
  });

  it('pub: value as JSON or text, headers, and the receipt', async () => {
    const { run, terminal, guest } = makeCommandLine();
    assert.equal(await run('pub', '--header', 'a=1', '--header', 'b=x=y', '/t', '{"on":true}'), 0);
    assert.equal(await run('pub', '/t', 'hello', '--json'), 0);
    assert.equal(await run('pub', '/t'), 0);
    assert.equal(await run('pub', '/t', '--', '-5'), 0);
    assert.deepEqual(guest.asked, [
      ['publish', '/t', { on: true }, { headers: { a: '1', b: 'x=y' } }],
      ['publish', '/t', 'hello', { headers: {} }],
      ['publish', '/t', undefined, { headers: {} }],
      ['publish', '/t', -5, { headers: {} }],
    ]);
    assert.equal(terminal.lines[0], '1 local, 2 nodes, 3 groups');
    assert.deepEqual(JSON.parse(terminal.lines[1] ?? ''), { local: 1, nodes: 2, groups: 3, dropped: 0 });
  });

  it('sub: prints events until the count, and says on the other stream what it does', async () => {
    const { run, terminal, guest } = makeCommandLine();
    assert.equal(await run('sub', '/a', '/b/**', '--count', '2', '--group', 'g'), 0);
    assert.deepEqual(guest.asked, [['subscribe', ['/a', '/b/**'], { group: 'g' }]]);
    assert.deepEqual(terminal.lines, ['/a 1 from n2', '/b "two" from n2']);
    assert.match(terminal.notes.join(), /subscribing at n1 to \/a, \/b\/\*\*; Ctrl-C ends it/);
    terminal.lines.length = 0;
    assert.equal(await run('sub', '/a', '--count', '1', '--json'), 0);
    assert.deepEqual(terminal.json, [makeEvent('/a', 1)]);
  });

  it('sub: Ctrl-C is how it ends, so that is 0', async () => {
    const { run, terminal, guest } = makeCommandLine();
    const running = run('sub', '/a');
    await new Promise(setImmediate);
    assert.equal(terminal.lines.length, 2);
    terminal.abort.abort();
    assert.equal(await running, 0);
    assert.ok(guest.stops > 0);
  });

  it('tap: takes a share of what passes', async () => {
    const { run, terminal, guest } = makeCommandLine();
    assert.equal(await run('tap', '/**', '--sample', '0.5', '--count', '1'), 0);
    assert.deepEqual(guest.asked, [['tap', '/**', { sample: 0.5 }]]);
    assert.deepEqual(terminal.lines, ['/seen 1 from n2']);
  });

  it('request: the first answer, or all', async () => {
    const { run, terminal, guest } = makeCommandLine();
    assert.equal(await run('request', '/q', '1', '--timeout', '50'), 0);
    assert.equal(await run('request', '/q', '--all', '--json'), 0);
    assert.deepEqual(guest.asked, [
      ['request', '/q', 1, { timeoutMs: 50 }],
      ['requestMany', '/q', undefined, { timeoutMs: 10_000 }],
    ]);
    assert.equal(terminal.lines[0], '/answer {"ok":true} from n2');
    assert.deepEqual(
      terminal.lines.slice(1).map((line) => JSON.parse(line)),
      [makeEvent('/answer', 1), makeEvent('/answer', 2)],
    );
  });

  it('call: one answer or a stream of them, at a node if one is named', async () => {
    const { run, terminal, guest } = makeCommandLine();
    assert.equal(await run('call', 'store', 'read', '[1]', '--at', 'n2'), 0);
    assert.equal(await run('call', 'store', 'watch', '--stream'), 0);
    assert.deepEqual(guest.asked, [
      ['invoke', 'store', 'read', [1], { timeoutMs: 10_000, node: 'n2' }],
      ['invokeStream', 'store', 'watch', undefined, { timeoutMs: 10_000 }],
    ]);
    assert.deepEqual(terminal.lines, ['{"said":"hi","bytes":{"base64":"AQI="}}', '1', '{"two":"2"}']);
  });

  it('services and explain: one line each for people, everything for programs', async () => {
    const { run, terminal } = makeCommandLine();
    assert.equal(await run('services'), 0);
    assert.deepEqual(terminal.lines.splice(0), ['store@1.2.3 at n2 (i1): read write']);
    assert.equal(await run('services', '--json'), 0);
    assert.match(terminal.lines.splice(0).join(), /^\{"service":\{"name":"store"/);
    assert.equal(await run('explain', '/t'), 0);
    assert.deepEqual(terminal.lines.splice(0), [
      '/t published at n1',
      'here  n1  s1  wants /t  in group g  priority 2  not for events of other nodes',
      'node  n2  wants /* /t  link down: events wait for it  3 not acknowledged',
      'group  g  oldest  members n1:1 n2:2 (not usable)  n1 gets it',
      'answers  n2  1 alone, group q',
    ]);
    assert.equal(await run('explain', '/t', '--json'), 0);
    assert.match(terminal.lines.join(), /^\{"topic":"\/t","node":"n1",/);
  });

  it('detach whatever happened', async () => {
    const { run, guest } = makeCommandLine();
    await run('members');
    assert.equal(guest.stops, 1);
  });
});

describe('values on the command line', () => {
  it('are JSON if they are JSON, else the text itself', () => {
    const cases: readonly (readonly [string | undefined, unknown])[] = [
      [undefined, undefined],
      ['', ''],
      ['1', 1],
      ['"1"', '1'],
      ['null', null],
      ['true', true],
      ['[1,{"a":2}]', [1, { a: 2 }]],
      ['hello world', 'hello world'],
      ['{broken', '{broken'],
      ['01', '01'],
    ];
    for (const [text, value] of cases) assert.deepEqual(textToValue(text), value);
  });

  it('are headers as name=value, and nothing else', () => {
    assert.deepEqual(textsToHeaders(['a=1', 'b=', 'c=d=e']), { a: '1', b: '', c: 'd=e' });
    for (const text of ['', 'a', '=b']) assert.throws(() => textsToHeaders([text]), /invalid-options.+name=value/);
  });
});
