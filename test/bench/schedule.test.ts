import assert from 'node:assert/strict';
import type { Entry } from '../../bench/contender.js';
import { nextShare, turnsOf } from '../../bench/harness/schedule.js';

describe('bench schedule', () => {
  const entries = ['scalebus', 'limit', 'nats', 'cote'].map(entryOf);

  it('goes in turn, everybody in each round, without a budget', () => {
    assert.equal(turns({ rounds: 2 }), 'scalebus 1, limit 1, nats 1, cote 1, scalebus 2, limit 2, nats 2, cote 2');
  });

  it('gives those whom no goal names one round with a budget', () => {
    const expected = 'scalebus 1, limit 1, nats 1, cote 1, scalebus 2, limit 2, nats 2, scalebus 3, limit 3, nats 3';
    assert.equal(turns({ rounds: 3, budgetSeconds: 100, main: ['scalebus', 'limit', 'nats'] }), expected);
  });

  it('takes fewer rounds when the budget is spent, but three of those that matter', () => {
    const main = ['scalebus', 'limit'];
    assert.equal(
      turns({ rounds: 5, budgetSeconds: 0, main }),
      'scalebus 1, limit 1, scalebus 2, limit 2, scalebus 3, limit 3',
    );
  });

  it('shares what is left by weight', () => {
    assert.equal(nextShare(100, 1, 4), 25);
    assert.equal(nextShare(-5, 1, 4), 0);
    assert.equal(nextShare(30, 0, 0), 30);
  });

  /** Each measurement takes a second. */
  function turns(given: { rounds: number; budgetSeconds?: number; main?: readonly string[] }): string {
    let seconds = 0;
    const all = turnsOf(entries, {
      rounds: given.rounds,
      budgetSeconds: given.budgetSeconds,
      isMain: ({ name }) => given.main === undefined || given.main.includes(name),
      elapsedSeconds: () => seconds,
    });
    const seen: string[] = [];
    for (const { entry, round } of all) {
      seen.push(`${entry.name} ${round}`);
      seconds += 1;
    }
    return seen.join(', ');
  }
});

function entryOf(name: string): Entry {
  return { name, family: name, module: '', variant: '', does: ['rpc'], settings: '', packages: false };
}
