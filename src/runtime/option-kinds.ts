import { checkOptionNames, optionError } from '../core/options.js';

/** Throws `invalid-options` for options that are no object, for names that there are not, and for values of another kind. */
export function checkOptionKinds(options: object): void {
  checkKinds(options, optionKinds, 'createNode');
}

/** The same for a bus without a node. */
export function checkLocalBusKinds(options: object): void {
  checkKinds(options, localBusKinds, 'createLocalBus');
}

/** The same for a gateway; returns what was given without what is there and undefined, which would take the place of a default. */
export function checkGatewayOptions<T extends object>(options: T): T {
  // A misspelt `authenticate` would let everybody in, and an `insecure` that is a text too.
  checkKinds(options, gatewayKinds, 'createMqttGateway');
  const given = { ...options };
  for (const name of Object.keys(given)) {
    if (Reflect.get(given, name) === undefined) Reflect.deleteProperty(given, name);
  }
  return given;
}

/** The same for rules that run. */
export function checkRuleOptions(options: object): void {
  checkKinds(options, ruleKinds, 'startRules');
}

function checkKinds(options: object, kinds: Readonly<Record<string, Kind>>, of: string): void {
  checkOptionNames(options, new Set(Object.keys(kinds)), of);
  for (const [name, kind] of Object.entries(kinds)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined && !kind.holds(value)) throw optionError(`option ${name}`, kind.todo, value);
  }
}

/** Throws `invalid-options` unless a value is a list of texts: one text would be taken letter by letter. */
export function checkTexts(option: string, example: string, value: unknown): void {
  const isList = Array.isArray(value) && value.every((text) => typeof text === 'string');
  if (!isList) throw optionError(option, `give a list of texts, such as ['${example}']`, value);
}

/** Throws `invalid-options` unless a value is bytes. */
export function checkBytes(option: string, value: unknown): void {
  if (!bytes.holds(value)) throw optionError(option, bytes.todo, value);
}

/** What an option may be, and what to give in place of what it may not. */
interface Kind {
  readonly todo: string;
  holds(value: unknown): boolean;
}

const text: Kind = { todo: 'give a text', holds: (value) => typeof value === 'string' };
const flag: Kind = { todo: 'give true or false', holds: (value) => typeof value === 'boolean' };
const number: Kind = { todo: 'give a whole number', holds: (value) => typeof value === 'number' };
const bytes: Kind = { todo: 'give a Uint8Array', holds: (value) => value instanceof Uint8Array };
const routine: Kind = { todo: 'give a function', holds: (value) => typeof value === 'function' };

const logger: Kind = doorOf('a logger: error, info and debug', ['error', 'info', 'debug']);

/** Of every name in `NodeOptions`; a test holds them against each other. */
const optionKinds: Readonly<Record<string, Kind>> = {
  name: text,
  profile: {
    todo: 'give local(), lan() or wan()',
    holds: (value) => hasAll(value, ['kind', 'host', 'ports', 'seeds']),
  },
  host: text,
  port: number,
  advertise: text,
  seeds: {
    todo: "give a list of texts, such as ['10.0.0.1:7700'], or ['env:NAME'] for a list in the environment",
    holds: (value) => isListOf(value, text),
  },
  nodes: {
    todo: "give a list of { name, address }, such as [{ name: 'gate', address: '10.0.0.1:7700' }]",
    holds: (value) => isListOf(value, staticNode),
  },
  joinRequired: flag,
  joinTimeoutMs: number,
  label: text,
  key: { todo: 'give a text, or 32 bytes', holds: (value) => text.holds(value) || bytes.holds(value) },
  insecure: flag,
  tls: objectOf('{ key, cert, ca, mutual } with PEM texts'),
  authenticate: routine,
  engine: text,
  metadata: bytes,
  linksMax: number,
  drainMs: number,
  exposeStacks: flag,
  rpc: objectOf('an object of options for calls'),
  bus: objectOf('an object of options for the bus'),
  codeGeneration: flag,
  compiledShapes: flag,
  logger,
  metrics: doorOf('metrics: counter, gauge and histogram', ['counter', 'gauge', 'histogram']),
};

const count: Kind = {
  todo: 'give a whole number above 0',
  holds: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
};

/** Of every name in `MqttGatewayOptions`; a test holds them against each other. */
const gatewayKinds: Readonly<Record<string, Kind>> = {
  listen: { todo: "give host:port, such as '127.0.0.1:1883'", holds: (value) => typeof value === 'string' },
  protocol: doorOf('a device protocol', ['decode', 'encode', 'findCommandTarget']),
  authenticate: routine,
  insecure: flag,
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
  acknowledge: {
    todo: 'give one of accepted, written, delivered, handled',
    holds: (value) => ['accepted', 'written', 'delivered', 'handled'].some((level) => level === value),
  },
  acknowledgeTimeoutMs: count,
  commandTimeoutMs: count,
  commandsPerDeviceMax: count,
  commandsMax: count,
};

const ruleKinds: Readonly<Record<string, Kind>> = {
  concurrencyMax: count,
  queueMax: count,
  drainMs: {
    todo: 'give a whole number from 0 on',
    holds: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
};

const localBusKinds: Readonly<Record<string, Kind>> = {
  name: text,
  hooks: objectOf('an object of functions'),
  checkValues: flag,
  logger,
  clock: doorOf('a clock, such as a Simulator of scalebus/testing', ['now', 'setTimer', 'afterTurn', 'wallMs']),
  random: doorOf('a Random', ['below', 'fork']),
};

/** Throws `invalid-options` for parts of `tls` that there are not. */
export function checkTlsNames(tls: object): void {
  checkOptionNames(tls, tlsNames, 'tls');
}

const tlsNames: ReadonlySet<string> = new Set(['key', 'cert', 'ca', 'mutual']);

const staticNode: Kind = {
  todo: '',
  holds: (value) =>
    hasAll(value, ['name', 'address']) && Object.values(value).every((part) => typeof part === 'string'),
};

function objectOf(what: string): Kind {
  return {
    todo: `give ${what}`,
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  };
}

function doorOf(what: string, methods: readonly string[]): Kind {
  return {
    todo: `give ${what}`,
    holds: (value) => hasAll(value, methods) && methods.every((name) => typeof Reflect.get(value, name) === 'function'),
  };
}

function isListOf(value: unknown, kind: Kind): boolean {
  return Array.isArray(value) && value.every((item) => kind.holds(item));
}

function hasAll(value: unknown, parts: readonly string[]): value is object {
  return typeof value === 'object' && value !== null && parts.every((part) => part in value);
}
