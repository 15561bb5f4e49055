import { Observable } from 'rxjs/internal/Observable';
import { after, type Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Unlisten } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import { checkFunction } from '../../core/options.js';
import type { Random } from '../../core/random.js';
import { TimerWheel } from '../../core/timer-wheel.js';
import type { Codec } from '../../spi/codec.js';
import type { Startable } from '../../spi/life-cycle.js';
import type { Links } from '../../spi/links.js';
import type { Membership } from '../../spi/membership.js';
import type { Metrics } from '../../spi/metrics.js';
import type { InstanceEvent, MethodKind, ServiceInstance } from '../../spi/rpc.js';
import type { Tables } from '../../spi/tables.js';
import { CallScope } from './call-scope.js';
import {
  checkClientOptions,
  checkContract,
  checkInvocation,
  checkService,
  checkWaitOptions,
  findCallFault,
} from './call-options.js';
import { callMany, callOnce } from './client-builder.js';
import { CallingSide } from './calling-side.js';
import type { ActiveCall } from './call-line.js';
import { type CallRoutes, type ClientHouse, LinkRoutes } from './client-house.js';
import { type ContractMethods, findIncompatibility, type ServiceContract } from './contract.js';
import { LinkValues } from './link-values.js';
import { LiveList } from './live-list.js';
import { createRegistration, type RegisterOptions, type Registration } from './registration.js';
import { Registry } from './registry.js';
import type {
  ClientOptions,
  IncompatibleInstance,
  MethodInput,
  MethodOutput,
  RpcInvokeOptions,
  RpcManager,
  ServiceRegistration,
  WaitOptions,
} from './rpc-manager.js';
import { type ResolvedRpcOptions, resolveRpcOptions, type RpcOptions } from './rpc-options.js';
import { RpcServer } from './rpc-server.js';
import type { ServedCall, ServingHouse } from './served-call.js';
import { fits } from './target-pool.js';
import { TurnClock } from './turn-clock.js';
import type { CallAllResult, CallContext, CallOptions, ServiceClient, ServiceHandlers } from './service-types.js';

/** What the calls of a node stand on. */
export interface RpcRoomDeps {
  readonly links: Links;
  readonly tables: Tables;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly random: Random;
  /** Between nodes. */
  readonly codec: Codec;
  /** What stock clients may speak, by media type; the first is the default. */
  readonly stockCodecs: readonly Codec[];
  /** How calls are addressed. @defaultValue as between nodes */
  readonly routes?: CallRoutes;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The RPC manager of one node. */
export class RpcRoom implements RpcManager, Startable {
  readonly partName: string = 'rpc';
  readonly #deps: RpcRoomDeps;
  readonly #options: ResolvedRpcOptions;
  readonly #scope: CallScope;
  readonly #registry: Registry;
  readonly #server: RpcServer;
  readonly #serving: ServingHouse;
  readonly #calling: ClientHouse;
  readonly #registrations = new Set<Registration>();
  readonly #clients: CallingSide;
  #idle: (() => void) | undefined;
  #unlisten: Unlisten[] = [];
  #stopped = false;

  constructor(deps: RpcRoomDeps, options: RpcOptions = {}) {
    this.#deps = deps;
    this.#options = resolveRpcOptions(options);
    const { links, tables, clock, metrics } = deps;
    const malformed = metrics.counter('scalebus_rpc_rows_malformed_total', 'Rows of the registry that cannot be read');
    this.#registry = new Registry(links.self, tables.open('services'), () => malformed.add());
    const deadlines = new TimerWheel(clock);
    const turn = new TurnClock(clock);
    this.#scope = new CallScope(this.#options, turn);
    const dropped = metrics.counter('scalebus_rpc_items_dropped_total', 'Items that a lossy source dropped');
    const origin = { node: links.self.name, exposeStacks: this.#options.exposeStacks };
    this.#serving = {
      clock,
      turn,
      scope: this.#scope,
      interceptors: this.#options.serverInterceptors,
      deadlines,
      active: new LiveList<ServedCall>(),
      inputWindow: this.#options.inputCredit,
      dropped: (count) => dropped.add(count),
      ended: () => this.#callEnded(),
    };
    const values = new LinkValues(deps.codec);
    this.#server = new RpcServer(
      { links, codec: deps.codec, values, stockCodecs: deps.stockCodecs, house: this.#serving, origin },
      this.#options,
    );
    this.#calling = {
      clock,
      turn,
      scope: this.#scope,
      deadlines,
      server: this.#server,
      values,
      routes: deps.routes ?? new LinkRoutes(),
      active: new LiveList<ActiveCall>(),
      counters: {
        calls: metrics.counter('scalebus_rpc_calls_total', 'Calls that this node made'),
        failed: metrics.counter('scalebus_rpc_calls_failed_total', 'Calls that ended with an error'),
        retries: metrics.counter('scalebus_rpc_retries_total', 'Attempts beyond the first'),
        deadlines: metrics.counter('scalebus_rpc_deadlines_total', 'Calls that ran out of time'),
      },
      origin,
    };
    const { membership, codec, random, logger } = deps;
    this.#clients = new CallingSide(
      { links, membership, registry: this.#registry, house: this.#calling, codec, random, logger },
      this.#options,
    );
  }

