import { MemoryNetwork } from '../cluster/transport/memory-network.js';
import type { Clock } from '../core/clock.js';
import type { Connections } from '../spi/connections.js';
import type { Datagrams } from '../spi/datagrams.js';
import { SimFaults } from './sim-network-faults.js';
import { SimHost, type SimHostOptions } from './simulator-host.js';
import type { Simulator } from './simulator.js';

/** What a node that runs on a simulated machine is given. */
export interface SimMachine {
  readonly name: string;
  /** The clock of the process that lives here now: take it again after `revive`. */
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly connections: Connections;
  /** To stall, pause and block it. */
  readonly loop: SimHost;
}

/** Simulated machines on one timeline, and the network between them with its faults. */
export class SimNetwork {
  readonly simulator: Simulator;
  readonly faults: SimFaults;
  readonly #network: MemoryNetwork;
  readonly #machines = new Map<string, SimMachine>();
  readonly #defaults: SimHostOptions;

  constructor(simulator: Simulator, defaults: SimHostOptions = {}) {
    this.simulator = simulator;
    this.faults = new SimFaults(simulator);
    this.#network = new MemoryNetwork({ clock: simulator, conditions: this.faults });
    this.#defaults = defaults;
  }

  /** The machine of this name, which is its address; made at the first asking, with `options` over the defaults. */
  machine(name: string, options: SimHostOptions = {}): SimMachine {
    const known = this.#machines.get(name);
    if (known !== undefined) return known;
    const loop = new SimHost(name, this.simulator, { ...this.#defaults, ...options });
    const { datagrams, connections } = this.#network.host(name);
    const machine: SimMachine = {
      name,
      get clock() {
        return loop.clock;
      },
      datagrams,
      connections,
      loop,
    };
    this.faults.addHost(loop);
    this.#machines.set(name, machine);
    return machine;
  }

  /**
   * Ends the process on a machine in an instant, as `kill -9`: it never runs again. `reset`: the machine answers for it, its
   * connections are reset and its ports refuse. `silent`: the machine is gone too, and nobody is told anything.
   */
  kill(name: string, how: 'reset' | 'silent'): void {
    this.machine(name).loop.kill();
    if (how === 'silent') this.faults.setDark(name, true);
    this.#network.crash(name, how);
  }

  /** Makes a killed machine ready for another process. */
  revive(name: string): void {
    this.faults.setDark(name, false);
    this.machine(name).loop.revive();
  }
}
