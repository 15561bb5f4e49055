import assert from 'node:assert/strict';
import { figureLine, type Line, type Machine, parseLines } from '../../bench/harness/lines.js';
import { costOf } from '../../bench/harness/run.js';
import { absentTexts, amount, tableText } from '../../bench/harness/table.js';

const machine: Machine = {
  commit: 'abc1234',
  node: 'v20.20.2',
  cpu: 'some processor',
  cores: 2,
  platform: 'linux x64',
  at: '2026-01-01T00:00:00.000Z',
};
const subject = { bench: 'rpc', case: '100 B x64', peer: 'scalebus', payload: '100 B', concurrency: 64 };

describe('bench lines', () => {
  it('take the median of each figure and say how far the rounds were apart', () => {
    const rounds = [80, 100, 120].map((opsPerSec) => ({
      opsPerSec,
      p50us: opsPerSec * 2,
      cpuUsPerOpBySide: { client: 1, server: 2 },
    }));
    const line = figureLine(machine, subject, rounds, 200);
    assert.equal(line.opsPerSec, 100);
    assert.equal(line.spread, 0.4);
    assert.equal(line.p50us, 200);
    assert.equal(line.ratioToLimit, 0.5);
    assert.equal(line.cpuUsPerOp, 3);
    assert.deepEqual(line.cpuUsPerOpBySide, { client: 1, server: 2 });
    assert.equal(line.rounds, 3);
  });

  it('carry what the issue of the bench lists', () => {
    const round = { opsPerSec: 10, p50us: 1, p99us: 2, p999us: 3, cpuUsPerOpBySide: { client: 1 }, rssPeakMiB: 50 };
    const line: object = JSON.parse(JSON.stringify(figureLine(machine, subject, [round], 20))) as object;
    const keys = Object.keys(line);
    const wanted =
      'bench case peer payload concurrency opsPerSec p50us p99us cpuUsPerOp ratioToLimit commit node cpu rssPeakMiB';
    for (const key of wanted.split(' ')) assert.ok(keys.includes(key), key);
  });

  it('leave out what was not measured', () => {
    const line = figureLine(machine, subject, [{ figures: { 'joined ms': 210.4 } }]);
    assert.deepEqual(line.figures, { 'joined ms': 210 });
    assert.ok(!('opsPerSec' in line) && !('cpuUsPerOp' in line) && !('ratioToLimit' in line));
  });

  it('survive half a line of a killed run', () => {
    const line = figureLine(machine, subject, [{ opsPerSec: 1 }]);
    const text = `${JSON.stringify(line)}\n{"kind":"figure","ben\n{"kind":"other"}\n42\n`;
    assert.deepEqual(parseLines(text), [line]);
  });
});

describe('bench costs', () => {
  it('add up sides of the same name and count a byte once without a broker', () => {
    const usage = { cpuUs: 100, rssPeakBytes: 2 ** 20, writtenBytes: 50, readBytes: 50 };
    const cost = costOf(10, [
      ['subscriber', usage],
      ['subscriber', { ...usage, rssPeakBytes: 3 * 2 ** 20 }],
    ]);
    assert.deepEqual(cost, { cpuUsPerOpBySide: { subscriber: 20 }, rssPeakMiB: 3, wireBytesPerOp: 10 });
  });

  it('count both ways where a broker stands between', () => {
    const publisher = { cpuUs: 1, rssPeakBytes: 0, writtenBytes: 100, readBytes: 10 };
    const { wireBytesPerOp } = costOf(10, [
      ['publisher', publisher],
      ['broker', { cpuUs: 1, rssPeakBytes: 0 }],
    ]);
    assert.equal(wireBytesPerOp, 11);
  });
});

describe('bench tables', () => {
  it('write amounts as people read them', () => {
    assert.deepEqual([1_234_567, 45_678, 1234.5, 0.1234, undefined].map(amount), [
      '1.23M',
      '45.7k',
      '1235',
      '0.123',
      '',
    ]);
  });

  it('leave out columns that nobody has and tell who is missing', () => {
    const text = tableText([
      figureLine(machine, subject, [{ opsPerSec: 1_000_000 }]),
      absent('skipped', '100 B x64', 'nats', 'nats-server is not installed\nbut could be'),
      {
        kind: 'goal',
        bench: 'rpc',
        case: '100 B x64',
        metric: 'rate / limit',
        value: 0.5,
        target: 0.6,
        met: false,
        ...machine,
      },
    ]);
    assert.ok(text.includes('1M') && !text.includes('p99'));
    assert.ok(text.endsWith('100 B x64, nats: skipped: nats-server is not installed'));
    assert.match(text, /rate \/ limit +0\.5 +0\.6 +no/);
  });

  it('tell who is missing in a line for each case and reason', () => {
    assert.deepEqual(
      absentTexts([
        absent('skipped', 'one', 'nats', 'no time'),
        absent('failed', 'one', 'cote', 'no time'),
        absent('skipped', 'two', 'nats', 'no time'),
        absent('skipped', 'one', 'grpc', 'no time'),
        absent('skipped', 'one', 'redis', 'no server'),
      ]),
      [
        'one, nats, grpc: skipped: no time',
        'one, cote: failed: no time',
        'two, nats: skipped: no time',
        'one, redis: skipped: no server',
      ],
    );
  });
});

function absent(kind: 'skipped' | 'failed', name: string, peer: string, why: string): Line {
  return { kind, bench: 'rpc', case: name, peer, why, ...machine };
}
