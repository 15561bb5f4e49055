import { measureInterest } from '../../src/testing/bus/interest-run.js';

/** `npx tsx bench/interest/main.ts [subscriptions] [nodes]`: what many subscriptions of one node cost a simulated cluster. */
const [subscriptions = 100_000, nodes = 10] = process.argv.slice(2).map(Number);
for (const form of ['each', 'set'] as const) {
  const startedMs = performance.now();
  const cost = await measureInterest(nodes, subscriptions, form);
  const tookMs = Math.round(performance.now() - startedMs);
  process.stdout.write(`${JSON.stringify({ form, ...cost, tookMs, node: process.version })}\n`);
}
