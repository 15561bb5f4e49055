/** T7: n nodes start within a second and know three seeds; when does every table hold all of them? */
import { SeededRandom } from '../../src/core/random.js';
import { addressOf, Lab, type LabNode } from './lab.js';
import type { Extent } from './main.js';
import { messageCostMs } from './message-cost.js';
import { quantile, type Teller } from './tell.js';

const targets: Readonly<Record<number, number>> = { 64: 2, 128: 3, 1000: 6, 2000: 10 };
/** The shipped memberlist on loopback, median of what was measured; Rapid's authors for 2000. */
const known: Readonly<Record<number, number>> = { 64: 81, 128: 30, 2000: 95 };

/** Sweeps sizes. */
export function join(tell: Teller, extent: Extent): void {
  const sizes = extent.nodes === undefined ? [64, 128, 1000, 2000] : [extent.nodes];
  for (const n of extent.smoke ? [64] : sizes) {
    const seeds = extent.seeds ?? (extent.full ? 20 : n >= 1000 ? 2 : 10);
    const storms = Array.from({ length: seeds }, (_, seed) => storm(n, 3000 + seed));
    const reference = known[n];
    tell.figure({
      metric: 'all views equal, worst s',
      value:
        quantile(
          storms.map((one) => one.equalMs),
          1,
        ) / 1000,
      n,
      seeds,
      note: 'from the first start, starts within 1 s',
      ...(targets[n] === undefined ? {} : { target: targets[n] }),
      ...(reference === undefined ? {} : { reference }),
    });
    tell.figure({
      metric: 'all views equal, p50 s',
      value:
        quantile(
          storms.map((one) => one.equalMs),
          0.5,
        ) / 1000,
      n,
      seeds,
    });
    tell.figure({
      metric: 'distinct sizes seen, worst',
      value: quantile(
        storms.map((one) => one.sizes),
        1,
      ),
      target: 2 * Math.log2(n),
      n,
      seeds,
      note: 'every node that is up asked once a second',
    });
    tell.figure({
      metric: 'bytes / node until equal',
      value: quantile(
        storms.map((one) => one.bytes / n),
        0.5,
      ),
      n,
      seeds,
    });
  }
}

function storm(n: number, seed: number): { readonly equalMs: number; readonly sizes: number; readonly bytes: number } {
  const lab = new Lab({ nodes: n, seed, warm: false, costMs: messageCostMs });
  const random = new SeededRandom(seed).fork('starts');
  for (const node of lab.nodes) lab.at(random.below(1000), () => begin(lab, node));
  const sizes = new Set<number>();
  let asked = 0;
  const equalMs = lab.runUntil(
    () => {
      if (lab.now >= asked) {
        asked += 1000;
        // A node that is not up has no cluster to speak of.
        for (const node of lab.nodes) if (lab.phaseOf(node) === 'up') sizes.add(node.machine.view.liveCount);
      }
      return lab.agree(n);
    },
    120_000,
    20,
  );
  return { equalMs, sizes: sizes.size, bytes: lab.sentBytes };
}

/** As the driver: the seeds are asked until one answers, at last the node comes up alone. */
export function begin(lab: Lab, node: LabNode, startedAt: number = lab.now, waitMs = 200): void {
  const seeds = [0, 1, 2].filter((index) => index !== node.index).map(addressOf);
  if (lab.phaseOf(node) === 'up') {
    const isAlone = node.machine.view.liveCount <= 1;
    if (isAlone) lab.contact(node, seeds);
    lab.at(lab.now + (isAlone ? 3000 : 30_000), () => begin(lab, node, startedAt, waitMs));
    return;
  }
  if (lab.now - startedAt >= 3000) {
    lab.comeUp(node);
    return;
  }
  lab.contact(node, seeds);
  lab.at(lab.now + waitMs, () => begin(lab, node, startedAt, Math.min(1000, waitMs * 2)));
}
