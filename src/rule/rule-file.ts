import { LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { PlacedText, ReportFault, RuleFault } from './rule-fault.js';
import type { CommandModel, RuleModel, ValueModel } from './rule-model.js';
import { type YamlFields, YamlReader } from './yaml-reader.js';

/** What a rule file holds, or what is wrong with it. */
export type RuleFileResult =
  | { readonly kind: 'models'; readonly models: readonly RuleModel[] }
  | { readonly kind: 'faulty'; readonly faults: readonly RuleFault[] };

/**
 * Reads a rule file: YAML, one rule a document. `file` only names it in faults. Expressions and topics are not read here.
 *
 *     name: cool-hot-boilers
 *     from: /device/boiler/{device}/message/property/report
 *     where: value.properties.temperature > 30
 *     everyMs: 5000
 *     key: device
 *     select: { device: device, temperature: value.properties.temperature }
 *     to: /alarm/{device}
 *     command: { product: boiler, device: '{device}', name: fan, input: { on: true } }
 */
export function readRuleFile(file: string, text: string): RuleFileResult {
  const faults: RuleFault[] = [];
  const report: ReportFault = (place, expected, found) => faults.push({ file, ...place, expected, found });
  if (text.length > fileLengthMax) {
    report({ line: 1, column: 1 }, `a file of at most ${fileLengthMax} characters`, `${text.length}`);
    return { kind: 'faulty', faults };
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const reader = new YamlReader(text, lines, report);
  const models: RuleModel[] = [];
  for (const document of documents) {
    for (const { pos, message } of document.errors) report(reader.placeAt(pos[0]), 'well-formed YAML', message);
    if (document.errors.length > 0) continue;
    const model = new RuleReader(file, reader, report).read(document.contents);
    if (model !== undefined) models.push(model);
  }
  if (documents.length === 0) report({ line: 1, column: 1 }, 'a rule', 'an empty file');
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'models', models };
}

/** A rule file is written by a person; what is larger is another file by mistake. */
const fileLengthMax = 1_000_000;

const ruleFields = ['name', 'from', 'where', 'everyMs', 'key', 'select', 'to', 'command', 'placement'];
const commandFields = ['product', 'device', 'name', 'input', 'timeoutMs', 'answerTo'];

class RuleReader {
  readonly #file: string;
  readonly #reader: YamlReader;
  readonly #report: ReportFault;

  constructor(file: string, reader: YamlReader, report: ReportFault) {
    this.#file = file;
    this.#reader = reader;
    this.#report = report;
  }

  read(node: ParsedNode | null): RuleModel | undefined {
    const reader = this.#reader;
    const fields = reader.fields(node, 'a rule: a map with name, from, and to or command', ruleFields);
    if (fields === undefined) return undefined;
    const name = reader.required(fields, 'name', 'the name of the rule, unique in the cluster');
    const from = this.#from(fields);
    const where = reader.optional(fields, 'where', 'a condition, such as value.properties.temperature > 30');
    const everyMs = reader.count(fields, 'everyMs', 'a whole number of milliseconds, 1 or more');
    const key = reader.optional(fields, 'key', 'an expression that gives a text');
    const select = this.#value(fields, 'select');
    const to = reader.optional(fields, 'to', 'a topic, such as /alarm/{device}');
    const command = this.#command(fields);
    const placement = reader.choice(fields, 'placement', ['one', 'spread']);
    if (fields.find('to') === undefined && fields.find('command') === undefined) {
      this.#report(fields.place, 'a field "to" or "command"', 'neither');
    }
    this.#checkName(name);
    if (name === undefined) return undefined;
    const shared = { file: this.#file, place: fields.place, name, from, where, everyMs, key };
    return { ...shared, select, to, command, placement };
  }

  #from(fields: YamlFields): PlacedText[] {
    const node = fields.find('from');
    const what = 'a topic pattern or a list of them, such as /device/boiler/{device}/message/property/report';
    if (node !== undefined) return this.#reader.texts(node, what);
    this.#report(fields.place, `a field "from": ${what}`, 'none');
    return [];
  }

  #command(fields: YamlFields): CommandModel | undefined {
    const node = fields.find('command');
    if (node === undefined) return undefined;
    const reader = this.#reader;
    const inner = reader.fields(node, 'a command: a map with product, device and name', commandFields);
    if (inner === undefined) return undefined;
    const product = reader.required(inner, 'product', "the device's product, which may hold {expressions}");
    const device = reader.required(inner, 'device', "the device's id, such as '{device}'");
    const name = reader.required(inner, 'name', 'the name of the command');
    const input = this.#value(inner, 'input');
    const timeoutMs = reader.count(inner, 'timeoutMs', 'a whole number of milliseconds, 1 or more');
    const answerTo = reader.optional(inner, 'answerTo', 'a topic, such as /answer/{device}');
    if (product === undefined || device === undefined || name === undefined) return undefined;
    return { product, device, name, input, timeoutMs, answerTo };
  }

  #value(fields: YamlFields, name: string): ValueModel | undefined {
    const node = fields.find(name);
    return node === undefined ? undefined : this.#reader.value(node);
  }

  #checkName(name: PlacedText | undefined): void {
    if (name === undefined || /^[A-Za-z0-9][\w.-]{0,62}$/.test(name.text)) return;
    this.#report(name.place(0), 'a name of up to 63 letters, digits, . _ or -', JSON.stringify(name.text.slice(0, 80)));
  }
}
