// dist/core/clock.js
function after(start, delayMs) {
  return start + delayMs;
}
function toMonotonicMs(valueMs) {
  return valueMs;
}
function toWallMs(valueMs) {
  return valueMs;
}

// dist/core/assert.js
function assert(condition, expected) {
  if (!condition)
    throw new TypeError(`Expected ${expected}`);
}
function must(value, expected) {
  if (value === void 0)
    throw new TypeError(`Expected ${expected}`);
  return value;
}
function unreachable(value) {
  throw new TypeError(`Unreachable: ${String(value)}`);
}

export {
  after,
  toMonotonicMs,
  toWallMs,
  assert,
  must,
  unreachable
};
