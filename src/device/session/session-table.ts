import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { DeviceClient, DeviceRef, DeviceSession, SessionEvent, Sessions } from '../../spi/device.js';

/** How large a table of sessions may grow. */
export interface SessionTableOptions {
  /** Devices at this node; the next is refused. @defaultValue 100000 */
  readonly sessionsMax?: number;
  /** Devices that one client may carry; bounds what one connection can make us hold. @defaultValue 1024 */
  readonly perClientMax?: number;
}

/** The devices that are connected at this node, in memory. Two maps: by device, and by client for when a client ends. */
export class SessionTable implements Sessions {
  readonly #sessionsMax: number;
  readonly #perClientMax: number;
  readonly #byDevice = new Map<string, DeviceSession>();
  readonly #byClient = new Map<DeviceClient, Set<DeviceSession>>();
  readonly #listeners = new Listeners<SessionEvent>();
  #lastEpoch = 0;

  constructor(options: SessionTableOptions = {}) {
    this.#sessionsMax = options.sessionsMax ?? 100_000;
    this.#perClientMax = options.perClientMax ?? 1024;
  }

  get size(): number {
    return this.#byDevice.size;
  }

  open(device: DeviceRef, client: DeviceClient): DeviceSession | undefined {
    const key = deviceKey(device);
    const previous = this.#byDevice.get(key);
    if (previous?.client === client) return previous;
    const carried = this.#byClient.get(client);
    if (carried !== undefined && carried.size >= this.#perClientMax) return undefined;
    if (previous === undefined && this.#byDevice.size >= this.#sessionsMax) return undefined;
    this.#lastEpoch += 1;
    const session: DeviceSession = { device, client, epoch: this.#lastEpoch };
    if (previous !== undefined) this.#detach(previous);
    this.#byDevice.set(key, session);
    if (carried === undefined) this.#byClient.set(client, new Set([session]));
    else carried.add(session);
    this.#listeners.tell(
      previous === undefined ? { kind: 'opened', session } : { kind: 'replaced', session, previous },
    );
    return session;
  }

  find(device: DeviceRef): DeviceSession | undefined {
    return this.#byDevice.get(deviceKey(device));
  }

  close(session: DeviceSession): boolean {
    const key = deviceKey(session.device);
    if (this.#byDevice.get(key) !== session) return false;
    this.#byDevice.delete(key);
    this.#detach(session);
    this.#listeners.tell({ kind: 'closed', session });
    return true;
  }

  of(client: DeviceClient): readonly DeviceSession[] {
    return [...(this.#byClient.get(client) ?? [])];
  }

  all(): readonly DeviceSession[] {
    return [...this.#byDevice.values()];
  }

  listen(listener: (event: SessionEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  #detach(session: DeviceSession): void {
    const carried = this.#byClient.get(session.client);
    carried?.delete(session);
    if (carried?.size === 0) this.#byClient.delete(session.client);
  }
}

/** Product and id as one key. The length keeps two pairs apart whose texts meet when joined. */
function deviceKey(device: DeviceRef): string {
  return `${device.product.length}:${device.product}${device.id}`;
}
