/** T13: half of 100 nodes is cut off from the other half, for ten minutes or a day; after the cut, when is there one view? */
import { Lab } from './lab.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** Splits of several lengths. */
export function heal(tell: Teller, extent: Extent): void {
  const cases: readonly (readonly [number, number])[] = extent.smoke
    ? [[1, 1]]
    : extent.full
      ? [
          [10, extent.seeds ?? 40],
          [1500, extent.seeds ?? 3],
        ]
      : [
          [10, extent.seeds ?? 8],
          [90, 2],
        ];
  for (const [minutes, seeds] of cases) {
    const times = Array.from({ length: seeds }, (_, seed) => split(100, minutes * 60_000, 500 + seed));
    const about = { n: 100, seeds, note: `50/50 for ${minutes} min` };
    tell.figure({ metric: 'one view after healing, worst s', value: quantile(times, 1) / 1000, target: 15, ...about });
    tell.figure({ metric: 'one view after healing, p50 s', value: quantile(times, 0.5) / 1000, ...about });
  }
}

function split(n: number, durationMs: number, seed: number): number {
  // Tombstones of an hour end within the longer splits.
  const lab = new Lab({ nodes: n, seed });
  lab.run(5000);
  for (const node of lab.nodes) node.group = node.index % 2;
  lab.run(durationMs);
  for (const node of lab.nodes) node.group = 0;
  return lab.runUntil(() => lab.agree(n), 300_000);
}
