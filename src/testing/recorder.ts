/** One call of an effect: its name and its arguments. */
export type RecordedCall = readonly [name: string, ...args: unknown[]];

/** Effects that write down what a machine asked for. */
export interface Recorder<E> {
  /** Pass it as `out`. */
  readonly effects: E;
  /** Every call since the last `take`, in order. */
  readonly calls: readonly RecordedCall[];
  /** Returns the calls and forgets them. */
  take(): readonly RecordedCall[];
}

/** The names of an interface's methods. */
export type MethodName<E> = {
  [K in keyof E]: E[K] extends (...args: never[]) => unknown ? K & string : never;
}[keyof E];

/**
 * Records the effects of a machine, to compare with `deepEqual`. Bytes are copied at the call, because a machine lends them. Effects
 * that answer get their answer from `answers`, which is called with the same arguments.
 */
export function recordEffects<E extends object>(
  names: readonly MethodName<E>[],
  answers: Partial<E> = {},
): Recorder<E> {
  let calls: RecordedCall[] = [];
  const methods = names.map((name) => {
    const answer: unknown = answers[name];
    return [
      name,
      (...args: unknown[]): unknown => {
        calls.push([name, ...args.map(keep)]);
        return typeof answer === 'function' ? answer(...args) : undefined;
      },
    ] as const;
  });
  return {
    effects: Object.fromEntries(methods) as E,
    get calls() {
      return calls;
    },
    take: () => {
      const taken = calls;
      calls = [];
      return taken;
    },
  };
}

function keep(argument: unknown): unknown {
  // A copy without the reuse, and as a plain Uint8Array, so that deepEqual compares content alone.
  return argument instanceof Uint8Array ? new Uint8Array(argument) : argument;
}
