import { checkRpc } from '../../../src/testing/conformance/rpc.js';
import type { RpcFixture } from '../../../src/testing/conformance/rpc-fixture.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { SimNetwork } from '../../../src/testing/sim-network.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { silentLogger } from '../../../src/core/logger.js';
import { NodeCipher } from '../../../src/runtime/node-cipher.js';
import { NodeSecrets } from '../../../src/runtime/node-secrets.js';
import { lan } from '../../../src/runtime/profiles.js';
import { noMetrics } from '../../../src/spi/no-metrics.js';
import { startWholePair, type WholeNode } from './whole-pair.js';

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

checkRpc({ describe, it }, 'whole nodes on a network in memory', async (): Promise<RpcFixture> => {
  const simulator = new Simulator({ seed: 8 });
  const network = new SimNetwork(simulator);
  const waiter = simulatedWaiter(simulator);
  const make = (name: string): WholeNode => {
    const { clock, datagrams, connections } = network.machine(name);
    return {
      options: { name, host: name, port: 7700, insecure: true, profile: lan(2) },
      environment: {
        clock,
        random: simulator.random.fork(name),
        secrets: new NodeSecrets(),
        cipher: new NodeCipher(),
        datagrams,
        connections,
        deviceConnections: connections,
        logger: silentLogger,
        metrics: noMetrics,
        publicHost: () => name,
      },
    };
  };
  return startWholePair(waiter, make('one'), make('two'));
});
