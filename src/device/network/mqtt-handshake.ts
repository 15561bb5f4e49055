import type { Packet } from 'mqtt-packet';
import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import type { PeerCertificate } from '../../spi/connections.js';
import type { Admission, Authenticate, DeviceRef } from '../../spi/device.js';
import type { ChannelOwner, MqttChannel } from './mqtt-channel.js';
import { type ConnectVerdict, type ConnectWish, findVersionRefusal, judgeConnect } from './mqtt-connect.js';
import type { MqttCounters } from './mqtt-counters.js';
import type { ResolvedMqttOptions } from './mqtt-options.js';
import type { MqttVersion } from './mqtt-packets.js';
import { findReturnCode, type MqttReason, reasonCodes } from './mqtt-reasons.js';
import type { FrameAnswer } from './packet-framer.js';

/** What a connection needs on its way in. */
export interface HandshakeDeps {
  readonly channel: MqttChannel;
  readonly clock: Clock;
  readonly options: ResolvedMqttOptions;
  readonly counters: MqttCounters;
  readonly logger: Logger;
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
  /** Lets it in and takes the channel over, or says why not. */
  readonly admit: (wish: ConnectWish, allows: Allows) => MqttReason | undefined;
  /** Told once, when it is in or gone. */
  readonly onDone: () => void;
}

/** What the hook said a client may speak for. */
export type Allows = (Admission & { readonly kind: 'admitted' })['allows'];

/**
 * A connection until its CONNACK: the first packet must be a CONNECT and come in time, then the hook decides. What the client
 * sends after its CONNECT waits, unread, for the decision.
 */
export class MqttHandshake implements ChannelOwner {
  readonly #deps: HandshakeDeps;
  readonly #cancelTimer: CancelTimer;
  #done = false;

  constructor(deps: HandshakeDeps) {
    this.#deps = deps;
    const { clock, options } = deps;
    const at = after(clock.now(), options.connectTimeoutMs);
    // Judged after the turn: the CONNECT may have arrived during a long tick.
    this.#cancelTimer = clock.setTimer(at, () => clock.afterTurn(() => this.#onTimeout()));
  }

  isGreeting(byte: number): boolean {
    return byte === connectHead;
  }

  onRaw(bytes: Uint8Array): 'more' | 'stop' {
    const refusal = findVersionRefusal(bytes);
    if (refusal === undefined) return 'more';
    this.#obey(refusal);
    return 'stop';
  }

  onPacket(packet: Packet): FrameAnswer {
    if (packet.cmd === 'connect') return this.#obey(judgeConnect(packet));
    this.onGarbage('malformed');
    return 'stop';
  }

  onGarbage(what: 'malformed' | 'too-large'): void {
    if (this.#done) return;
    if (what === 'malformed') this.#deps.counters.malformed += 1;
    else this.#deps.counters.tooLarge += 1;
    this.#finish();
    this.#deps.channel.destroy();
  }

  onSilence(): void {
    // No watch runs yet: the timer of this class bounds the whole way in.
  }

  onClosed(): void {
    this.#finish();
  }

  #obey(verdict: ConnectVerdict): FrameAnswer {
    if (verdict.kind === 'malformed') {
      this.onGarbage('malformed');
      return 'stop';
    }
    if (verdict.kind === 'refused') {
      this.#refuse(verdict.version, verdict.reason);
      return 'stop';
    }
    return this.#authenticate(verdict.wish);
  }

  #authenticate(wish: ConnectWish): FrameAnswer {
    const { authenticate } = this.#deps.options;
    if (authenticate === undefined) return this.#decide(wish, { kind: 'admitted', allows: () => true });
    void this.#ask(wish, authenticate);
    return 'wait';
  }

  async #ask(wish: ConnectWish, authenticate: Authenticate): Promise<void> {
    const { remote, certificate, channel, logger } = this.#deps;
    const { clientId, user, password } = wish;
    let admission: Admission = { kind: 'refused', reason: 'unavailable' };
    try {
      const answer: unknown = await authenticate({ clientId, user, password, remote, certificate });
      if (isAdmission(answer)) admission = this.#guarded(answer, wish);
      else logger.error('the authenticate hook answered something else', { clientId, remote });
    } catch (error) {
      logger.error('the authenticate hook failed', { clientId, remote, error });
    }
    this.#decide(wish, admission);
    channel.proceed();
  }

  /** Asked for what a device sends, so what it throws would end the process: it is a no. */
  #guarded(admission: Admission, { clientId }: ConnectWish): Admission {
    if (admission.kind === 'refused') return admission;
    const { logger, remote } = this.#deps;
    const allows = (device: DeviceRef): boolean => {
      try {
        return admission.allows(device);
      } catch (error) {
        logger.error('allows of the authenticate hook failed', { clientId, remote, device, error });
        return false;
      }
    };
    return { kind: 'admitted', allows };
  }

  #decide(wish: ConnectWish, admission: Admission): FrameAnswer {
    if (this.#done) return 'stop';
    const reason = admission.kind === 'refused' ? admission.reason : this.#admit(wish, admission.allows);
    if (reason === undefined) return 'more';
    this.#refuse(wish.version, reason);
    return 'stop';
  }

  #admit(wish: ConnectWish, allows: Allows): MqttReason | undefined {
    const reason = this.#deps.admit(wish, allows);
    if (reason === undefined) this.#finish();
    return reason;
  }

  #refuse(version: MqttVersion, reason: MqttReason): void {
    if (this.#done) return;
    const { channel, counters } = this.#deps;
    counters.refused += 1;
    this.#finish();
    channel.version = version;
    const returnCode = findReturnCode(reason);
    if (version === 5) channel.send({ cmd: 'connack', sessionPresent: false, reasonCode: reasonCodes[reason] });
    else if (returnCode !== undefined) channel.send({ cmd: 'connack', sessionPresent: false, returnCode });
    channel.end();
  }

  #onTimeout(): void {
    if (this.#done) return;
    this.#deps.counters.connectTimeouts += 1;
    this.#finish();
    this.#deps.channel.destroy();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimer();
    this.#deps.onDone();
  }
}

/** A hook in JavaScript may answer anything, such as nothing for a user that it does not know. */
function isAdmission(answer: unknown): answer is Admission {
  if (typeof answer !== 'object' || answer === null || !('kind' in answer)) return false;
  if (answer.kind === 'admitted') return 'allows' in answer && typeof answer.allows === 'function';
  return answer.kind === 'refused' && 'reason' in answer && refusals.has(answer.reason);
}

const refusals: ReadonlySet<unknown> = new Set(['bad-credentials', 'not-authorized', 'unavailable']);

/** The first byte of a CONNECT: type 1, no flags (MQTT 3.1.1 and 5, 2.1). */
const connectHead = 0x10;
