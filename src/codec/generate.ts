/**
 * The one place where code is made from text. Names of a program's data MUST enter the text as JSON texts only, never as code.
 * Throws where a flag of Node or a policy forbids it. `values` are what the text may name beside what it declares; the caller names what
 * the text returns.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the author of the text knows what it returns
export function generate<Made>(text: string, values: Readonly<Record<string, unknown>> = {}): Made {
  // oxlint-disable-next-line typescript/no-implied-eval -- compiling is the point
  const made: Made = new Function(...Object.keys(values), `'use strict';\n${text}`)(...Object.values(values));
  return made;
}

/** Says whether this process may make code from text. */
export function canGenerate(): boolean {
  try {
    return generate<boolean>('return true;');
  } catch {
    // The refusal is the answer.
    return false;
  }
}
