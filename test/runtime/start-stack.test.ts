import assert from 'node:assert/strict';
import { ClusterError } from '../../src/core/errors.js';
import { StartStack } from '../../src/runtime/start-stack.js';

describe('start stack', () => {
  it('hands on what a part gives', async () => {
    assert.equal(await new StartStack().start('one', async () => 1), 1);
  });

  it('names the part that failed, keeping code, details and cause, and says the code once', async () => {
    const cause = new ClusterError('address-in-use', 'port 1 is taken', { details: { port: 1 } });
    const failing = new StartStack().start('front door', () => Promise.reject(cause));
    await assert.rejects(failing, {
      code: 'address-in-use',
      message: '[address-in-use] front door failed to start: port 1 is taken',
      details: { port: 1 },
      cause,
    });
    const odd = new StartStack().start('bus', () => Promise.reject(new TypeError('no function')));
    await assert.rejects(odd, { code: 'internal', message: '[internal] bus failed to start: no function' });
  });

  it('takes everything back, newest first and once, whatever fails on the way', async () => {
    const stack = new StartStack();
    const undone: string[] = [];
    for (const part of ['first', 'second', 'third']) {
      stack.onUndo(async () => {
        undone.push(part);
        if (part === 'second') throw new Error('cannot stop');
      });
    }
    stack.onUndo(() => {
      throw new Error('cannot even promise to');
    });
    await stack.undo();
    await stack.undo();
    assert.deepEqual(undone, ['third', 'second', 'first']);
  });
});
