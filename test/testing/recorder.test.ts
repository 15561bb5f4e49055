import assert from 'node:assert/strict';
import { recordEffects } from '../../src/testing/recorder.js';

interface Effects {
  send(to: string, bytes: Uint8Array): void;
  draw(bound: number): number;
  done(): void;
}

describe('recorder', () => {
  it('writes down calls in order and forgets what was taken', () => {
    const recorder = recordEffects<Effects>(['send', 'draw', 'done']);
    recorder.effects.done();
    recorder.effects.send('b', Uint8Array.of(1));
    assert.deepEqual(recorder.calls, [['done'], ['send', 'b', Uint8Array.of(1)]]);
    assert.equal(recorder.take().length, 2);
    assert.deepEqual(recorder.calls, []);
    recorder.effects.done();
    assert.deepEqual(recorder.take(), [['done']]);
  });

  it('copies bytes, which machines lend', () => {
    const recorder = recordEffects<Effects>(['send', 'draw', 'done']);
    const slab = Buffer.from([1, 2]);
    recorder.effects.send('b', slab);
    slab[0] = 9;
    assert.deepEqual(recorder.take(), [['send', 'b', Uint8Array.of(1, 2)]]);
  });

  it('answers where it is told how', () => {
    const recorder = recordEffects<Effects>(['send', 'draw', 'done'], { draw: (bound) => bound - 1 });
    assert.equal(recorder.effects.draw(7), 6);
    assert.deepEqual(recorder.take(), [['draw', 7]]);
  });
});
