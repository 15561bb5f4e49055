import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { CompiledRule } from '../rule/rule-compiler.js';
import type { RuleRunnerOptions, RuleStats } from '../rule/rule-runner.js';
import type { ClusterNode } from './cluster-node.js';
import { checkRuleOptions, checkTexts } from './option-kinds.js';
import { checkRunning } from './running-node.js';

/** Rules that run at one node, shared with the other nodes that loaded the same files. */
export interface NodeRules {
  readonly names: readonly string[];
  stats(): readonly RuleStats[];
  /** Lets running commands finish, then unsubscribes. Idempotent. Stop it before its node. */
  stop(): Promise<void>;
}

/**
 * Reads and starts rule files on a running node. Rejects with `invalid-options` naming file, line, column and what was expected; then none of
 * them runs.
 */
export async function startRules(
  node: ClusterNode,
  files: readonly string[],
  options: RuleRunnerOptions = {},
): Promise<NodeRules> {
  checkRunning(node);
  checkRuleOptions(options);
  const { clock, logger } = node.parts;
  const [rules, { RuleRunner }] = await Promise.all([compileFiles(files, clock), import('../rule/rule-runner.js')]);
  const runner = new RuleRunner({ bus: node.bus, clock, logger }, rules, options);
  await runner.start();
  return { names: rules.map((rule) => rule.name), stats: () => runner.stats(), stop: () => runner.stop() };
}

/** Reads rule files as `startRules` would and starts nothing: for a look before a node joins. Rejects like it. */
export async function checkRules(node: Pick<ClusterNode, 'parts'>, files: readonly string[]): Promise<void> {
  if (files.length > 0) await compileFiles(files, node.parts.clock);
}

async function compileFiles(files: readonly string[], clock: Clock): Promise<readonly CompiledRule[]> {
  checkTexts('files', 'cool.yaml', files);
  // Rules bring readers of YAML and CEL: only a node that has some pays for them.
  const [{ compileRules }, { faultsToError }] = await Promise.all([
    import('../rule/rule-compiler.js'),
    import('../rule/rule-fault.js'),
  ]);
  const sources = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })));
  const compiled = compileRules(sources, clock);
  if (compiled.kind === 'faulty') throw faultsToError(compiled.faults);
  return compiled.rules;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ClusterError('invalid-options', `rule file ${file} cannot be read: ${String(cause)}`, { cause });
  }
}
