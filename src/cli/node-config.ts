import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { findAddress, type Address } from '../core/address.js';
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

type Raw = Readonly<Record<string, unknown>>;

/**
 * Merges flags over environment over the YAML file. Throws `invalid-options` and names the flag, variable or key that is wrong.
 * The environment has `SCALEBUS_NAME`, `_LISTEN`, `_ADVERTISE`, `_SEEDS` (comma-separated), `_KEY`, `_LABEL`, `_INSECURE`,
 * `_MQTT`, `_RULES` (comma-separated) and `_CONFIG`.
 */
export function resolveNodeConfig(flags: NodeFlags, env: Readonly<Record<string, string | undefined>>): NodeConfig {
  const path = flags.config ?? env['SCALEBUS_CONFIG'];
  const file = path === undefined ? {} : readConfigFile(path);
  const pick = (flag: string | undefined, variable: string, key: string): string | undefined =>
    flag ?? env[variable] ?? findText(file, key, path);
  const pickList = (
    flag: readonly string[] | undefined,
    variable: string,
    key: string,
  ): readonly string[] | undefined =>
    flag ?? env[variable]?.split(',').filter((part) => part !== '') ?? findTexts(file, key, path);
  return {
    name: pick(flags.name, 'SCALEBUS_NAME', 'name'),
    listen: checkAddress(pick(flags.listen, 'SCALEBUS_LISTEN', 'listen'), 'listen'),
    advertise: pick(flags.advertise, 'SCALEBUS_ADVERTISE', 'advertise'),
    seeds: pickList(flags.seed, 'SCALEBUS_SEEDS', 'seeds'),
    key: pick(flags.key, 'SCALEBUS_KEY', 'key'),
    label: pick(flags.label, 'SCALEBUS_LABEL', 'label'),
    insecure: flags.insecure ?? (env['SCALEBUS_INSECURE'] === 'true' || findFlag(file, 'insecure', path)),
    mqtt: checkAddress(pick(flags.mqtt, 'SCALEBUS_MQTT', 'mqtt'), 'mqtt'),
    rules: pickList(flags.rule, 'SCALEBUS_RULES', 'rules') ?? [],
  };
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

function readConfigFile(path: string): Raw {
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8')) as unknown;
  } catch (cause) {
    throw new ClusterError(
      'invalid-options',
      `config file ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
  if (value === null || value === undefined) return {};
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
  return Object.fromEntries(Object.entries(value));
}

function findText(file: Raw, key: string, path: string | undefined): string | undefined {
  const value = file[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  throw new ClusterError(
    'invalid-options',
    `config file ${path ?? ''}: ${key} is ${JSON.stringify(value)}; expected a text`,
  );
}

function findTexts(file: Raw, key: string, path: string | undefined): readonly string[] | undefined {
  const value = file[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value;
  throw new ClusterError(
    'invalid-options',
    `config file ${path ?? ''}: ${key} is ${JSON.stringify(value)}; expected a list of texts`,
  );
}

function findFlag(file: Raw, key: string, path: string | undefined): boolean {
  const value = file[key];
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new ClusterError(
    'invalid-options',
    `config file ${path ?? ''}: ${key} is ${JSON.stringify(value)}; expected true or false`,
  );
}

function checkAddress(text: string | undefined, option: string): Address | undefined {
  if (text === undefined) return undefined;
  const address = findAddress(text);
  if (address !== undefined) return address;
  throw new ClusterError('invalid-options', `${option} is ${JSON.stringify(text)}; expected HOST:PORT, or [IPV6]:PORT`);
}
