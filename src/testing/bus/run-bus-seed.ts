import { after } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { findRandom, type Random } from '../../core/random.js';
import { createClusterBus, type ClusterBus } from '../../bus/create-cluster-bus.js';
import { TableRoom } from '../../cluster/table/table-room.js';
import { createMsgpackCodec } from '../../codec/msgpack-codec.js';
import type { BusSubscription, OverflowPolicy } from '../../spi/bus.js';
import { noMetrics } from '../../spi/no-metrics.js';
import { MemoryLinks, type MemoryNode } from '../memory-links.js';
import { Simulator } from '../simulator.js';
import { BusChecker, type CheckedSubscription } from './bus-checker.js';
import { knownLanes, linkedLives } from './known-lanes.js';

/** What a run does. */
export interface BusSeedOptions {
  /** @defaultValue 4 */
  readonly nodes?: number;
  /** Random steps. @defaultValue 150 */
  readonly steps?: number;
}

/** What came of a run. */
export interface BusSeedOutcome {
  readonly ok: boolean;
  readonly faults: readonly string[];
  readonly fingerprint: number;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Buses of several nodes on memory links under random use and random faults: publishing, subscribing, updating, stopping, slow
 * handlers, lost links, partitions, congestion, restarts. Then everything heals, and the checker judges.
 */
export async function runBusSeed(seed: number, options: BusSeedOptions = {}): Promise<BusSeedOutcome> {
  const run = new BusRun(seed, options.nodes ?? 4);
  await run.begin();
  for (let step = 0; step < (options.steps ?? 150); step += 1) await run.step();
  await run.heal();
  const { checker, sim } = run;
  return {
    ok: checker.faults.length === 0,
    faults: checker.faults,
    fingerprint: sim.fingerprint,
    counts: { published: checker.publishedCount, delivered: checker.deliveries, ...run.counts },
  };
}

class BusRun {
  readonly sim: Simulator;
  readonly checker = new BusChecker();
  readonly counts: Record<string, number> = { restarts: 0, cuts: 0, drops: 0 };
  readonly #hub: MemoryLinks;
  readonly #random: Random;
  readonly #homes = new Map<string, Home>();
  readonly #cuts = new Set<string>();

  constructor(seed: number, nodes: number) {
    this.sim = new Simulator({ seed });
    this.#random = this.sim.random.fork('bus');
    this.#hub = new MemoryLinks(this.sim, { delayMs: 2, silentMs: 300, reconnectMs: 40 });
    for (let index = 0; index < nodes; index += 1) this.#homes.set(`n${index}`, new Home());
  }

