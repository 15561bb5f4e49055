import { after, type CancelTimer } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Unlisten } from '../../core/listeners.js';
import type { Armour } from '../../protocol/swim/armour.js';
import type { SwimEffects, SwimFault, SwimPhase } from '../../protocol/swim/effects.js';
import type { KeyRing } from '../../protocol/swim/key-ring.js';
import type { SwimMachine } from '../../protocol/swim/swim.js';
import type { Links } from '../../spi/links.js';
import type {
  ClusterWatch,
  DigestSource,
  Gossip,
  LinkEvidence,
  Member,
  MemberEvent,
  Membership,
} from '../../spi/membership.js';
import { checkMessage, checkReceiver, GossipDesk } from './gossip-desk.js';
import { MachineLoop } from './machine-loop.js';
import { MemberTeller } from './member-teller.js';
import { joinFailed, messageOf, toClusterError } from './membership-faults.js';
import {
  type ResolvedSwimMembershipOptions,
  resolveSwimMembershipOptions,
  type SwimMembershipOptions,
} from './membership-options.js';
import { PartitionWatch } from './partition-watch.js';
import { newRunState, watchOf, type RunState } from './run-state.js';
import { SeedLoop } from './seed-loop.js';
import { hasNoSeeds } from './seeds.js';
import { makeArmour, makeMachine, type SwimMembershipDeps } from './swim-setup.js';
import { SwimStreams } from './swim-streams.js';

/** Membership by gossip: drives `protocol/swim` with a socket and a clock. */
export class SwimMembership implements Membership {
  /** Health, partition and quorum. */
  readonly watch: ClusterWatch;
  /** Users' small messages. */
  readonly gossip: Gossip;
  readonly #deps: SwimMembershipDeps;
  readonly #options: ResolvedSwimMembershipOptions;
  readonly #armour: Armour | undefined;
  readonly #machine: SwimMachine;
  readonly #loop: MachineLoop;
  readonly #seeds: SeedLoop;
  readonly #streams: SwimStreams;
  readonly #teller: MemberTeller;
  readonly #out: SwimEffects;
  readonly #run: RunState;

