import assert from 'node:assert/strict';
import { eventBytesMax } from '../../src/core/limits.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('bus/event-encoder', function large() {
  this.timeout(30_000);

  it('refuses an event that no peer would put together, and sends the largest that one will', async () => {
    const cluster = new SimCluster(1, ['a', 'b']);
    await cluster.settle(Promise.all([cluster.start('a'), cluster.start('b')]), 20_000);
    const got: number[] = [];
    const subscription = cluster.node('b').bus.subscribe('/t', ({ value }) => void got.push(lengthOf(value)));
    await cluster.settle(subscription.ready({ scope: 'cluster' }), 5000);
    const { bus } = cluster.node('a');
    const tooLarge = new Uint8Array(eventBytesMax);
    const largest = eventBytesMax - 100;
    assert.throws(() => bus.publish('/t', tooLarge), { code: 'too-large' });
    assert.throws(() => bus.publish('/t', tooLarge, { key: 'k' }), { code: 'too-large' });
    await assert.rejects(bus.publishConfirmed('/t', tooLarge, { level: 'delivered' }), { code: 'too-large' });
    assert.equal(bus.publish('/t', tooLarge.subarray(0, largest)).nodes, 1);
    assert.equal(bus.publish('/t', 'behind').nodes, 1);
    await cluster.pass(3000);
    assert.deepEqual(got, [largest, 6]);
    subscription.stop();
  });
});

function lengthOf(value: unknown): number {
  return value instanceof Uint8Array || typeof value === 'string' ? value.length : -1;
}
