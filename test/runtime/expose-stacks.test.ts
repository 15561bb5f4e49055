import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { ClusterError } from '../../src/core/errors.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const service = defineService('test.breaking', { version: '1.0.0', methods: { read: call<string, string>() } });

describe('the stack of an error that another node threw', function stacks() {
  this.timeout(20_000);

  for (const exposeStacks of [true, false]) {
    const what = exposeStacks ? 'comes with it, by rpc and by bus, where that node exposes stacks' : 'stays there';
    it(`${what}, and its name and message come either way`, async () => {
      const cluster = new SimCluster(5, ['a', 'b']);
      await cluster.settle(Promise.all([cluster.start('a'), cluster.start('b', { exposeStacks })]), 20_000);
      const { rpc, bus } = cluster.node('b');
      rpc.register(service, { read: breakHere });
      const responder = bus.respond('/q', breakHere);
      const caller = cluster.node('a');
      await cluster.settle(
        Promise.all([responder.ready({ scope: 'cluster' }), caller.rpc.whenAvailable(service)]),
        5000,
      );
      const asked = [caller.rpc.client(service).read('x'), caller.bus.request('/q', 'x', { timeoutMs: 1000 })];
      for (const failed of asked.map((one) =>
        one.then(
          () => undefined,
          (error: unknown) => error,
        ),
      )) {
        const error = await cluster.settle(failed, 5000);
        assert.ok(error instanceof ClusterError, String(error));
        assert.equal(error.node, 'b');
        const causes = causesOf(error);
        assert.ok(
          causes.some(({ name, message }) => name === 'TypeError' && message === 'it broke'),
          causes.map(String).join(),
        );
        // Its own stack shows where it was read; only what it carries is of the other node.
        const sent = causes.map(({ stack }) => stack).join('\n');
        assert.equal(sent.includes('breakHere'), exposeStacks, sent);
        assert.equal(sent.includes('\n    at '), exposeStacks, sent);
      }
    });
  }
});

function breakHere(): string {
  throw new TypeError('it broke');
}

function causesOf(error: Error): readonly Error[] {
  const causes: Error[] = [];
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  return causes;
}
