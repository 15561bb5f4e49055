/* oxlint-disable no-restricted-globals, no-restricted-properties -- the one place that lets real promises run between simulated events */

/**
 * Calls `next` once every promise callback that is ready, or becomes ready through another, has run. A tick that a microtask asks
 * for waits until the microtask queue is empty, whatever the depth of its chains; it costs a third of `setImmediate` and no real
 * event can come in between, so a run stays the same.
 */
export function afterPromises(next: () => void): void {
  queueMicrotask(() => {
    process.nextTick(next);
  });
}

/** Calls `next` after the real event loop had a turn, so that signals and the test runner's own timeout are heard. */
export function afterRealTurn(next: () => void): void {
  setImmediate(next);
}
