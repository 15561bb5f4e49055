import assert from 'node:assert/strict';
import { Listeners } from '../../src/core/listeners.js';

describe('core/listeners', () => {
  it('tell everyone though one throws, and hand each throw on, when asked so', () => {
    const listeners = new Listeners<number>();
    const got: number[] = [];
    const thrown: unknown[] = [];
    listeners.add(() => {
      throw new Error('first');
    });
    listeners.add((event) => void got.push(event));
    listeners.tellEach(7, (error) => void thrown.push(error));
    assert.deepEqual([got, thrown], [[7], [new Error('first')]]);
    assert.throws(() => listeners.tell(7), /first/);
  });

  it('tell one function as often as it was added, and take it away one by one', () => {
    const listeners = new Listeners<number>();
    const got: number[] = [];
    const listener = (event: number): void => void got.push(event);
    const unlisten = listeners.add(listener);
    listeners.add(listener);
    listeners.tell(1);
    unlisten();
    unlisten();
    listeners.tell(2);
    assert.deepEqual(got, [1, 1, 2]);
    assert.equal(listeners.size, 1);
  });
});
