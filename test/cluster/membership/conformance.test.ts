import { after } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import { StaticMembership } from '../../../src/cluster/membership/static-membership.js';
import { SwimMembership } from '../../../src/cluster/membership/swim-membership.js';
import { checkMembership } from '../../../src/testing/conformance/membership.js';
import { simulatedWaiter } from '../../../src/testing/conformance/suite.js';
import { SimNetwork } from '../../../src/testing/sim-network.js';
import { Simulator } from '../../../src/testing/simulator.js';

const mocha = { describe, it };
const names = ['a', 'b', 'c'];
const seeds = names.map((name) => `${name}:7400`);

checkMembership(mocha, 'swim', async () => {
  const simulator = new Simulator({ seed: 20 });
  const network = new SimNetwork(simulator);
  let lives = 0;
  return {
    ...simulatedWaiter(simulator),
    travels: true,
    make: async (name) => {
      network.revive(name);
      const { clock, datagrams } = network.machine(name);
      const socket = await datagrams.bind({ host: name, port: 7400 });
      const random = simulator.random.fork(`${name} ${(lives += 1)}`);
      return new SwimMembership({ clock, random, socket }, { name, address: `${name}:7400`, seeds });
    },
    kill: async (name) => network.kill(name, 'reset'),
    stop: async () => undefined,
  };
});

/** Stands for the links between static members: they reach each other at once, and find out within a second who is gone. */
checkMembership(mocha, 'a static list', async () => {
  const simulator = new Simulator({ seed: 21 });
  const running = new Map<string, StaticMembership>();
  let lives = 0;
  const look = (): void => {
    for (const one of running.values()) {
      for (const other of running.values()) {
        if (one !== other) one.report({ node: other.self, address: other.self.address, kind: 'heard' });
      }
      for (const member of one.members()) {
        const isThere = running.get(member.name)?.self.epoch === member.epoch;
        if (!isThere && member.epoch > 0) one.report({ node: member, address: member.address, kind: 'refused' });
      }
    }
    simulator.setTimer(after(simulator.now(), 50), look);
  };
  look();
  return {
    ...simulatedWaiter(simulator),
    travels: false,
    make: async (name) => {
      lives += 1;
      const nodes = names.map((one) => ({ name: one, address: `${one}:7400` }));
      const options = { name, address: `${name}:7400`, nodes, epoch: lives };
      const membership = new StaticMembership({ clock: simulator, random: new SeededRandom(lives) }, options);
      running.set(name, membership);
      return membership;
    },
    kill: async (name) => {
      await running.get(name)?.stop();
      running.delete(name);
    },
    stop: async () => undefined,
  };
});
