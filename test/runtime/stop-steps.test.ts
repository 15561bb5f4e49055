import assert from 'node:assert/strict';
import { ClusterError } from '../../src/core/errors.js';
import { StopSteps } from '../../src/runtime/stop-steps.js';

describe('stop steps', () => {
  it('run all though some fail, log each failure and name them at the end', async () => {
    const logged: unknown[] = [];
    const logger = {
      error: (_text: string, fields?: object) => void logged.push(fields && 'partName' in fields && fields.partName),
      info: () => undefined,
      debug: () => undefined,
    };
    const steps = new StopSteps(logger);
    const done: string[] = [];
    const cause = new ClusterError('protocol', 'it was odd', { details: 1 });
    await steps.step('bus', () => {
      throw cause;
    });
    await steps.step('rpc', async () => void done.push('rpc'));
    await steps.step('links', () => Promise.reject(new TypeError('no function')));
    await steps.step('door', () => void done.push('door'));
    assert.deepEqual(
      [done, logged],
      [
        ['rpc', 'door'],
        ['bus', 'links'],
      ],
    );
    assert.throws(() => steps.assertAllEnded(), {
      code: 'protocol',
      message: '[protocol] the node is down, but not in order: bus, links failed: it was odd',
      details: 1,
      cause,
    });
  });

  it('say nothing when all went well', async () => {
    const steps = new StopSteps({ error: () => assert.fail(), info: () => undefined, debug: () => undefined });
    await steps.step('bus', () => undefined);
    assert.doesNotThrow(() => steps.assertAllEnded());
  });
});
