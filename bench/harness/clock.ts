/** One clock for all processes of a run. */

/**
 * Microseconds of the machine's monotonic clock: equal in every process, because both `hrtime` and `performance.now`
 * read it and only their zero differs.
 */
export function sharedNowUs(): number {
  return performance.now() * 1000 + offsetUs;
}

const offsetUs = findOffset();

/** Between its two readings the process may be put aside, which makes the offset too small: the largest is the best. */
function findOffset(): number {
  let best = -Infinity;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const wholeUs = Number(process.hrtime.bigint()) / 1000;
    best = Math.max(best, wholeUs - performance.now() * 1000);
  }
  return best;
}

/** Waits; for pauses between polls of a condition, never in place of one. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Polls until the condition holds; rejects with what was awaited once the deadline passed. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const endsAt = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endsAt) {
      throw new Error(`waited ${(deadlineMs / 1000).toString()} s for ${what}`);
    }
    await pause(5);
  }
}