  constructor(deps: SwimMembershipDeps, options: SwimMembershipOptions) {
    this.#deps = deps;
    this.#options = resolveSwimMembershipOptions(options);
    const { clock, random } = deps;
    this.#armour = makeArmour(deps, this.#options);
    const desk = new GossipDesk(clock);
    this.#machine = makeMachine(deps, this.#options, {
      heard: (message) => desk.heard(message),
      ...(this.#armour === undefined ? {} : { armour: this.#armour }),
    });
    this.gossip = this.#gossipOf(desk);
    this.#teller = new MemberTeller(clock);
    const partition = new PartitionWatch(clock, this.#options.partitionMemoryMs);
    this.#run = newRunState(deps, this.#machine);
    this.watch = watchOf(this.#machine, partition, this.#run);
    this.#teller.listen((event) => partition.observe(event, this.#machine.view.liveCount));
    const times = { stallMs: this.#options.stallMs, wakeMaxMs: this.#options.swim.probePeriodMs };
    this.#loop = new MachineLoop(clock, times, this.#loopUser());
    const { seeds: source, seedPort: defaultPort, joinRetryMs, seedRetryMs } = this.#options;
    this.#seeds = new SeedLoop(
      { clock, random: random.fork('seeds') },
      { source, defaultPort, resolver: deps.resolver, joinRetryMs, seedRetryMs },
      this.#seedUser(),
    );
    this.#streams = new SwimStreams(
      { answer: (bytes) => this.#answer(bytes), answered: (from, bytes) => this.#receive(from, bytes) },
      this.#options.swim.probePeriodMs,
    );
    this.#out = this.#effects();
  }

  get self(): Member {
    return this.#machine.view.self;
  }

  /** The machine, for reading: simulations and checkers look at it. */
  get machine(): Pick<SwimMachine, 'view' | 'counts' | 'phase'> {
    return this.#machine;
  }

  /** The keys that seal datagrams, to change them while the node runs; `undefined` for a cluster without any. */
  get keyRing(): KeyRing | undefined {
    return this.#armour?.ring;
  }

  members(): readonly Member[] {
    return this.#machine.view.members();
  }

  findMember(name: string): Member | undefined {
    return this.#machine.view.findMember(name);
  }

  /** A start waits for links to others that are well. */
  isAwaited(member: Member): boolean {
    return member.status === 'alive' && member.name !== this.self.name;
  }

  listen(listener: (event: MemberEvent) => void): Unlisten {
    return this.#teller.listen(listener);
  }

  /** Told once when this node must stop by itself: another life of its name is alive (`name-taken`). */
  listenFault(listener: (fault: ClusterError) => void): Unlisten {
    return this.#run.faults.add(listener);
  }

  attachDigest(name: string, source: DigestSource): Unlisten {
    return this.#machine.attachDigest(name, source);
  }

  /** Lets probes fall back to streams. Until then, and without links, membership works on datagrams alone. */
  attachStreams(links: Links): void {
    this.#streams.attach(links);
  }

  report(evidence: LinkEvidence): void {
    this.#machine.report(this.#deps.clock.now(), evidence, this.#out);
    this.#teller.flushLater();
    this.#loop.arm();
  }

  updateMetadata(metadata: Uint8Array): void {
    this.#machine.updateMetadata(metadata, this.#out);
    this.#teller.flushLater();
    this.#loop.arm();
  }

  start(): Promise<void> {
    this.#run.started ??= this.#start();
    return this.#run.started;
  }

  async leave(timeoutMs: number): Promise<void> {
    const { clock } = this.#deps;
    if (this.#run.started !== undefined && !this.#run.stopped) {
      this.#seeds.stop();
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(after(clock.now(), timeoutMs), resolve);
        this.#run.phases.add((phase) => {
          if (phase !== 'left') return;
          cancel();
          resolve();
        });
        this.#machine.leave(clock.now(), this.#out);
        this.#teller.flushLater();
        this.#loop.arm();
      });
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    if (this.#run.stopped) return;
    this.#run.stopped = true;
    this.#loop.stop();
    this.#seeds.stop();
    this.#streams.detach();
    this.#deps.socket.listen(() => undefined);
    this.#run.phases.tell('left');
  }

  async #start(): Promise<void> {
    const { socket, clock } = this.#deps;
    if (this.#run.stopped) throw new ClusterError('stopped', 'this membership was stopped; make another');
    socket.listen((from, bytes) => this.#receive(from, bytes));
    this.#loop.start();
    const { seeds, address, joinTimeoutMs, joinRequired } = this.#options;
    if (hasNoSeeds(seeds, address)) {
      this.#machine.comeUp(clock.now(), this.#out);
    } else {
      const fault = await this.#join(joinTimeoutMs);
      if (fault !== undefined) {
        await this.stop();
        throw fault;
      }
      if (this.#machine.phase !== 'up' && joinRequired) {
        await this.stop();
        throw joinFailed(this.#options, this.#run.seedFault);
      }
      if (this.#machine.phase !== 'up') this.#beginAlone();
    }
    if (!hasNoSeeds(seeds, address)) this.#seeds.start();
    this.#teller.flushLater();
    this.#loop.arm();
  }

  #beginAlone(): void {
    const { seedFault, logger } = this.#run;
    const fault = seedFault === undefined ? {} : { fault: messageOf(seedFault) };
    logger.info('no seed has answered: this node begins alone and goes on asking', fault);
    this.#machine.comeUp(this.#deps.clock.now(), this.#out);
  }

  /**
   * Resolves when this node is up and has the members that its welcomer knows, or the time is over; with an error when it must not
   * come up.
   */
  #join(timeoutMs: number): Promise<ClusterError | undefined> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      let cancel: CancelTimer | undefined;
      const end = (fault: ClusterError | undefined): void => {
        cancel?.();
        unlisten();
        this.#run.caughtUp = undefined;
        resolve(fault);
      };
      const unlisten = this.#run.phases.add((phase) => {
        if (phase !== 'refused' && phase !== 'left' && phase !== 'deposed') return;
        end(this.#run.fault ?? new ClusterError('stopped', 'stopped while joining'));
      });
      this.#run.caughtUp = () => end(undefined);
      cancel = clock.setTimer(after(clock.now(), timeoutMs), () => end(undefined));
      this.#machine.contact([], this.#out);
      this.#seeds.start();
    });
  }

  #receive(from: string, bytes: Uint8Array): void {
    if (this.#run.stopped) return;
    this.#loop.heard();
    this.#machine.receive(this.#deps.clock.now(), from, bytes, this.#out);
    this.#teller.flush();
    this.#loop.arm();
    if (this.#run.caughtUp !== undefined && this.#machine.hasCaughtUp) this.#run.caughtUp();
  }

  /** A datagram that came as a request over a stream: what it is answered with goes back there. */
  #answer(bytes: Uint8Array): Uint8Array | undefined {
    this.#run.streamAnswer = undefined;
    this.#receive(streamAddress, bytes);
    return this.#run.streamAnswer;
  }

  #gossipOf(desk: GossipDesk): Gossip {
    return {
      spread: (topic, bytes) => {
        checkMessage(topic, bytes);
        this.#machine.spread(topic, bytes);
        this.#loop.arm();
      },
      send: (to, topic, bytes) => {
        checkReceiver(to);
        checkMessage(topic, bytes);
        return this.#machine.send(to, { topic, bytes }, this.#out);
      },
      listen: (topic, listener) => desk.listen(topic, listener),
    };
  }

  #effects(): SwimEffects {
    const { socket } = this.#deps;
    return {
      send: (to, bytes) => {
        if (to === streamAddress) this.#run.streamAnswer = bytes.slice();
        else socket.send(to, bytes);
      },
      exchange: (to, name, bytes) => this.#streams.exchange(to, name, bytes),
      changed: (event) => this.#teller.add(event),
      phased: (phase, fault) => this.#phased(phase, fault),
    };
  }

  #phased(phase: SwimPhase, fault: SwimFault | undefined): void {
    if (fault !== undefined) {
      this.#run.fault = toClusterError(this.#options.name, fault);
      this.#run.logger.error('membership ended', { phase, fault: this.#run.fault.message });
    }
    // Whoever waits for a phase may call us again, so it is told when the machine is done.
    this.#deps.clock.afterTurn(() => {
      this.#run.phases.tell(phase);
      if (phase === 'deposed' && this.#run.fault !== undefined) this.#run.faults.tell(this.#run.fault);
    });
  }

  #loopUser(): ConstructorParameters<typeof MachineLoop>[2] {
    const machine = this.#machine;
    const { clock } = this.#deps;
    return {
      get nextAt() {
        return machine.nextAt;
      },
      tick: () => {
        machine.tick(clock.now(), this.#out);
        this.#teller.flush();
        this.#run.tickMetrics(clock.now());
      },
      stalled: (stallMs) => {
        this.#run.lagMs = stallMs;
        this.#run.logger.debug('the event loop stood still', { stallMs });
        machine.slip(clock.now(), stallMs);
      },
      onTime: () => {
        this.#run.lagMs = 0;
        machine.onTime();
      },
    };
  }

  #seedUser(): ConstructorParameters<typeof SeedLoop>[2] {
    const machine = this.#machine;
    return {
      get isJoining() {
        return machine.phase === 'joining';
      },
      get isAlone() {
        return machine.view.liveCount <= 1;
      },
      contact: (addresses) => {
        machine.contact(addresses, this.#out);
        this.#loop.arm();
      },
      isMemberAt: (address) => machine.view.isMemberAt(address),
      seedFault: (fault) => {
        this.#run.seedFault = fault;
        this.#run.logger.info('seeds could not be looked up', { fault: String(fault) });
      },
    };
  }
}

/** Stands for the stream that a datagram came over. */
const streamAddress = 'stream';
