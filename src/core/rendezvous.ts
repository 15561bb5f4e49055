import { addHash, hashText } from './hash.js';

/**
 * Highest-random-weight choice (Thaler and Ravishankar, 1998): each key goes to the candidate with the largest
 * hash(key, candidate). When a candidate joins or leaves only about 1/N of the keys move, and every node computes the same.
 * Returns the index, or -1 of an empty list. Ties go to the smaller name.
 */
export function findRendezvous(key: string, names: readonly string[]): number {
  const keyHash = hashText(key);
  let best = -1;
  let bestScore = -1;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    const score = addHash(keyHash, hashText(name));
    if (score > bestScore || (score === bestScore && name < (names[best] ?? ''))) {
      best = index;
      bestScore = score;
    }
  }
  return best;
}
