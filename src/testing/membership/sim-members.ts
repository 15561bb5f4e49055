import { addressToText } from '../../core/address.js';
import { must } from '../../core/assert.js';
import type { SwimMembershipOptions } from '../../cluster/membership/membership-options.js';
import { SwimMembership } from '../../cluster/membership/swim-membership.js';
import { MemberCatalogue } from '../../protocol/swim/catalogue.js';
import { NodeCipher } from '../../runtime/node-cipher.js';
import { NodeSecrets } from '../../runtime/node-secrets.js';
import type { DatagramSocket } from '../../spi/datagrams.js';
import type { MemberEvent } from '../../spi/membership.js';
import { SimNetwork } from '../sim-network.js';
import type { SimHostOptions } from '../simulator-host.js';
import { Simulator } from '../simulator.js';

/** How a simulated membership cluster is made. */
export interface SimMembersOptions {
  readonly seed: number;
  readonly host?: SimHostOptions;
  /** Over the defaults, for every node. */
  readonly membership?: Partial<SwimMembershipOptions>;
}

/** One event that one node was told, and when. */
export interface SeenEvent extends MemberEvent {
  readonly atMs: number;
  readonly observer: string;
}

/** A running node of the simulated cluster. */
export interface SimMember {
  readonly name: string;
  readonly host: string;
  readonly membership: SwimMembership;
  /** Settles as `start` does. */
  readonly started: Promise<void>;
}

/**
 * Memberships on simulated machines: the production driver, machine and codec, on one timeline. Every event that any node is told
 * is recorded.
 */
export class SimMembers {
  readonly simulator: Simulator;
  readonly network: SimNetwork;
  readonly events: SeenEvent[] = [];
  readonly #options: SimMembersOptions;
  readonly #catalogue = new MemberCatalogue();
  /** Real ones: nothing that the simulation decides depends on what they draw. */
  readonly #cipher = new NodeCipher();
  readonly #secrets = new NodeSecrets();
  readonly #running = new Map<string, SimMember & { readonly socket: DatagramSocket }>();
  #lives = 0;

  constructor(options: SimMembersOptions) {
    this.#options = options;
    this.simulator = new Simulator({ seed: options.seed });
    this.network = new SimNetwork(this.simulator, options.host);
  }

  /** Nodes that run now. */
  get running(): readonly SimMember[] {
    return [...this.#running.values()];
  }

  /** Starts a node on a machine of its own name, or of `host`; it does not wait until it is up. */
  async start(
    name: string,
    given: Partial<SwimMembershipOptions> & { readonly host?: string } = {},
  ): Promise<SimMember> {
    const { host = name, ...options } = given;
    const machine = this.network.machine(host);
    const socket = await machine.datagrams.bind({ host, port: swimPort });
    this.#lives += 1;
    const membership = new SwimMembership(
      {
        clock: machine.clock,
        random: this.simulator.random.fork(`node ${name} life ${this.#lives}`),
        socket,
        catalogue: this.#catalogue,
        cipher: this.#cipher,
        secrets: this.#secrets,
      },
      { seeds: [this.addressOf('n1')], ...this.#options.membership, ...options, name, address: this.addressOf(host) },
    );
    membership.listen((event) => this.events.push({ ...event, atMs: this.simulator.now(), observer: name }));
    const started = membership.start();
    // Whoever cares awaits it; nobody has to.
    started.catch(() => undefined);
    const member = { name, host, membership, started, socket };
    this.#running.set(host, member);
    return member;
  }

  /** Starts `n1` to `n<count>`, and waits until all of them are up and agree. */
  async startMany(count: number, given: Partial<SwimMembershipOptions> = {}): Promise<readonly SimMember[]> {
    const members: SimMember[] = [];
    for (let index = 1; index <= count; index += 1) members.push(await this.start(`n${index}`, given));
    await this.until(() => this.agree(), `${count} nodes to agree`);
    return members;
  }

  addressOf(host: string): string {
    return addressToText({ host, port: swimPort });
  }

  /** The running node on this host. */
  get(host: string): SwimMembership {
    return must(this.#running.get(host), `a node on ${host}`).membership;
  }

  /** Ends the process, as `kill -9`. */
  kill(host: string, how: 'reset' | 'silent' = 'silent'): void {
    this.#running.delete(host);
    this.network.kill(host, how);
  }

  /** Lets a node leave and its process end. */
  async leave(host: string): Promise<void> {
    const member = must(this.#running.get(host), `a node on ${host}`);
    this.#running.delete(host);
    await this.simulator.settle(member.membership.leave(5000), 10_000);
    await member.socket.close();
  }

  /** True when every running node knows exactly the running nodes, all alive. */
  agree(): boolean {
    const names = this.running.map((member) => member.name).toSorted();
    const hashes = new Set(this.running.map((member) => member.membership.machine.view.tableHash));
    if (hashes.size > 1) return false;
    return this.running.every(({ membership }) => {
      const { view } = membership.machine;
      if (view.liveCount !== names.length || view.suspectCount > 0) return false;
      return names.every((name) => view.findMember(name) !== undefined);
    });
  }

  /** Lets time pass. */
  async run(durationMs: number): Promise<void> {
    await this.simulator.runAsync(durationMs);
  }

  /** Lets time pass until the condition holds; throws, with the sim seed, when it does not in time. Returns the time that passed. */
  async until(condition: () => boolean, what: string, maxMs = 60_000): Promise<number> {
    const from = this.simulator.now();
    if (await this.simulator.runUntil(condition, maxMs)) return this.simulator.now() - from;
    const views = this.running.map(({ name, membership }) => `${name}: ${describeView(membership)}`);
    throw new Error(`sim seed ${this.#options.seed}: waited ${maxMs} ms for ${what}\n${views.slice(0, 20).join('\n')}`);
  }

  /** Events of a kind about a subject, optionally as one observer was told. */
  seen(kind: MemberEvent['kind'], subject: string, observer?: string): readonly SeenEvent[] {
    return this.events.filter(
      (event) =>
        event.kind === kind && event.member.name === subject && (observer === undefined || event.observer === observer),
    );
  }
}

const swimPort = 7400;

function describeView(membership: SwimMembership): string {
  const { view, phase } = membership.machine;
  const members = view
    .members()
    .map((member) => `${member.name}${member.status === 'alive' ? '' : `(${member.status})`}`);
  return `${phase} ${view.liveCount} live, ${view.goneCount} gone: ${members.slice(0, 12).join(' ')}`;
}
