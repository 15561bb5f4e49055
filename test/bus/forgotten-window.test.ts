import assert from 'node:assert/strict';
import type { Gap } from '../../src/spi/bus.js';
import { TestCluster } from './three-nodes.js';

describe('bus/forgotten-window', () => {
  for (const overflow of ['drop-oldest', 'block'] as const) {
    it(`brings nothing twice to one that forgot its peer and could not say so at once, with ${overflow}`, async () => {
      const cluster = new TestCluster();
      await cluster.add('a', 'b');
      const got: unknown[] = [];
      const gaps: Gap[] = [];
      let unknown = 0;
      cluster.bus('a').onUndelivered(({ count }) => void (unknown += count));
      const subscription = cluster
        .bus('b')
        .subscribe('/n', (event) => void got.push(event.value), { overflow, onGap: (gap) => void gaps.push(gap) });
      await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
      // These arrive; their acknowledgement is not due yet.
      for (let index = 0; index < 7; index += 1) cluster.bus('a').publish('/n', index);
      await cluster.sim.runAsync(20);
      cluster.hub.drop('a', 'b');
      cluster.forget('b', 'a');
      // The next connection ends before b's word that it knows nothing arrives.
      cluster.hub.delay('b', 'a', 30);
      await cluster.sim.runAsync(70);
      cluster.hub.drop('a', 'b');
      cluster.hub.delay('b', 'a', 1);
      await cluster.sim.runAsync(2000);
      cluster.bus('a').publish('/n', 7);
      await cluster.sim.runAsync(200);
      assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7]);
      assert.equal(unknown, 7);
      assert.ok(gaps.length > 0 && gaps.every(({ to }) => to === undefined), JSON.stringify(gaps));
      await cluster.stop();
    });
  }

  it('sends again what was lost with the first connection of a window', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const gaps: Gap[] = [];
    const subscription = cluster
      .bus('b')
      .subscribe('/n', (event) => void got.push(event.value), { onGap: (gap) => void gaps.push(gap) });
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    cluster.hub.delay('a', 'b', 30);
    for (let index = 0; index < 7; index += 1) cluster.bus('a').publish('/n', index);
    await cluster.sim.runAsync(10);
    cluster.hub.drop('a', 'b');
    await cluster.sim.runAsync(1000);
    assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(gaps, []);
    await cluster.stop();
  });
});
