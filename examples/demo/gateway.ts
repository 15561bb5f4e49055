/** The gateway process: a node that takes MQTT devices. Run it alone with `npx tsx examples/demo/gateway.ts`. */
import { createMqttGateway, createNode } from 'scalebus';
import { report, serveRate, stopOnSignal } from './process.js';

const node = createNode({ name: 'gateway', label: 'scalebus-demo' });
await node.start();
serveRate(node, '/device/**');

// Devices come back to the port that they know, so a gateway that is started again is given it.
const gateway = createMqttGateway(node, { listen: process.argv[2] ?? '127.0.0.1:0' });
await gateway.start();

report({ kind: 'ready', name: node.name, mqtt: gateway.address });
stopOnSignal(gateway, node);
