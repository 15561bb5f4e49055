import assert from 'node:assert/strict';
import type { AccessRequest } from '../../src/bus/hooks.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';
import { TestCluster } from './three-nodes.js';

describe('bus/remote-requests', function remoteRequests() {
  // Simulated time costs little; making keys and codecs for whole nodes takes some real time.
  this.timeout(10_000);

  it('answer no-responders for a responder that has just stopped', async () => {
    const cluster = new SimCluster(1, ['a', 'b']);
    await cluster.settle(Promise.all([cluster.start('a'), cluster.start('b')]), 20_000);
    const responder = cluster.node('b').bus.respond('/q', () => 1);
    await cluster.settle(responder.ready({ scope: 'cluster' }), 5000);
    const asked = cluster.node('a').bus.request('/q', 1, { timeoutMs: 1000 });
    responder.stop();
    await assert.rejects(cluster.settle(asked, 3000), { code: 'no-responders', ran: false });
  });

  it('ask the allow hook of the responding node, as events do', async () => {
    const asked: string[] = [];
    const allow = ({ action, node }: AccessRequest): boolean => asked.push(`${action} ${node}`) > 0;
    const cluster = await startResponder(allow);
    asked.length = 0;
    await cluster.sim.settle(cluster.bus('a').request('/q', 1), 1000);
    assert.deepEqual(asked, ['request a', 'request a']);
    await cluster.stop();
  });

  for (const [name, refuse] of refusals()) {
    it(`are refused as unauthorized, without being run, by a hook of the responding node that ${name}`, async () => {
      let calls = 0;
      // The first is the asker's own node.
      const allow = ({ action }: AccessRequest): boolean => action !== 'request' || (calls += 1) < 2 || refuse();
      const faults: string[] = [];
      const cluster = await startResponder(allow);
      cluster.bus('b').onFault(({ error }) => void faults.push(error.message));
      await assert.rejects(cluster.sim.settle(cluster.bus('a').request('/q', 1), 1000), {
        code: 'unauthorized',
        ran: false,
        message: '[unauthorized] a may not request /q (at b)',
      });
      assert.deepEqual(faults, name === 'throws' ? ['[handler-failed] no idea'] : []);
      await cluster.stop();
    });
  }
});

async function startResponder(allow: (request: AccessRequest) => boolean): Promise<TestCluster> {
  const cluster = new TestCluster(1, { hooks: { allow } });
  await cluster.add('a', 'b');
  const responder = cluster.bus('b').respond('/q', () => 1);
  await cluster.sim.settle(responder.ready({ scope: 'cluster' }), 1000);
  return cluster;
}

function refusals(): readonly (readonly [string, () => boolean])[] {
  const fail = (): never => {
    throw new Error('no idea');
  };
  return [
    ['says no', () => false],
    ['throws', fail],
  ];
}
