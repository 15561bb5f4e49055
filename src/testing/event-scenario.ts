import { ClusterError } from '../core/errors.js';
import { findRandom, type Random } from '../core/random.js';
import type { BusEvent, GroupStrategy, OverflowPolicy } from '../spi/bus.js';
import { BusChecker, GapLog, type MarkedValue } from './bus/bus-checker.js';
import { EventHome, LossLog } from './bus/event-home.js';
import { everyTopic, findDifferences, isQuiet, linkedTo, somePatterns, strategies } from './bus/event-views.js';
import { GroupChecker } from './bus/group-checker.js';
import { knownLanes } from './bus/known-lanes.js';
import { SimCluster } from './sim-cluster.js';
import type { SimOutcome, SimScenario } from './sim-scenario.js';

/**
 * The event bus of whole nodes under faults, then a quiet time: no event twice, none unwanted, order kept, every event that did not
 * come accounted for by a receipt, a gap, the sender's log or a policy; a group's event at one member; requests settled in time;
 * and afterwards all nodes agree who wants what.
 */
export const eventScenario: SimScenario = {
  name: 'events',
  summary: 'events, groups, requests and confirmations of whole nodes under faults; every event is accounted for',
  run: (seed) => new EventRun(seed).run(),
};

const steps = 60;
const healMaxMs = 120_000;
const requestMs = 3000;
/** Longer than the slowest handler takes for the events that it has begun. */
const quietMs = 5000;

