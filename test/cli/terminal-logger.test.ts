import assert from 'node:assert/strict';
import { terminalLogger } from '../../src/cli/terminal-logger.js';
import { KeptTerminal } from './cli-fixture.js';

describe('the log of a node on the command line', () => {
  const error = new Error('No such key: temperature');

  it('is a line for each error on standard error, and nothing else', () => {
    const terminal = new KeptTerminal();
    const logger = terminalLogger(terminal, false);
    logger.error('a rule failed', { rule: 'hot', error });
    logger.error('alone');
    logger.error('counted', { count: 2, names: ['a'] });
    logger.info('link up', { node: 'b' });
    logger.debug('more');
    assert.deepEqual(terminal.lines, []);
    assert.deepEqual(terminal.notes, [
      'error  a rule failed  rule=hot  error=No such key: temperature',
      'error  alone',
      'error  counted  count=2  names=["a"]',
    ]);
  });

  it('is JSON where the lines are', () => {
    const terminal = new KeptTerminal();
    terminalLogger(terminal, true).error('a rule failed', { rule: 'hot', error });
    assert.deepEqual(JSON.parse(terminal.notes[0] ?? ''), {
      kind: 'error',
      text: 'a rule failed',
      rule: 'hot',
      error: 'No such key: temperature',
    });
  });
});
