import assert from 'node:assert/strict';
import { toWallMs } from '../../src/core/clock.js';
import { ClusterError } from '../../src/core/errors.js';
import type { LogFields } from '../../src/core/logger.js';
import { JsonLogger, type LogLevel } from '../../src/runtime/node-logger.js';

describe('JSON logger', () => {
  it('writes one object a line, with time, level, text and fields', () => {
    const { logger, lines } = make('debug', { node: 'a' });
    logger.info('link up', { peer: 'b', ms: 3 });
    logger.error('broken');
    logger.debug('detail');
    assert.equal(
      lines[0],
      '{"time":"2026-01-02T03:04:05.006Z","level":"info","text":"link up","node":"a","peer":"b","ms":3}\n',
    );
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).level),
      ['info', 'error', 'debug'],
    );
  });

  it('needs nothing but a place to write, and not even that', () => {
    const lines: string[] = [];
    const startMs = Date.now();
    new JsonLogger({ write: (line) => lines.push(line) }).info('now');
    assert.ok(new JsonLogger());
    const loggedMs = Date.parse(JSON.parse(lines[0] ?? '').time);
    assert.ok(loggedMs >= startMs && loggedMs <= Date.now());
  });

  it('refuses a level and options that there are not', () => {
    assert.throws(
      () => new JsonLogger({ level: 'warn' as 'info' }),
      /level: give one of error, info, debug, not 'warn'/,
    );
    assert.throws(() => new JsonLogger({ name: 'x' } as object), /JsonLogger takes no option name; give clock/);
    assert.throws(() => new JsonLogger(JSON.parse('null')), /the options of JsonLogger: give an object of clock/);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = make();
    logger.debug('no');
    logger.info('yes');
    assert.equal(lines.length, 1);
    const quiet = make('error');
    quiet.logger.info('no');
    quiet.logger.error('yes');
    assert.equal(quiet.lines.length, 1);
  });

  it('writes errors with their code and cause, and values that JSON does not know', () => {
    const { logger, lines } = make();
    const cause = new Error('socket');
    logger.error('failed', {
      error: new ClusterError('unavailable', 'peer b', { cause }),
      big: 12n,
      bytes: new Uint8Array(5),
      map: new Map([['a', 1]]),
      set: new Set([1]),
      nothing: undefined,
      sign: Symbol('s'),
    });
    const line = JSON.parse(lines[0] ?? '');
    assert.equal(line.error.code, 'unavailable');
    assert.equal(line.error.message, '[unavailable] peer b');
    assert.equal(line.error.cause.message, 'socket');
    assert.deepEqual(['nothing' in line, line.sign], [false, 'Symbol(s)']);
    assert.deepEqual([line.big, line.bytes, line.map, line.set], ['12', '5 bytes', { a: 1 }, [1]]);
  });

  it('keeps the line when a field cannot be written or has a name of its own', () => {
    const { logger, lines } = make();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const trap = {
      toJSON(): never {
        throw new Error('trap');
      },
    };
    logger.info('odd', { cycle, trap, text: 'mine', level: 'x', kept: 1 });
    const line = JSON.parse(lines[0] ?? '');
    assert.equal(line.text, 'odd');
    assert.equal(line['field.text'], 'mine');
    assert.equal(line['field.level'], 'x');
    assert.equal(line.kept, 1);
    assert.match(line.cycle, /^unwritable: /);
    assert.equal(line.trap, 'unwritable: trap');
  });
});

function make(level?: LogLevel, fields?: LogFields) {
  const lines: string[] = [];
  const clock = { wallMs: () => toWallMs(Date.UTC(2026, 0, 2, 3, 4, 5, 6)) };
  const logger = new JsonLogger({
    clock,
    write: (line) => lines.push(line),
    ...(level === undefined ? {} : { level }),
    ...(fields === undefined ? {} : { fields }),
  });
  return { logger, lines };
}
