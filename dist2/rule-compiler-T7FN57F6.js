import {
  commandTopic
} from "./chunk-VU7OXCUH.js";
import {
  findTopicFault,
  matchesSegments,
  parsePattern,
  topicSegment,
  topicToSegments
} from "./chunk-GDDVHQ3H.js";
import "./chunk-44BIA6FG.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/rule/nodes/command-node.js
var CommandNode = class {
  kind = "command";
  #deps;
  #target;
  constructor(deps, target) {
    this.#deps = deps;
    this.#target = target;
  }
  async handle(message, output) {
    const { bus, clock, counters, cancel } = this.#deps;
    const { timeoutMs } = this.#target;
    const device = { product: this.#target.product(message), id: this.#target.device(message) };
    const name = this.#target.name(message);
    const input = this.#target.input?.(message);
    const begin = clock.now();
    const about = () => ({
      product: device.product,
      device: device.id,
      command: name,
      tookMs: clock.now() - begin
    });
    counters.commands += 1;
    try {
      const topic = commandTopic(device, name);
      const answer = await bus.request(topic, input, { timeoutMs, cancel, headers: message.headers });
      counters.answered += 1;
      this.#tell(message, { ...about(), ok: true, output: answer.value });
      output({ ...message, value: answer.value });
    } catch (error) {
      const { code, message: why } = ClusterError.from(error, "internal");
      this.#tell(message, { ...about(), ok: false, code, error: why });
      throw error;
    }
  }
  #tell(message, value) {
    const { answerTo } = this.#target;
    if (answerTo !== void 0)
      this.#deps.bus.publish(answerTo(message), value, { headers: message.headers });
  }
};

