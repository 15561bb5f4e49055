import { checkFlag, checkFunction, checkInteger, checkOptionNames, checkWord, optionError } from '../core/options.js';

/** Throws `invalid-options` for options that are no object, for names that there are not, and for values of another kind. */
export function checkOptionKinds(options: object): void {
  checkKinds(options, optionKinds, 'createNode');
}

/** The same for a bus without a node. */
export function checkLocalBusKinds(options: object): void {
  checkKinds(options, localBusKinds, 'createLocalBus');
}

/** The same for a gateway: a misspelt `authenticate` would let everybody in, and an `insecure` that is a text too. */
export function checkGatewayOptions(options: object): void {
  checkKinds(options, gatewayKinds, 'createMqttGateway');
}

/** The same for rules that run. */
export function checkRuleOptions(options: object): void {
  checkKinds(options, ruleKinds, 'startRules');
}

function checkKinds(options: object, kinds: Kinds, of: string): void {
  checkOptionNames(options, new Set(Object.keys(kinds)), of);
  for (const [name, check] of Object.entries(kinds)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) check(`option ${name}`, value);
  }
}

/** Throws `invalid-options` unless a value is a list of texts: one text would be taken letter by letter. */
export function checkTexts(option: string, example: string, value: unknown): void {
  if (!isListOf(value, isText)) throw optionError(option, `give a list of texts, such as ['${example}']`, value);
}

/** Throws `invalid-options` unless a value is bytes. */
export function checkBytes(option: string, value: unknown): void {
  if (!isBytes(value)) throw optionError(option, 'give a Uint8Array', value);
}

/** Checks of options by their names. Each throws what to give in place of what an option may not be. */
type Kinds = Readonly<Record<string, Check>>;
type Check = (option: string, value: unknown) => void;

const text: Check = kindOf('give a text', isText);
const number: Check = kindOf('give a whole number', (value) => typeof value === 'number');
const logger: Check = doorOf('a logger: error, info and debug', ['error', 'info', 'debug']);

/** Of every name in `NodeOptions`; a test holds them against each other. */
const optionKinds: Kinds = {
  name: text,
  profile: kindOf('give local(), lan() or wan()', (value) => hasAll(value, ['kind', 'host', 'ports', 'seeds'])),
  host: text,
  port: number,
  advertise: text,
  seeds: kindOf(
    "give a list of texts, such as ['10.0.0.1:7700'], or ['env:NAME'] for a list in the environment",
    (value) => isListOf(value, isText),
  ),
  nodes: kindOf("give a list of { name, address }, such as [{ name: 'gate', address: '10.0.0.1:7700' }]", (value) =>
    isListOf(value, isStaticNode),
  ),
  joinRequired: checkFlag,
  joinTimeoutMs: number,
  label: text,
  key: kindOf('give a text, or 32 bytes', (value) => isText(value) || isBytes(value)),
  insecure: checkFlag,
  tls: objectOf('{ key, cert, ca, mutual } with PEM texts'),
  authenticate: checkFunction,
  engine: text,
  metadata: checkBytes,
  linksMax: number,
  awakeMaxUs: number,
  drainMs: number,
  exposeStacks: checkFlag,
  rpc: objectOf('an object of options for calls'),
  bus: objectOf('an object of options for the bus'),
  codeGeneration: checkFlag,
  compiledShapes: checkFlag,
  logger,
  metrics: doorOf('metrics: counter, gauge and histogram', ['counter', 'gauge', 'histogram']),
};

const count: Check = (option, value) => checkInteger(option, value, 1, Number.MAX_SAFE_INTEGER);
const acknowledgements: ReadonlySet<string> = new Set(['accepted', 'written', 'delivered', 'handled']);

/** Of every name in `MqttGatewayOptions`; a test holds them against each other. */
const gatewayKinds: Kinds = {
  listen: kindOf("give host:port, such as '127.0.0.1:1883'", isText),
  protocol: doorOf('a device protocol', ['decode', 'encode', 'findCommandTarget']),
  authenticate: checkFunction,
  insecure: checkFlag,
  clientsMax: count,
  connectingMax: count,
  connectTimeoutMs: count,
  packetBytesMax: count,
  connectBytesMax: count,
  keepAliveMaxMs: count,
  idleMs: count,
  inFlightMax: count,
  queueMax: count,
  bufferedBytesMax: count,
  ackTimeoutMs: count,
  filtersMax: count,
  stopTimeoutMs: count,
  acknowledge: (option, value) => checkWord(option, value, acknowledgements),
  acknowledgeTimeoutMs: count,
  commandTimeoutMs: count,
  commandsPerDeviceMax: count,
  commandsMax: count,
};

const ruleKinds: Kinds = {
  concurrencyMax: count,
  queueMax: count,
  drainMs: (option, value) => checkInteger(option, value, 0, Number.MAX_SAFE_INTEGER),
};

const localBusKinds: Kinds = {
  name: text,
  hooks: objectOf('an object of functions'),
  checkValues: checkFlag,
  logger,
  clock: doorOf('a clock, such as a Simulator of scalebus/testing', ['now', 'setTimer', 'afterTurn', 'wallMs']),
  random: doorOf('a Random', ['below', 'fork']),
};

/** Throws `invalid-options` for parts of `tls` that there are not. */
export function checkTlsNames(tls: object): void {
  checkOptionNames(tls, tlsNames, 'tls');
}

const tlsNames: ReadonlySet<string> = new Set(['key', 'cert', 'ca', 'mutual']);

function kindOf(todo: string, holds: (value: unknown) => boolean): Check {
  return (option, value) => {
    if (!holds(value)) throw optionError(option, todo, value);
  };
}

function objectOf(what: string): Check {
  return kindOf(`give ${what}`, (value) => typeof value === 'object' && value !== null && !Array.isArray(value));
}

function doorOf(what: string, methods: readonly string[]): Check {
  return kindOf(
    `give ${what}`,
    (value) => hasAll(value, methods) && methods.every((name) => typeof Reflect.get(value, name) === 'function'),
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}

function isStaticNode(value: unknown): boolean {
  return hasAll(value, ['name', 'address']) && Object.values(value).every(isText);
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function hasAll(value: unknown, parts: readonly string[]): value is object {
  return typeof value === 'object' && value !== null && parts.every((part) => part in value);
}
