import { after, type CancelTimer } from '../../core/clock.js';
import { findRandom, type Random } from '../../core/random.js';
import { resolveSwimOptions, type SwimOptions } from '../../protocol/swim/options.js';
import { suspicionTimes } from '../../protocol/swim/suspicion.js';
import type { LinkEvidence } from '../../spi/membership.js';
import type { SimOutcome } from '../sim-scenario.js';
import { quietEdge } from '../sim-network-faults.js';
import { MembershipChecker, type MembershipRule, membershipRules } from './membership-checker.js';
import { type Disturbance, drawPlan, type MembershipPlan } from './membership-plan.js';
import { SimMembers } from './sim-members.js';
import { type Watched, watchedOf } from './watched.js';

/** What a run may be given besides its seed. */
export interface MembershipRunOptions {
  /** Puts something between the production membership and the checkers; a test breaks it there. */
  readonly wrap?: (watched: Watched, name: string) => Watched;
  /** Over the defaults of the protocol. */
  readonly swim?: Partial<SwimOptions>;
  /** Over what the seed drew. */
  readonly plan?: Partial<MembershipPlan>;
}

/** One seed: disturbances, then quiet. */
export class MembershipRun {
  readonly plan: MembershipPlan;
  readonly checker: MembershipChecker;
  readonly #sim: SimMembers;
  readonly #random: Random;
  readonly #options: MembershipRunOptions;
  readonly #swim: SwimOptions;
  readonly #names: readonly string[];
  /** The host where each running name is. */
  readonly #hostOf = new Map<string, string>();
  readonly #watched = new Map<string, Watched>();
  readonly #counts: Record<string, number> = {};
  #cancelLook: CancelTimer | undefined;
  #hosts = 0;