  /** Calls that this node made, and calls that it serves, which are not over. Both are 0 when nothing leaks and nothing runs. */
  get inFlight(): { readonly made: number; readonly served: number } {
    const made = this.#calling.active.all().reduce((count, one) => count + one.callCount, 0);
    return { made, served: this.#serving.active.size };
  }

  start(): Promise<void> {
    if (this.#unlisten.length > 0) return Promise.resolve();
    const { links, membership } = this.#deps;
    this.#unlisten = [
      this.#server.listen(),
      links.listen((event) => {
        if (event.kind === 'down') this.#calling.routes.forget(event.link);
        this.#clients.refreshAll();
      }),
      membership.listen((event) => {
        if (event.kind === 'suspect' || event.kind === 'alive') this.#clients.refreshAll();
      }),
    ];
    this.#clients.refreshAll();
    return Promise.resolve();
  }

  register<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    handlers: ServiceHandlers<Methods>,
    options: RegisterOptions = {},
  ): ServiceRegistration {
    if (this.#stopped) throw new ClusterError('stopped', `${contract.name} cannot be registered any more`);
    checkContract(contract);
    const registration = createRegistration(contract, handlers, options, this.#deps.metrics);
    if (!this.#server.add(registration)) {
      throw new ClusterError('invalid-options', `${contract.name} is registered here with id ${registration.id}`);
    }
    this.#registrations.add(registration);
    this.#registry.add(registration);
    return { id: registration.id, stop: () => this.#unregister(registration) };
  }

  client<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    options: ClientOptions = {},
  ): ServiceClient<Methods> {
    checkContract(contract);
    checkClientOptions(options);
    this.#scope.watch();
    return this.#clients.client(contract, options);
  }

  async callAll<Methods extends ContractMethods, Name extends keyof Methods & string>(
    contract: ServiceContract<Methods>,
    name: Name,
    input: MethodInput<Methods[Name]>,
    options: CallOptions = {},
  ): Promise<readonly CallAllResult<MethodOutput<Methods[Name]>>[]> {
    checkContract(contract);
    const wrong = findCallFault(options);
    if (wrong !== undefined) throw wrong;
    this.#scope.watch();
    const method = this.#clients.findMethod(contract.description, name);
    if (isFlowing(method.kind)) {
      throw new ClusterError('incompatible', `${contract.name}.${name} is a ${method.kind}, not a call`);
    }
    const wanted = this.instances(contract).filter(({ node, id, tags }) =>
      fits({ node, instanceId: id, tags }, options),
    );
    const calls = wanted.map(async ({ node, id }): Promise<CallAllResult<MethodOutput<Methods[Name]>>> => {
      try {
        const value = await callOnce(method, input, { ...options, node, instanceId: id });
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract says it; the serving side checks where there is a schema
        return { node, instanceId: id, kind: 'value', value: value as MethodOutput<Methods[Name]> };
      } catch (cause) {
        return { node, instanceId: id, kind: 'error', error: ClusterError.from(cause, 'internal') };
      }
    });
    return Promise.all(calls);
  }

  instances(service?: ServiceContract | string): readonly ServiceInstance[] {
    if (service !== undefined) checkService(service);
    if (typeof service !== 'object') return this.#registry.instances(service);
    const { description } = service;
    return this.#registry
      .instances(service.name)
      .filter((instance) => findIncompatibility(description, instance.service) === undefined);
  }

  instances$(service: ServiceContract | string): Observable<InstanceEvent> {
    checkService(service);
    const name = typeof service === 'object' ? service.name : service;
    return new Observable<InstanceEvent>((subscriber) => {
      for (const instance of this.instances(service)) subscriber.next({ kind: 'added', instance });
      return this.#registry.listen((event) => {
        if (event.instance.service.name !== name) return;
        const why =
          typeof service === 'object' ? findIncompatibility(service.description, event.instance.service) : undefined;
        if (why === undefined) subscriber.next(event);
      });
    });
  }

