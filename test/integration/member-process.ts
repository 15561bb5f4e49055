/** One node in a process of its own: joins, tells its parent what it sees, and stalls when it is told to. */
import { createNode } from '../../src/runtime/create-node.js';
import { local } from '../../src/runtime/profiles.js';

const [name = '', ports = ''] = process.argv.slice(2);
const seeds = ports.split(',').map((port) => `127.0.0.1:${port}`);
const [port = 0] = process.argv.slice(4).map(Number);

const node = createNode({ name, profile: local(), port, seeds, joinTimeoutMs: 1000 });

process.on('disconnect', () => process.exit(0));
process.on('message', ({ stallMs, where }: { stallMs: number; where: 'timer' | 'immediate' | 'io' }) => {
  // Already an I/O callback; the others move on to their phase first.
  if (where === 'timer') setTimeout(() => block(stallMs), 1);
  else if (where === 'immediate') setImmediate(() => block(stallMs));
  else block(stallMs);
});

await node.start();
node.members$.subscribe((event) => {
  if (event.kind === 'snapshot') return;
  process.send?.({ kind: event.kind, subject: event.member.name, epoch: event.member.epoch, atMs: Date.now() });
});
const names = node.members().map((member) => member.name);
process.send?.({ kind: 'ready', subject: names.join(), epoch: node.epoch, atMs: Date.now() });

function block(durationMs: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, durationMs);
}
