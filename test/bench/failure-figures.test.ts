import assert from 'node:assert/strict';
import { failureFigures, type FailureSeen } from '../../bench/suite/failure-figures.js';

type LossReport = FailureSeen['result']['told'][number];

describe('bench/suite/failure-figures', () => {
  it('counts what was accepted for a node and did not come there, and nothing when all came', () => {
    assert.deepEqual(lossesOf({ counts: [100, 60] }), { lost: 0, told: 0, untold: 0 });
    assert.deepEqual(lossesOf({ counts: [100, 55] }), { lost: 5, told: 0, untold: 5 });
    assert.deepEqual(lossesOf({ counts: [97, 60] }), { lost: 3, told: 0, untold: 3 });
  });

  it('takes a loss as told when its publisher was told about that receiver, or that receiver about that publisher', () => {
    const byLoader: LossReport = { side: 'publisher', about: 'node-2', count: 4 };
    assert.deepEqual(lossesOf({ counts: [100, 55], byLoader }), { lost: 5, told: 4, untold: 1 });
    const bySurvivor: LossReport = { side: 'subscriber', about: 'node-0', count: undefined };
    assert.deepEqual(lossesOf({ counts: [97, 60], bySurvivor }), { lost: 3, told: 3, untold: 0 });
  });

  it('lets no report about one way excuse a loss on another', () => {
    const aboutVictim: LossReport = { side: 'publisher', about: 'node-2', count: 1000 };
    assert.deepEqual(lossesOf({ counts: [97, 60], byLoader: aboutVictim }), { lost: 3, told: 0, untold: 3 });
    // Every survivor gets this one about the life that ended, whether it ever published or not.
    const ofVictim: LossReport = { side: 'subscriber', about: 'node-2', count: undefined };
    assert.deepEqual(lossesOf({ counts: [97, 55], bySurvivor: ofVictim }), { lost: 8, told: 0, untold: 8 });
  });

  it('compares delays at the survivor before the signal and after it', () => {
    const delays = Array.from({ length: 200 }, (_, index) => [index, index < 100 ? 2 : 3] as const);
    const figures = failureFigures({ ...seenOf({ counts: [100, 60] }, delays), at: 100 });
    assert.deepEqual([figures['p99 before ms'], figures['p99 beside ms'], figures['p99 beside / before']], [2, 3, 1.5]);
  });

  it('takes a system that does not say for whom it accepted to have accepted for the victim until the signal', () => {
    assert.deepEqual(lossesOf({ counts: [100, 60], acceptedBy: undefined }), { lost: 10, told: 0, untold: 10 });
  });
});

interface Given {
  readonly counts: readonly number[];
  readonly byLoader?: LossReport;
  readonly bySurvivor?: LossReport;
  readonly acceptedBy?: readonly number[] | undefined;
}

/** A hundred events, all accepted for the survivor and sixty for the victim as well. */
function lossesOf(given: Given): Record<string, number | undefined> {
  const { lost, told, untold } = failureFigures(seenOf(given));
  return { lost, told, untold };
}

function seenOf(given: Given, delays: FailureSeen['kept']['delays'] = []): FailureSeen {
  return {
    result: {
      published: 100,
      acceptedBy: 'acceptedBy' in given ? given.acceptedBy : [0, 40, 60],
      callsDone: 0,
      callsFailed: 0,
      callsHung: 0,
      disturbed: [],
      told: given.byLoader === undefined ? [] : [given.byLoader],
    },
    kept: { last: 0, count: 0, stalls: [], delays, told: given.bySurvivor === undefined ? [] : [given.bySurvivor] },
    alive: undefined,
    counts: given.counts,
    at: 0,
    seconds: 1,
    acceptedByDefault: 70,
  };
}
