import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

describe("Node's clock in a process of its own", function suite() {
  this.timeout(20_000);

  it('does not keep the process alive with a pending timer', async () => {
    const program = `
      import { NodeClock } from './src/runtime/node-clock.js';
      const clock = new NodeClock();
      clock.setTimer(clock.now() + 3_600_000, () => console.log('fired'));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    const [code] = await once(child, 'close');
    assert.deepEqual([code, Buffer.concat(out).toString()], [0, '']);
  });
});
