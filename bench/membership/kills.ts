/** T4 with processes: kill -9 on a machine that lives on. The links of the others are refused, and two of them are enough. */
import { Crew } from './crew.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** Kills one after the other, and lets each come back before the next. */
export async function kills(tell: Teller, extent: Extent): Promise<void> {
  const crew = await Crew.start(extent.smoke ? 5 : 16);
  const rounds = extent.smoke ? 1 : (extent.seeds ?? 30);
  const firstMs: number[] = [];
  const allMs: number[] = [];
  const suspectMs: number[] = [];
  let others = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      await crew.begin();
      const name = `p${((round * 7) % crew.names.length) + 1}`;
      const killedAt = await crew.kill(name);
      const survivors = crew.names.length;
      const removals = (): readonly number[] => crew.seen('failed', name).map(({ atMs }) => atMs - killedAt);
      await crew.until(() => removals().length === survivors, 'all survivors to remove it', 60_000);
      firstMs.push(Math.min(...removals()));
      allMs.push(Math.max(...removals()));
      suspectMs.push(Math.min(...crew.seen('suspect', name).map(({ atMs }) => atMs - killedAt)));
      others += [...crew.all('suspect'), ...crew.all('failed')].filter(({ subject }) => subject !== name).length;
      await crew.join(name);
    }
  } finally {
    await crew.stop();
  }
  const about = { n: extent.smoke ? 5 : 16, note: `${rounds} kills` };
  const figure = (metric: string, value: number, target?: number): void =>
    tell.figure({ metric, value: value / 1000, ...(target === undefined ? {} : { target }), ...about });
  figure('suspect p50 s', quantile(suspectMs, 0.5));
  figure('first removal p50 s', quantile(firstMs, 0.5), 1);
  figure('first removal p99 s', quantile(firstMs, 0.99), 2.5);
  figure('all survivors p50 s', quantile(allMs, 0.5), 1.5);
  figure('all survivors p99 s', quantile(allMs, 0.99));
  tell.figure({ metric: 'others accused', value: others, target: 0, ...about });
}
