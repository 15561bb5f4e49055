import { ClusterError } from './errors.js';

/**
 * Checks of what a program gives: types are gone at run time, and a misspelt option would silently be its default. Every fault is
 * `invalid-options` and names the option, what was expected and what was given.
 */

/**
 * Throws unless `options` is an object without names that there are not; `of` says whose options they are. It allocates nothing and is
 * cheap enough for every call that was given options.
 */
export function checkOptionNames(options: unknown, names: ReadonlySet<string>, of: string): void {
  const wrong = findNameFault(options, names, of);
  if (wrong !== undefined) throw wrong;
}

/** The same as a value, for callers that reject. */
export function findNameFault(options: unknown, names: ReadonlySet<string>, of: string): ClusterError | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return optionError(`the options of ${of}`, `give an object of ${listOf(names)}`, options);
  }
  for (const name in options) {
    if (names.has(name)) continue;
    return new ClusterError('invalid-options', `${of} takes no option ${name}; give ${listOf(names)}`);
  }
  return undefined;
}

/** A copy without what is there and undefined, as in `key: process.env.KEY`: it was not given, and must not take a default's place. */
export function withoutUndefined<T extends object>(options: T): T {
  const given = { ...options };
  for (const name of Object.keys(given)) {
    if (Reflect.get(given, name) === undefined) Reflect.deleteProperty(given, name);
  }
  return given;
}

/** Throws unless a value is a function. */
export function checkFunction(option: string, value: unknown): void {
  if (typeof value !== 'function') throw optionError(option, 'give a function', value);
}

/** Throws unless a value is a number in a range; infinite is none. */
export function checkNumber(option: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw optionError(option, `give a number ${rangeOf(least, most)}`, value);
}

/** Throws unless a value is a whole number in a range. */
export function checkInteger(option: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return;
  throw optionError(option, `give a whole number ${rangeOf(least, most)}`, value);
}

/** Throws unless a value is one of some words. */
export function checkWord(option: string, value: unknown, words: ReadonlySet<string>): void {
  if (typeof value === 'string' && words.has(value)) return;
  throw optionError(option, `give one of ${listOf(words)}`, value);
}

/** Throws unless a value is true or false. */
export function checkFlag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw optionError(option, 'give true or false', value);
}

/** Throws unless a value is an object; `todo` says of what. */
export function checkObject(option: string, todo: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw optionError(option, todo, value);
}

/** What is wrong with what should be an object of texts. */
export function findTextsFault(option: string, texts: unknown): ClusterError | undefined {
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts)) {
    return optionError(option, 'give an object of texts', texts);
  }
  for (const name in texts) {
    const value: unknown = Reflect.get(texts, name);
    if (typeof value === 'string') continue;
    return optionError(`${option}.${name}`, 'give a text', value);
  }
  return undefined;
}

/** The error of an option: what to give, and what was given. */
export function optionError(option: string, todo: string, value: unknown): ClusterError {
  return new ClusterError('invalid-options', `${option}: ${todo}, not ${describeGiven(value)}`);
}

/** A value as an error shows it: short, and never a whole object, which may hold secrets. */
export function describeGiven(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `'${value.slice(0, 60)}…'` : `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function rangeOf(least: number, most: number): string {
  return most >= Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
}

function listOf(words: ReadonlySet<string>): string {
  return [...words].join(', ');
}
