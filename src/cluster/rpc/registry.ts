import { nodeKey, type NodeId } from '../../core/ids.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { InstanceEvent, ServiceInstance } from '../../spi/rpc.js';
import type { SharedTable, TableChange } from '../../spi/tables.js';
import { instanceKey, readInstance, toInstance, writeInstance } from './instance-row.js';
import type { Registration } from './registration.js';

/** Who serves what, in the whole cluster: this node's registrations and the copies of every other node's. */
export class Registry {
  readonly #self: NodeId;
  readonly #table: SharedTable;
  readonly #listeners = new Listeners<InstanceEvent>();
  /** Instances by service, then by node and instance id. */
  readonly #services = new Map<string, Map<string, ServiceInstance>>();
  readonly #unlisten: Unlisten;
  readonly #malformed: () => void;

  /** `malformed` is told of each row that could not be read. */
  constructor(self: NodeId, table: SharedTable, malformed: () => void) {
    this.#self = self;
    this.#table = table;
    this.#malformed = malformed;
    this.#unlisten = table.listen((change) => this.#changed(change));
    for (const node of table.nodes()) {
      for (const [key, value] of table.rowsOf(node)) this.#set(node, key, value);
    }
  }

  /** Grows with each registration that came or went here. */
  get revision(): number {
    return this.#table.revision;
  }

  /** Every instance of a service, or of all; local ones included. */
  instances(service?: string): readonly ServiceInstance[] {
    if (service !== undefined) return [...(this.#services.get(service)?.values() ?? [])];
    return [...this.#services.values()].flatMap((instances) => Array.from(instances.values()));
  }

  /** Changes from now on; take the snapshot in the same turn and nothing is missed. */
  listen(listener: (event: InstanceEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  /** Announces a registration of this node. Throws `too-large`. */
  add(registration: Registration): void {
    const { contract, id } = registration;
    this.#table.set(instanceKey(contract.name, id), writeInstance(registration));
    this.#put(toInstance(this.#self, registration));
  }

  /** Withdraws a registration of this node. */
  remove(registration: Registration): void {
    const { contract, id } = registration;
    this.#table.remove(instanceKey(contract.name, id));
    this.#take(contract.name, placeKey(this.#self, id));
  }

  /** Calls `done` once, when every peer knows what is registered now. */
  whenKnown(done: () => void): Unlisten {
    return this.#table.whenHeld(this.#table.revision, done);
  }

  stop(): void {
    this.#unlisten();
  }

  #changed(change: TableChange): void {
    switch (change.kind) {
      case 'set':
        this.#set(change.node, change.key, change.value);
        return;
      case 'removed': {
        const [service = '', id = ''] = change.key.split('/');
        this.#take(service, placeKey(change.node, id));
        return;
      }
      case 'gone':
        for (const [service, instances] of this.#services) {
          for (const [key, instance] of instances) {
            const isOf = instance.node === change.node.name && instance.epoch === change.node.epoch;
            if (isOf) this.#take(service, key);
          }
        }
    }
  }

  #set(node: NodeId, key: string, value: Uint8Array): void {
    const instance = readInstance(node, key, value);
    if (instance === undefined) this.#malformed();
    else this.#put(instance);
  }

  #put(instance: ServiceInstance): void {
    const { name } = instance.service;
    const key = placeKey({ name: instance.node, epoch: instance.epoch }, instance.id);
    this.#take(name, key);
    const instances = this.#services.get(name) ?? new Map<string, ServiceInstance>();
    this.#services.set(name, instances.set(key, instance));
    this.#listeners.tell({ kind: 'added', instance });
  }

  #take(service: string, key: string): void {
    const instances = this.#services.get(service);
    const instance = instances?.get(key);
    if (instances === undefined || instance === undefined) return;
    instances.delete(key);
    if (instances.size === 0) this.#services.delete(service);
    this.#listeners.tell({ kind: 'removed', instance });
  }
}

function placeKey(node: NodeId, id: string): string {
  return `${nodeKey(node)}/${id}`;
}
