import { addressToText } from '../core/address.js';
import type { ClusterNode } from '../runtime/cluster-node.js';
import { createNode } from '../runtime/create-node.js';
import { createMqttGateway, type MqttGateway } from '../runtime/mqtt-gateway.js';
import type { NodeOptions } from '../runtime/options.js';
import { type NodeRules, startRules } from '../runtime/node-rules.js';
import { lan } from '../runtime/profiles.js';
import type { NodeConfig } from './node-config.js';
import { type Terminal, toJson } from './terminal.js';

/** Runs a node, its gateway and its rules until the terminal's signal. Whatever fails to start ends what had started. */
export async function runNode(config: NodeConfig, terminal: Terminal, json: boolean): Promise<void> {
  const say = (kind: string, fields: Readonly<Record<string, unknown>>): void => {
    terminal.line(json ? toJson({ kind, ...fields }) : `${kind} ${describe(fields)}`);
  };
  const node = createNode(toNodeOptions(config));
  let gateway: MqttGateway | undefined;
  let rules: NodeRules | undefined;
  try {
    await node.start();
    say('node', { name: node.name, address: node.address });
    const watching = watchMembers(node, say);
    rules = config.rules.length === 0 ? undefined : await startRules(node, config.rules);
    if (rules !== undefined) say('rules', { names: rules.names });
    gateway = config.mqtt === undefined ? undefined : createMqttGateway(node, { listen: addressToText(config.mqtt) });
    await gateway?.start();
    if (gateway !== undefined) say('mqtt', { address: gateway.address });
    await whenAborted(terminal.signal);
    watching.unsubscribe();
  } finally {
    await gateway?.stop();
    await rules?.stop();
    await node.stop();
  }
  say('stopped', { name: node.name });
}

function toNodeOptions(config: NodeConfig): NodeOptions {
  const { listen, name, advertise, seeds, key, label, insecure } = config;
  const local = listen === undefined || /^(?:127\.|localhost$|::1$)/.test(listen.host);
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

function watchMembers(
  node: ClusterNode,
  say: (kind: string, fields: Readonly<Record<string, unknown>>) => void,
): { unsubscribe(): void } {
  return node.members$.subscribe((event) => {
    if (event.kind === 'snapshot') say('members', { names: event.members.map((member) => member.name) });
    else say(event.kind, { name: event.member.name, address: event.member.address });
  });
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function describe(fields: Readonly<Record<string, unknown>>): string {
  return Object.values(fields)
    .map((value) => (Array.isArray(value) ? value.join(', ') : String(value)))
    .join(' ');
}
