/** The only source of chance. The same seed gives the same sequence on every machine. Not for secrets: see spi/secrets. */
export interface Random {
  /** A whole number in [0, bound). `bound` is at least 1 and at most 2^32. */
  below(bound: number): number;
  /** A generator of its own, so that drawing more for one purpose never shifts another. The same purpose gives the same generator. */
  fork(purpose: string): Random;
}

/** mulberry32: small, fast, and good enough for peer choice and fault schedules; not for secrets. */
export class SeededRandom implements Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    // Multiply-shift instead of modulo: unbiased to within bound / 2^32, and no division.
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  }

  fork(purpose: string): Random {
    let seed = (this.#seed ^ 0x9e3779b9) >>> 0;
    for (let index = 0; index < purpose.length; index += 1) {
      seed = Math.imul(seed ^ purpose.charCodeAt(index), 0x01000193) >>> 0;
    }
    return new SeededRandom(seed);
  }
}

/** A number in [0, 1). */
export function drawUnit(random: Random): number {
  return random.below(0x1_0000_0000) / 0x1_0000_0000;
}

/** One element, each equally likely, or `undefined` of an empty list. */
export function findRandom<T>(random: Random, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[random.below(items.length)];
}

/** Shuffles in place (Fisher-Yates, Durstenfeld's form). */
export function shuffle(random: Random, items: unknown[]): void {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    const held = items[index];
    items[index] = items[other];
    items[other] = held;
  }
}

/** `baseMs` moved by up to `share` (0..1) of itself, up or down, so that many nodes do not act at once. */
export function jitterMs(random: Random, baseMs: number, share: number): number {
  return baseMs * (1 + (drawUnit(random) * 2 - 1) * share);
}
