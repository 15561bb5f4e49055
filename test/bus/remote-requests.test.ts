import assert from 'node:assert/strict';
import { SimCluster } from '../../src/testing/sim-cluster.js';

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
});
