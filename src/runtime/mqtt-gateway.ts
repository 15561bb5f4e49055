import { type Address, addressToText, findAddress } from '../core/address.js';
import type { GatewayOptions } from '../device/gateway/device-gateway.js';
import { type MqttOptions, resolveMqttOptions } from '../device/network/mqtt-options.js';
import { ClusterError } from '../core/errors.js';
import type { BusDoor } from '../spi/bus.js';
import type { DeviceProtocol } from '../spi/device.js';
import type { ClusterNode } from './cluster-node.js';
import { checkGatewayOptions } from './option-kinds.js';
import { checkRunning } from './running-node.js';

/** How a node takes MQTT devices. */
export interface MqttGatewayOptions extends Omit<MqttOptions, 'listen'>, GatewayOptions {
  /** `host:port`; port 0 takes any. @defaultValue 127.0.0.1:1883 */
  readonly listen?: string;
  /** How devices' bytes become device messages. @defaultValue JSON, see docs/guide/device-to-rule.md */
  readonly protocol?: DeviceProtocol;
}

/** MQTT devices on one node. */
export interface MqttGateway {
  /** `host:port` where devices connect, once started. */
  readonly address: string;
  /** Rejects with `address-in-use`. */
  start(): Promise<void>;
  /** Ends every device's connection in order. Idempotent. Stop it before its node. */
  stop(): Promise<void>;
}

/** Makes a gateway on a running node; throws `invalid-options`, `insecure-address`, `not-started` or `stopped`. */
export function createMqttGateway(node: ClusterNode, options: MqttGatewayOptions = {}): MqttGateway {
  checkRunning(node);
  checkGatewayOptions(options);
  const listen = addressOf(options.listen ?? '127.0.0.1:1883');
  // Checked here, so that a wrong option is thrown where it was given and not at the start.
  resolveMqttOptions({ ...options, listen });
  const { bus } = node;
  let open: OpenGateway | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    open = await openGateway(node, bus, options, listen);
    // Stopped while it was loading: nothing opens.
    if (stopping === undefined) await open.start();
  };
  const stop = async (): Promise<void> => {
    // A start that failed has told its caller.
    await Promise.allSettled([starting]);
    await open?.stop();
  };
  return {
    get address() {
      return addressToText(open?.local() ?? listen);
    },
    start: () => (starting ??= start()),
    stop: () => (stopping ??= stop()),
  };
}

interface OpenGateway {
  local(): Address;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The parser of MQTT and what stands on it are loaded here: only a node with a gateway pays for them. */
async function openGateway(
  node: ClusterNode,
  bus: BusDoor,
  options: MqttGatewayOptions,
  address: Address,
): Promise<OpenGateway> {
  const [{ DeviceGateway }, { JsonProtocol }, { MqttServer }, { SessionTable }] = await Promise.all([
    import('../device/gateway/device-gateway.js'),
    import('../device/gateway/json-protocol.js'),
    import('../device/network/mqtt-server.js'),
    import('../device/session/session-table.js'),
  ]);
  const { listen: _listen, protocol, ...rest } = options;
  const { clock, random, logger, deviceConnections } = node.parts;
  const component = new MqttServer(
    { connections: deviceConnections, clock, random: random.fork('mqtt'), logger },
    { ...rest, listen: address },
  );
  const gateway = new DeviceGateway(
    {
      bus,
      component,
      protocol: protocol ?? new JsonProtocol(),
      sessions: new SessionTable(),
      clock,
      random: random.fork('gateway'),
      logger,
      nodeName: node.name,
    },
    rest,
  );
  return { local: () => component.local, start: () => gateway.start(), stop: () => gateway.stop() };
}

function addressOf(text: string): Address {
  const address = findAddress(text, 1883);
  if (address !== undefined) return address;
  throw new ClusterError('invalid-options', `option listen is ${JSON.stringify(text)}: give host:port`);
}
