import { addressToText, isLoopbackHost } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import type { ClusterNode } from '../runtime/cluster-node.js';
import { createNode } from '../runtime/create-node.js';
import { createMqttGateway, type MqttGateway } from '../runtime/mqtt-gateway.js';
import type { NodeOptions } from '../runtime/options.js';
import { checkRules, type NodeRules, startRules } from '../runtime/node-rules.js';
import { lan } from '../runtime/profiles.js';
import type { NodeConfig } from './node-config.js';
import { terminalLogger } from './terminal-logger.js';
import { type Terminal, toJson } from './terminal.js';

/** Runs a node, its gateway and its rules until the terminal's signal. Whatever fails to start ends what had started. */
export async function runNode(config: NodeConfig, terminal: Terminal, json: boolean): Promise<void> {
  const say: Say = (kind, fields) => terminal.line(json ? toJson({ kind, ...fields }) : `${kind} ${describe(fields)}`);
  const node = createNode({ ...toNodeOptions(config), logger: terminalLogger(terminal, json) });
  let gateway: MqttGateway | undefined;
  let rules: NodeRules | undefined;
  try {
    // A wrong file is told before anybody sees this node.
    await checkRules(node, config.rules);
    await node.start();
    say('node', { name: node.name, address: node.address });
    const ended = watchMembers(node, say);
    rules = config.rules.length === 0 ? undefined : await startRules(node, config.rules);
    if (rules !== undefined) say('rules', { names: rules.names });
    const { mqtt, insecure } = config;
    gateway = mqtt === undefined ? undefined : createMqttGateway(node, { listen: addressToText(mqtt), insecure });
    await gateway?.start();
    if (gateway !== undefined) say('mqtt', { address: gateway.address });
    if ((await Promise.race([whenAborted(terminal.signal), ended])) === 'deposed') {
      throw new ClusterError('name-taken', `node ${node.name} stopped: a later node of its name has come up`);
    }
  } finally {
    await gateway?.stop();
    await rules?.stop();
    await node.stop();
  }
  say('stopped', { name: node.name });
}

type Say = (kind: string, fields: Readonly<Record<string, unknown>>) => void;

function toNodeOptions(config: NodeConfig): NodeOptions {
  const { listen, name, advertise, seeds, key, label, insecure } = config;
  const local = listen === undefined || isLoopbackHost(listen.host);
  return {
    ...(name === undefined ? {} : { name }),
    ...(listen === undefined ? {} : { host: listen.host, port: listen.port }),
    ...(local ? {} : { profile: lan() }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(key === undefined ? {} : { key }),
    ...(label === undefined ? {} : { label }),
    insecure,
  };
}

/** Says who comes and goes; resolves when the node has ended by itself, because a later life of its name has come up. */
function watchMembers(node: ClusterNode, say: Say): Promise<'deposed'> {
  return new Promise((resolve) => {
    node.members$.subscribe({
      next: (event) => {
        if (event.kind === 'snapshot') say('members', { names: event.members.map((member) => member.name) });
        else say(event.kind, { name: event.member.name, address: event.member.address });
      },
      complete: () => resolve('deposed'),
    });
  });
}

function whenAborted(signal: AbortSignal): Promise<'asked'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('asked');
    else signal.addEventListener('abort', () => resolve('asked'), { once: true });
  });
}

function describe(fields: Readonly<Record<string, unknown>>): string {
  return Object.values(fields)
    .map((value) => (Array.isArray(value) ? value.join(', ') : String(value)))
    .join(' ');
}
