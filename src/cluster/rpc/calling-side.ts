import { ClusterError } from '../../core/errors.js';
import { Listeners } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import { Balancer } from '../../protocol/rpc/balance.js';
import { RetryPolicy } from '../../protocol/rpc/retry-policy.js';
import type { Codec } from '../../spi/codec.js';
import type { Link, Links } from '../../spi/links.js';
import type { Membership } from '../../spi/membership.js';
import type { InstanceEvent, ServiceDescription, ServiceInstance } from '../../spi/rpc.js';
import { CallLine } from './call-line.js';
import { noCallOptions } from './call-options.js';
import { buildClient } from './client-builder.js';
import type { ClientHouse, ClientMethod } from './client-house.js';
import { type ContractMethods, findIncompatibility, type ServiceContract } from './contract.js';
import { createRawCodec } from './raw-codec.js';
import type { Registry } from './registry.js';
import type { ClientOptions, IncompatibleInstance } from './rpc-manager.js';
import type { ResolvedRpcOptions } from './rpc-options.js';
import type { ServiceClient } from './service-types.js';
import type { Target } from './target.js';
import { type Neighbours, TargetPool } from './target-pool.js';

/** What the calling side stands on. */
export interface CallingSideDeps {
  readonly links: Links;
  readonly membership: Membership;
  readonly registry: Registry;
  readonly house: ClientHouse;
  readonly codec: Codec;
  readonly random: Random;
  readonly logger: Logger;
}

/** The clients of a node, and whom each of their methods can be called at. */
export class CallingSide {
  readonly #deps: CallingSideDeps;
  readonly #options: ResolvedRpcOptions;
  readonly #neighbours: Neighbours;
  readonly #pools = new Map<string, Set<TargetPool>>();
  /** What clients of this node know of each service, by the hash of their contract. */
  readonly #wanted = new Map<string, Map<number, ServiceDescription>>();
  readonly #untyped = new Map<string, ClientMethod>();
  readonly #rawCodec = createRawCodec();
  /** Set when the node stops: calls fail by that, not for want of responders. */
  isOver = false;
  /** Told after instances, links or doubts changed. */
  readonly changed: Listeners<undefined> = new Listeners<undefined>();
  readonly incompatible: Listeners<IncompatibleInstance> = new Listeners<IncompatibleInstance>();

  constructor(deps: CallingSideDeps, options: ResolvedRpcOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#neighbours = {
      selfName: deps.links.self.name,
      isOver: () => this.isOver,
      refresh: (target) => this.#refreshTarget(target),
      instances: (service) => deps.registry.instances(service),
    };
    deps.registry.listen((event) => this.#instanceChanged(event));
  }

