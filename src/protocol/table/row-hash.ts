import { hashBytes, hashText } from '../../core/hash.js';

/** Hash of one row. A part's hash is the exclusive or of its rows', so it is kept up to date row by row. */
export function rowHash(key: string, value: Uint8Array): number {
  return hashBytes(value, hashText(key));
}
