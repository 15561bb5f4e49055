import assert from 'node:assert/strict';
import { readHello, writeHello } from '../../src/bus/lane-hello.js';
import { wireVersion } from '../../src/core/limits.js';

describe('bus/lane-hello', () => {
  it('gives back what was written', () => {
    for (const hasSent of [false, true]) {
      const hello = { key: '17', windowId: 300, hasSent };
      assert.deepEqual(readHello(writeHello(wireVersion, hello)), hello);
    }
  });

  it('takes one of an earlier build, which says nothing of what it has sent', () => {
    const bytes = writeHello(wireVersion, { key: '', windowId: 1, hasSent: true });
    assert.deepEqual(readHello(bytes.subarray(0, -1)), { key: '', windowId: 1, hasSent: false });
  });

  it('refuses what breaks off, and versions that nobody speaks', () => {
    const bytes = writeHello(wireVersion, { key: 'abc', windowId: 1, hasSent: true });
    for (let length = 0; length < bytes.length - 1; length += 1) {
      assert.equal(readHello(bytes.subarray(0, length)), undefined);
    }
    assert.equal(readHello(writeHello(0, { key: '', windowId: 1, hasSent: false })), undefined);
  });
});