  async begin(): Promise<void> {
    for (const name of this.#homes.keys()) await this.#start(name, this.#hub.add(name));
    await this.sim.runAsync(200);
  }

  async step(): Promise<void> {
    const draw = this.#random.below(100);
    const name = this.#drawName();
    if (draw < 45) this.#publishBurst(name);
    else if (draw < 65) this.#subscribe(name);
    else if (draw < 72) this.#update(name);
    else if (draw < 80) this.#stopOne(name);
    else if (draw < 88) this.#dropLink(name);
    else if (draw < 92) this.#toggleCut(name);
    else if (draw < 96) this.#congest(name);
    else if (draw < 98) await this.#restart(name);
    for (const home of this.#homes.values()) this.#beSureAgain(home);
    await this.sim.runAsync(this.#random.below(60));
  }

  /** Ends every fault, lets everything arrive, then asks whether all know what all want. */
  async heal(): Promise<void> {
    for (const cut of this.#cuts) this.#hub.heal(...toPair(cut));
    for (const left of this.#homes.keys()) {
      for (const right of this.#homes.keys()) this.#hub.congest(left, right, false);
    }
    await this.sim.runAsync(healMs);
    // A slow lossless subscription takes what the lanes of all peers hold for it one by one; one that starves never ends.
    const isQuiet = (): boolean => [...this.#homes.values()].every(isIdle);
    const hasSettled = await this.sim.runUntil(isQuiet, quietMaxMs);
    if (!hasSettled) this.checker.faults.push(`not quiet ${quietMaxMs} ms after all healed`);
    this.checker.judgeLosses();
    this.#compareInterest();
    for (const name of this.#homes.keys()) await this.#end(name);
    this.#hub.stop();
  }

  #compareInterest(): void {
    for (const topic of everyTopic) {
      const wanted = new Set<string>();
      for (const [name, home] of this.#homes) {
        if (home.entries.some(({ checked }) => checked.wants(topic))) wanted.add(name);
      }
      for (const [name, home] of this.#homes) {
        const known = new Set(home.bus?.explain(topic).nodes.map(({ node }) => node));
        const expected = new Set([...wanted].filter((other) => other !== name));
        const same = known.size === expected.size && [...known].every((other) => expected.has(other));
        if (!same) {
          this.checker.faults.push(
            `${name} believes that ${[...known].join(' ')} want ${topic}, not ${[...expected].join(' ')}`,
          );
        }
      }
    }
  }

  #publishBurst(name: string): void {
    const home = this.#home(name);
    const count = this.#random.below(10) === 0 ? 600 : 1 + this.#random.below(20);
    for (let index = 0; index < count; index += 1) {
      const topic = this.#drawTopic();
      const value = { life: home.life, number: (home.published += 1) };
      this.checker.willPublish(value, topic, knownLanes(home.bus, topic));
      const receipt = home.bus?.publish(topic, value);
      if (receipt !== undefined) this.checker.published(value, receipt);
      this.sim.mark(receipt?.nodes ?? 0);
    }
  }

  #subscribe(name: string): void {
    const home = this.#home(name);
    if (home.entries.length >= 6 || home.bus === undefined) return;
    const patterns = this.#drawPatterns();
    const checked = this.checker.add(home.life, patterns);
    const slowMs = this.#random.below(3) === 0 ? 1 + this.#random.below(20) : 0;
    const policies: readonly OverflowPolicy[] = ['drop-oldest', 'drop-newest', 'block'];
    const overflow = policies[this.#random.below(policies.length)] ?? 'drop-oldest';
    const subscription = home.bus.subscribe(
      patterns,
      (event) => {
        this.sim.mark(1);
        checked.got(event);
        return slowMs === 0 ? undefined : this.#pause(slowMs);
      },
      {
        overflow,
        queueMax: slowMs === 0 ? 1024 : 40,
        concurrencyMax: slowMs === 0 ? 256 : 1,
        onGap: (gap) => checked.gap(gap),
      },
    );
    // `explain` names the lane of a lossless subscription by the number in its id.
    if (overflow === 'block') checked.lane = `lane ${subscription.id.replace('subscription-', '')}`;
    checked.dropped = (): number => subscription.stats.dropped;
    checked.received = (): number => subscription.stats.received;
    home.entries.push({ subscription, checked });
    this.#beSureLater(home, { subscription, checked });
  }

  #update(name: string): void {
    const entry = findRandom(this.#random, this.#home(name).entries);
    if (entry === undefined) return;
    const patterns = this.#drawPatterns();
    entry.checked.update(patterns);
    entry.subscription.update(patterns);
    this.#beSureLater(this.#home(name), entry);
  }

  #stopOne(name: string): void {
    const home = this.#home(name);
    const entry = findRandom(this.#random, home.entries);
    if (entry === undefined) return;
    home.entries = home.entries.filter((other) => other !== entry);
    entry.subscription.stop();
    entry.checked.end();
  }

  /** Expects everything from when the subscription is known, as the bus itself says. */
  #beSureLater(home: Home, { subscription, checked }: Home['entries'][number]): void {
    const { revision } = subscription;
    const { bus } = home;
    subscription.ready({ scope: 'cluster', timeoutMs: 3000 }).then(
      () => {
        const isStill = !checked.isOver && subscription.revision === revision;
        if (isStill && bus !== undefined) checked.sure(linkedLives(bus.links()));
        return undefined;
      },
      // A partition outlasts the deadline: nothing is expected then.
      () => undefined,
    );
  }

  /** Who had no link when a subscription was made known learns of it later; the bus is asked again. */
  #beSureAgain(home: Home): void {
    const linked = linkedLives(home.bus?.links() ?? []);
    for (const entry of home.entries) {
      const { checked } = entry;
      if (checked.isSure && linked.some((life) => !checked.isKnownTo(life))) this.#beSureLater(home, entry);
    }
  }

  #dropLink(name: string): void {
    this.counts['drops'] = (this.counts['drops'] ?? 0) + 1;
    this.#hub.drop(name, this.#drawName());
  }

  #toggleCut(name: string): void {
    const other = this.#drawName();
    if (other === name) return;
    const cut = [name, other].toSorted().join(' ');
    if (this.#cuts.delete(cut)) {
      this.#hub.heal(...toPair(cut));
      return;
    }
    this.counts['cuts'] = (this.counts['cuts'] ?? 0) + 1;
    this.#cuts.add(cut);
    this.#hub.cut(...toPair(cut));
  }

  #congest(name: string): void {
    const other = this.#drawName();
    if (other !== name) this.#hub.congest(name, other, this.#random.below(2) === 0);
  }

