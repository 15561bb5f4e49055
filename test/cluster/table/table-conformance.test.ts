import { TableRoom } from '../../../src/cluster/table/table-room.js';
import { silentLogger } from '../../../src/core/logger.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { checkTables, type TablesFixture } from '../../../src/testing/conformance/tables.js';
import { MemoryLinks, type MemoryNode } from '../../../src/testing/memory-links.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { CountedMetrics } from '../../testing/counted-metrics.js';

checkTables({ describe, it }, 'the table room', async (): Promise<TablesFixture> => {
  const simulator = new Simulator({ seed: 5 });
  const hub = new MemoryLinks(simulator);
  const start = async ({ links, membership }: MemoryNode): Promise<TableRoom> => {
    const metrics = new CountedMetrics();
    const room = new TableRoom({ links, membership, clock: simulator, logger: silentLogger, metrics });
    await room.start();
    return room;
  };
  const [oneNode, twoNode] = [hub.add('one'), hub.add('two')];
  const [one, two] = [await start(oneNode), await start(twoNode)];
  await simulator.runAsync(50);
  return {
    ...simulatedWaiter(simulator),
    one,
    two,
    oneId: oneNode.id,
    twoId: twoNode.id,
    drop: () => hub.drop('one', 'two'),
    removeOne: () => hub.remove('one'),
    stop: async () => {
      await one.stop();
      await two.stop();
      hub.stop();
    },
  };
});