  constructor(seed: number, options: MembershipRunOptions = {}) {
    this.#options = options;
    this.#swim = resolveSwimOptions(options.swim);
    // A generator of its own: the plan must not depend on what the timeline draws.
    this.#sim = new SimMembers({ seed, membership: { swim: this.#swim } });
    this.#random = this.#sim.simulator.random.fork('scenario');
    this.plan = { ...drawPlan(this.#random.fork('plan')), ...options.plan };
    this.#names = Array.from({ length: this.plan.nodes }, (_, index) => `n${index + 1}`);
    this.checker = new MembershipChecker(this.#swim, () => this.#sim.simulator.now());
  }

  async run(): Promise<SimOutcome> {
    this.#sim.network.faults.setEverywhere(this.plan.edge);
    for (const name of this.#names) await this.#start(name, name);
    this.#lookAgain();
    for (let step = 0; step < this.plan.steps; step += 1) {
      await this.#sim.run(this.#random.below(this.plan.stepMaxMs));
      const kind = findRandom(this.#random, this.plan.kinds);
      if (kind !== undefined) await this.#disturb(kind);
    }
    await this.#calm();
    this.#cancelLook?.();
    return this.#outcome();
  }

  /** The longest time that a quiet network may need to bring one view, from the options: each part is a worst case of its own. */
  get convergenceMs(): number {
    const { probePeriodMs, healthMax, gossipPeriodMs, reconnectPeriodMs } = this.#swim;
    const { nodes, stallMaxMs } = this.plan;
    const times = suspicionTimes(this.#swim, nodes);
    // A node that doubts itself to the full needs so long to recover, and then a whole round to find who is gone.
    const recoverMs = (probePeriodMs * (healthMax + 1) * (healthMax + 2)) / 2;
    // Whoever finds a lost member in vain doubts itself more, so where most are lost each of them may cost a whole scaled period.
    const roundMs = probePeriodMs * (healthMax + 1) * nodes + probePeriodMs * (nodes - 1);
    const holdMs = times.minMs * 8;
    // Each node tries one lost address of up to n in this time; several rounds find one that answers.
    const meetMs = reconnectPeriodMs * nodes * 4;
    return stallMaxMs + recoverMs + roundMs + holdMs + times.maxMs + meetMs + gossipPeriodMs * 40;
  }

  get #seeds(): readonly string[] {
    return this.#names.slice(0, 3);
  }

  async #start(name: string, host: string): Promise<void> {
    const { clockSkewPpm, eventCostMs, forgetsTime } = this.plan;
    const skew = clockSkewPpm === 0 ? 0 : this.#random.below(clockSkewPpm * 2) - clockSkewPpm;
    this.#sim.network.machine(host, {
      eventCostMs,
      clockSkewPpm: skew,
      clockOriginMs: this.#random.below(1_000_000),
    });
    const isForgetful = forgetsTime && this.#watched.has(name) && this.#random.below(4) === 0;
    if (isForgetful) this.#count('forgetful');
    const member = await this.#sim.start(name, {
      host,
      seeds: this.#seeds.map((seed) => this.#sim.addressOf(seed)),
      ...(isForgetful ? { epoch: 1000 + this.#random.below(1_000_000_000) } : {}),
    });
    member.started.catch((error: unknown) => {
      if (this.#hostOf.get(name) !== host) return;
      this.checker.blame('convergence', `${name} does not start: ${String(error)}`);
    });
    this.#hostOf.set(name, host);
    const plain = watchedOf(member.membership);
    const watched = this.#options.wrap?.(plain, name) ?? plain;
    this.#watched.set(name, watched);
    this.checker.watch(name, watched);
    this.#count('start');
  }

  // oxlint-disable-next-line complexity -- one branch for each kind of a closed list: splitting it would only hide the list
  async #disturb(kind: Disturbance): Promise<void> {
    const { network } = this.#sim;
    const host = findRandom(this.#random, [...this.#hostOf.values()]) ?? '';
    const durationMs = this.#random.below(this.plan.stallMaxMs);
    this.#count(kind);
    switch (kind) {
      case 'loss':
        return network.faults.setEverywhere({ lossPercent: this.#random.below(40) });
      case 'partition':
        return this.#partition();
      case 'cut':
        return network.faults.cut(host, findRandom(this.#random, [...this.#hostOf.values()]) ?? '');
      case 'heal':
        return network.faults.heal();
      case 'crash':
        return this.#crash();
      case 'restart':
        return this.#restart();
      case 'leave':
        return this.#leave();
      case 'stall':
        return network.machine(host).loop.stall(durationMs, findRandom(this.#random, phases) ?? 'timer');
      case 'pause':
        return network.machine(host).loop.pause(durationMs);
      case 'io-block':
        return network.machine(host).loop.blockIo(durationMs);
      case 'metadata':
        return this.#changeMetadata(host);
      case 'evidence':
        return this.#report(host);
    }
  }

  #partition(): void {
    const groups: string[][] = [[], []];
    for (const host of this.#hostOf.values()) groups[this.#random.below(2)]?.push(host);
    this.#sim.network.faults.partition(...groups);
  }

  #crash(): void {
    const name = findRandom(this.#random, [...this.#hostOf.keys()]);
    if (name === undefined || this.#hostOf.size < 2) return;
    this.#sim.kill(this.#hostOf.get(name) ?? '', this.#random.below(2) === 0 ? 'reset' : 'silent');
    this.#hostOf.delete(name);
  }

  async #restart(): Promise<void> {
    const gone = this.#names.filter((name) => !this.#hostOf.has(name));
    const name = findRandom(this.#random, gone);
    if (name === undefined) return;
    // A node may come back elsewhere, but for the seeds, which everybody looks for where they were.
    const isMoved = this.#random.below(4) === 0 && !this.#seeds.includes(name);
    if (isMoved) this.#count('moved');
    this.#hosts += 1;
    const host = isMoved ? `${name}h${this.#hosts}` : name;
    this.#sim.network.revive(host);
    await this.#start(name, host);
  }

  async #leave(): Promise<void> {
    const name = findRandom(this.#random, [...this.#hostOf.keys()]);
    const host = name === undefined ? undefined : this.#hostOf.get(name);
    if (name === undefined || host === undefined || this.#hostOf.size < 3) return;
    // What it waits for may take as long as its own stall.
    this.#hostOf.delete(name);
    await this.#sim.leave(host).catch(() => this.#sim.kill(host, 'reset'));
  }

  #changeMetadata(host: string): void {
    const bytes = new Uint8Array(this.#random.below(this.plan.metadataMaxBytes)).fill(this.#random.below(256));
    const membership = host === '' ? undefined : this.#sim.get(host);
    this.#within(host, () => {
      membership?.updateMetadata(bytes);
      this.checker.note();
    });
  }

  /** A link's observation, true or not. */
  #report(host: string): void {
    const kinds: readonly LinkEvidence['kind'][] = ['refused', 'reset', 'closed', 'heard'];
    const kind = findRandom(this.#random, kinds) ?? 'heard';
    const membership = host === '' ? undefined : this.#sim.get(host);
    const node = findRandom(this.#random, membership?.members() ?? []);
    if (node !== undefined) this.#within(host, () => membership?.report({ node, address: node.address, kind }));
  }

  /** Calls something in the event loop of a host, as a user's code runs there. */
  #within(host: string, call: () => void): void {
    if (host !== '') this.#sim.network.machine(host).clock.afterTurn(call);
  }

  /** Ends every fault, waits for one view within the time that it may take, and sees that it stays. */
  async #calm(): Promise<void> {
    const { faults } = this.#sim.network;
    faults.heal();
    faults.clearEdges();
    faults.setEverywhere(quietEdge);
    // Without one seed nobody could find a node that moved.
    if (!this.#seeds.some((name) => this.#hostOf.has(name))) {
      this.#sim.network.revive('n1');
      await this.#start('n1', 'n1');
    }
    this.checker.checked.convergence += 1;
    const from = this.#sim.simulator.now();
    const isOneView = await this.#sim.simulator.runUntil(() => this.#isOneView(), this.convergenceMs);
    this.#counts['converged-ms'] = Math.round(this.#sim.simulator.now() - from);
    if (!isOneView) {
      for (const text of this.#differences()) this.checker.blame('convergence', text);
      await this.#sim.run(this.convergenceMs);
    } else {
      await this.#sim.run(stayMs);
    }
    this.checker.checked['healthy-pair'] += this.#hostOf.size * (this.#hostOf.size - 1);
    for (const text of this.#differences()) this.checker.blame('healthy-pair', `still, ${text}`);
    // A doubt about somebody long gone may come up once more; what is told about it has an end too.
    const isQuiet = (): boolean =>
      this.#hostOf.size < 2 || this.#live().every(([, watched]) => watched.newsCount === 0);
    if (!(await this.#sim.simulator.runUntil(isQuiet, stayMs))) {
      this.checker.blame('boundedness', 'news is told without end');
    }
  }

  #isOneView(): boolean {
    const size = this.#hostOf.size;
    for (const [, watched] of this.#live()) {
      if (!watched.isUp) return false;
      const members = watched.members();
      if (
        members.length !== size ||
        !members.every((member) => this.#isTrue(member.name, member.epoch, member.status))
      ) {
        return false;
      }
    }
    return true;
  }

  #differences(): string[] {
    const texts: string[] = [];
    for (const [name, watched] of this.#live()) {
      if (!watched.isUp) texts.push(`${name} is not up`);
      const members = watched.members();
      for (const { name: other, epoch, status } of members) {
        if (!this.#isTrue(other, epoch, status)) texts.push(`${name} holds ${other}@${epoch} for ${status}`);
      }
      const missing = [...this.#hostOf.keys()].filter((other) => !members.some((member) => member.name === other));
      if (missing.length > 0) texts.push(`${name} does not know ${missing.join()}`);
    }
    return texts;
  }

  #isTrue(name: string, epoch: number, status: string): boolean {
    return this.#hostOf.has(name) && status === 'alive' && this.#watched.get(name)?.self.epoch === epoch;
  }

  #live(): readonly (readonly [string, Watched])[] {
    return [...this.#watched].filter(([name]) => this.#hostOf.has(name));
  }

  #lookAgain(): void {
    for (const [name, watched] of this.#live()) {
      const host = this.#hostOf.get(name) ?? '';
      this.#within(host, () => this.checker.look(watched, (look) => this.#within(host, look)));
    }
    this.#cancelLook = this.#sim.simulator.setTimer(after(this.#sim.simulator.now(), lookMs), () => this.#lookAgain());
  }

  #outcome(): SimOutcome {
    const { faults, checked } = this.checker;
    const network = this.#sim.network.faults.counts;
    const counts: Record<string, number> = { ...this.#counts };
    const add = (name: string, by: number): void => {
      counts[name] = (counts[name] ?? 0) + by;
    };
    for (const rule of membershipRules) add(`checked ${rule}`, checked[rule]);
    for (const { kind } of this.#sim.events) add(`told ${kind}`, 1);
    for (const name of ['lost', 'cut', 'duplicated', 'reordered'] as const) add(`datagrams ${name}`, network[name]);
    if (network.tooLong > 0) faults.push(`boundedness: ${network.tooLong} datagrams were longer than 1400 bytes`);
    for (const [, watched] of this.#live()) {
      for (const name of machineCounts) add(`machine ${name}`, watched.count(name));
    }
    return { ok: faults.length === 0, faults, fingerprint: this.#sim.simulator.fingerprint, counts };
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }
}

/** A rule that a fault line is about. */
export function ruleOf(fault: string): MembershipRule | undefined {
  return membershipRules.find((rule) => fault.startsWith(`${rule}: `));
}

const phases = ['timer', 'io', 'immediate'] as const;
const machineCounts = ['refuted-self', 'stalled', 'suspicion-held', 'life-replaced', 'reconnect-tried'] as const;
/** Tables are looked at so often. */
const lookMs = 250;
/** One view has to last: longer than a suspicion and what may come of it. */
const stayMs = 20_000;
