import { bytesToText, textToBytes } from '../../core/text.js';
import type { NodeId } from '../../core/ids.js';
import type { MethodDescription, MethodKind, ServiceDescription, ServiceInstance } from '../../spi/rpc.js';
import { isServiceWord } from './contract.js';
import type { Registration } from './registration.js';

/**
 * Rows of the table `services`: key `service/instance`, value JSON
 * `{ v: version, h: hash, m: { method: [kind number, idempotent 0 or 1, raw 0 or 1] }, t: tags }`.
 */

/** Most methods and tags that are read from a row. */
const methodsMax = 512;
const tagsMax = 64;

const kinds: readonly MethodKind[] = ['call', 'stream', 'channel', 'one-way'];

/** The key of a registration. */
export function instanceKey(service: string, id: string): string {
  return `${service}/${id}`;
}

/** The row of a registration. */
export function writeInstance(registration: Pick<Registration, 'contract' | 'tags'>): Uint8Array {
  const { description } = registration.contract;
  const methods = Object.entries(description.methods).map(
    ([name, { kind, idempotent, raw }]) => [name, [kinds.indexOf(kind), Number(idempotent), Number(raw)]] as const,
  );
  const row = { v: description.version, h: description.hash, m: Object.fromEntries(methods), t: registration.tags };
  return textToBytes(JSON.stringify(row));
}

/** Reads a row of another node; `undefined` when it is malformed or of a later form. */
export function readInstance(node: NodeId, key: string, value: Uint8Array): ServiceInstance | undefined {
  const [name = '', id = ''] = key.split('/');
  const row = parse(value);
  if (row === undefined || !isServiceWord(name) || !isServiceWord(id)) return undefined;
  const { v: version, h: hash } = row;
  if (typeof version !== 'string' || version.length > 64 || typeof hash !== 'number') return undefined;
  const methods = readMethods(row['m']);
  if (methods === undefined) return undefined;
  const service: ServiceDescription = { name, version, methods, hash };
  return { service, node: node.name, epoch: node.epoch, id, tags: readTags(row['t']) };
}

/** The same for a registration of this node. */
export function toInstance(node: NodeId, registration: Registration): ServiceInstance {
  const { contract, id, tags } = registration;
  return { service: contract.description, node: node.name, epoch: node.epoch, id, tags };
}

function readMethods(value: unknown): Readonly<Record<string, MethodDescription>> | undefined {
  if (!isRecord(value)) return undefined;
  const methods: Record<string, MethodDescription> = {};
  for (const [name, parts] of Object.entries(value).slice(0, methodsMax)) {
    const [kindNumber, idempotent, raw]: readonly unknown[] = Array.isArray(parts) ? parts : [];
    const kind = kinds[Number(kindNumber)];
    // A kind of a later build: callers of this build do not know the method anyway.
    if (kind === undefined || !isServiceWord(name)) continue;
    methods[name] = { kind, idempotent: idempotent === 1, raw: raw === 1 };
  }
  return methods;
}

function readTags(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.slice(0, tagsMax));
}

function parse(value: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const row: unknown = JSON.parse(bytesToText(value));
    return isRecord(row) ? row : undefined;
  } catch {
    // A peer's malformed row is no instance; the caller counts it.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
