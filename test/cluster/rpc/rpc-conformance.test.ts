import { checkRpc, type RpcFixture } from '../../../src/testing/conformance/rpc.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

checkRpc({ describe, it }, 'links in memory', async (): Promise<RpcFixture> => {
  const simulator = new Simulator({ seed: 7 });
  const cluster = new MemoryRpc(simulator, simulator.random);
  const [one, two] = [await cluster.add('one'), await cluster.add('two')];
  // Tables keep a channel each way on the link.
  const idleStreams = 4;
  return {
    ...simulatedWaiter(simulator),
    one: one.rpc,
    two: two.rpc,
    oneName: 'one',
    twoName: 'two',
    drop: () => cluster.hub.drop('one', 'two'),
    streamCount: () => Math.max(0, cluster.hub.streamCount() - idleStreams),
    stop: () => cluster.stop(),
  };
});
