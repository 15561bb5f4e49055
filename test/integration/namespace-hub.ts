/**
 * The first process of network, process and mount namespaces of its own: a machine for each node, and the switch between them.
 *
 *     namespace n1 { vx 10.88.0.1 } == VXLAN over veth ==> this process == VXLAN over veth ==> namespace n2 { vx 10.88.0.2 }
 *
 * Every frame that nodes send each other passes here as a datagram of the tunnel (RFC 7348: 8 bytes of head, then the frame), and is
 * lost, delayed or cut: the kernels of both ends see it as they would on a bad wire, and TCP with them. When this process ends,
 * everything in its namespaces ends.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import type { CrewReport, CrewSpec } from '../../bench/membership/crew.js';

/** What the test tells this process. */
export interface WireOrder {
  readonly lossPercent: number;
  readonly delayMs: number;
  /** Frames pass inside a group only; one group is no cut. */
  readonly groups: readonly (readonly number[])[];
}

/** What this process tells the test: reports of nodes, and what the wire did. */
export type HubReport = CrewReport | { readonly passed: number; readonly lost: number };

const nodes = [1, 2, 3, 4, 5];
const port = 7700;
const tunnelPort = 4789;
const script = fileURLToPath(new URL('../../bench/membership/crew-member.ts', import.meta.url));
const children: ChildProcess[] = [];
let wire: WireOrder = { lossPercent: 0, delayMs: 0, groups: [nodes] };
let passed = 0;
let lost = 0;

process.on('disconnect', () => process.exit(0));
process.on('message', (order: WireOrder) => {
  wire = order;
  process.send?.({ passed, lost } satisfies HubReport);
});
// Names of namespaces are kept in a folder that only this one sees.
run('mount', '-t', 'tmpfs', 'none', '/run');
run('ip', 'link', 'set', 'lo', 'up');
for (const node of nodes) addMachine(node);
const tunnel = createSocket('udp4');
tunnel.on('message', (datagram, from) => carry(datagram, Number(from.address.split('.')[2])));
await new Promise<void>((resolve) => tunnel.bind(tunnelPort, '0.0.0.0', resolve));
for (const node of nodes) startNode(node);

function addMachine(node: number): void {
  const within = ['ip', 'netns', 'exec', `n${node}`, 'ip'] as const;
  run('ip', 'netns', 'add', `n${node}`);
  run('ip', 'link', 'add', `u${node}`, 'type', 'veth', 'peer', 'name', 'under', 'netns', `n${node}`);
  run('ip', 'addr', 'add', `10.77.${node}.1/30`, 'dev', `u${node}`);
  run('ip', 'link', 'set', `u${node}`, 'up');
  run(...within, 'link', 'set', 'lo', 'up');
  run(...within, 'addr', 'add', `10.77.${node}.2/30`, 'dev', 'under');
  run(...within, 'link', 'set', 'under', 'up');
  // Kernels leave checksums to their device, and veth to nobody; what passes through a process needs them told (remcsum).
  const offloads = ['remcsumtx', 'remcsumrx', 'nolearning'];
  const tunnelled = ['type', 'vxlan', 'id', '7', 'remote', `10.77.${node}.1`, 'dstport', `${tunnelPort}`, ...offloads];
  run(...within, 'link', 'add', 'vx', 'address', `02:00:00:00:00:0${node}`, 'mtu', '1400', ...tunnelled);
  run(...within, 'addr', 'add', `10.88.0.${node}/24`, 'dev', 'vx');
  run(...within, 'link', 'set', 'vx', 'up');
}

function startNode(node: number): void {
  const spec: CrewSpec = {
    name: `n${node}`,
    host: `10.88.0.${node}`,
    port,
    seeds: nodes.map((one) => `10.88.0.${one}:${port}`),
    profile: 'lan',
    label: 'namespaces',
    joinTimeoutMs: 10_000,
  };
  const program = [process.execPath, '--import', 'tsx', script, JSON.stringify(spec)];
  const child = spawn('nsenter', [`--net=/run/netns/n${node}`, '--', ...program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (report) => process.send?.(report));
  child.once('exit', (code) => {
    process.stderr.write(`n${node} ended with ${code}\n`);
    process.exit(1);
  });
  children.push(child);
}

function carry(datagram: Buffer, from: number): void {
  // The destination is six bytes behind the head; our machines' addresses end in their number, and the lowest bit of the first
  // byte says that all are meant.
  if (datagram.length < 8 + 14) return;
  const isForAll = ((datagram[8] ?? 0) & 1) === 1;
  for (const to of nodes) {
    if (to === from || (!isForAll && datagram[13] !== to)) continue;
    const isTogether = wire.groups.some((group) => group.includes(from) && group.includes(to));
    if (!isTogether || Math.random() * 100 < wire.lossPercent) {
      lost += 1;
      continue;
    }
    passed += 1;
    setTimeout(() => tunnel.send(datagram, tunnelPort, `10.77.${to}.2`), wire.delayMs);
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
