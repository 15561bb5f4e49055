import { addressToText } from '../../../src/core/address.js';
import { checkLinks } from '../../../src/testing/conformance/links.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { MemoryLinks } from '../../../src/testing/memory-links.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { introduce, LinkWorld } from './link-world.js';

const mocha = { describe, it };

checkLinks(mocha, 'our engine on a network in memory', async () => {
  const world = new LinkWorld();
  const left = await world.add('left', { engine: { streamsMax: 20 } });
  const right = await world.add('right', { engine: { streamsMax: 20 } });
  introduce(left, right);
  return {
    ...simulatedWaiter(world.simulator),
    left: left.links,
    right: right.links,
    rightAddress: addressToText(right.address),
    breakLink: () => {
      for (const node of world.nodes) for (const connection of node.connections.dialed) connection.destroy();
    },
    streamsMax: 20,
    stop: () => world.stop(),
  };
});

checkLinks(mocha, 'the hub without frames', async () => {
  const simulator = new Simulator({ seed: 1 });
  const hub = new MemoryLinks(simulator, { streamsMax: 20, reconnectMs: 0 });
  const left = hub.add('left');
  const right = hub.add('right');
  return {
    ...simulatedWaiter(simulator),
    left: left.links,
    right: right.links,
    rightAddress: right.membership.self.address,
    breakLink: () => hub.drop('left', 'right'),
    streamsMax: 20,
    cannot: {
      'lets a short call pass a long one': 'it has no frames to interleave',
      'ends one stream alone when a callback throws': 'it lets a throw through, so that a test finds it',
    },
    stop: async () => hub.stop(),
  };
});
