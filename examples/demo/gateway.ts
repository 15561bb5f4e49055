/** The gateway process: a node that takes MQTT devices. Run it alone with `npx tsx examples/demo/gateway.ts`. */
import { ClusterError, createMqttGateway, createNode, type MqttGateway } from 'scalebus';
import { label, report, serveRate, stopOnSignal } from './process.js';

const node = createNode({ name: 'gateway', label });
await node.start();
serveRate(node, '/device/**');

// Devices come back to the address that they know, so a gateway that is started again is given it.
const known = process.argv[2];
const gateway = known === undefined ? await openAnywhere() : await open(known);

report({ kind: 'ready', name: node.name, mqtt: gateway.address });
stopOnSignal(gateway, node);

async function open(listen: string): Promise<MqttGateway> {
  const opened = createMqttGateway(node, { listen });
  await opened.start();
  return opened;
}

/** On MQTT's own port if it is free. */
async function openAnywhere(): Promise<MqttGateway> {
  try {
    return await open('127.0.0.1:1883');
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'address-in-use') return open('127.0.0.1:0');
    throw error;
  }
}
