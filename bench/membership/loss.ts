/** T11: every datagram is lost with the same chance; nobody dies, and nobody must be held for dead. */
import { lifeguard, ours } from './configurations.js';
import { Lab } from './lab.js';
import type { Extent } from './main.js';
import type { Teller } from './tell.js';

/** Sweeps loss. */
export function loss(tell: Teller, extent: Extent): void {
  const n = 128;
  for (const lossPercent of extent.smoke ? [10] : [1, 5, 10, 25]) {
    for (const { name, swim } of lossPercent === 25 || extent.full ? [ours, lifeguard(4, 6)] : [ours]) {
      const hours = extent.smoke ? 0.02 : extent.full ? (lossPercent === 10 ? 24 : 4) : lossPercent === 10 ? 1 : 0.25;
      const lab = new Lab({ nodes: n, seed: 11, swim, streams: true });
      lab.loss = lossPercent / 100;
      let failed = 0;
      let suspected = 0;
      lab.onEvent = (_observer, kind) => {
        if (kind === 'failed') failed += 1;
        if (kind === 'suspect') suspected += 1;
      };
      lab.run(hours * 3_600_000);
      const about = { configuration: name, n, note: `${lossPercent} % loss, ${hours} h` };
      const target = name !== ours.name ? undefined : lossPercent === 25 ? 0.05 : lossPercent === 10 ? 0 : undefined;
      tell.figure({
        metric: 'false deaths / node / h',
        value: failed / (n * hours),
        ...about,
        ...(target === undefined ? {} : { target }),
        // With none seen, the rule of three bounds the rate.
        ...(failed === 0 ? { note: `${about.note}; 95 % bound ${(3 / (n * hours)).toPrecision(2)}` } : {}),
      });
      tell.figure({ metric: 'suspicions told / node / h', value: suspected / (n * hours), ...about });
    }
  }
}
