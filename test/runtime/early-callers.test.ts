import assert from 'node:assert/strict';
import { EarlyCallers } from '../../src/runtime/early-callers.js';
import type { Connection } from '../../src/spi/connections.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('early callers', () => {
  it('are handed over in the order in which they came, once', () => {
    const early = new EarlyCallers();
    const [first, second] = [caller(), caller()];
    early.hold(first);
    early.hold(second);
    const seen: Connection[] = [];
    early.release((connection) => seen.push(connection));
    early.release((connection) => seen.push(connection));
    assert.deepEqual(seen, [first, second]);
  });

  it('are closed when a start fails, and when too many wait', () => {
    const early = new EarlyCallers();
    const callers = Array.from({ length: 65 }, caller);
    for (const one of callers) early.hold(one);
    assert.deepEqual(
      callers.map((one) => one.destroyed),
      [...Array.from({ length: 64 }, () => false), true],
    );
    early.destroy();
    assert.ok(callers.every((one) => one.destroyed));
  });

  it('let a newcomer have its links within some round trips', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = new SimCluster(seed, ['n1', 'n2', 'n3']);
      for (const name of ['n1', 'n2']) await cluster.settle(cluster.start(name, { joinTimeoutMs: 500 }), 20_000);
      const { clock } = cluster.network.machine('n3');
      const startedAt = clock.now();
      await cluster.settle(cluster.start('n3'), 20_000);
      // Delays are a millisecond; a refused dial would come again after 50 at the earliest.
      assert.ok(clock.now() - startedAt < 40, `seed ${seed}: ${clock.now() - startedAt} ms`);
    }
  });
});

function caller(): Connection & { destroyed: boolean } {
  const one = {
    destroyed: false,
    remote: '',
    certificate: undefined,
    bufferedBytes: 0,
    write: () => undefined,
    listen: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => {
      one.destroyed = true;
    },
  };
  return one;
}
