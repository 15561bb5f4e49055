/** Throws when a caller inside this program broke a contract. Never use it on what a peer sent. */
export function assert(condition: boolean, expected: string): asserts condition {
  if (!condition) throw new TypeError(`Expected ${expected}`);
}

/** Returns the value, or throws when the program believed that it must be there and it was not. */
export function must<T>(value: T | undefined, expected: string): T {
  if (value === undefined) throw new TypeError(`Expected ${expected}`);
  return value;
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new TypeError(`Unreachable: ${String(value)}`);
}
