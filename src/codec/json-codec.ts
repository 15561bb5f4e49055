import { dataDepthMax, type DataFault } from '../core/data.js';
import { bytesToText, textToBytes } from '../core/text.js';
import type { Codec } from '../spi/codec.js';
import { malformed, notData } from './data-codec.js';

/** JSON, for what must be read by people and other programs: texts, finite numbers, booleans, null, arrays, plain objects. */
export const jsonCodec: Codec = {
  name: 'application/json',
  encode(value: unknown): Uint8Array {
    const fault = findJsonFault(value, '', 0);
    if (fault !== undefined) throw notData(fault);
    return textToBytes(JSON.stringify(value));
  },
  decode(bytes: Uint8Array): unknown {
    let value: unknown;
    try {
      value = JSON.parse(bytesToText(bytes));
    } catch (error) {
      throw malformed('application/json', 'it cannot be read', error);
    }
    const fault = findJsonFault(value, '', 0);
    if (fault !== undefined) throw malformed('application/json', `${fault.path} ${fault.why}`);
    return value;
  },
};

/** Properties that are `undefined` are left out, as JSON does. Everything else that JSON would change is a fault. */
function findJsonFault(value: unknown, path: string, depth: number): DataFault | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : { path, why: `JSON has no ${value}` };
  if (typeof value !== 'object') return { path, why: `JSON has no ${typeof value}` };
  if (depth >= dataDepthMax) return { path, why: `it is nested deeper than ${dataDepthMax}, or in itself` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = findJsonFault(value[index], `${path}[${index}]`, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  return findObjectFault(value, path, depth);
}

function findObjectFault(value: object, path: string, depth: number): DataFault | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return { path, why: 'JSON has no instances of classes' };
  for (const [key, item] of Object.entries(value)) {
    const itemPath = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') return { path: itemPath, why: 'this key is refused' };
    const fault = item === undefined ? undefined : findJsonFault(item, itemPath, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
