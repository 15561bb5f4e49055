/**
 * Many machines of the production protocol and codec on one virtual timeline, without drivers: a tenth of the cost of whole
 * memberships, which is what the paper's grids and 10,000 nodes need. A message costs its receiver `costMs`, one after the other.
 * An io-block is the paper's: what the node sends is held before it goes, what it gets is held after it came, local timers run on.
 */
import { toMonotonicMs } from '../../src/core/clock.js';
import { drawUnit, type Random, SeededRandom } from '../../src/core/random.js';
import { MemberCatalogue, type MemberLife } from '../../src/protocol/swim/catalogue.js';
import type { SwimEffects, SwimPhase } from '../../src/protocol/swim/effects.js';
import { MemberTable } from '../../src/protocol/swim/member-table.js';
import { resolveSwimOptions, type SwimOptions } from '../../src/protocol/swim/options.js';
import { SwimMachine } from '../../src/protocol/swim/swim.js';
import type { LinkEvidence, Member, MemberEvent } from '../../src/spi/membership.js';
import { GatedMachine, type LabMachine } from './gated-machine.js';
import { Timeline } from './timeline.js';

/** How a lab is made. */
export interface LabOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly swim?: Partial<SwimOptions>;
  /** What receiving one message costs. @defaultValue 0 */
  readonly costMs?: number;
  /** One-way delays are drawn evenly. @defaultValue 0.2 to 1, a quiet local network */
  readonly delayMinMs?: number;
  readonly delayMaxMs?: number;
  /** Everybody knows everybody from the start. @defaultValue true */
  readonly warm?: boolean;
  /** Exchanges over streams work where no fault stops them. @defaultValue true */
  readonly streams?: boolean;
  /** Loops of a blocked node stop where they would send, as the paper's do. @defaultValue false */
  readonly gated?: boolean;
}

/** What one node was told. */
export type LabListener = (observer: LabNode, kind: MemberEvent['kind'], member: Member) => void;

interface Packet {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly isStream: boolean;
}

/** One simulated node. */
export class LabNode {
  readonly index: number;
  readonly name: string;
  readonly address: string;
  machine: LabMachine;
  epoch: number;
  isUp: boolean = true;
  /** Nothing passes between different groups. */
  group = 0;
  /** Share of what it sends, and of what is sent to it, that is lost. */
  egressLoss = 0;
  ingressLoss = 0;
  blockedUntil = 0;
  busyUntil = 0;
  wakeAt: number = Number.POSITIVE_INFINITY;
  drainPlanned = false;
  readonly inbox: Packet[] = [];
  readonly held: Packet[] = [];
  life = 0;

  constructor(index: number, machine: LabMachine, epoch: number) {
    this.index = index;
    this.name = nameOf(index);
    this.address = addressOf(index);
    this.machine = machine;
    this.epoch = epoch;
  }
}

const wakeKind = 0;
const deliverKind = 1;
const drainKind = 2;
const callKind = 3;

/** The machines, the network between them and the time. */
export class Lab {
  readonly nodes: LabNode[] = [];
  /** Datagrams that went out and their payload bytes; streams apart. */
  sent = 0;
  sentBytes = 0;
  exchanges = 0;
  events = 0;
  /** Share of all datagrams that is lost. */
  loss = 0;
  onEvent: LabListener | undefined;
  readonly options: SwimOptions;
  readonly seed: number;
  readonly #costMs: number;
  readonly #delayMinMs: number;
  readonly #delaySpreadMs: number;
  readonly #hasStreams: boolean;
  readonly #isGated: boolean;
  readonly #timeline = new Timeline();
  readonly #kinds: number[] = [];
  readonly #numbers: number[] = [];
  readonly #things: (Packet | (() => void) | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #catalogue = new MemberCatalogue();
  readonly #indexOf = new Map<string, number>();
  readonly #outs: SwimEffects[] = [];
  readonly #random: Random;
  readonly #delayRandom: Random;
  readonly #lossRandom: Random;
  #now = 0;
  #streamAsker = -1;

