import { randomBytes } from 'node:crypto';
import { type Random, SeededRandom } from '../core/random.js';

/** Chance for a real process: the seeded generator with a seed from the operating system. */
export function createNodeRandom(): Random {
  return new SeededRandom(randomBytes(4).readUInt32BE());
}
