import assert from 'node:assert/strict';
import { type BenchOptions, parseOptions } from '../../bench/options.js';

const names = ['rpc', 'bus'];

describe('bench options', () => {
  it('reads everything that the issue of the bench names', () => {
    const options = run('rpc --peers limit,moleculer --payload 1KiB --concurrency 64 --rounds 3 --seconds 0.5 --json');
    assert.equal(options.bench, 'rpc');
    assert.deepEqual(options.peers, ['limit', 'moleculer']);
    assert.equal(options.payload, 1024);
    assert.equal(options.concurrency, 64);
    assert.equal(options.rounds, 3);
    assert.equal(options.seconds, 0.5);
    assert.equal(options.json, true);
    assert.equal(options.ours, true);
  });

  it('compares with the limit in five rounds when nothing else is said', () => {
    const { peers, rounds, payload } = run('bus');
    assert.deepEqual({ peers, rounds, payload }, { peers: ['limit'], rounds: 5, payload: undefined });
  });

  it('takes ours and the limit alone for a smoke run, and shortly', () => {
    const { peers, rounds, seconds, bench } = run('--smoke --peers nats');
    assert.deepEqual({ peers, rounds, bench }, { peers: ['limit'], rounds: 1, bench: undefined });
    assert.ok(seconds < 1);
  });

  it('compares with everybody in short rounds within a budget', () => {
    const { peers, rounds, seconds, budgetSeconds } = run('bus --budget-minutes 0.5');
    assert.deepEqual({ peers, rounds, budgetSeconds }, { peers: ['all'], rounds: 5, budgetSeconds: 30 });
    assert.ok(seconds < run('bus').seconds);
    assert.deepEqual(run('bus --budget-minutes 1 --peers limit').peers, ['limit']);
    assert.equal(run('bus').budgetSeconds, undefined);
  });

  it('leaves scalebus out when told so', () => {
    assert.equal(run('rpc --no-ours').ours, false);
  });

  it('names the benches when one is unknown', () => {
    const parsed = parseOptions(['rps'], names);
    assert.ok(parsed.kind === 'text');
    assert.ok(parsed.exitCode === 1 && parsed.text.includes('rpc, bus'));
  });

  for (const wrong of [
    'rpc --payload big',
    'rpc --rounds 0',
    'rpc --seconds -1',
    'rpc --concurrency 1.5',
    'rpc --nothing',
  ]) {
    it(`refuses ${wrong}`, () => {
      const parsed = parseOptions(wrong.split(' '), names);
      assert.ok(parsed.kind === 'text' && parsed.exitCode !== 0 && parsed.text !== '');
    });
  }

  it('shows help without failing', () => {
    const parsed = parseOptions(['--help'], names);
    assert.ok(parsed.kind === 'text' && parsed.exitCode === 0 && parsed.text.includes('--peers'));
  });
});

function run(line: string): BenchOptions {
  const parsed = parseOptions(line.split(' '), names);
  assert.ok(parsed.kind === 'run');
  return parsed.options;
}
