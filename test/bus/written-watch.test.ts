import assert from 'node:assert/strict';
import { LaneConfirms } from '../../src/bus/lane-confirms.js';
import { WrittenWatch } from '../../src/bus/written-watch.js';
import type { Link } from '../../src/spi/links.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/written-watch', () => {
  it('confirms at the end of the turn what the link has written by then', () => {
    const { sim, watch, link, told } = begin();
    watch.handedOver(link, 2);
    assert.deepEqual(told, []);
    sim.run(0);
    assert.deepEqual(told, [1, 2]);
  });

  it('waits while the link holds bytes, or has ended', () => {
    const { sim, watch, link, told } = begin();
    link.bufferedBytes = 10;
    watch.handedOver(link, 3);
    sim.run(20);
    assert.deepEqual(told, []);
    link.bufferedBytes = 0;
    link.up = false;
    sim.run(20);
    assert.deepEqual(told, []);
    link.up = true;
    sim.run(2);
    assert.deepEqual(told, [1, 2, 3]);
  });

  it('looks no more once its link is gone', () => {
    const { sim, watch, link, told } = begin();
    link.bufferedBytes = 10;
    watch.handedOver(link, 3);
    sim.run(5);
    link.bufferedBytes = 0;
    watch.end();
    sim.run(50);
    assert.deepEqual(told, []);
  });
});

type TestLink = { -readonly [Key in keyof Link]: Link[Key] };

function begin(): { sim: Simulator; watch: WrittenWatch; link: TestLink; told: number[] } {
  const sim = new Simulator({ seed: 1 });
  const confirms = new LaneConfirms('b');
  const told: number[] = [];
  for (const number of [1, 2, 3]) {
    confirms.add(
      number,
      {
        level: 'written',
        settle: () => void told.push(number),
        resent: () => undefined,
        whenOver: () => undefined,
      },
      undefined,
    );
  }
  const link: Pick<TestLink, 'up' | 'bufferedBytes'> = { up: true, bufferedBytes: 0 };
  return { sim, watch: new WrittenWatch(sim, confirms), link: link as TestLink, told };
}
