import { ClusterError } from '../../core/errors.js';
import type { MonotonicMs } from '../../core/clock.js';
import type { Balancer } from '../../protocol/rpc/balance.js';
import type { ServiceDescription, ServiceInstance } from '../../spi/rpc.js';
import { findIncompatibility } from './contract.js';
import type { CallOptions, Select } from './service-types.js';
import { Target, type TargetLimits } from './target.js';

/** Nodes as the pool must know them. */
export interface Neighbours {
  readonly selfName: string;
  /** This node has stopped and knows of nobody any more. */
  isOver(): boolean;
  /** Fills in the link and the doubt of a target that is not local. */
  refresh(target: Target): void;
  /** The instances of a service now. */
  instances(service: string): readonly ServiceInstance[];
}

/**
 * The instances that one method of one contract can be called at. Compatibility is decided when an instance is discovered; links
 * and doubts are looked up again whenever one changes, so that a call only walks a ready list.
 */
export class TargetPool {
  /** What its clients know of the service. */
  readonly wanted: ServiceDescription;
  readonly #neighbours: Neighbours;
  readonly #limits: TargetLimits;
  readonly #balancer: Balancer;
  readonly #targets = new Map<ServiceInstance, Target>();
  #reachable: readonly Target[] = [];
  #incompatible: string | undefined;

  constructor(wanted: ServiceDescription, neighbours: Neighbours, limits: TargetLimits, balancer: Balancer) {
    this.wanted = wanted;
    this.#neighbours = neighbours;
    this.#limits = limits;
    this.#balancer = balancer;
    this.refresh();
  }

  /** Looks at registry, links and doubts again. */
  refresh(): void {
    const instances = this.#neighbours.instances(this.wanted.name);
    const present = new Set(instances);
    for (const instance of this.#targets.keys()) if (!present.has(instance)) this.#targets.delete(instance);
    this.#incompatible = undefined;
    for (const instance of instances) {
      const why = findIncompatibility(this.wanted, instance.service);
      if (why !== undefined) this.#incompatible = `${instance.node}: ${why}`;
      else if (!this.#targets.has(instance)) {
        this.#targets.set(instance, new Target(instance, instance.node === this.#neighbours.selfName, this.#limits));
      }
    }
    for (const target of this.#targets.values()) if (!target.isLocal) this.#neighbours.refresh(target);
    this.#reachable = [...this.#targets.values()].filter((target) => target.reachable);
  }

  /** Every compatible instance that calls can reach now. */
  get reachable(): readonly Target[] {
    return this.#reachable;
  }

  /** Chooses whom to call, or says why nobody can be. `excluded` are tried only when there is nobody else. */
  choose(options: CallOptions, strategy: Select, now: MonotonicMs, excluded: readonly Target[]): Target | ClusterError {
    let candidates = this.#reachable;
    if (isFiltered(options)) candidates = candidates.filter((target) => fits(target, options));
    if (candidates.length === 0) return this.#whyNobody(options);
    if (excluded.length > 0) {
      const others = candidates.filter((target) => !excluded.includes(target));
      if (others.length > 0) candidates = others;
    }
    if (hasClosed(candidates, now)) {
      candidates = candidates.filter((target) => target.isOpen(now));
      if (candidates.length === 0) {
        return new ClusterError('overloaded', `every instance of ${this.wanted.name} is at its limit or failing`);
      }
    }
    return this.#pick(candidates, strategy, options.key) ?? this.#whyNobody(options);
  }

  #pick(candidates: readonly Target[], strategy: Select, key: string | undefined): Target | ClusterError | undefined {
    if (typeof strategy !== 'function') return this.#balancer.choose(strategy, candidates, key);
    try {
      const chosen = strategy(candidates);
      return candidates.find((target) => target === chosen);
    } catch (cause) {
      // A call under way must end in order, whatever a user's function does.
      return new ClusterError('handler-failed', `select of ${this.wanted.name} has thrown`, { cause, ran: false });
    }
  }

  #whyNobody(options: CallOptions): ClusterError {
    if (this.#neighbours.isOver()) return new ClusterError('stopped', 'this node stopped');
    const { name } = this.wanted;
    const known = [...this.#targets.values()].filter((target) => fits(target, options));
    if (known.length > 0) {
      return new ClusterError('unavailable', `no node that serves ${name} can be reached`, {
        details: known.map((target) => target.node),
      });
    }
    if (this.#incompatible !== undefined) {
      return new ClusterError('incompatible', `${name} is served with another contract: ${this.#incompatible}`);
    }
    if (isFiltered(options)) return new ClusterError('not-found', `no instance of ${name} is what was asked for`);
    return new ClusterError('no-responders', `nobody serves ${name}`);
  }
}

function hasClosed(targets: readonly Target[], now: MonotonicMs): boolean {
  for (const target of targets) if (!target.isOpen(now)) return true;
  return false;
}

function isFiltered(options: CallOptions): boolean {
  return options.node !== undefined || options.instanceId !== undefined || options.tags !== undefined;
}

/** Says whether an instance is one of those that a call asks for. */
export function fits(target: Pick<Target, 'node' | 'instanceId' | 'tags'>, options: CallOptions): boolean {
  const { node, instanceId, tags } = options;
  if (node !== undefined && target.node !== node) return false;
  if (instanceId !== undefined && target.instanceId !== instanceId) return false;
  for (const [key, value] of Object.entries(tags ?? {})) if (target.tags[key] !== value) return false;
  return true;
}
