import { type ErrorOrigin, readErrorBody, writeErrorBody } from '../../core/error-body.js';
import type { ClusterError, ErrorCode } from '../../core/errors.js';
import { streamErrorCodes } from '../../spi/links.js';

/** An error as it is sent: the RSocket code says whether it ran. */
export interface ErrorMessage {
  readonly code: number;
  readonly data: Uint8Array;
}

/** Writes an error. `ran` is false only when no handler was entered. */
export function writeError(error: ClusterError, ran: boolean, origin: ErrorOrigin): ErrorMessage {
  return { code: streamCodeOf(error.code, ran), data: writeErrorBody(error, origin) };
}

/** Reads an error that a peer sent. Whatever is malformed becomes a plain `remote` or `not-executed`. */
export function readError(message: ErrorMessage, node: string): ClusterError {
  const ran = message.code !== streamErrorCodes.rejected && message.code !== streamErrorCodes.invalid;
  return readErrorBody({ data: message.data, node, ran, code: codeOf(message.code) });
}

function codeOf(streamCode: number): ErrorCode {
  switch (streamCode) {
    case streamErrorCodes.rejected:
      return 'not-executed';
    case streamErrorCodes.invalid:
      return 'invalid-value';
    case streamErrorCodes.canceled:
      return 'cancelled';
    default:
      return 'remote';
  }
}

function streamCodeOf(code: ErrorCode, ran: boolean): number {
  if (ran) return code === 'cancelled' ? streamErrorCodes.canceled : streamErrorCodes.applicationError;
  return code === 'invalid-value' ? streamErrorCodes.invalid : streamErrorCodes.rejected;
}
