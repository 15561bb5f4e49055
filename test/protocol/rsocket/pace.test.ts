import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { Pace } from '../../../src/protocol/rsocket/pace.js';

const kiB = 1024;
const windowBytes = 256 * kiB;
const fragment = 64 * kiB;
const at = toMonotonicMs;

describe('pace of long payloads', () => {
  it('holds nobody back who does not answer probes', () => {
    const pace = new Pace(windowBytes);
    for (let count = 0; count < 1000; count += 1) assert.equal(pace.wrote(at(0), fragment), 0);
    assert.ok(pace.isOpen);
  });

  it('stops at a short window beside short frames, and goes on with an answer', () => {
    const pace = makePace();
    pace.share();
    const probes = fill(pace, 0);
    assert.equal(probes.length, windowBytes / fragment);
    pace.onAnswer(at(1), probes[1] ?? 0);
    assert.ok(pace.isOpen);
    assert.equal(fill(pace, 1).length, 2);
  });

  it('has a longer window some megabytes after the last short frame', () => {
    const pace = makePace();
    pace.share();
    let written = 0;
    while (pace.windowBytes === windowBytes) {
      for (const probe of fill(pace, 0)) {
        written += fragment;
        pace.onAnswer(at(0), probe);
      }
    }
    assert.ok(written >= 4 * kiB * kiB && written <= 5 * kiB * kiB, `${written}`);
    pace.share();
    assert.equal(pace.windowBytes, windowBytes);
  });

  it('takes no answer that is made up, comes twice, or comes late', () => {
    const pace = makePace();
    pace.share();
    const [first = 0] = fill(pace, 0);
    for (const forged of [0, -1, 99, 0x7fff_ffff, -0x8000_0000]) pace.onAnswer(at(1), forged);
    assert.ok(!pace.isOpen);
    pace.onAnswer(at(1), first);
    assert.equal(fill(pace, 1).length, 1);
    pace.onAnswer(at(2), first);
    assert.ok(!pace.isOpen);
  });

  it('gives a distant peer its rate, and a near one no more than the least window', () => {
    const far = pathOf(50, 50_000);
    assert.ok(far >= 50 * 50_000, `${far}`);
    assert.ok(far <= 16 * kiB * kiB, `${far}`);
    const near = pathOf(0.3, 300_000);
    assert.ok(near < 2 * windowBytes, `${near}`);
  });

  it('is always open again when the peer has answered all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 262_144 }), isShort: fc.boolean() }), {
          minLength: 30,
          maxLength: 200,
        }),
        (steps) => {
          const pace = makePace();
          let last = 0;
          for (const { bytes, isShort } of steps) {
            if (isShort) pace.share();
            if (!pace.isOpen) pace.onAnswer(at(0), last);
            assert.ok(pace.isOpen);
            last = pace.wrote(at(0), bytes) || last;
          }
        },
      ),
    );
  });
});

function makePace(): Pace {
  const pace = new Pace(windowBytes);
  pace.isOn = true;
  return pace;
}

/** Writes until the window is closed; returns the probes that went out. */
function fill(pace: Pace, now: number): number[] {
  const probes: number[] = [];
  while (pace.isOpen) {
    const probe = pace.wrote(at(now), fragment);
    if (probe > 0) probes.push(probe);
  }
  return probes;
}

/** The window after 64 MiB beside short frames, on a path that takes so long for a round trip and carries so much. */
function pathOf(roundTripMs: number, bytesPerMs: number): number {
  const pace = makePace();
  const onWay: { readonly probe: number; readonly dueMs: number }[] = [];
  let freeAt = 0;
  let now = 0;
  for (let written = 0; written < 64 * kiB * kiB;) {
    pace.share();
    while (pace.isOpen) {
      written += fragment;
      freeAt = Math.max(freeAt, now) + fragment / bytesPerMs;
      const probe = pace.wrote(at(now), fragment);
      if (probe > 0) onWay.push({ probe, dueMs: freeAt + roundTripMs });
    }
    const next = onWay.shift();
    assert.ok(next !== undefined, 'closed with no probe on its way');
    now = Math.max(now, next.dueMs);
    pace.onAnswer(at(now), next.probe);
  }
  return pace.windowBytes;
}
