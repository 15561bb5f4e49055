import assert from 'node:assert/strict';
import { LaneConfirms } from '../../src/bus/lane-confirms.js';
import type { Confirming } from '../../src/bus/outlet.js';
import { handledCode } from '../../src/protocol/bus/bus-frame.js';
import type { ConfirmLevel } from '../../src/spi/bus.js';

describe('bus/lane-confirms', () => {
  it('settles each level once, by what it waits for', () => {
    const { confirms, add, told } = begin();
    add(1, 'written');
    add(2, 'delivered');
    add(3, 'handled');
    add(4, 'written');
    assert.equal(confirms.awaitsWritten(0), false);
    assert.equal(confirms.awaitsWritten(1), true);
    confirms.written(3);
    assert.deepEqual(told, ['1 confirmed']);
    confirms.delivered(4);
    assert.deepEqual(told, ['1 confirmed', '4 confirmed', '2 confirmed']);
    confirms.handled(2, handledCode.done);
    confirms.handled(3, handledCode.failed);
    confirms.handled(3, handledCode.done);
    assert.deepEqual([told.slice(3), confirms.size], [['3 handler-failed'], 0]);
  });

  it('forgets what nobody waits for any more, and not what got its number later', () => {
    const { confirms, add, told } = begin();
    const early = add(1, 'handled');
    confirms.end(new Set(), false);
    add(1, 'handled');
    early.over();
    assert.equal(confirms.size, 1);
    const late = add(2, 'handled');
    late.over();
    assert.equal(confirms.size, 1);
    confirms.handled(2, handledCode.done);
    confirms.lost(2);
    assert.deepEqual([told, confirms.size], [['1 link-lost', '1 link-lost'], 0]);
  });

  it('is full at its bound', () => {
    const confirms = new LaneConfirms('b');
    const nothing = (): void => undefined;
    const confirming: Confirming = { level: 'handled', settle: nothing, resent: nothing, whenOver: nothing };
    for (let number = 1; number < 65_536; number += 1) confirms.add(number, confirming, undefined);
    assert.equal(confirms.isFull, false);
    confirms.add(65_536, confirming, undefined);
    assert.equal(confirms.isFull, true);
    confirms.handled(7, handledCode.done);
    assert.equal(confirms.isFull, false);
  });
});

function begin(): {
  confirms: LaneConfirms;
  told: string[];
  add: (number: number, level: ConfirmLevel) => { over(): void };
} {
  const confirms = new LaneConfirms('b');
  const told: string[] = [];
  return {
    confirms,
    told,
    add: (number, level) => {
      let release = (): void => undefined;
      const confirming: Confirming = {
        level,
        settle: (_, outcome) => void told.push(`${number} ${outcome}`),
        resent: () => undefined,
        whenOver: (run) => {
          release = run;
        },
      };
      confirms.add(number, confirming, undefined);
      return { over: () => release() };
    },
  };
}
