/**
 * Remembers which numbers of one sender have been taken (RFC 4303, section 3.4.3): the highest, and one bit for each of the
 * `windowMax` below it. What is older than the window counts as taken.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(windowMax / 32);
  #highest = -1;

  /** Says whether a number may still be taken. */
  isFresh(number: number): boolean {
    if (number > this.#highest) return true;
    if (this.#highest - number >= windowMax) return false;
    return ((this.#bits[wordOf(number)] ?? 0) & maskOf(number)) === 0;
  }

  /** Takes a fresh number. Only after what carried it was found authentic: a forged one would push the window on. */
  take(number: number): void {
    if (number - this.#highest >= windowMax) this.#bits.fill(0);
    else for (let passed = this.#highest + 1; passed < number; passed += 1) this.#clear(passed);
    this.#bits[wordOf(number)] = (this.#bits[wordOf(number)] ?? 0) | maskOf(number);
    this.#highest = Math.max(this.#highest, number);
  }

  #clear(number: number): void {
    this.#bits[wordOf(number)] = (this.#bits[wordOf(number)] ?? 0) & ~maskOf(number);
  }
}

/**
 * A sender's numbers go to all members in turn, so what overtakes may be far behind: at 400 datagrams a second, the most that one
 * sends, this is more than a second. It costs 64 bytes a sender.
 */
const windowMax = 512;

function wordOf(number: number): number {
  return (number % windowMax) >>> 5;
}

function maskOf(number: number): number {
  return 1 << (number & 31);
}
