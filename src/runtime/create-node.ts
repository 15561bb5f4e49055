import type { Observable } from 'rxjs';
import { defer } from 'rxjs/internal/observable/defer';
import { Subject } from 'rxjs/internal/Subject';
import { takeUntil } from 'rxjs/internal/operators/takeUntil';
import type { EventBus } from '../bus/event-bus.js';
import type { RpcManager } from '../cluster/rpc/rpc-manager.js';
import { ClusterError } from '../core/errors.js';
import type { ClusterWatch, Gossip, Member, PartitionState } from '../spi/membership.js';
import { type NodeRooms, startRooms, stopRooms } from './assemble.js';
import type { ClusterNode, NodeState } from './cluster-node.js';
import type { NodeEnvironment } from './environment.js';
import { serveGuests } from './guest-service.js';
import { acceptTexts, type KeyRing } from './key-ring.js';
import { metricsToText } from './metrics-text.js';
import { type MembersEvent, membersStream, partitionStream } from './members-stream.js';
import { createNodeEnvironment, createOptionSources } from './node-environment.js';
import { checkBytes } from './option-kinds.js';
import type { NodeParts } from './node-parts.js';
import { type NodeOptions, resolveKey, resolveNodeOptions, type ResolvedNodeOptions } from './options.js';
import { ProcessMetrics } from './process-metrics.js';
import type { TopicMeter } from './topic-meter.js';
import { whenSettled } from './when-settled.js';

/** Makes a node; throws `invalid-options` or `insecure-address`. Nothing is opened before `start()`. */
export function createNode(options: NodeOptions = {}): ClusterNode {
  const resolved = resolveNodeOptions(options, createOptionSources());
  return new AssembledNode(createNodeEnvironment(options, resolved), resolved);
}

/** Makes a node in a given environment: the simulator's way in. */
export function createNodeIn(environment: NodeEnvironment, options: ResolvedNodeOptions): ClusterNode {
  return new AssembledNode(environment, options);
}

class AssembledNode implements ClusterNode {
  readonly #environment: NodeEnvironment;
  readonly #options: ResolvedNodeOptions;
  readonly #ended = new Subject<void>();
  #state: NodeState = 'idle';
  #rooms: NodeRooms | undefined;
  #meter: TopicMeter | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(environment: NodeEnvironment, options: ResolvedNodeOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): NodeState {
    return this.#state;
  }

  get address(): string {
    return this.#running().address;
  }

  get epoch(): number {
    return this.#running().membership.self.epoch;
  }

  get bus(): EventBus {
    return this.#running().bus;
  }

  get rpc(): RpcManager {
    return this.#running().rpc;
  }

  get cluster(): ClusterWatch {
    return this.#running().membership.watch;
  }

  get parts(): NodeParts {
    const { clock, random, logger, deviceConnections } = this.#environment;
    return { clock, random, logger, deviceConnections };
  }

  get members$(): Observable<MembersEvent> {
    return defer(() => membersStream(this.#running().membership).pipe(takeUntil(this.#ended)));
  }

  get partition$(): Observable<PartitionState> {
    return defer(() => partitionStream(this.#running().membership.watch).pipe(takeUntil(this.#ended)));
  }

  get gossip(): Gossip {
    return this.#running().membership.gossip;
  }

  get keyRing(): KeyRing | undefined {
    const ring = this.#running().membership.keyRing;
    return ring === undefined ? undefined : acceptTexts(ring, (key) => resolveKey(key, createOptionSources()));
  }

  updateMetadata(metadata: Uint8Array): void {
    checkBytes('metadata', metadata);
    this.#running().membership.updateMetadata(metadata);
  }

  members(): readonly Member[] {
    return this.#running().membership.members();
  }

  metricsText(): string {
    const { metrics } = this.#environment;
    return metrics instanceof ProcessMetrics ? metricsToText(metrics.snapshot()) : '';
  }

  start(): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return this.#refuseStart();
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** A start that failed tells its reason again. */
  #refuseStart(): Promise<void> {
    if (this.#starting !== undefined && this.#stopping === undefined) return this.#starting;
    return Promise.reject(new ClusterError('stopped', `node ${this.name} was stopped; make another`));
  }

  async #start(): Promise<void> {
    this.#state = 'starting';
    try {
      this.#rooms = await startRooms(this.#environment, this.#options);
      // Another life of this name is in the cluster: whoever goes on would answer for a node that is not counted on.
      this.#meter = serveGuests(this.#rooms, this.#environment.clock);
      this.#rooms.membership.listenFault((fault) => this.#depose(fault));
      await whenSettled(this.#rooms, this.#environment.clock);
    } catch (error) {
      await this.#abandon();
      this.#state = 'stopped';
      throw error;
    }
    if (!this.#isStopping()) this.#state = 'running';
  }

  /** Closes what a start that failed late had opened; its failure is what the caller hears, and this one's is logged. */
  async #abandon(): Promise<void> {
    const rooms = this.#rooms;
    this.#rooms = undefined;
    this.#meter?.stop();
    this.#meter = undefined;
    if (rooms === undefined) return;
    await Promise.allSettled([stopRooms(rooms, 0, this.#environment.logger)]);
  }

  /** A stop may have been asked for while the start was on its way. */
  #isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** A later life of this name is alive: two nodes of one name would mislead everybody. */
  #depose(fault: ClusterError): void {
    const { logger } = this.#environment;
    logger.error('another node of this name has come up; this one stops', { node: this.name, fault });
    this.stop().catch((error: unknown) => logger.error('the node did not stop in order', { node: this.name, error }));
  }

  async #stop(): Promise<void> {
    const starting = this.#starting;
    this.#state = starting === undefined ? 'stopped' : 'stopping';
    // A start that failed has left nothing to stop, and has told its caller.
    await Promise.allSettled([starting]);
    const rooms = this.#rooms;
    try {
      this.#meter?.stop();
      if (rooms !== undefined) await stopRooms(rooms, this.#options.drainMs, this.#environment.logger);
    } finally {
      this.#state = 'stopped';
      this.#ended.next();
      this.#ended.complete();
    }
  }

  #running(): NodeRooms {
    if (this.#rooms !== undefined && this.#state !== 'starting') return this.#rooms;
    throw new ClusterError('not-started', `node ${this.name} is ${this.#state}; await start() first`);
  }
}
