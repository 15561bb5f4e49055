/**
 * Which values are data: what every codec carries and every node may get. Plain objects (of no class), arrays, strings, numbers,
 * bigints, booleans, null, undefined, Date, Map, Set, ArrayBuffer, DataView and typed arrays, and nothing else.
 */

/** Deepest nesting of a value: far above real events, far below what recursion stands. */
export const dataDepthMax = 64;

/** Where a value stops being data, and why. */
export interface DataFault {
  /** Like `readings[3].unit`; empty for the value itself. */
  readonly path: string;
  readonly why: string;
}

/** Returns the first part of a value that is not data, or `undefined`. */
export function findDataFault(value: unknown): DataFault | undefined {
  return isData(value, 0) ? undefined : (locate(value, '', []) ?? { path: '', why: 'it is not data' });
}

/** True when a value is data whose objects have no `Map` inside: the common case, that plain MessagePack maps can carry. */
export function hasMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Map) return true;
  // Its bytes are keys to a loop: 0.1 us for each of them.
  if (ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) if (hasMap(item)) return true;
    return false;
  }
  for (const key in value) if (hasMap(Reflect.get(value, key))) return true;
  return false;
}

/** Says whether a value is data when `depth` objects are around it. The quick walk: no paths, no allocation. */
export function isData(value: unknown, depth: number): boolean {
  const type = typeof value;
  if (type !== 'object') return type !== 'function' && type !== 'symbol';
  return value === null || (depth < dataDepthMax && isDataObject(value as object, depth + 1));
}

function isDataObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!isData(value[index], depth)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return isBuiltIn(value, depth);
  const record = value as Readonly<Record<string, unknown>>;
  for (const key in record) {
    // In the walk, because an own `__proto__` key would change the object that a receiver builds.
    if (key === '__proto__' || !isData(record[key], depth)) return false;
  }
  return true;
}

function isBuiltIn(value: object, depth: number): boolean {
  if (value instanceof Map) {
    for (const [key, item] of value) if (!isData(key, depth) || !isData(item, depth)) return false;
    return true;
  }
  if (value instanceof Set) {
    for (const item of value) if (!isData(item, depth)) return false;
    return true;
  }
  return isDate(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** The slow walk, only after the quick one said no. */
function locate(value: unknown, path: string, around: readonly object[]): DataFault | undefined {
  const depth = around.length;
  if (isData(value, depth)) return undefined;
  if (typeof value !== 'object' || value === null) return { path, why: `a ${typeof value} is not data` };
  if (around.includes(value)) return { path, why: 'it lies in itself' };
  if (depth >= dataDepthMax) return { path, why: `it is nested deeper than ${dataDepthMax}` };
  for (const [step, item] of partsOf(value)) {
    if (step === '.__proto__') return { path: `${path}${step}`, why: 'this key is refused' };
    const fault = locate(item, path === '' && step.startsWith('.') ? step.slice(1) : `${path}${step}`, [
      ...around,
      value,
    ]);
    if (fault !== undefined) return fault;
  }
  return { path, why: `an instance of ${classNameOf(value)} is not data; send a plain object` };
}

function* partsOf(value: object): Generator<readonly [string, unknown]> {
  if (Array.isArray(value) || value instanceof Set) {
    let index = 0;
    for (const item of value) yield [`[${index++}]`, item];
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [`<key ${String(key)}>`, key];
      yield [`<${String(key)}>`, item];
    }
  } else if (isPlain(value)) {
    for (const key in value) yield [`.${key}`, Reflect.get(value, key)];
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function classNameOf(value: object): string {
  const made: unknown = Reflect.get(value, 'constructor');
  return typeof made === 'function' ? made.name : 'an unknown class';
}

/** A Date, whichever realm made it. */
export function isDate(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Date]';
}