  constructor(options: LabOptions) {
    this.options = resolveSwimOptions({ membersMax: Math.max(1000, options.nodes * 4), ...options.swim });
    this.seed = options.seed;
    this.#costMs = options.costMs ?? 0;
    this.#delayMinMs = options.delayMinMs ?? 0.2;
    this.#delaySpreadMs = (options.delayMaxMs ?? 1) - this.#delayMinMs;
    this.#hasStreams = options.streams ?? true;
    this.#isGated = options.gated ?? false;
    this.#random = new SeededRandom(options.seed);
    this.#delayRandom = this.#random.fork('delay');
    this.#lossRandom = this.#random.fork('loss');
    const known = options.warm === false ? undefined : this.#settled(options.nodes);
    for (let index = 0; index < options.nodes; index += 1) {
      this.nodes.push(new LabNode(index, this.#machine(index, 1, known), epochOf(1)));
      this.#indexOf.set(addressOf(index), index);
      this.#outs.push(this.#effects(index));
    }
    if (known === undefined) return;
    for (const node of this.nodes) this.comeUp(node);
  }

  get now(): number {
    return this.#now;
  }

  /** Calls back at a time. */
  at(at: number, call: () => void): void {
    this.#push(Math.max(at, this.#now), callKind, 0, call);
  }

  comeUp(node: LabNode): void {
    node.machine.comeUp(toMonotonicMs(this.#now), this.#outOf(node));
    this.#arm(node);
  }

  /** Asks addresses, as a driver's seed loop does. */
  contact(node: LabNode, addresses: readonly string[]): void {
    fullOf(node).contact(addresses, this.#outOf(node));
    this.#arm(node);
  }

  leave(node: LabNode): void {
    fullOf(node).leave(toMonotonicMs(this.#now), this.#outOf(node));
    this.#arm(node);
  }

  updateMetadata(node: LabNode, bytes: Uint8Array): void {
    fullOf(node).updateMetadata(bytes, this.#outOf(node));
    this.#arm(node);
  }

  report(observer: LabNode, subject: LabNode, kind: LinkEvidence['kind']): void {
    if (!observer.isUp) return;
    const evidence = { node: { name: subject.name, epoch: subject.epoch }, address: subject.address, kind };
    fullOf(observer).report(toMonotonicMs(this.#now), evidence, this.#outOf(observer));
    this.#arm(observer);
  }

  /** Ends a node in an instant. */
  kill(node: LabNode): void {
    node.isUp = false;
    node.life += 1;
    node.inbox.length = 0;
    node.held.length = 0;
    node.wakeAt = Number.POSITIVE_INFINITY;
  }

  /** Another life of the same name at the same address, which remembers nothing; it contacts these addresses. */
  restart(node: LabNode, seeds: readonly string[]): void {
    node.life += 1;
    node.epoch = epochOf(node.life + 1) + Math.floor(this.#now);
    node.machine = this.#machine(node.index, node.epoch, undefined);
    node.isUp = true;
    node.blockedUntil = 0;
    node.busyUntil = 0;
    this.contact(node, seeds);
  }

  /** Holds what the node sends and gets, while its timers run. */
  blockIo(node: LabNode, durationMs: number): void {
    node.blockedUntil = Math.max(node.blockedUntil, this.#now + durationMs);
    if (node.machine instanceof GatedMachine) node.machine.block();
    this.#push(node.blockedUntil, callKind, 0, () => this.#unblock(node));
  }

  /** The phase of a node that is no gated one. */
  phaseOf(node: LabNode): SwimPhase {
    return fullOf(node).phase;
  }

  run(durationMs: number): void {
    const end = this.#now + durationMs;
    while (this.#timeline.nextAt <= end) {
      this.#now = this.#timeline.nextAt;
      this.#carryOut(this.#timeline.pop());
    }
    this.#now = end;
  }

  /** Runs until the condition holds, asked every `stepMs`; returns the time that passed, or infinity. */
  runUntil(condition: () => boolean, maxMs: number, stepMs = 50): number {
    const from = this.#now;
    while (this.#now - from < maxMs) {
      if (condition()) return this.#now - from;
      this.run(stepMs);
    }
    return condition() ? this.#now - from : Number.POSITIVE_INFINITY;
  }

  /** True when every running node's table is the same and has this many live members. */
  agree(count: number): boolean {
    let hash: number | undefined;
    for (const { isUp, machine } of this.nodes) {
      if (!isUp) continue;
      const { view } = machine;
      if (view.liveCount !== count || view.suspectCount > 0) return false;
      hash ??= view.tableHash;
      if (view.tableHash !== hash) return false;
    }
    return true;
  }

  #settled(count: number): MemberTable {
    const table = new MemberTable(this.#catalogue);
    for (let index = 0; index < count; index += 1) table.put(lifeOf(index), 0);
    return table;
  }

  #machine(index: number, epoch: number, known: MemberTable | undefined): LabMachine {
    const { name, address, wireMin, wireMax } = lifeOf(index);
    const setup = {
      options: this.options,
      identity: {
        name,
        address,
        wireMin,
        wireMax,
        epoch: epoch === 1 ? epochOf(1) : epoch,
        metadata: new Uint8Array(0),
      },
      random: this.#random.fork(`${name} ${epoch}`),
      catalogue: this.#catalogue,
      ...(known === undefined ? {} : { known }),
    };
    const now = toMonotonicMs(this.#now);
    return this.#isGated ? new GatedMachine(now, setup) : new SwimMachine(now, setup);
  }

  #outOf(node: LabNode): SwimEffects {
    const out = this.#outs[node.index];
    if (out === undefined) throw new Error(`no effects for ${node.name}`);
    return out;
  }

  #effects(index: number): SwimEffects {
    return {
      send: (to, bytes) => this.#send(index, to, bytes),
      exchange: (to, _name, bytes) => this.#exchange(index, to, bytes),
      changed: ({ kind, member }) => {
        const node = this.nodes[index];
        if (node !== undefined) this.onEvent?.(node, kind, member);
      },
      phased: () => undefined,
    };
  }

  #send(from: number, to: string, bytes: Uint8Array): void {
    if (to === streamAddress) {
      this.#answer(from, bytes);
      return;
    }
    const target = this.#indexOf.get(to);
    const node = this.nodes[from];
    if (target === undefined || node === undefined) return;
    this.sent += 1;
    this.sentBytes += bytes.length;
    const packet = { from, to: target, bytes: bytes.slice(), isStream: false };
    if (node.blockedUntil > this.#now) node.held.push(packet);
    else this.#transmit(node, packet);
  }

  #transmit(node: LabNode, packet: Packet): void {
    const target = this.nodes[packet.to];
    if (target === undefined || this.#isLost(node, target)) return;
    this.#push(this.#now + this.#delayMs(), deliverKind, packet.to, packet);
  }

  #isLost(node: LabNode, target: LabNode): boolean {
    if (node.group !== target.group) return true;
    const kept = (1 - this.loss) * (1 - node.egressLoss) * (1 - target.ingressLoss);
    return kept < 1 && drawUnit(this.#lossRandom) >= kept;
  }

  #exchange(from: number, to: string, bytes: Uint8Array): void {
    const target = this.#indexOf.get(to);
    const node = this.nodes[from];
    if (!this.#hasStreams || target === undefined || node === undefined) return;
    this.exchanges += 1;
    const other = this.nodes[target];
    // A stream needs both ways: three tries within its time get through moderate loss, and nothing gets through a cut.
    if (other === undefined || this.#streamFails(node, other)) return;
    const packet = { from, to: target, bytes: bytes.slice(), isStream: true };
    if (node.blockedUntil > this.#now) node.held.push(packet);
    else this.#push(this.#now + this.#delayMs() * 3, deliverKind, target, packet);
  }

  #streamFails(node: LabNode, target: LabNode): boolean {
    for (let tries = 0; tries < 2; tries += 1) {
      if (!this.#isLost(node, target) && !this.#isLost(target, node)) return false;
    }
    return true;
  }

  /** What a request over a stream is answered with. */
  #answer(from: number, bytes: Uint8Array): void {
    if (this.#streamAsker < 0) return;
    const packet = { from, to: this.#streamAsker, bytes: bytes.slice(), isStream: false };
    this.#push(this.#now + this.#delayMs(), deliverKind, packet.to, packet);
  }

  #carryOut(event: number): void {
    this.events += 1;
    const kind = this.#kinds[event];
    const node = this.nodes[this.#numbers[event] ?? 0];
    const thing = this.#things[event];
    this.#things[event] = undefined;
    this.#free.push(event);
    if (node === undefined) return;
    if (kind === wakeKind) this.#wake(node);
    else if (kind === drainKind) this.#drain(node);
    else if (typeof thing === 'function') thing();
    else if (thing !== undefined) this.#arrive(node, thing);
  }

  #wake(node: LabNode): void {
    // A later wake was planned before an earlier one: only the one that is due counts.
    if (!node.isUp || node.wakeAt > this.#now) return;
    node.wakeAt = Number.POSITIVE_INFINITY;
    node.machine.tick(toMonotonicMs(this.#now), this.#outOf(node));
    this.#arm(node);
  }

  #arm(node: LabNode): void {
    const nextAt = Math.max(node.machine.nextAt, this.#now);
    if (nextAt >= node.wakeAt || nextAt === Number.POSITIVE_INFINITY) return;
    node.wakeAt = nextAt;
    this.#push(nextAt, wakeKind, node.index, undefined);
  }

  #arrive(node: LabNode, packet: Packet): void {
    if (!node.isUp) return;
    const isHeld = node.blockedUntil > this.#now || node.busyUntil > this.#now || node.inbox.length > 0;
    if (!isHeld) this.#process(node, packet);
    else if (node.inbox.length < inboxMax) {
      node.inbox.push(packet);
      this.#planDrain(node);
    }
  }

  #process(node: LabNode, packet: Packet): void {
    node.busyUntil = this.#now + this.#costMs;
    const from = packet.isStream ? streamAddress : addressOf(packet.from);
    this.#streamAsker = packet.isStream ? packet.from : -1;
    node.machine.receive(toMonotonicMs(this.#now), from, packet.bytes, this.#outOf(node));
    this.#streamAsker = -1;
    this.#arm(node);
  }

  #planDrain(node: LabNode): void {
    if (node.drainPlanned || node.blockedUntil > this.#now) return;
    node.drainPlanned = true;
    this.#push(Math.max(node.busyUntil, this.#now), drainKind, node.index, undefined);
  }

  #drain(node: LabNode): void {
    node.drainPlanned = false;
    if (!node.isUp || node.blockedUntil > this.#now) return;
    const packet = node.inbox.shift();
    if (packet === undefined) return;
    this.#process(node, packet);
    if (node.inbox.length > 0) this.#planDrain(node);
  }

  #unblock(node: LabNode): void {
    if (!node.isUp || node.blockedUntil > this.#now) return;
    for (const packet of node.held.splice(0)) {
      if (packet.isStream) this.#push(this.#now + this.#delayMs() * 3, deliverKind, packet.to, packet);
      else this.#transmit(node, packet);
    }
    if (node.machine instanceof GatedMachine) node.machine.unblock(toMonotonicMs(this.#now), this.#outOf(node));
    this.#arm(node);
    if (node.inbox.length > 0) this.#planDrain(node);
  }

  #delayMs(): number {
    return this.#delayMinMs + drawUnit(this.#delayRandom) * this.#delaySpreadMs;
  }

  #push(at: number, kind: number, number: number, thing: Packet | (() => void) | undefined): void {
    const event = this.#free.pop() ?? this.#kinds.length;
    this.#kinds[event] = kind;
    this.#numbers[event] = number;
    this.#things[event] = thing;
    this.#timeline.push(at, event);
  }
}

function fullOf({ machine, name }: LabNode): SwimMachine {
  if (machine instanceof SwimMachine) return machine;
  throw new Error(`${name} runs a machine that can only be blocked`);
}

const streamAddress = 'stream';
/** What a system keeps for a process that does not read. */
const inboxMax = 10_000;
const addresses: string[] = [];

/** The address of a node by its number. */
export function addressOf(index: number): string {
  return (addresses[index] ??= `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:7946`);
}

function nameOf(index: number): string {
  return `node-${index.toString().padStart(5, '0')}`;
}

function epochOf(life: number): number {
  return 1_767_225_600_000 * 1024 + life * 1_000_000_000;
}

function lifeOf(index: number): MemberLife {
  return {
    name: nameOf(index),
    epoch: epochOf(1),
    address: addressOf(index),
    wireMin: 1,
    wireMax: 1,
    metadataVersion: 0,
    metadataHash: 0,
    metadataBytes: 0,
  };
}
