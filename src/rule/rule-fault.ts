import { ClusterError } from '../core/errors.js';

/** Something wrong in a rule file, and where. Lines and columns begin at 1, as editors show them. */
export interface RuleFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What should stand there. */
  readonly expected: string;
  /** What stands there. */
  readonly found: string;
}

/** A place in a rule file. */
export interface RulePlace {
  readonly line: number;
  readonly column: number;
}

/** A text of a rule file that knows where each of its characters stands. */
export interface PlacedText {
  readonly text: string;
  /** Where the character at `offset` stands, or the begin of the text where its form hides that. */
  place(offset: number): RulePlace;
}

/** Takes faults; a compiler goes on after one, so that a person sees them all at once. */
export type ReportFault = (place: RulePlace, expected: string, found: string) => void;

/** One line: `cool.yaml:4:8: expected a condition, found a number`; editors make a link of it. */
export function faultToText(fault: RuleFault): string {
  return `${fault.file}:${fault.line}:${fault.column}: expected ${fault.expected}, found ${fault.found}`;
}

/** All faults as one `invalid-options` error; `details` are the faults. */
export function faultsToError(faults: readonly RuleFault[]): ClusterError {
  const lines = faults.map((fault) => faultToText(fault)).join('\n');
  return new ClusterError('invalid-options', `rules were refused:\n${lines}`, { details: faults });
}
