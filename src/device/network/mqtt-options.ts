import type { Address } from '../../core/address.js';
import { addressToText, isLoopbackHost } from '../../core/address.js';
import { ClusterError } from '../../core/errors.js';
import { checkInteger, withoutUndefined } from '../../core/options.js';
import type { Authenticate } from '../../spi/device.js';

/** How an MQTT listener behaves. Every bound is per connection unless it says otherwise. */
export interface MqttOptions {
  /** Where to listen; port 0 asks for any free one. */
  readonly listen: Address;
  /**
   * Decides who comes in and which devices it may speak for. Without it everybody may speak for every device, so the listener
   * then takes loopback addresses only, unless `insecure` is true.
   */
  readonly authenticate?: Authenticate;
  /** Lets a listener without `authenticate` take other than loopback addresses. @defaultValue false */
  readonly insecure?: boolean;
  /** Connections at once, over the whole listener; more are closed as they come. @defaultValue 20000 */
  readonly clientsMax?: number;
  /** Connections that have not been let in yet, over the whole listener; more are closed as they come. @defaultValue 1024 */
  readonly connectingMax?: number;
  /** Time for a CONNECT and its authentication. @defaultValue 10000 */
  readonly connectTimeoutMs?: number;
  /** Largest packet taken, judged by its header. Raising it costs that much memory for each slow sender. @defaultValue 262144 */
  readonly packetBytesMax?: number;
  /** Largest CONNECT taken: what a stranger may make us hold. @defaultValue 16384 */
  readonly connectBytesMax?: number;
  /** Longest keep-alive; MQTT 5 clients are told, 3.1.1 clients cannot be. @defaultValue 1200000 */
  readonly keepAliveMaxMs?: number;
  /** Silence after which a 3.1.1 client that asked for no keep-alive is closed. @defaultValue 3600000 */
  readonly idleMs?: number;
  /** QoS 1 messages that wait for an acknowledgement, in each direction; the Receive Maximum. @defaultValue 32 */
  readonly inFlightMax?: number;
  /** QoS 1 messages to the device that wait for room in flight; the next is refused with `overloaded`. @defaultValue 128 */
  readonly queueMax?: number;
  /** Bytes that wait for the socket: above it nothing is read from the device and QoS 0 is refused. @defaultValue 262144 */
  readonly bufferedBytesMax?: number;
  /** A device that does not acknowledge for so long is closed. @defaultValue 30000 */
  readonly ackTimeoutMs?: number;
  /** Topic filters that a client may hold. @defaultValue 64 */
  readonly filtersMax?: number;
  /** How long `stop` waits for connections to take their last bytes. @defaultValue 1000 */
  readonly stopTimeoutMs?: number;
}

/** `MqttOptions` with every default in place. */
export interface ResolvedMqttOptions extends Required<Omit<MqttOptions, 'authenticate'>> {
  readonly authenticate: Authenticate | undefined;
}

/** Applies the defaults and checks; throws `invalid-options` or `insecure-address`, naming the option. */
export function resolveMqttOptions(options: MqttOptions): ResolvedMqttOptions {
  const resolved: ResolvedMqttOptions = {
    ...defaults,
    ...withoutUndefined(options),
    authenticate: options.authenticate,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === 'number') checkInteger(`option ${name}`, value, 1, mostOf[name] ?? Number.MAX_SAFE_INTEGER);
  }
  if (resolved.authenticate === undefined && !resolved.insecure && !isLoopbackHost(resolved.listen.host)) {
    const where = addressToText(resolved.listen);
    const why = `option listen is ${where}, which others can reach, and everybody would be let in; give authenticate, or insecure: true`;
    throw new ClusterError('insecure-address', why);
  }
  return resolved;
}

const defaults = {
  insecure: false,
  clientsMax: 20_000,
  connectingMax: 1024,
  connectTimeoutMs: 10_000,
  packetBytesMax: 262_144,
  connectBytesMax: 16_384,
  keepAliveMaxMs: 1_200_000,
  idleMs: 3_600_000,
  inFlightMax: 32,
  queueMax: 128,
  bufferedBytesMax: 262_144,
  ackTimeoutMs: 30_000,
  filtersMax: 64,
  stopTimeoutMs: 1000,
};

/** What the protocol has room for. */
const mostOf: Readonly<Record<string, number>> = { inFlightMax: 65_535 };
