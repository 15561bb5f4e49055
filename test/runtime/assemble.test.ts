import assert from 'node:assert/strict';
import { ClusterError } from '../../src/core/errors.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('runtime/assemble', function assembled() {
  this.timeout(20_000);

  for (const exposeStacks of [false, true]) {
    it(`${exposeStacks ? 'sends' : 'keeps'} the stacks of a responder with exposeStacks ${exposeStacks}`, async () => {
      const cluster = new SimCluster(1, ['a', 'b']);
      await cluster.settle(Promise.all([cluster.start('a'), cluster.start('b', { exposeStacks })]), 20_000);
      const responder = cluster.node('b').bus.respond('/q', function failWith() {
        throw new TypeError('outer', { cause: new RangeError('inner') });
      });
      await cluster.settle(responder.ready({ scope: 'cluster' }), 5000);
      const failed = cluster.node('a').bus.request('/q', 1);
      const error = await cluster.settle(
        failed.then(
          () => assert.fail('it was to fail'),
          (thrown: unknown) => thrown,
        ),
        10_000,
      );
      assert.ok(error instanceof ClusterError);
      assert.equal(error.code, 'remote');
      const stacks = stacksOf(error.cause);
      assert.ok(stacks.length >= 2, String(stacks.length));
      assert.match(stacks.join('\n'), /TypeError: outer/);
      assert.match(stacks.join('\n'), /RangeError: inner/);
      // The name of this file is in every stack that was taken here, and in nothing else that an error carries.
      const shown = stacks.filter((stack) => stack.includes('assemble.test')).length;
      assert.ok(exposeStacks ? shown >= 2 : shown === 0, stacks.join('\n'));
      for (const name of ['a', 'b']) await cluster.settle(cluster.stop(name), 30_000);
    });
  }
});

function stacksOf(first: unknown): readonly string[] {
  const stacks: string[] = [];
  for (let cause = first; cause instanceof Error; cause = cause.cause) stacks.push(cause.stack ?? '');
  return stacks;
}