  /** The calling side of one contract. */
  client<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    options: ClientOptions,
  ): ServiceClient<Methods> {
    const { description } = contract;
    const wanted = this.#wanted.get(contract.name) ?? new Map<number, ServiceDescription>();
    this.#wanted.set(contract.name, wanted.set(description.hash, description));
    for (const instance of this.#deps.registry.instances(contract.name)) this.#compare(description, instance);
    const retry = this.#createRetry(options);
    const find = (name: string): ClientMethod => this.#createMethod(contract.description, name, { ...options, retry });
    return buildClient(contract, find, this.#options.clientInterceptors);
  }

  #instanceChanged(event: InstanceEvent): void {
    const { name } = event.instance.service;
    for (const pool of this.#pools.get(name) ?? []) pool.refresh();
    if (event.kind === 'added') {
      for (const wanted of this.#wanted.get(name)?.values() ?? []) this.#compare(wanted, event.instance);
    }
    this.changed.tell(undefined);
  }

  #compare(wanted: ServiceDescription, instance: ServiceInstance): void {
    const why = findIncompatibility(wanted, instance.service);
    if (why === undefined) return;
    const { node, id, service } = instance;
    this.#deps.logger.error('an instance is incompatible with a client here', { service: service.name, node, id, why });
    this.incompatible.tell({ instance, why });
  }

  /** Looks at links and doubts again, after some changed. */
  refreshAll(): void {
    for (const pools of this.#pools.values()) for (const pool of pools) pool.refresh();
    this.changed.tell(undefined);
  }

  #refreshTarget(target: Target): void {
    const { node, epoch } = target.instance;
    const link: Link | undefined = this.#deps.links.findLink(node);
    const member = this.#deps.membership.findMember(node);
    target.link = link?.peer.epoch === epoch ? link : undefined;
    target.doubted = member?.epoch === epoch && member.status === 'suspect';
  }

  /** A method by its name, as some instance describes it. Throws `no-responders` or `not-found`. */
  findByName(service: string, name: string): ClientMethod {
    if (this.isOver) throw new ClusterError('stopped', 'this node stopped');
    const known = this.#deps.registry
      .instances(service)
      .find((instance) => instance.service.methods[name] !== undefined);
    if (known === undefined) {
      const isServed = this.#deps.registry.instances(service).length > 0;
      throw isServed
        ? new ClusterError('not-found', `${service} has no method ${name}`)
        : new ClusterError('no-responders', `nobody serves ${service}`);
    }
    const { version, methods } = known.service;
    const method = methods[name];
    // A hash of its own kind, so that only the one method is compared.
    const wanted = { name: service, version, methods: method === undefined ? {} : { [name]: method }, hash: -1 };
    return this.findMethod(wanted, name);
  }

  /** A method for calls without a client; kept with its statistics. */
  findMethod(wanted: ServiceDescription, name: string): ClientMethod {
    const key = `${wanted.name}/${name}/${wanted.version}/${wanted.methods[name]?.kind ?? ''}/${wanted.methods[name]?.raw ?? false}`;
    const known = this.#untyped.get(key);
    if (known !== undefined) return known;
    for (const [oldest, method] of this.#untyped) {
      if (this.#untyped.size < untypedMax) break;
      this.#untyped.delete(oldest);
      this.dropPool(method.pool, method.service);
    }
    const method = this.#createMethod(wanted, name, { retry: this.#createRetry({}) });
    this.#untyped.set(key, method);
    return method;
  }

  #createMethod(
    wanted: ServiceDescription,
    name: string,
    parts: { retry: RetryPolicy; select?: ClientOptions['select']; timeoutMs?: number },
  ): ClientMethod {
    const description = wanted.methods[name];
    if (description === undefined) throw new ClusterError('not-found', `${wanted.name} has no method ${name}`);
    const timeoutMs = parts.timeoutMs ?? this.#options.timeoutMs;
    return {
      service: wanted.name,
      name,
      kind: description.kind,
      idempotent: description.idempotent,
      codec: description.raw ? this.#rawCodec : this.#deps.codec,
      pool: this.createPool(wanted),
      retry: parts.retry,
      select: parts.select ?? this.#options.select,
      timeoutMs,
      plain: { options: noCallOptions, timeoutMs, depth: 1, headers: undefined, line: new CallLine(this.#deps.house) },
      house: this.#deps.house,
    };
  }

  /** Instances that a contract can be called at; taken back with `dropPool`. */
  createPool(wanted: ServiceDescription): TargetPool {
    const { breaker, inFlightMax } = this.#options;
    const pool = new TargetPool(wanted, this.#neighbours, { breaker, inFlightMax }, new Balancer(this.#deps.random));
    const pools = this.#pools.get(wanted.name) ?? new Set<TargetPool>();
    this.#pools.set(wanted.name, pools.add(pool));
    return pool;
  }

  /** Forgets a pool. */
  dropPool(pool: TargetPool, service: string): void {
    const pools = this.#pools.get(service);
    pools?.delete(pool);
    if (pools?.size === 0) this.#pools.delete(service);
  }

  #createRetry(options: ClientOptions): RetryPolicy {
    return new RetryPolicy({ ...this.#options.retry, ...options.retry }, this.#deps.random);
  }
}

/** Methods called by name that are remembered with their statistics. */
const untypedMax = 256;
