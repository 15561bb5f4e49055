import type { CancelToken } from '../core/cancel.js';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import { matchesSegments, parsePattern, type TopicPattern, topicToSegments } from '../core/topic.js';
import type { BusDoor } from '../spi/bus.js';
import type { RuleMessage } from '../spi/rule.js';
import { CommandNode, type CommandTarget } from './nodes/command-node.js';
import { FilterNode } from './nodes/filter-node.js';
import { PublishNode } from './nodes/publish-node.js';
import { ThrottleNode } from './nodes/throttle-node.js';
import type { RuleCounters } from './rule-counters.js';
import { builtinNames, type Expression, ExpressionCompiler } from './rule-expression.js';
import type { PlacedText, ReportFault, RuleFault } from './rule-fault.js';
import { readRuleFile } from './rule-file.js';
import type { RuleStep } from './rule-graph.js';
import type { CommandModel, RuleModel, RulePlacement, ValueModel } from './rule-model.js';
import { type Template, TemplateCompiler } from './rule-template.js';

/** A rule file's name, for faults, and its text. */
export interface RuleSource {
  readonly file: string;
  readonly text: string;
}

/** A rule that was read and checked whole; nothing in it can be malformed any more. */
export interface CompiledRule {
  readonly name: string;
  readonly file: string;
  readonly from: readonly string[];
  readonly placement: RulePlacement;
  /** Makes the rule's nodes, with state of their own, for one run of it. */
  build(context: RuleContext): RuleStep;
}

/** What the nodes of a running rule share. */
export interface RuleContext {
  readonly bus: BusDoor;
  readonly clock: Clock;
  readonly counters: RuleCounters;
  readonly cancel: CancelToken;
}

/** Rules, or everything that is wrong with their files. */
export type CompileResult =
  | { readonly kind: 'rules'; readonly rules: readonly CompiledRule[] }
  | { readonly kind: 'faulty'; readonly faults: readonly RuleFault[] };

/** Reads, checks and compiles rule files together, because their names must differ. `clock` gives expressions their `nowMs`. */
export function compileRules(sources: readonly RuleSource[], clock: Clock): CompileResult {
  const faults: RuleFault[] = [];
  const rules: CompiledRule[] = [];
  const names = new Map<string, string>();
  for (const { file, text } of sources) {
    const read = readRuleFile(file, text);
    if (read.kind === 'faulty') faults.push(...read.faults);
    for (const model of read.kind === 'models' ? read.models : []) {
      const report: ReportFault = (place, expected, found) => faults.push({ file, ...place, expected, found });
      const earlier = names.get(model.name.text);
      if (earlier !== undefined) {
        report(model.name.place(0), 'a name of its own', `${model.name.text}, which ${earlier} has`);
      }
      names.set(model.name.text, file);
      const rule = new RuleCompiler(model, clock, report).compile();
      if (rule !== undefined) rules.push(rule);
    }
  }
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'rules', rules };
}

/** Keys that a throttle remembers: as many devices as one node is likely to see. */
const throttleKeysMax = 100_000;

const commandTimeoutDefaultMs = 10_000;

class RuleCompiler {
  readonly #model: RuleModel;
  readonly #report: ReportFault;
  readonly #patterns: readonly TopicPattern[];
  readonly #expressions: ExpressionCompiler;
  readonly #templates: TemplateCompiler;
  #faults = 0;

