import { MemoryNetwork } from '../../../src/cluster/transport/memory-network.js';
import { checkConnections } from '../../../src/testing/conformance/connections.js';
import { checkDatagrams } from '../../../src/testing/conformance/datagrams.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { Simulator } from '../../../src/testing/simulator.js';

const mocha = { describe, it };

checkDatagrams(mocha, 'a network in memory', async () => {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator });
  return {
    ...simulatedWaiter(simulator),
    datagrams: network.host('10.0.0.1').datagrams,
    host: '10.0.0.1',
    other: network.host('fd00::2').datagrams,
    otherHost: 'fd00::2',
    stop: async () => undefined,
  };
});

checkConnections(mocha, 'a network in memory', async () => {
  const simulator = new Simulator({ seed: 1 });
  const network = new MemoryNetwork({ clock: simulator, lingerMs: 300 });
  return {
    ...simulatedWaiter(simulator),
    connections: network.host('10.0.0.1').connections,
    other: network.host('10.0.0.2').connections,
    otherLocal: { host: '10.0.0.2', port: 0 },
    nobody: { host: '10.0.0.2', port: 9 },
    tellsResets: true,
    floodBytes: 1_000_000,
    stop: async () => undefined,
  };
});
