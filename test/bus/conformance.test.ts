import { createLocalBus } from '../../src/bus/create-local-bus.js';
import { SeededRandom } from '../../src/core/random.js';
import { checkBus } from '../../src/testing/conformance/bus.js';
import { simulatedWaiter } from '../../src/testing/conformance/suite.js';
import { Simulator } from '../../src/testing/simulator.js';
import { TestCluster } from './three-nodes.js';

const runner = { describe, it };

checkBus(runner, 'one node', async () => {
  const sim = new Simulator({ seed: 1 });
  const bus = createLocalBus({ clock: sim, random: new SeededRandom(1), self: { name: 'one', epoch: 1 } });
  await Promise.resolve();
  return {
    ...simulatedWaiter(sim),
    doors: [bus, bus, bus],
    isCluster: false,
    stop: async () => {
      bus.stop();
      await Promise.resolve();
    },
  };
});

checkBus(runner, 'three nodes on memory links', async () => {
  const cluster = new TestCluster();
  await cluster.add('a', 'b', 'c');
  return {
    ...simulatedWaiter(cluster.sim),
    doors: [cluster.bus('a'), cluster.bus('b'), cluster.bus('c')],
    isCluster: true,
    restart: async (index) => {
      const name = index === 1 ? 'b' : 'c';
      await cluster.restart(name);
      await cluster.sim.runAsync(100);
      return cluster.bus(name);
    },
    stop: () => cluster.stop(),
  };
});