// dist/rule/nodes/filter-node.js
var FilterNode = class {
  kind = "where";
  #condition;
  #counters;
  constructor(condition, counters) {
    this.#condition = condition;
    this.#counters = counters;
  }
  handle(message, output) {
    if (this.#condition !== void 0 && this.#condition(message) !== true)
      return;
    this.#counters.matched += 1;
    output(message);
  }
};

// dist/rule/nodes/publish-node.js
var PublishNode = class {
  kind = "publish";
  #bus;
  #target;
  #counters;
  constructor(bus, target, counters) {
    this.#bus = bus;
    this.#target = target;
    this.#counters = counters;
  }
  handle(message, output) {
    const { topic, key, value: make } = this.#target;
    const target = topic(message);
    const headers = { ...message.headers, [hopsHeader]: String(nextHop(message, target)) };
    const options = key === void 0 ? { headers } : { headers, key: key(message) };
    const value = make === void 0 ? message.value : make(message);
    const receipt = this.#bus.publish(target, value, options);
    this.#counters.published += 1;
    if (receipt.local + receipt.nodes + receipt.groups === 0)
      this.#counters.unheard += 1;
    output({ ...message, topic: target, value, headers });
  }
};
var hopsHeader = "rule-hops";
var hopsMax = 16;
function nextHop(message, topic) {
  const before = Number(message.headers[hopsHeader] ?? 0);
  const hops = (Number.isSafeInteger(before) && before > 0 ? before : 0) + 1;
  if (hops <= hopsMax)
    return hops;
  throw new ClusterError("call-depth", `an event for ${topic} came through ${hopsMax} rules; they feed each other`);
}

// dist/rule/nodes/throttle-node.js
var ThrottleNode = class {
  kind = "throttle";
  #clock;
  #options;
  #counters;
  /** In the order of passing, so that the first is the oldest. */
  #passedAt = /* @__PURE__ */ new Map();
  constructor(clock, options, counters) {
    this.#clock = clock;
    this.#options = options;
    this.#counters = counters;
  }
  handle(message, output) {
    const { everyMs, key, keysMax } = this.#options;
    const name = key(message);
    const now = this.#clock.now();
    const passedAt = this.#passedAt.get(name);
    if (passedAt !== void 0 && now - passedAt < everyMs) {
      this.#counters.throttled += 1;
      return;
    }
    this.#passedAt.delete(name);
    this.#passedAt.set(name, now);
    if (this.#passedAt.size > keysMax) {
      const [oldest] = this.#passedAt.keys();
      if (oldest !== void 0)
        this.#passedAt.delete(oldest);
    }
    output(message);
  }
};

// dist/rule/rule-expression.js
import { Environment } from "@marcbachmann/cel-js";
var ExpressionCompiler = class {
  #environment;
  #report;
  #clock;
  #names;
  /** `captures` are names that every pattern of the rule captures. */
  constructor(captures, clock, report) {
    this.#report = report;
    this.#clock = clock;
    this.#names = [...builtinNames, ...captures];
    this.#environment = createEnvironment();
    for (const name of captures)
      this.#environment.registerVariable(name, "string");
  }
  /** Returns the expression, or reports what is wrong with it, and where, and returns `undefined`. */
  compile(placed, type = "anything") {
    const { text } = placed;
    const { valid, error, type: found = "dyn" } = this.#environment.check(text);
    if (!valid) {
      const { range, code = "", summary = "something else" } = error ?? {};
      this.#report(placed.place(range?.start ?? 0), this.#expectedFor(code), summary);
      return void 0;
    }
    if (type === "condition" && found !== "bool" && found !== "dyn") {
      this.#report(placed.place(0), "a condition, which is true or false", `an expression that gives ${found}`);
      return void 0;
    }
    const run = this.#environment.parse(text);
    const clock = this.#clock;
    return (message) => {
      try {
        const result = run(toContext(message, clock));
        return toData(result, 0);
      } catch (error_) {
        throw new ClusterError("handler-failed", `${text}: ${errorText(error_)}`, { cause: error_ });
      }
    };
  }
  #expectedFor(code) {
    if (code !== "unknown_variable")
      return "an expression";
    return `one of ${this.#names.join(", ")} (a text is written with quotes of its own: '"text"')`;
  }
};
var builtinNames = ["value", "topic", "headers", "source", "nowMs"];
function createEnvironment() {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 2e3, maxDepth: 64 }
  }).registerVariable("value", "dyn").registerVariable("topic", "string").registerVariable("headers", "map<string, string>").registerVariable("source", "string").registerVariable("nowMs", "double");
  for (const [sign, calculate] of Object.entries(mixedOperators)) {
    environment.registerOperator(`double ${sign} int: double`, calculate);
    environment.registerOperator(`int ${sign} double: double`, calculate);
  }
  return environment;
}
var mixedOperators = {
  "+": (left, right) => Number(left) + Number(right),
  "-": (left, right) => Number(left) - Number(right),
  "*": (left, right) => Number(left) * Number(right),
  "/": (left, right) => Number(left) / Number(right)
};
function toContext(message, clock) {
  const { value, topic, headers, source, captures } = message;
  return { ...captures, value, topic, headers, source, nowMs: clock.wallMs() };
}
function toData(value, depth) {
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== "object" || value === null)
    return value;
  if (depth > dataDepthMax)
    throw new ClusterError("too-large", `a value nested deeper than ${dataDepthMax}`);
  if (Array.isArray(value)) {
    const items = value.map((item) => toData(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return fromClass(value, depth);
  const entries = Object.entries(value);
  const made = entries.map(([name, field]) => [name, toData(field, depth + 1)]);
  return made.some(([, field], index) => field !== entries[index]?.[1]) ? Object.fromEntries(made) : value;
}
function fromClass(value, depth) {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, field]) => [String(name), toData(field, depth + 1)]));
  }
  const plain = value.valueOf();
  return typeof plain === "bigint" ? toData(plain, depth) : value;
}
var dataDepthMax = 64;
function errorText(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}

// dist/rule/rule-file.js
import { LineCounter, parseAllDocuments } from "yaml";