  constructor(model: RuleModel, clock: Clock, report: ReportFault) {
    this.#model = model;
    this.#report = (place, expected, found) => {
      this.#faults += 1;
      report(place, expected, found);
    };
    this.#patterns = model.from.flatMap((placed) => this.#parse(placed));
    this.#expressions = new ExpressionCompiler(this.#captures(), clock, this.#report);
    this.#templates = new TemplateCompiler(this.#expressions, this.#report);
  }

  compile(): CompiledRule | undefined {
    const { name, file, from, placement } = this.#model;
    const build = this.#compileGraph();
    if (this.#faults > 0) return undefined;
    return { name: name.text, file, from: from.map(({ text }) => text), placement, build };
  }

  #compileGraph(): CompiledRule['build'] {
    const { where, key, everyMs, select, to, command } = this.#model;
    const condition = where === undefined ? undefined : this.#expressions.compile(where, 'condition');
    const keyOf = key === undefined ? undefined : this.#compileKey(key);
    const value = select === undefined ? undefined : this.#compileValue(select);
    const topic = to === undefined ? undefined : this.#compileTarget(to);
    const target = command === undefined ? undefined : this.#compileCommand(command);
    return (context) => {
      const { bus, clock, counters } = context;
      const ends: RuleStep[] = [];
      if (topic !== undefined) {
        ends.push(end(new PublishNode(bus, { topic, key: keyOf, value }, counters)));
      }
      if (target !== undefined) ends.push(end(new CommandNode(context, target)));
      if (everyMs === undefined) return { node: new FilterNode(condition, counters), next: ends };
      const options = { everyMs, key: keyOf ?? topicOf, keysMax: throttleKeysMax };
      const throttle: RuleStep = { node: new ThrottleNode(clock, options, counters), next: ends };
      return { node: new FilterNode(condition, counters), next: [throttle] };
    };
  }

  #parse(placed: PlacedText): readonly TopicPattern[] {
    try {
      return parsePattern(placed.text);
    } catch (error) {
      // The parser is for callers, who get an error; here it is a fault of the file.
      const found = error instanceof ClusterError ? error.message.replace(/^\[[\w-]+\] /, '') : String(error);
      this.#report(placed.place(0), 'a topic pattern', found);
      return [];
    }
  }

  /** Names that every pattern captures; expressions know no others. */
  #captures(): readonly string[] {
    const [first, ...others] = this.#patterns.map(({ captures }) => captures.map(({ name }) => name));
    const names = (first ?? []).filter((name) => others.every((other) => other.includes(name)));
    const taken = names.filter((name) => builtinNames.includes(name));
    const [from] = this.#model.from;
    for (const name of taken) {
      this.#report(
        from?.place(0) ?? this.#model.place,
        `a capture that is not called ${builtinNames.join(', ')}`,
        `{${name}}`,
      );
    }
    return names.filter((name) => !taken.includes(name));
  }

  #compileKey(placed: PlacedText): ((message: RuleMessage) => string) | undefined {
    const expression = this.#expressions.compile(placed);
    return expression === undefined ? undefined : (message) => String(expression(message));
  }

  #compileTarget(placed: PlacedText): Template | undefined {
    const { text } = placed;
    const topic = this.#templates.compileTopic(placed);
    if (topic === undefined || text.includes('{')) return topic;
    const segments = topicToSegments(text.startsWith('/') ? text : `/${text}`);
    if (this.#patterns.some((pattern) => matchesSegments(pattern.segments, segments))) {
      this.#report(placed.place(0), 'a topic that the rule does not listen to itself', text);
    }
    return topic;
  }

  #compileCommand(command: CommandModel): CommandTarget | undefined {
    const product = this.#templates.compileText(command.product);
    const device = this.#templates.compileText(command.device);
    const name = this.#templates.compileText(command.name);
    const input = command.input === undefined ? undefined : this.#compileValue(command.input);
    const answerTo = command.answerTo === undefined ? undefined : this.#compileTarget(command.answerTo);
    if (product === undefined || device === undefined || name === undefined) return undefined;
    return { product, device, name, input, timeoutMs: command.timeoutMs ?? commandTimeoutDefaultMs, answerTo };
  }

  #compileValue(model: ValueModel): Expression | undefined {
    if (model.kind === 'literal') return () => model.value;
    if (model.kind === 'expression') return this.#expressions.compile(model.text);
    if (model.kind === 'list') {
      const items = model.items.map((item) => this.#compileValue(item));
      return (message) => items.map((make) => make?.(message));
    }
    const fields = model.fields.map(([name, field]) => [name, this.#compileValue(field)] as const);
    return (message) => Object.fromEntries(fields.map(([name, make]) => [name, make?.(message)]));
  }
}

function end(node: RuleStep['node']): RuleStep {
  return { node, next: [] };
}

function topicOf(message: RuleMessage): string {
  return message.topic;
}