  async whenAvailable(contract: ServiceContract, options: WaitOptions = {}): Promise<void> {
    checkContract(contract);
    checkWaitOptions(options);
    const { instancesMin = 1, timeoutMs = this.#options.timeoutMs } = options;
    const pool = this.#clients.createPool(contract.description);
    return new Promise((resolve, reject) => {
      const { clock } = this.#deps;
      let unlisten: Unlisten[] = [];
      const end = (): void => {
        for (const one of unlisten) one();
        this.#clients.dropPool(pool, contract.name);
      };
      const check = (): void => {
        if (pool.reachable.length < instancesMin) return;
        end();
        resolve();
      };
      const cancel = clock.setTimer(after(clock.now(), timeoutMs), () => {
        end();
        const text = `${pool.reachable.length} of ${instancesMin} instances of ${contract.name} can be reached`;
        reject(new ClusterError('deadline-exceeded', text));
      });
      unlisten = [cancel, this.#clients.changed.add(check)];
      check();
    });
  }

  listenIncompatible(listener: (instance: IncompatibleInstance) => void): Unlisten {
    checkFunction('the listener', listener);
    return this.#clients.incompatible.add(listener);
  }

  current(): CallContext | undefined {
    this.#scope.watch();
    return this.#scope.current();
  }

  async invoke(service: string, name: string, input: unknown, options: RpcInvokeOptions = {}): Promise<unknown> {
    checkInvocation(service, name, options);
    this.#scope.watch();
    const method = this.#clients.findByName(service, name);
    if (isFlowing(method.kind)) {
      throw new ClusterError('incompatible', `${service}.${name} is a ${method.kind}, not a call`);
    }
    const [callOptions, release] = toCallOptions(options);
    try {
      return await callOnce(method, input, callOptions);
    } finally {
      release();
    }
  }

  async *invokeStream(
    service: string,
    name: string,
    input: unknown,
    options: RpcInvokeOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    checkInvocation(service, name, options);
    this.#scope.watch();
    const method = this.#clients.findByName(service, name);
    if (method.kind !== 'stream') {
      throw new ClusterError('incompatible', `${service}.${name} is a ${method.kind}, not a stream`);
    }
    const [callOptions, release] = toCallOptions(options);
    try {
      yield* callMany(method, input, callOptions);
    } finally {
      release();
    }
  }

  listen(listener: (event: InstanceEvent) => void): Unlisten {
    return this.#registry.listen(listener);
  }

  withdraw(timeoutMs: number): Promise<boolean> {
    for (const registration of this.#registrations) this.#registry.remove(registration);
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const unlisten = this.#registry.whenKnown(() => {
        cancel();
        resolve(true);
      });
      const cancel = clock.setTimer(after(clock.now(), timeoutMs), () => {
        unlisten();
        resolve(false);
      });
    });
  }

  refuse(): void {
    this.#server.refuse();
  }

  finish(drainMs: number): Promise<boolean> {
    const { clock } = this.#deps;
    if (this.#serving.active.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = clock.setTimer(after(clock.now(), drainMs), () => {
        this.#idle = undefined;
        this.#endServed('the node stopped before the handler ended');
        resolve(false);
      });
      this.#idle = () => {
        cancel();
        this.#idle = undefined;
        resolve(true);
      };
    });
  }

  stop(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#stopped = true;
    this.refuse();
    for (const registration of this.#registrations) this.#unregister(registration);
    this.#endServed('the node stopped');
    this.#clients.isOver = true;
    const stopped = new ClusterError('stopped', 'this node stopped');
    for (const call of this.#calling.active.all()) call.abandon(stopped);
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
    this.#registry.stop();
    this.#scope.stop();
    return Promise.resolve();
  }

  #unregister(registration: Registration): void {
    if (!this.#registrations.delete(registration)) return;
    this.#registry.remove(registration);
    this.#server.remove(registration);
  }

  #endServed(why: string): void {
    for (const call of this.#serving.active.all()) call.refuse(new ClusterError('link-lost', why));
  }

  #callEnded(): void {
    if (this.#idle !== undefined && this.#serving.active.size === 0) this.#idle();
  }
}

function isFlowing(kind: MethodKind): boolean {
  return kind === 'stream' || kind === 'channel';
}

/** Options without a client's types; the second part ends the listening to the token. */
function toCallOptions(options: RpcInvokeOptions): readonly [CallOptions, Unlisten] {
  const { cancel, ...rest } = options;
  if (cancel === undefined) return [rest, () => undefined];
  const abort = new AbortController();
  const unlisten = cancel.listen((reason) => abort.abort(reason));
  return [{ ...rest, signal: abort.signal }, unlisten];
}
