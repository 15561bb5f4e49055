import assert from 'node:assert/strict';
import { ClusterError } from '../../core/errors.js';
import type { NodeId } from '../../core/ids.js';
import type { SharedTable, Tables } from '../../spi/tables.js';
import type { TestRunner, Waiter } from './suite.js';

/** Two nodes with a link between them, made anew for each test. */
export interface TablesFixture extends Waiter {
  readonly one: Tables;
  readonly two: Tables;
  readonly oneId: NodeId;
  readonly twoId: NodeId;
  /** Ends the link between the two; it comes back by itself. */
  drop(): void;
  /** Takes the first node out of the membership for good. */
  removeOne(): void;
  stop(): Promise<void>;
}

/** What every implementation of `Tables` must do. */
export function checkTables(runner: TestRunner, name: string, make: () => Promise<TablesFixture>): void {
  runner.describe(`${name} as tables`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        try {
          await check(fixture, fixture.one.open('conformance'), fixture.two.open('conformance'));
        } finally {
          await fixture.stop();
        }
      });
    }
  });
}

type Case = (fixture: TablesFixture, mine: SharedTable, theirs: SharedTable) => Promise<void>;

const value = (byte: number): Uint8Array => Uint8Array.of(byte);

const cases: Readonly<Record<string, Case>> = {
  'shows what another node wrote, and tells of each change': async (fixture, mine, theirs) => {
    const told: string[] = [];
    theirs.listen((change) => told.push('key' in change ? `${change.kind} ${change.key}` : change.kind));
    mine.set('a', value(1));
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 1);
    assert.deepEqual(theirs.rowsOf(fixture.oneId).get('a'), value(1));
    assert.deepEqual(theirs.nodes(), [fixture.oneId]);
    mine.remove('a');
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 0);
    assert.deepEqual(told, ['set a', 'removed a']);
    assert.equal(theirs.rowsOf({ name: 'stranger', epoch: 1 }).size, 0);
  },

  'counts only what changed': async (_fixture, mine) => {
    mine.set('a', value(1));
    mine.set('a', value(1));
    mine.remove('b');
    assert.equal(mine.revision, 1);
    mine.remove('a');
    assert.equal(mine.revision, 2);
    await Promise.resolve();
  },

  'tells once when every peer holds a revision': async (fixture, mine, theirs) => {
    mine.set('a', value(1));
    let held = 0;
    mine.whenHeld(mine.revision, () => {
      held += 1;
      assert.equal(theirs.rowsOf(fixture.oneId).size, 1);
    });
    assert.equal(held, 0, 'never inside the call');
    await fixture.until(() => held > 0);
    mine.set('b', value(2));
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 2);
    await fixture.rest();
    assert.equal(held, 1);
  },

  'is level again after a lost link': async (fixture, mine, theirs) => {
    for (let index = 0; index < 50; index += 1) mine.set(`k${index}`, value(index));
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 50);
    fixture.drop();
    mine.remove('k7');
    mine.set('k8', value(99));
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 49);
    await fixture.until(() => theirs.rowsOf(fixture.oneId).get('k8')?.[0] === 99);
  },

  'drops the part of a node that is gone': async (fixture, mine, theirs) => {
    mine.set('a', value(1));
    await fixture.until(() => theirs.rowsOf(fixture.oneId).size === 1);
    const told: string[] = [];
    theirs.listen((change) => told.push(change.kind));
    fixture.removeOne();
    await fixture.until(() => told.includes('gone'));
    assert.equal(theirs.rowsOf(fixture.oneId).size, 0);
    assert.deepEqual(theirs.nodes(), []);
  },

  'refuses what is too large and changes nothing': async (_fixture, mine) => {
    assert.throws(() => mine.set('k'.repeat(100_000), value(1)), isTooLarge);
    assert.throws(() => mine.set('k', new Uint8Array(10_000_000)), isTooLarge);
    assert.equal(mine.revision, 0);
    await Promise.resolve();
  },
};

function isTooLarge(error: unknown): boolean {
  return error instanceof ClusterError && error.code === 'too-large';
}
