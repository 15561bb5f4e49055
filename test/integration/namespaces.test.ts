import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type CrewReport, presentKinds } from '../../bench/membership/crew.js';
import type { HubReport, WireOrder } from './namespace-hub.js';
import { eventually } from './process-fixture.js';

const names = ['n1', 'n2', 'n3', 'n4', 'n5'];
const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const unshare = [...asUser, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
const bad = { lossPercent: 20, delayMs: 200 };
const together: WireOrder['groups'] = [[1, 2, 3, 4, 5]];

/** `npm run test:namespaces`; it takes two and a half minutes, so `npm test` leaves it out. */
describe('five nodes in network namespaces', function namespaces() {
  this.timeout(300_000);
  let wire: Wire | undefined;

  before(function allowed() {
    const reason = findReason();
    if (reason === undefined) return;
    process.stdout.write(`      skipped: ${reason}\n`);
    this.skip();
  });

  after(() => wire?.stop());

  it('hold through loss and delay, see a cut of a minute, and have one view within fifteen seconds of its end', async () => {
    wire = new Wire();
    wire.set({ ...bad, groups: together });
    await eventually('five nodes to come together', () => wire?.agrees(names) === true, 60_000);
    const startedAt = Date.now();
    await reach(startedAt + 30_000);
    assert.deepEqual(told(wire, 'failed', startedAt), [], 'nobody is removed for loss and delay');
    const doubts = wire.reports.filter(({ kind, atMs }) => kind === 'suspect' && atMs >= startedAt).length;

    const cutAt = Date.now();
    wire.set({
      ...bad,
      groups: [
        [1, 2],
        [3, 4, 5],
      ],
    });
    await reach(cutAt + 60_000);
    assert.ok(wire.agrees(['n1', 'n2']) && wire.agrees(['n3', 'n4', 'n5']), 'each side holds together');
    for (const near of ['n1', 'n2']) {
      for (const far of ['n3', 'n4', 'n5']) {
        assert.ok(!wire.isThereFor(near, far) && !wire.isThereFor(far, near), `${near} and ${far} are cut`);
      }
    }
    assert.ok(wire.lost > 100, `${wire.lost} frames were lost`);

    const healedAt = Date.now();
    wire.set({ ...bad, groups: together });
    await eventually('one view', () => wire?.agrees(names) === true, 60_000);
    const healMs = Date.now() - healedAt;
    await reach(Date.now() + 15_000);
    process.stdout.write(
      `      ${doubts} suspicions in 30 s of loss and delay; one view ${healMs} ms after the cut of a minute ended; ` +
        `${wire.passed} frames passed, ${wire.lost} were lost\n`,
    );
    assert.ok(healMs <= 15_000, `one view after ${healMs} ms`);
    assert.deepEqual(told(wire, 'failed', healedAt + healMs), [], 'nobody is removed again');
  });
});

/** Why the test cannot run here; `undefined` when it can. */
function findReason(): string | undefined {
  if (process.env['SCALEBUS_NAMESPACES'] !== '1') return 'it takes minutes; npm run test:namespaces runs it';
  if (process.platform !== 'linux') return 'it needs Linux';
  const probe =
    'mount -t tmpfs none /run && ip link add x type vxlan id 1 remote 127.0.0.1 dstport 4789 && ip netns add y && ip netns exec y true';
  const { status, error, stderr } = spawnSync('unshare', [...unshare, 'sh', '-c', probe], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `it needs unshare, ip (iproute2), VXLAN and leave to make namespaces: ${error?.message ?? stderr.trim()}`;
}

/** The five nodes and the wire between them, from outside. */
class Wire {
  readonly reports: CrewReport[] = [];
  readonly #hub: ChildProcess;
  readonly #epochs = new Map<string, number>();
  /** The last word of each observer on each other. */
  readonly #views = new Map<string, Map<string, CrewReport>>();
  passed = 0;
  lost = 0;

  constructor() {
    const hub = fileURLToPath(new URL('namespace-hub.ts', import.meta.url));
    const program = [process.execPath, '--import', 'tsx', hub];
    this.#hub = spawn('unshare', [...unshare, ...program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#hub.on('message', (report: HubReport) => this.#take(report));
  }

  set(order: WireOrder): void {
    this.#hub.send(order);
  }

  /** True when each of these holds each other of them for alive in its present life. */
  agrees(some: readonly string[]): boolean {
    return some.every((observer) => some.every((subject) => this.isThereFor(observer, subject)));
  }

  isThereFor(observer: string, subject: string): boolean {
    const epoch = this.#epochs.get(subject);
    if (epoch === undefined || !this.#epochs.has(observer)) return false;
    if (observer === subject) return true;
    const last = this.#views.get(observer)?.get(subject);
    return last !== undefined && last.epoch === epoch && presentKinds.has(last.kind);
  }

  async stop(): Promise<void> {
    if (this.#hub.exitCode !== null || this.#hub.signalCode !== null) return;
    const ended = once(this.#hub, 'exit');
    this.#hub.disconnect();
    await ended;
  }

  #take(report: HubReport): void {
    if ('passed' in report) {
      [this.passed, this.lost] = [report.passed, report.lost];
      return;
    }
    this.reports.push(report);
    const { kind, observer, subject, epoch = 0 } = report;
    if (kind === 'ready') {
      this.#epochs.set(observer, epoch);
      return;
    }
    const view = this.#views.get(observer) ?? new Map<string, CrewReport>();
    this.#views.set(observer, view.set(subject, report));
  }
}

function told(wire: Wire, kind: string, fromMs: number): readonly string[] {
  const since = wire.reports.filter((report) => report.kind === kind && report.atMs >= fromMs);
  return since.map(({ observer, subject }) => `${observer}: ${kind} ${subject}`);
}

/** Lets the wall reach a time: how long it lasts is what is being tested. */
async function reach(wallMs: number): Promise<void> {
  await eventually('the wall to go on', () => Date.now() >= wallMs, wallMs - Date.now() + 5000);
}