  async #restart(name: string): Promise<void> {
    this.counts['restarts'] = (this.counts['restarts'] ?? 0) + 1;
    await this.#end(name);
    await this.#start(name, this.#hub.restart(name));
  }

  async #end(name: string): Promise<void> {
    const home = this.#home(name);
    this.checker.lifeEnded(home.life);
    home.entries = [];
    await home.bus?.stop();
    await home.tables?.stop();
    home.bus = undefined;
  }

  async #start(name: string, node: MemoryNode): Promise<void> {
    const { links, membership, id } = node;
    const home = this.#home(name);
    const shared = { links, membership, clock: this.sim, logger: silentLogger, metrics: noMetrics };
    const tables = new TableRoom(shared);
    const random = this.sim.random.fork(`${name}@${id.epoch}`);
    const deps = { ...shared, tables, random, self: id, codec: createMsgpackCodec() };
    const bus = createClusterBus(deps, { windowEventsMax: 400, ownLaneEventsMax: 200, exactRowsMax: 2 });
    home.life = `${id.name}@${id.epoch}`;
    home.published = 0;
    home.tables = tables;
    home.bus = bus;
    const { life } = home;
    bus.onUndelivered(({ node: peer, count }) => this.checker.senderLost(life, peer, count));
    await tables.start();
    await bus.start();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.sim.setTimer(after(this.sim.now(), ms), resolve);
    });
  }

  #home(name: string): Home {
    const home = this.#homes.get(name);
    if (home === undefined) throw new Error(`no node ${name}`);
    return home;
  }

  #drawName(): string {
    return findRandom(this.#random, [...this.#homes.keys()]) ?? 'n0';
  }

  #drawTopic(): string {
    return findRandom(this.#random, everyTopic) ?? '/a';
  }

  #drawPatterns(): readonly string[] {
    return Array.from({ length: 1 + this.#random.below(2) }, () => findRandom(this.#random, somePatterns) ?? '/a');
  }
}

/** One node's place: its present life. */
class Home {
  life = '';
  published = 0;
  bus: ClusterBus | undefined;
  tables: TableRoom | undefined;
  entries: { readonly subscription: BusSubscription; readonly checked: CheckedSubscription }[] = [];
}

/** Nothing waits in its queues, nor on its way to a peer. */
function isIdle({ bus, entries }: Home): boolean {
  const hasEmptied = entries.every(({ subscription }) => subscription.stats.queued === 0);
  return hasEmptied && (bus?.links() ?? []).every(({ inFlight }) => inFlight === 0);
}

/** Links, and what is to be known over them, come back within this. */
const healMs = 10_000;

/** Three peers hold 200 events each for a subscription that takes 20 ms for one; twice that. */
const quietMaxMs = 24_000;

const everyTopic: readonly string[] = ['/a', '/a/b', '/a/c', '/b/a', '/b/a/c', '/c/b/a', '/c/d', '/d'];

const somePatterns: readonly string[] = [...everyTopic, '/a/*', '/**', '/*/a', '/b/**', '/**/a', '/c/**/a', '/{x}'];

function toPair(cut: string): [string, string] {
  const [left = '', right = ''] = cut.split(' ');
  return [left, right];
}
