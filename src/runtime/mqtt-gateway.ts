import { DeviceGateway, type GatewayOptions } from '../device/gateway/device-gateway.js';
import { JsonProtocol } from '../device/gateway/json-protocol.js';
import type { MqttOptions } from '../device/network/mqtt-options.js';
import { MqttServer } from '../device/network/mqtt-server.js';
import { SessionTable } from '../device/session/session-table.js';
import { type Address, addressToText, findAddress } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import type { DeviceProtocol } from '../spi/device.js';
import type { ClusterNode } from './cluster-node.js';

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

/** Makes a gateway on a running node; throws `invalid-options`, `insecure-address` or `not-started`. */
export function createMqttGateway(node: ClusterNode, options: MqttGatewayOptions = {}): MqttGateway {
  const { listen, protocol, ...rest } = options;
  const { clock, random, logger, deviceConnections } = node.parts;
  const component = new MqttServer(
    { connections: deviceConnections, clock, random: random.fork('mqtt'), logger },
    { ...rest, listen: addressOf(listen ?? '127.0.0.1:1883') },
  );
  const gateway = new DeviceGateway(
    {
      bus: node.bus,
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
  return {
    get address() {
      return addressToText(component.local);
    },
    start: () => gateway.start(),
    stop: () => gateway.stop(),
  };
}

function addressOf(text: string): Address {
  const address = findAddress(text, 1883);
  if (address !== undefined) return address;
  throw new ClusterError('invalid-options', `option listen is ${JSON.stringify(text)}: give host:port`);
}
