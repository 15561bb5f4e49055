/** The rules process: a node that runs rule files. Run it alone with `npx tsx examples/demo/rules.ts`. */
import { fileURLToPath } from 'node:url';
import { createNode, startRules } from 'scalebus';
import { label, report, serveRate, stopOnSignal } from './process.js';

const node = createNode({ name: 'rules', label });
await node.start();
serveRate(node, '/alarm/**');

const rules = await startRules(node, [fileURLToPath(new URL('rules/climate.yaml', import.meta.url))]);

report({ kind: 'ready', name: node.name });
stopOnSignal(rules, node);
