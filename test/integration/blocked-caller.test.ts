import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { createNode } from '../../src/runtime/create-node.js';

const slow = defineService('slow', { version: '1.0.0', methods: { read: call<number, number>() } });

describe('a caller that works between two calls', function blocked() {
  this.timeout(20_000);

  it('has the whole time for the second one', async () => {
    const node = createNode({ name: 'blocked', port: 0, seeds: [] });
    await node.start();
    try {
      // The handler needs a fraction of the deadline, and more than a deadline that has already passed would leave.
      node.rpc.register(slow, { read: async (ms) => wait(ms, ms) });
      const client = node.rpc.client(slow, { timeoutMs: 400 });
      await client.read(0);
      const first = client.read(0);
      const end = performance.now() + 600;
      while (performance.now() < end);
      const second = client.read(60);
      assert.equal(await second, 60);
      await assert.rejects(client.read(2000), { code: 'deadline-exceeded' });
      await Promise.allSettled([first]);
    } finally {
      await node.stop();
    }
  });
});