class EventRun {
  readonly #cluster: SimCluster;
  readonly #random: Random;
  readonly #names: readonly string[];
  /** Every fourth seed overflows the window of a link; that takes as long as all the rest of a run. */
  readonly #floodEvents: number;
  /** In every fourth seed the members of groups are slow and lossless, each with a lane from every node. */
  readonly #groupOverflow: OverflowPolicy;
  readonly #checker = new BusChecker();
  readonly #log = new LossLog(this.#checker);
  readonly #homes = new Map<string, EventHome>();
  readonly #groups = new Map<string, GroupChecker>();
  readonly #faults: string[] = [];
  #gapsTold = 0;
  readonly #counts = {
    kills: 0,
    stops: 0,
    partitions: 0,
    stalls: 0,
    losses: 0,
    slow: 0,
    receiptDrops: 0,
    policyDrops: 0,
    confirmed: 0,
    unconfirmed: 0,
    answered: 0,
    unanswered: 0,
  };

  constructor(seed: number) {
    this.#floodEvents = seed % 4 === 0 ? 20_000 : 3000;
    this.#groupOverflow = seed % 4 === 1 ? 'block' : 'drop-oldest';
    this.#names = Array.from({ length: 3 + (seed % 3) }, (_, index) => `n${index + 1}`);
    this.#cluster = new SimCluster(seed, this.#names);
    this.#random = this.#cluster.simulator.random.fork('events');
    for (const strategy of strategies) this.#groups.set(strategy, new GroupChecker(strategy));
  }

  async run(): Promise<SimOutcome> {
    for (const name of this.#names) await this.#start(name);
    for (let step = 0; step < steps; step += 1) await this.#step();
    await this.#heal();
    const faults = [...this.#faults, ...this.#checker.faults, ...this.#eachGroup().flatMap((group) => group.faults)];
    return {
      ok: faults.length === 0,
      faults,
      fingerprint: this.#cluster.simulator.fingerprint,
      counts: {
        published: this.#checker.publishedCount,
        delivered: this.#checker.deliveries,
        grouped: this.#eachGroup().reduce((sum, group) => sum + group.delivered, 0),
        gaps: this.#gapsTold,
        unknown: this.#log.unknown,
        unsent: this.#log.unsent,
        refused: this.#log.refused,
        ...this.#counts,
      },
    };
  }

  async #start(name: string): Promise<void> {
    let home: EventHome;
    try {
      home = new EventHome(await this.#cluster.settle(this.#cluster.start(name, { drainMs: 2000 }), 30_000));
    } catch (error) {
      this.#faults.push(`start of ${name}: ${String(error)}`);
      return;
    }
    this.#log.watch(home);
    this.#homes.set(name, home);
    const { life } = home;
    home.node.bus.respond(`/ask/${name}`, (event) => `${life} ${String(event.value)}`);
    for (let count = 0; count < 3; count += 1) this.#subscribe(home);
    this.#join(home);
  }

  async #step(): Promise<void> {
    const home = findRandom(this.#random, [...this.#homes.values()]);
    const draw = this.#random.below(100);
    if (home === undefined || draw >= 80) await this.#disturb(home);
    else if (draw < 35) this.#publish(home);
    else if (draw < 50) this.#publishToGroups(home);
    else if (draw < 58) this.#subscribe(home);
    else if (draw < 62) this.#update(home);
    else if (draw < 66) this.#stopOne(home);
    else if (draw < 72) this.#confirm(home);
    else if (draw < 78) this.#ask(home);
    else this.#changeGroups(home);
    for (const one of this.#homes.values()) this.#beSureAgain(one);
    await this.#cluster.pass(this.#random.below(10) === 0 ? this.#random.below(6000) : this.#random.below(200));
  }

  async #disturb(home: EventHome | undefined): Promise<void> {
    const { faults, machine } = { faults: this.#cluster.network.faults, machine: this.#cluster.network };
    const name = home?.node.name ?? '';
    const draw = this.#random.below(9);
    if (draw === 0 && this.#homes.size > 2) this.#kill(name);
    else if (draw === 1 && this.#homes.size > 2) await this.#stopNode(name);
    else if (draw === 2 || draw === 3) {
      const missing = this.#names.find((one) => !this.#homes.has(one));
      if (missing !== undefined) await this.#start(missing);
    } else if (draw === 4) {
      this.#counts.partitions += 1;
      const left = this.#names.filter(() => this.#random.below(2) === 0);
      faults.partition(
        left,
        this.#names.filter((one) => !left.includes(one)),
      );
    } else if (draw === 5 || draw === 6) faults.heal();
    else if (draw === 7 && home !== undefined) {
      this.#counts.stalls += 1;
      const stallMs = this.#random.below(4000);
      home.stalledUntilMs = Math.max(home.stalledUntilMs, this.#cluster.simulator.now()) + stallMs;
      machine.machine(name).loop.stall(stallMs, 'timer');
    } else {
      this.#counts.losses += 1;
      faults.setEverywhere({ lossPercent: this.#random.below(15) });
    }
  }

  #kill(name: string): void {
    this.#counts.kills += 1;
    this.#cluster.kill(name, this.#random.below(2) === 0 ? 'reset' : 'silent');
    const home = this.#homes.get(name);
    const atMs = this.#cluster.simulator.now();
    for (const { group } of home?.members ?? []) group.died(atMs);
    if (home !== undefined) for (const group of this.#eachGroup()) group.publisherDied(home.life, atMs);
    this.#ended(name);
  }

  async #stopNode(name: string): Promise<void> {
    this.#counts.stops += 1;
    const home = this.#homes.get(name);
    if (home === undefined) return;
    // It takes its interest back itself; what it gets until then is welcome, and nothing more is expected there.
    for (const { checked } of home.plain) checked.isSure = false;
    try {
      await this.#cluster.settle(this.#cluster.stop(name), 30_000);
    } catch (error) {
      this.#faults.push(`stop of ${name}: ${String(error)}`);
    }
    this.#ended(name);
  }

  #ended(name: string): void {
    const home = this.#homes.get(name);
    if (home === undefined) return;
    this.#checker.lifeEnded(home.life);
    this.#homes.delete(name);
  }

  #publish(home: EventHome): void {
    const draw = this.#random.below(40);
    const count = draw === 0 ? this.#floodEvents : draw < 4 ? 1500 : 1 + this.#random.below(30);
    // What the node knows cannot change before the turn is over.
    const known = new Map(everyTopic.map((topic) => [topic, knownLanes(home.node.bus, topic)]));
    for (let index = 0; index < count; index += 1) {
      const topic = findRandom(this.#random, everyTopic) ?? '/a';
      const value = this.#draw(home, topic, known.get(topic));
      const receipt = home.node.bus.publish(topic, value);
      this.#checker.published(value, receipt);
      this.#counts.receiptDrops += receipt.dropped;
    }
  }

  #draw(home: EventHome, topic: string, known = knownLanes(home.node.bus, topic)): MarkedValue {
    const value = { life: home.life, number: (home.published += 1) };
    this.#checker.willPublish(value, topic, known);
    return value;
  }

  #publishToGroups(home: EventHome): void {
    const group = findRandom(this.#random, this.#eachGroup());
    if (group === undefined) return;
    for (let count = 1 + this.#random.below(20); count > 0; count -= 1) {
      const value = { life: home.life, number: (home.published += 1) };
      group.willPublish(value, this.#cluster.simulator.now());
      const key = `key-${this.#random.below(8)}`;
      const receipt = home.node.bus.publish(`/group/${group.name}`, value, { key });
      if (receipt.groups === 1 && receipt.dropped === 0) group.promised(value);
    }
  }

  #confirm(home: EventHome): void {
    const topic = findRandom(this.#random, everyTopic) ?? '/a';
    const value = this.#draw(home, topic);
    const level = this.#random.below(2) === 0 ? 'handled' : 'delivered';
    const report = home.node.bus.publishConfirmed(topic, value, { level, timeoutMs: requestMs });
    this.#watch(home, `${level} confirmation of ${value.number} by ${home.life}`, report, (outcome) => {
      this.#checker.published(value, outcome);
      this.#counts.confirmed += outcome.confirmed.length;
      this.#counts.unconfirmed += outcome.missing.length;
      if (level === 'handled') this.#checker.confirmed(value, outcome.confirmed);
    });
  }

  #ask(home: EventHome): void {
    const name = findRandom(this.#random, this.#names) ?? '';
    const question = `${home.life} asks ${this.#random.below(1_000_000)}`;
    const answer = home.node.bus.request(`/ask/${name}`, question, { timeoutMs: requestMs });
    this.#watch(home, `request ${question} of ${name}`, answer, (event) => {
      this.#counts.answered += 1;
      const [life = '', ...words] = String(event.value).split(' ');
      if (!life.startsWith(`${name}@`) || words.join(' ') !== question) {
        this.#faults.push(`${question} of ${name} was answered by ${String(event.value)}`);
      }
    });
  }

  /** A promise of a node that lives MUST settle soon after its deadline; a refusal MUST be an error of the closed list. */
  #watch<T>(home: EventHome, what: string, promise: Promise<T>, then: (value: T) => void): void {
    home.open += 1;
    const dueMs = this.#cluster.simulator.now() + requestMs;
    const settled = promise.then(then, (error: unknown) => {
      this.#counts.unanswered += 1;
      if (!(error instanceof ClusterError)) this.#faults.push(`${what} failed with ${String(error)}`);
      return undefined;
    });
    void settled.finally(() => {
      home.open -= 1;
      // Stalls of its machine hold it up, and add up.
      const lateMs = this.#cluster.simulator.now() - Math.max(dueMs, home.stalledUntilMs);
      if (lateMs > 1000) this.#faults.push(`${what} settled ${lateMs} ms late at ${home.life}`);
    });
  }

  #subscribe(home: EventHome): void {
    if (home.plain.length >= 6) return;
    const patterns = this.#drawPatterns();
    const checked = this.#checker.add(home.life, patterns);
    const slowMs = this.#random.below(4) === 0 ? 1 + this.#random.below(30) : 0;
    if (slowMs > 0) this.#counts.slow += 1;
    const overflow = findRandom(this.#random, overflows) ?? 'drop-oldest';
    const subscription = home.node.bus.subscribe(
      patterns,
      (event) => {
        this.#cluster.simulator.mark(1);
        checked.got(event);
        return slowMs === 0 ? undefined : home.pause(slowMs);
      },
      {
        overflow,
        queueMax: slowMs === 0 ? 32_768 : 40,
        concurrencyMax: slowMs === 0 ? 256 : 1,
        onGap: (gap) => {
          this.#gapsTold += 1;
          checked.gap(gap);
        },
        onDropped: (count) => void (this.#counts.policyDrops += count),
      },
    );
    if (overflow === 'block') checked.lane = `lane ${subscription.id.replace('subscription-', '')}`;
    checked.dropped = (): number => subscription.stats.dropped;
    checked.received = (): number => subscription.stats.received;
    home.plain.push({ subscription, checked });
    this.#beSureLater(home, { subscription, checked });
  }

  #update(home: EventHome): void {
    const index = this.#random.below(Math.max(1, home.plain.length));
    const entry = home.plain[index];
    if (entry === undefined) return;
    const patterns = this.#drawPatterns();
    entry.checked.update(patterns);
    entry.subscription.update(patterns);
    this.#beSureLater(home, entry);
  }

  #stopOne(home: EventHome): void {
    const entry = findRandom(this.#random, home.plain);
    if (entry === undefined) return;
    home.plain = home.plain.filter((other) => other !== entry);
    entry.subscription.stop();
    entry.checked.end();
  }

  #beSureLater(home: EventHome, { subscription, checked }: EventHome['plain'][number]): void {
    const { revision } = subscription;
    subscription.ready({ scope: 'cluster', timeoutMs: requestMs }).then(
      () => {
        if (!checked.isOver && subscription.revision === revision) checked.sure(linkedTo(home));
        return undefined;
      },
      // A fault outlasts the deadline: nothing is expected then.
      () => undefined,
    );
  }

  /** Who had no link when a subscription was made known learns of it later; the bus is asked again. */
  #beSureAgain(home: EventHome): void {
    const linked = linkedTo(home);
    for (const entry of home.plain) {
      const { checked } = entry;
      if (checked.isSure && linked.some((life) => !checked.isKnownTo(life))) this.#beSureLater(home, entry);
    }
  }

  #join(home: EventHome): void {
    for (const strategy of strategies) if (this.#random.below(3) > 0) this.#joinOne(home, strategy);
  }

  #joinOne(home: EventHome, strategy: GroupStrategy): void {
    const group = this.#groups.get(strategy);
    if (group === undefined || home.members.some((other) => other.group === group)) return;
    const gaps = new GapLog();
    const dropped = (): number => subscription.stats.dropped;
    const member = {
      node: home.node.name,
      dropped,
      gapOf: (life: string): number => (gaps.hasOpenEnd(life) ? Number.POSITIVE_INFINITY : gaps.of(life)),
    };
    const overflow = this.#groupOverflow;
    const handle = (event: BusEvent): Promise<void> | undefined => {
      group.got(member, event);
      return overflow === 'block' ? home.pause(10) : undefined;
    };
    const subscription = home.node.bus.subscribe(`/group/${strategy}`, handle, {
      group: { name: strategy, strategy },
      onGap: (gap) => gaps.add(gap),
      ...(overflow === 'block' ? { overflow, queueMax: 20, concurrencyMax: 1 } : {}),
    });
    group.add(member);
    home.members.push({ subscription, group });
  }

  #changeGroups(home: EventHome): void {
    const entry = findRandom(this.#random, home.members);
    if (entry === undefined || this.#random.below(2) === 0) {
      this.#join(home);
      return;
    }
    home.members = home.members.filter((other) => other !== entry);
    entry.subscription.stop();
  }

  async #heal(): Promise<void> {
    const { simulator, network } = this.#cluster;
    network.faults.heal();
    network.faults.setEverywhere({ lossPercent: 0 });
    for (const name of this.#names) if (!this.#homes.has(name)) await this.#start(name);
    const differences = (): readonly string[] => findDifferences([...this.#homes.values()]);
    const isEqual = (): boolean => differences().length === 0;
    if (!(await simulator.runUntil(isEqual, healMaxMs))) this.#faults.push(...differences());
    // A slow lossless subscription takes 30 ms for each of up to 1024 events of every node; a lane that starves never ends.
    await simulator.runUntil(() => isQuiet([...this.#homes.values()]), 180_000);
    await this.#cluster.pass(quietMs);
    for (const { life, open } of this.#homes.values()) {
      if (open !== 0) this.#faults.push(`${open} requests or confirmations of ${life} never settled`);
    }
    this.#checker.judgeLosses();
    for (const group of this.#eachGroup()) group.judge((life) => this.#log.toldOf(life));
    for (const name of this.#names) await this.#stopNode(name);
  }

  #eachGroup(): readonly GroupChecker[] {
    return [...this.#groups.values()];
  }

  #drawPatterns(): readonly string[] {
    return Array.from({ length: 1 + this.#random.below(2) }, () => findRandom(this.#random, somePatterns) ?? '/a');
  }
}

const overflows: readonly OverflowPolicy[] = ['drop-oldest', 'drop-newest', 'block'];
