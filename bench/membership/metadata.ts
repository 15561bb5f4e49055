/** T15: one node of 1000 changes 64 KiB of metadata; how soon has everybody the new content? */
import { Lab } from './lab.js';
import type { Extent } from './main.js';
import { messageCostMs } from './message-cost.js';
import { quantile, type Teller } from './tell.js';

/** Sweeps sizes of content. */
export function metadata(tell: Teller, extent: Extent): void {
  const n = extent.smoke ? 50 : 1000;
  for (const bytes of [200, 4096, 65_536]) {
    const lab = new Lab({ nodes: n, seed: 15, costMs: messageCostMs });
    lab.run(5000);
    const writer = lab.nodes[7];
    if (writer === undefined) return;
    const seen = new Map<number, number>();
    const from = lab.now;
    lab.onEvent = (observer, _kind, member) => {
      if (member.name === writer.name && member.metadata?.length === bytes && !seen.has(observer.index)) {
        seen.set(observer.index, lab.now - from);
      }
    };
    const sentBefore = lab.sentBytes;
    lab.updateMetadata(writer, new Uint8Array(bytes).fill(7));
    lab.runUntil(() => seen.size >= n, extent.smoke ? 20_000 : 60_000);
    const about = { n, seeds: 1, note: `${bytes} B` };
    const times = [...seen.values()];
    tell.figure({ metric: 'content everywhere p50 s', value: quantile(times, 0.5) / 1000, ...about });
    tell.figure({ metric: 'content everywhere p99 s', value: quantile(times, 0.99) / 1000, target: 2, ...about });
    tell.figure({ metric: 'nodes that have it', value: seen.size, target: n, least: true, ...about });
    tell.figure({ metric: 'bytes sent / node', value: (lab.sentBytes - sentBefore) / n, ...about });
  }
}
