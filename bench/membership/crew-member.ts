/** One whole node in a process of its own: joins, tells its parent what it sees, and does what it is told, standing still included. */
import { call, createNode, defineService, lan, local, type NodeOptions, wan } from '../../src/index.js';
import type { CrewOrder, CrewReport, CrewSpec } from './crew.js';

const spec = JSON.parse(process.argv[2] ?? '{}') as CrewSpec;
const profiles = { local, lan: () => lan(spec.seeds.length), wan: () => wan(spec.seeds.length) };
const { name, host, port, seeds } = spec;
const options: NodeOptions = { name, host, port, seeds, insecure: true, profile: profiles[spec.profile]() };
const node = createNode({ ...options, label: spec.label, joinTimeoutMs: spec.joinTimeoutMs });
const echo = defineService('crew.echo', {
  version: '1.0.0',
  methods: { echo: call<string, string>({ idempotent: true }) },
});

process.on('disconnect', () => process.exit(0));
await node.start();
node.rpc.register(echo, { echo: (text) => `${text} ${name}` });
node.bus.subscribe('/crew/{word}', (event) => tell({ kind: 'got', subject: event.source, text: String(event.value) }));
node.members$.subscribe((event) => {
  if (event.kind === 'snapshot') {
    for (const member of event.members) tell({ kind: 'known', subject: member.name, epoch: member.epoch });
    const text = event.members.map((member) => member.name).join();
    tell({ kind: 'ready', subject: name, epoch: node.epoch, text });
    return;
  }
  const { name: subject, epoch, incarnation } = event.member;
  tell({ kind: event.kind, subject, epoch, incarnation });
});
process.on('message', (order: CrewOrder) => carryOut(order));

function carryOut(order: CrewOrder): void {
  const { subject } = order;
  switch (order.kind) {
    case 'stall':
      // This is an I/O callback already; the others move on to their phase first.
      if (order.where === 'timer') setTimeout(() => block(order.stallMs), 1);
      else if (order.where === 'immediate') setImmediate(() => block(order.stallMs));
      else block(order.stallMs);
      return;
    case 'publish':
      node.bus.publish('/crew/word', order.text);
      return;
    case 'call':
      node.rpc
        .client(echo, { timeoutMs: 1000 })
        .echo(order.text, { node: subject })
        .then(
          (text) => tell({ kind: 'answered', subject, text }),
          (error: unknown) => tell({ kind: 'unanswered', subject, text: String(error) }),
        );
      return;
    case 'usage': {
      const { user, system } = process.cpuUsage();
      tell({ kind: 'usage', subject: name, text: `${(user + system) / 1000}` });
      return;
    }
  }
}

function block(stallMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
  tell({ kind: 'woke', subject: name, text: `${stallMs}` });
}

function tell(report: Omit<CrewReport, 'atMs' | 'observer'>): void {
  process.send?.({ ...report, atMs: Date.now(), observer: name } satisfies CrewReport);
}
