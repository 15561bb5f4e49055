import { ClusterError, type ErrorCode } from '../core/errors.js';

/** What the command's exit code tells a script. `--help` prints the same table. */
export const exitCodes = {
  done: 0,
  /** It was tried and failed. */
  failed: 1,
  /** The command line or a file is wrong; nothing was tried. */
  usage: 2,
  /** Nobody serves or answers it. */
  nobody: 3,
  /** Time ran out; it may have been carried out. */
  deadline: 4,
  /** The node to attach to, or the address to listen on, cannot be had. */
  unreachable: 5,
  /** Ctrl-C came before it was done; 128 and the signal's number, as shells have it. */
  interrupted: 130,
} as const;

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ClusterError ? (byCode[error.code] ?? exitCodes.failed) : exitCodes.failed;
}

const byCode: Partial<Record<ErrorCode, number>> = {
  'invalid-options': exitCodes.usage,
  'invalid-topic': exitCodes.usage,
  'invalid-value': exitCodes.usage,
  'insecure-address': exitCodes.usage,
  'too-large': exitCodes.usage,
  'no-responders': exitCodes.nobody,
  'not-found': exitCodes.nobody,
  'deadline-exceeded': exitCodes.deadline,
  unavailable: exitCodes.unreachable,
  'link-lost': exitCodes.unreachable,
  'address-in-use': exitCodes.unreachable,
  'name-taken': exitCodes.unreachable,
  'join-failed': exitCodes.unreachable,
  unauthorized: exitCodes.unreachable,
  rejected: exitCodes.unreachable,
};