// dist/rule/yaml-reader.js
import { isAlias, isMap, isScalar, isSeq, Scalar } from "yaml";
var YamlReader = class {
  #text;
  #lines;
  #report;
  constructor(text, lines, report) {
    this.#text = text;
    this.#lines = lines;
    this.#report = report;
  }
  /** A mapping with these fields and no others; `undefined` when it is none. */
  fields(node, what, known) {
    const place = this.place(node);
    if (!isMap(node)) {
      this.#report(place, what, describe(node));
      return void 0;
    }
    const found = /* @__PURE__ */ new Map();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (!known.includes(name))
        this.#report(this.place(key), `one of ${known.join(", ")}`, JSON.stringify(name));
      else if (value !== null)
        found.set(name, value);
    }
    return { place, find: (name) => found.get(name) };
  }
  /** A text that must be there. */
  required(fields, name, what) {
    const node = fields.find(name);
    if (node === void 0) {
      this.#report(fields.place, `a field "${name}": ${what}`, "none");
      return void 0;
    }
    return this.text(node, what);
  }
  /** A text that may be left out. */
  optional(fields, name, what) {
    const node = fields.find(name);
    return node === void 0 ? void 0 : this.text(node, what);
  }
  /** A text; numbers and words such as `true` count as what they look like, because an expression may be one. */
  text(node, what) {
    const text = isScalar(node) ? scalarText(node) : "";
    if (text.trim() !== "") {
      return { text, place: (offset) => this.#placeIn(node, text, offset) };
    }
    this.#report(this.place(node), what, describe(node));
    return void 0;
  }
  /** One text or a list of them. */
  texts(node, what) {
    const nodes = isSeq(node) ? node.items : [node];
    if (nodes.length === 0)
      this.#report(this.place(node), what, "an empty list");
    return nodes.map((item) => this.text(item, what)).filter((text) => text !== void 0);
  }
  /** A whole number of at least 1 that may be left out. */
  count(fields, name, what) {
    const node = fields.find(name);
    if (node === void 0)
      return void 0;
    if (isScalar(node) && Number.isSafeInteger(node.value) && Number(node.value) >= 1)
      return Number(node.value);
    this.#report(this.place(node), what, describe(node));
    return void 0;
  }
  /** One of a few words that may be left out. */
  choice(fields, name, words) {
    const node = fields.find(name);
    if (node === void 0)
      return words[0];
    const found = words.find((word) => isScalar(node) && node.value === word);
    if (found === void 0)
      this.#report(this.place(node), `one of ${words.join(", ")}`, describe(node));
    return found ?? words[0];
  }
  /** A value to be made: maps and lists of expressions and literals. */
  value(node, depth = 0) {
    if (depth > depthMax) {
      this.#report(this.place(node), `nesting of at most ${depthMax}`, "more");
      return void 0;
    }
    if (isMap(node))
      return this.#mapValue(node.items, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.value(item, depth + 1)).filter((item) => item !== void 0);
      return { kind: "list", items };
    }
    if (isScalar(node)) {
      const { value } = node;
      if (value === null || typeof value === "number" || typeof value === "boolean")
        return { kind: "literal", value };
    }
    const text = this.text(node, "an expression, a number, true or false, a map or a list");
    return text === void 0 ? void 0 : { kind: "expression", text };
  }
  /** Where a node begins; the file's begin for none. */
  place(node) {
    return this.placeAt(node?.range[0] ?? 0);
  }
  /** The line and column of an offset in the file. */
  placeAt(offset) {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
  #mapValue(items, depth) {
    const fields = [];
    for (const { key, value } of items) {
      const made = value === null ? void 0 : this.value(value, depth + 1);
      if (made !== void 0 && isScalar(key))
        fields.push([String(key.value), made]);
    }
    return { kind: "map", fields };
  }
  /** Exact where the text stands in the file as it is: plain, quoted without escapes, or a literal block. */
  #placeIn(node, text, offset) {
    const [begin] = node.range;
    const quoted = isScalar(node) && (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE);
    const start = quoted ? begin + 1 : begin;
    if (this.#text.startsWith(text, start))
      return this.placeAt(start + Math.min(offset, text.length));
    const isBlock = isScalar(node) && node.type === Scalar.BLOCK_LITERAL;
    return isBlock ? this.#placeInBlock(begin, text, offset) : this.placeAt(begin);
  }
  #placeInBlock(begin, text, offset) {
    const before = text.slice(0, offset).split("\n");
    const line = this.placeAt(begin).line + before.length;
    const indent = /^ */.exec(this.#text.slice(this.#text.indexOf("\n", begin) + 1))?.[0].length ?? 0;
    return { line, column: indent + (before.at(-1)?.length ?? 0) + 1 };
  }
};
var depthMax = 16;
function scalarText({ value, source }) {
  if (value === null)
    return "";
  return typeof value === "string" ? value : source;
}
function describe(node) {
  if (node === null || node === void 0)
    return "nothing";
  if (isMap(node))
    return "a map";
  if (isSeq(node))
    return "a list";
  if (isAlias(node))
    return "an alias; rules take none";
  const { value, source } = node;
  if (value === null || value === "")
    return "nothing";
  return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${source}`;
}

// dist/rule/rule-file.js
function readRuleFile(file, text) {
  const faults = [];
  const report = (place, expected, found) => faults.push({ file, ...place, expected, found });
  if (text.length > fileLengthMax) {
    report({ line: 1, column: 1 }, `a file of at most ${fileLengthMax} characters`, `${text.length}`);
    return { kind: "faulty", faults };
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const reader = new YamlReader(text, lines, report);
  const models = [];
  for (const document of documents) {
    for (const { pos, message } of document.errors)
      report(reader.placeAt(pos[0]), "well-formed YAML", message);
    if (document.errors.length > 0)
      continue;
    const model = new RuleReader(file, reader, report).read(document.contents);
    if (model !== void 0)
      models.push(model);
  }
  if (documents.length === 0)
    report({ line: 1, column: 1 }, "a rule", "an empty file");
  return faults.length > 0 ? { kind: "faulty", faults } : { kind: "models", models };
}
var fileLengthMax = 1e6;
var ruleFields = ["name", "from", "where", "everyMs", "key", "select", "to", "command", "placement"];
var commandFields = ["product", "device", "name", "input", "timeoutMs", "answerTo"];
var RuleReader = class {
  #file;
  #reader;
  #report;
  constructor(file, reader, report) {
    this.#file = file;
    this.#reader = reader;
    this.#report = report;
  }
  read(node) {
    const reader = this.#reader;
    const fields = reader.fields(node, "a rule: a map with name, from, and to or command", ruleFields);
    if (fields === void 0)
      return void 0;
    const name = reader.required(fields, "name", "the name of the rule, unique in the cluster");
    const from = this.#from(fields);
    const where = reader.optional(fields, "where", "a condition, such as value.properties.temperature > 30");
    const everyMs = reader.count(fields, "everyMs", "a whole number of milliseconds, 1 or more");
    const key = reader.optional(fields, "key", "an expression that gives a text");
    const select = this.#value(fields, "select");
    const to = reader.optional(fields, "to", "a topic, such as /alarm/{device}");
    const command = this.#command(fields);
    const placement = reader.choice(fields, "placement", ["one", "spread"]);
    if (fields.find("to") === void 0 && fields.find("command") === void 0) {
      this.#report(fields.place, 'a field "to" or "command"', "neither");
    }
    this.#checkName(name);
    if (name === void 0)
      return void 0;
    const shared = { file: this.#file, place: fields.place, name, from, where, everyMs, key };
    return { ...shared, select, to, command, placement };
  }
  #from(fields) {
    const node = fields.find("from");
    const what = "a topic pattern or a list of them, such as /device/boiler/{device}/message/property/report";
    if (node !== void 0)
      return this.#reader.texts(node, what);
    this.#report(fields.place, `a field "from": ${what}`, "none");
    return [];
  }
  #command(fields) {
    const node = fields.find("command");
    if (node === void 0)
      return void 0;
    const reader = this.#reader;
    const inner = reader.fields(node, "a command: a map with product, device and name", commandFields);
    if (inner === void 0)
      return void 0;
    const product = reader.required(inner, "product", "the device's product, which may hold {expressions}");
    const device = reader.required(inner, "device", "the device's id, such as '{device}'");
    const name = reader.required(inner, "name", "the name of the command");
    const input = this.#value(inner, "input");
    const timeoutMs = reader.count(inner, "timeoutMs", "a whole number of milliseconds, 1 or more");
    const answerTo = reader.optional(inner, "answerTo", "a topic, such as /answer/{device}");
    if (product === void 0 || device === void 0 || name === void 0)
      return void 0;
    return { product, device, name, input, timeoutMs, answerTo };
  }
  #value(fields, name) {
    const node = fields.find(name);
    return node === void 0 ? void 0 : this.#reader.value(node);
  }
  #checkName(name) {
    if (name === void 0 || /^[A-Za-z0-9][\w.-]{0,62}$/.test(name.text))
      return;
    this.#report(name.place(0), "a name of up to 63 letters, digits, . _ or -", JSON.stringify(name.text.slice(0, 80)));
  }
};

// dist/rule/rule-template.js
var TemplateCompiler = class {
  #expressions;
  #report;
  constructor(expressions, report) {
    this.#expressions = expressions;
    this.#report = report;
  }
  /** A topic to publish on; what stands outside of the braces is checked now. */
  compileTopic(placed) {
    const pieces = this.#pieces(placed);
    if (pieces === void 0)
      return void 0;
    const sample = pieces.map((piece) => typeof piece === "string" ? piece : "x").join("");
    const fault = findTopicFault(sample);
    if (fault !== void 0) {
      this.#report(placed.place(0), "a topic", `${JSON.stringify(placed.text)}: ${fault}`);
      return void 0;
    }
    return join(pieces, topicSegment);
  }
  /** A text, such as a device's id. */
  compileText(placed) {
    const pieces = this.#pieces(placed);
    return pieces === void 0 ? void 0 : join(pieces, (text) => text);
  }
  #pieces(placed) {
    const pieces = [];
    const { text } = placed;
    let whole = true;
    for (const match of text.matchAll(/([^{}]+)|\{([^{}]*)\}|[{}]/g)) {
      const [all, plain, inner] = match;
      const start = match.index + 1;
      if (plain !== void 0)
        pieces.push(plain);
      else if (inner === void 0) {
        this.#report(placed.place(match.index), "an expression in braces, such as {device}", `a lone ${all}`);
        whole = false;
      } else {
        const expression = this.#expressions.compile({ text: inner, place: (offset) => placed.place(start + offset) });
        if (expression === void 0)
          whole = false;
        else
          pieces.push({ text: inner, expression });
      }
    }
    return whole ? pieces : void 0;
  }
};
function join(pieces, escape) {
  return (message) => {
    let made = "";
    for (const piece of pieces)
      made += typeof piece === "string" ? piece : escape(toText(piece, message));
    return made;
  };
}
function toText(piece, message) {
  const value = piece.expression(message);
  if (typeof value === "string")
    return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return String(value);
  throw new ClusterError("handler-failed", `{${piece.text}} gives ${value === null ? "null" : typeof value}, not a text or number`);
}

// dist/rule/rule-compiler.js
function compileRules(sources, clock) {
  const faults = [];
  const rules = [];
  const names = /* @__PURE__ */ new Map();
  for (const { file, text } of sources) {
    const read = readRuleFile(file, text);
    if (read.kind === "faulty")
      faults.push(...read.faults);
    for (const model of read.kind === "models" ? read.models : []) {
      const report = (place, expected, found) => faults.push({ file, ...place, expected, found });
      const earlier = names.get(model.name.text);
      if (earlier !== void 0) {
        report(model.name.place(0), "a name of its own", `${model.name.text}, which ${earlier} has`);
      }
      names.set(model.name.text, file);
      const rule = new RuleCompiler(model, clock, report).compile();
      if (rule !== void 0)
        rules.push(rule);
    }
  }
  return faults.length > 0 ? { kind: "faulty", faults } : { kind: "rules", rules };
}
var throttleKeysMax = 1e5;
var commandTimeoutDefaultMs = 1e4;
var RuleCompiler = class {
  #model;
  #report;
  #patterns;
  #expressions;
  #templates;
  #faults = 0;
  constructor(model, clock, report) {
    this.#model = model;
    this.#report = (place, expected, found) => {
      this.#faults += 1;
      report(place, expected, found);
    };
    this.#patterns = model.from.flatMap((placed) => this.#parse(placed));
    this.#expressions = new ExpressionCompiler(this.#captures(), clock, this.#report);
    this.#templates = new TemplateCompiler(this.#expressions, this.#report);
  }
  compile() {
    const { name, file, from, placement } = this.#model;
    const build = this.#compileGraph();
    if (this.#faults > 0)
      return void 0;
    return { name: name.text, file, from: from.map(({ text }) => text), placement, build };
  }
  #compileGraph() {
    const { where, key, everyMs, select, to, command } = this.#model;
    const condition = where === void 0 ? void 0 : this.#expressions.compile(where, "condition");
    const keyOf = key === void 0 ? void 0 : this.#compileKey(key);
    const value = select === void 0 ? void 0 : this.#compileValue(select);
    const topic = to === void 0 ? void 0 : this.#compileTarget(to);
    const target = command === void 0 ? void 0 : this.#compileCommand(command);
    return (context) => {
      const { bus, clock, counters } = context;
      const ends = [];
      if (topic !== void 0) {
        ends.push(end(new PublishNode(bus, { topic, key: keyOf, value }, counters)));
      }
      if (target !== void 0)
        ends.push(end(new CommandNode(context, target)));
      if (everyMs === void 0)
        return { node: new FilterNode(condition, counters), next: ends };
      const options = { everyMs, key: keyOf ?? topicOf, keysMax: throttleKeysMax };
      const throttle = { node: new ThrottleNode(clock, options, counters), next: ends };
      return { node: new FilterNode(condition, counters), next: [throttle] };
    };
  }
  #parse(placed) {
    try {
      return parsePattern(placed.text);
    } catch (error) {
      const found = error instanceof ClusterError ? error.message.replace(/^\[[\w-]+\] /, "") : String(error);
      this.#report(placed.place(0), "a topic pattern", found);
      return [];
    }
  }
  /** Names that every pattern captures; expressions know no others. */
  #captures() {
    const [first, ...others] = this.#patterns.map(({ captures }) => captures.map(({ name }) => name));
    const names = (first ?? []).filter((name) => others.every((other) => other.includes(name)));
    const taken = names.filter((name) => builtinNames.includes(name));
    const [from] = this.#model.from;
    for (const name of taken) {
      this.#report(from?.place(0) ?? this.#model.place, `a capture that is not called ${builtinNames.join(", ")}`, `{${name}}`);
    }
    return names.filter((name) => !taken.includes(name));
  }
  #compileKey(placed) {
    const expression = this.#expressions.compile(placed);
    return expression === void 0 ? void 0 : (message) => String(expression(message));
  }
  #compileTarget(placed) {
    const { text } = placed;
    const topic = this.#templates.compileTopic(placed);
    if (topic === void 0 || text.includes("{"))
      return topic;
    const segments = topicToSegments(text.startsWith("/") ? text : `/${text}`);
    if (this.#patterns.some((pattern) => matchesSegments(pattern.segments, segments))) {
      this.#report(placed.place(0), "a topic that the rule does not listen to itself", text);
    }
    return topic;
  }
  #compileCommand(command) {
    const product = this.#templates.compileText(command.product);
    const device = this.#templates.compileText(command.device);
    const name = this.#templates.compileText(command.name);
    const input = command.input === void 0 ? void 0 : this.#compileValue(command.input);
    const answerTo = command.answerTo === void 0 ? void 0 : this.#compileTarget(command.answerTo);
    if (product === void 0 || device === void 0 || name === void 0)
      return void 0;
    return { product, device, name, input, timeoutMs: command.timeoutMs ?? commandTimeoutDefaultMs, answerTo };
  }
  #compileValue(model) {
    if (model.kind === "literal")
      return () => model.value;
    if (model.kind === "expression")
      return this.#expressions.compile(model.text);
    if (model.kind === "list") {
      const items = model.items.map((item) => this.#compileValue(item));
      return (message) => items.map((make) => make?.(message));
    }
    const fields = model.fields.map(([name, field]) => [name, this.#compileValue(field)]);
    return (message) => Object.fromEntries(fields.map(([name, make]) => [name, make?.(message)]));
  }
};
function end(node) {
  return { node, next: [] };
}
function topicOf(message) {
  return message.topic;
}
export {
  compileRules
};
