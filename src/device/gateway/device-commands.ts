import type { CancelToken } from '../../core/cancel.js';
import { after, type Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { DeviceProtocol, DeviceSession } from '../../spi/device.js';

/** What commands need. */
export interface CommandDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly protocol: DeviceProtocol;
}

/** How many commands may wait, and how long. */
export interface CommandLimits {
  /** Longest wait for a reply; the asker's own deadline ends it earlier. */
  readonly timeoutMs: number;
  readonly perDeviceMax: number;
  readonly pendingMax: number;
}

/** A command as the gateway got it from the bus. */
export interface CommandRequest {
  readonly session: DeviceSession;
  readonly name: string;
  readonly input: unknown;
  /** Cancelled when the asker went away or its deadline passed. */
  readonly cancel: CancelToken;
}

/** What a device says to a command. */
export interface CommandReply {
  readonly commandId: string;
  readonly success: boolean;
  readonly output: unknown;
}

/**
 * Commands that wait for their devices. A reply belongs to the command whose id it carries, and only from the session that the
 * command went to. Ids begin with a word drawn for this life of the gateway, so that a reply to an earlier life's command is not
 * taken for one of ours.
 */
export class DeviceCommands {
  readonly #deps: CommandDeps;
  readonly #limits: CommandLimits;
  readonly #prefix: string;
  readonly #pending = new Map<string, Pending>();
  readonly #bySession = new Map<DeviceSession, Set<Pending>>();
  /** Ids that ended without a reply, oldest first: their replies are late, others are unknown. */
  readonly #expired = new Set<string>();
  #lastNumber = 0;

  constructor(deps: CommandDeps, limits: CommandLimits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#prefix = deps.random.below(0x1_0000_0000).toString(36);
  }

  /** Commands that wait for a reply now. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Sends and waits for the reply. Rejects with `overloaded`, `invalid-value` or `unavailable` when it was not sent; with
   * `link-lost` when the device went away, `deadline-exceeded` or `cancelled` when time was up, `remote` when the device said no.
   */
  async run(request: CommandRequest): Promise<unknown> {
    const { session, name, input, cancel } = request;
    const carried = this.#bySession.get(session)?.size ?? 0;
    if (carried >= this.#limits.perDeviceMax || this.#pending.size >= this.#limits.pendingMax) {
      throw new ClusterError('overloaded', `${carried} commands wait for ${deviceText(session)} already`);
    }
    this.#lastNumber += 1;
    const id = `${this.#prefix}-${this.#lastNumber.toString(36)}`;
    const message = this.#deps.protocol.encode(session.device, { id, name, input });
    if ('fault' in message) throw new ClusterError('invalid-value', `command ${name}: ${message.why}`);
    const reply = this.#await(id, session, cancel);
    session.client.send(message).catch((error: unknown) => this.#fail(id, ClusterError.from(error, 'unavailable')));
    return reply;
  }

  /** Hands a reply to whoever waits for it. `late`: its asker has given up; `unknown`: nobody asked, or not this session. */
  answer(session: DeviceSession, reply: CommandReply): 'matched' | 'late' | 'unknown' {
    const pending = this.#pending.get(reply.commandId);
    if (pending === undefined) return this.#expired.delete(reply.commandId) ? 'late' : 'unknown';
    if (pending.session !== session) return 'unknown';
    this.#settle(pending);
    if (reply.success) pending.resolve(reply.output);
    else pending.reject(new ClusterError('remote', refusalText(session, reply.output), { details: reply.output }));
    return 'matched';
  }

  /** The session has ended: whatever waits for it fails now. */
  abandon(session: DeviceSession): void {
    for (const pending of this.#bySession.get(session) ?? []) {
      this.#settle(pending);
      this.#remember(pending.id);
      pending.reject(new ClusterError('link-lost', `${deviceText(session)} went away before it replied`));
    }
  }

  #await(id: string, session: DeviceSession, cancel: CancelToken): Promise<unknown> {
    const { clock } = this.#deps;
    const { timeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const onDeadline = (): void =>
        this.#fail(id, new ClusterError('deadline-exceeded', `no reply in ${timeoutMs} ms`));
      const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), onDeadline);
      const pending: Pending = { id, session, resolve, reject, release: cancelTimer };
      this.#pending.set(id, pending);
      const carried = this.#bySession.get(session);
      if (carried === undefined) this.#bySession.set(session, new Set([pending]));
      else carried.add(pending);
      const unlisten = cancel.listen(() => this.#fail(id, new ClusterError('cancelled', 'the asker waits no longer')));
      pending.release = () => {
        cancelTimer();
        unlisten();
      };
    });
  }

  #fail(id: string, error: ClusterError): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#settle(pending);
    this.#remember(id);
    pending.reject(error);
  }

  #settle(pending: Pending): void {
    pending.release();
    this.#pending.delete(pending.id);
    const carried = this.#bySession.get(pending.session);
    carried?.delete(pending);
    if (carried?.size === 0) this.#bySession.delete(pending.session);
  }

  #remember(id: string): void {
    this.#expired.add(id);
    if (this.#expired.size <= expiredMax) return;
    const [oldest] = this.#expired;
    if (oldest !== undefined) this.#expired.delete(oldest);
  }
}

interface Pending {
  readonly id: string;
  readonly session: DeviceSession;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: ClusterError) => void;
  /** Ends the timer and the listening for the asker's cancel. */
  release: () => void;
}

/** Only tells late replies from unknown ones in the counters, so little is enough. */
const expiredMax = 1024;

function deviceText(session: DeviceSession): string {
  return `device ${session.device.product}/${session.device.id}`;
}

function refusalText(session: DeviceSession, said: unknown): string {
  return typeof said === 'string'
    ? `${deviceText(session)} says: ${said.slice(0, 200)}`
    : `${deviceText(session)} refused`;
}
