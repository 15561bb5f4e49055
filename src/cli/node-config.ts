import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { findAddress, isLoopbackHost, type Address } from '../core/address.js';
import { ClusterError } from '../core/errors.js';

/** What `scalebus node` was asked to run, whatever of flags, environment and file said so. */
export interface NodeConfig {
  readonly name: string | undefined;
  readonly listen: Address | undefined;
  readonly advertise: string | undefined;
  readonly seeds: readonly string[] | undefined;
  readonly key: string | undefined;
  readonly label: string | undefined;
  readonly insecure: boolean;
  readonly mqtt: Address | undefined;
  readonly rules: readonly string[];
}

/** Flags as the argument parser gives them. */
export interface NodeFlags {
  readonly config?: string;
  readonly name?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly seed?: readonly string[];
  readonly key?: string;
  readonly label?: string;
  readonly insecure?: boolean;
  readonly mqtt?: string;
  readonly rule?: readonly string[];
}

/**
 * Merges flags over environment over the YAML file. Throws `invalid-options` or `insecure-address` and names the flag, variable or key
 * that is wrong.
 * The environment has `SCALEBUS_NAME`, `_LISTEN`, `_ADVERTISE`, `_SEEDS` (comma-separated), `_KEY`, `_LABEL`, `_INSECURE`,
 * `_MQTT`, `_RULES` (comma-separated) and `_CONFIG`. Rule files named in a config file are found from that file's folder.
 */
export function resolveNodeConfig(flags: NodeFlags, env: Readonly<Record<string, string | undefined>>): NodeConfig {
  const path = flags.config ?? fromEnv(env, 'SCALEBUS_CONFIG');
  const file = path === undefined ? emptyFile : readConfigFile(path);
  const find = (key: TextKey): Given<string> | undefined =>
    given(flags[key], `--${key}`) ?? given(fromEnv(env, variableOf(key)), variableOf(key)) ?? file.findText(key);
  const insecure = flags.insecure ?? findSwitch(env, 'SCALEBUS_INSECURE') ?? file.findSwitch('insecure') ?? false;
  return {
    name: find('name')?.value,
    listen: toAddress(find('listen')),
    advertise: find('advertise')?.value,
    seeds: flags.seed ?? findList(env, 'SCALEBUS_SEEDS') ?? file.findTexts('seeds'),
    key: checkKey(find('key')),
    label: find('label')?.value,
    insecure,
    mqtt: checkMqtt(find('mqtt'), insecure),
    rules: flags.rule ?? findList(env, 'SCALEBUS_RULES') ?? file.findRules() ?? [],
  };
}

type TextKey = 'name' | 'listen' | 'advertise' | 'key' | 'label' | 'mqtt';

/** A value and who gave it, for the error when it is wrong. */
interface Given<T> {
  readonly value: T;
  readonly by: string;
}

const fileKeys: readonly string[] = [
  'name',
  'listen',
  'advertise',
  'seeds',
  'key',
  'label',
  'insecure',
  'mqtt',
  'rules',
];

/** What a config file says, key by key. */
interface ConfigFile {
  findText(key: TextKey): Given<string> | undefined;
  findTexts(key: string): readonly string[] | undefined;
  findSwitch(key: string): boolean | undefined;
  /** The rule files, found from the config file's folder. */
  findRules(): readonly string[] | undefined;
}

const emptyFile: ConfigFile = {
  findText: () => undefined,
  findTexts: () => undefined,
  findSwitch: () => undefined,
  findRules: () => undefined,
};

function readConfigFile(path: string): ConfigFile {
  const values = readValues(path);
  const wrong = (key: string, expected: string): ClusterError =>
    new ClusterError(
      'invalid-options',
      `config file ${path}: ${key} is ${JSON.stringify(values.get(key))}; expected ${expected}`,
    );
  const findTexts = (key: string): readonly string[] | undefined => {
    const value = values.get(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value;
    throw wrong(key, 'a list of texts');
  };
  return {
    findText: (key) => {
      const value = values.get(key);
      if (value === undefined) return undefined;
      if (typeof value === 'string') return { value, by: `config file ${path}: ${key}` };
      throw wrong(key, 'a text');
    },
    findTexts,
    findRules: () => findTexts('rules')?.map((rule) => resolve(dirname(path), rule)),
    findSwitch: (key) => {
      const value = values.get(key);
      if (value === undefined || typeof value === 'boolean') return value;
      throw wrong(key, 'true or false');
    },
  };
}

function readValues(path: string): ReadonlyMap<string, unknown> {
  const value = parseFile(path);
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ClusterError('invalid-options', `config file ${path}: expected keys and values such as "name: gateway"`);
  }
  for (const key of Object.keys(value)) {
    if (fileKeys.includes(key)) continue;
    throw new ClusterError(
      'invalid-options',
      `config file ${path}: there is no key ${key}; the keys are ${fileKeys.join(', ')}`,
    );
  }
  return new Map(Object.entries(value));
}

function parseFile(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8')) as unknown;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ClusterError('invalid-options', `config file ${path}: ${message}`, { cause });
  }
}

function variableOf(key: TextKey): string {
  return `SCALEBUS_${key.toUpperCase()}`;
}

function given(value: string | undefined, by: string): Given<string> | undefined {
  return value === undefined ? undefined : { value, by };
}

/** What a variable says; one that is there and empty is how shells and CI say nothing. */
function fromEnv(env: Readonly<Record<string, string | undefined>>, variable: string): string | undefined {
  const value = env[variable];
  return value === '' ? undefined : value;
}

function findList(env: Readonly<Record<string, string | undefined>>, variable: string): readonly string[] | undefined {
  const parts = fromEnv(env, variable)
    ?.split(',')
    .map((part) => part.trim());
  return parts?.filter((part) => part !== '');
}

function findSwitch(env: Readonly<Record<string, string | undefined>>, variable: string): boolean | undefined {
  const value = fromEnv(env, variable);
  if (value === undefined) return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new ClusterError('invalid-options', `${variable} is ${JSON.stringify(value)}; expected true or false`);
}

/** Checked here, so that the error names the flag, variable or key of the file; it never shows the key itself. */
function checkKey(key: Given<string> | undefined): string | undefined {
  if (key === undefined || key.value.length >= 16) return key?.value;
  const { length } = key.value;
  throw new ClusterError('invalid-options', `${key.by} has ${length} characters; expected at least 16`);
}

/** Checked here, so that no node starts first and the error says what there is on a command line, where no device can be asked who it is. */
function checkMqtt(mqtt: Given<string> | undefined, insecure: boolean): Address | undefined {
  const address = toAddress(mqtt);
  if (mqtt === undefined || address === undefined || insecure || isLoopbackHost(address.host)) return address;
  throw new ClusterError(
    'insecure-address',
    `${mqtt.by} is ${JSON.stringify(mqtt.value)}, which others can reach, and every device would be let in: give a loopback address, ` +
      '--insecure for a closed network, or a program of your own that gives createMqttGateway an authenticate hook',
  );
}

function toAddress(text: Given<string> | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const address = findAddress(text.value);
  if (address !== undefined) return address;
  const expected = 'HOST:PORT, or [IPV6]:PORT';
  throw new ClusterError('invalid-options', `${text.by} is ${JSON.stringify(text.value)}; expected ${expected}`);
}
