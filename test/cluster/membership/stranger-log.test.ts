import assert from 'node:assert/strict';
import type { LogFields } from '../../../src/core/logger.js';
import { StrangerLog } from '../../../src/cluster/membership/stranger-log.js';
import { createSwimCounts } from '../../../src/protocol/swim/counts.js';

describe('cluster/membership/stranger-log', () => {
  it('tells of another key or label once a minute, with what came since', () => {
    const lines: (LogFields | undefined)[] = [];
    const logger = {
      error: () => undefined,
      info: (_text: string, fields?: LogFields) => void lines.push(fields),
      debug: () => undefined,
    };
    const counts = createSwimCounts();
    const log = new StrangerLog(logger, counts);
    log.look(0);
    assert.deepEqual(lines, []);
    counts['drop-label'] += 2;
    counts['drop-unauthentic'] += 1;
    log.look(1000);
    counts['drop-label'] += 3;
    log.look(2000);
    assert.deepEqual(lines, [{ anotherLabel: 2, anotherKey: 1 }]);
    log.look(61_000);
    log.look(200_000);
    assert.deepEqual(lines.slice(1), [{ anotherLabel: 3 }]);
  });
});
