/** T14: every node of 1000 is killed and started again at its address, one after the other, remembering nothing. */
import { addressOf, Lab, type LabNode } from './lab.js';
import { begin } from './join.js';
import type { Extent } from './main.js';
import { quantile, type Teller } from './tell.js';

/** A rolling restart. */
export function restart(tell: Teller, extent: Extent): void {
  const n = extent.smoke ? 20 : 1000;
  const restarted = extent.smoke ? 5 : extent.full ? 1000 : 200;
  const lab = new Lab({ nodes: n, seed: 14 });
  lab.run(5000);
  const told = new Map<string, string[]>();
  const restartedAt = new Map<string, number>();
  const knownMs: number[] = [];
  lab.onEvent = (observer, kind, member) => {
    const at = restartedAt.get(member.name);
    if (at === undefined || kind === 'suspect' || kind === 'alive' || kind === 'updated') return;
    const pair = `${observer.index}.${observer.life} ${member.name}`;
    told.set(pair, [...(told.get(pair) ?? []), kind]);
    if (kind === 'joined' && observer.life === 0) knownMs.push(lab.now - at);
  };
  for (let index = 0; index < restarted; index += 1) {
    const node = lab.nodes[index];
    if (node !== undefined) restartOne(lab, node, restartedAt);
    lab.run(250);
  }
  const one = lab.runUntil(() => lab.agree(n), 60_000);
  let wrong = 0;
  let right = 0;
  for (const [pair, kinds] of told) {
    // An observer that was itself restarted in between learns the new life only.
    const observer = lab.nodes[Number(pair.split('.')[0])];
    if (observer === undefined || observer.life > 0) continue;
    if (kinds.join() === 'failed,joined') right += 1;
    else wrong += 1;
  }
  const about = { n, seeds: 1, note: `${restarted} restarts, one in 250 ms, down 100 ms` };
  const expected = (n - restarted) * restarted;
  if (restarted < n) {
    tell.figure({
      metric: 'pairs told failed, then joined, %',
      value: (100 * right) / expected,
      target: 100,
      least: true,
      ...about,
    });
    tell.figure({ metric: 'pairs told otherwise', value: wrong + (expected - right - wrong), target: 0, ...about });
  }
  tell.figure({ metric: 'new life known p50 s', value: quantile(knownMs, 0.5) / 1000, ...about });
  tell.figure({ metric: 'new life known p99 s', value: quantile(knownMs, 0.99) / 1000, ...about });
  tell.figure({ metric: 'one view after the last, s', value: one / 1000, target: 10, ...about });
}

function restartOne(lab: Lab, node: LabNode, restartedAt: Map<string, number>): void {
  lab.kill(node);
  lab.at(lab.now + 100, () => {
    restartedAt.set(node.name, lab.now);
    lab.restart(
      node,
      [100, 101, 102].map((seed) => addressOf((node.index + seed) % lab.nodes.length)),
    );
    lab.at(lab.now + 200, () => begin(lab, node));
  });
}
