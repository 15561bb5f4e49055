/** T12: Rapid's two faults: 1 % of 1000 nodes hear nothing for 20 s and then do, again and again; or lose 80 % of what they send. */
import { shuffle, SeededRandom } from '../../src/core/random.js';
import { Lab, type LabNode } from './lab.js';
import type { Extent } from './main.js';
import type { Teller } from './tell.js';

/** Both faults. */
export function grey(tell: Teller, extent: Extent): void {
  const n = extent.smoke ? 100 : 1000;
  const minutes = extent.smoke ? 1 : extent.full ? 10 : 4;
  for (const fault of ['ingress flip-flop', 'egress 80 %'] as const) {
    const lab = new Lab({ nodes: n, seed: 12 });
    lab.run(5000);
    const order = [...lab.nodes];
    shuffle(new SeededRandom(12), order);
    const faulty = order.slice(0, Math.max(1, n / 100));
    if (fault === 'egress 80 %') for (const node of faulty) node.egressLoss = 0.8;
    else flip(lab, faulty, 1);
    tellFault(tell, lab, faulty, { fault, minutes });
  }
}

function flip(lab: Lab, faulty: readonly LabNode[], ingressLoss: number): void {
  for (const node of faulty) node.ingressLoss = ingressLoss;
  lab.at(lab.now + 20_000, () => flip(lab, faulty, 1 - ingressLoss));
}

function tellFault(
  tell: Teller,
  lab: Lab,
  faulty: readonly LabNode[],
  { fault, minutes }: { readonly fault: string; readonly minutes: number },
): void {
  const faultyNames = new Set(faulty.map(({ name }) => name));
  const faultyNodes = new Set(faulty);
  let healthyRemoved = 0;
  const changes = new Map<string, number>();
  const publicChanges = new Map<string, number>();
  lab.onEvent = (observer, kind, member) => {
    if (faultyNodes.has(observer)) return;
    if (!faultyNames.has(member.name)) {
      if (kind === 'failed') healthyRemoved += 1;
      return;
    }
    const pair = `${observer.index} ${member.name}`;
    if (kind === 'failed' || kind === 'joined') changes.set(pair, (changes.get(pair) ?? 0) + 1);
    if (kind !== 'updated') publicChanges.set(pair, (publicChanges.get(pair) ?? 0) + 1);
  };
  const from = lab.now;
  let samples = 0;
  let agreed = 0;
  let same = 0;
  while (lab.now - from < minutes * 60_000) {
    lab.run(1000);
    if (lab.now - from <= 60_000) continue;
    samples += 1;
    const views = lab.nodes.filter((node) => !faultyNodes.has(node)).map(({ machine }) => machine.view);
    if (new Set(views.map((view) => view.liveCount)).size === 1) agreed += 1;
    if (new Set(views.map((view) => view.tableHash)).size === 1) same += 1;
  }
  const observers = lab.nodes.length - faulty.length;
  const pairs = observers * faulty.length;
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((all, one) => all + one, 0);
  const about = { n: lab.nodes.length, note: `${fault}, ${minutes} min` };
  tell.figure({ metric: 'healthy removed (pairs)', value: healthyRemoved, target: 0, ...about });
  tell.figure({ metric: 'removed/back / observer and faulty', value: sum(changes) / pairs, target: 2, ...about });
  tell.figure({ metric: 'same, worst pair', value: Math.max(0, ...changes.values()), target: 2, ...about });
  tell.figure({ metric: 'suspicions too, worst pair', value: Math.max(0, ...publicChanges.values()), ...about });
  if (samples > 0) {
    tell.figure({
      metric: 'seconds with one size of cluster, %',
      value: (100 * agreed) / samples,
      target: 99,
      least: true,
      ...about,
    });
    // An objection raises an incarnation, and until it is everywhere tables differ by it though nobody came or went.
    tell.figure({ metric: 'seconds with one table, %', value: (100 * same) / samples, ...about });
  }
}
