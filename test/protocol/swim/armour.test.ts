import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { Armour, type ArmourOptions } from '../../../src/protocol/swim/armour.js';
import { KeyRing } from '../../../src/protocol/swim/key-ring.js';
import { ReplayWindow } from '../../../src/protocol/swim/replay-window.js';
import { NodeCipher } from '../../../src/runtime/node-cipher.js';
import { NodeSecrets } from '../../../src/runtime/node-secrets.js';

const now = toMonotonicMs(0);
const plain = Uint8Array.from({ length: 60 }, (_, index) => index);
const oldKey = new Uint8Array(32).fill(1);
const newKey = new Uint8Array(32).fill(2);

describe('armour', () => {
  it('opens what a node with the same key and label sealed, each datagram once', () => {
    const [left, right] = [armour([oldKey]), armour([oldKey])];
    const sealed = left.seal(plain).slice();
    assert.equal(sealed.length, plain.length + left.overheadBytes);
    assert.deepEqual(right.open(now, sealed), plain);
    assert.equal(right.open(now, sealed), 'replay');
    assert.deepEqual(right.open(now, left.seal(plain).slice()), plain);
  });

  it('shows nothing of the datagram, and seals the same differently each time', () => {
    const one = armour([oldKey]);
    const text = new TextEncoder().encode('member-name-in-clear');
    const first = one.seal(text).slice();
    const second = one.seal(text).slice();
    assert.equal(Buffer.from(first).includes(Buffer.from(text)), false);
    assert.notDeepEqual(first.subarray(-text.length), second.subarray(-text.length));
  });

  it('refuses another key, another label, clear datagrams, and any bit that was changed', () => {
    const left = armour([oldKey]);
    const sealed = left.seal(plain).slice();
    assert.equal(armour([newKey]).open(now, sealed), 'unauthentic');
    assert.equal(armour([oldKey], { label: 'other' }).open(now, sealed), 'label');
    assert.equal(armour([oldKey]).open(now, Uint8Array.of(1, ...sealed.subarray(1, 5), ...plain)), 'plain');
    assert.equal(armour([oldKey]).open(now, sealed.subarray(0, 20)), 'malformed');
    const right = armour([oldKey]);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const forged = sealed.slice();
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(typeof right.open(now, forged), 'string', `bit ${bit}`);
    }
    assert.deepEqual(right.open(now, sealed), plain);
  });

  it('takes whatever comes, and opens none of it', () => {
    const right = armour([oldKey, newKey]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(typeof right.open(now, bytes), 'string');
      }),
    );
  });

  it('changes keys without a word lost: install, use, remove', () => {
    const [left, right] = [armour([oldKey]), armour([oldKey])];
    const talk = (): unknown[] => [
      right.open(now, left.seal(plain).slice()),
      left.open(now, right.seal(plain).slice()),
    ];
    assert.deepEqual(talk(), [plain, plain]);
    const replayed = left.seal(plain).slice();
    assert.deepEqual(right.open(now, replayed), plain);
    for (const step of ['install', 'use'] as const) {
      for (const one of [left, right]) {
        one.ring[step](newKey);
        assert.deepEqual(talk(), [plain, plain], step);
      }
    }
    assert.equal(right.open(now, replayed), 'replay', 'while the old key is accepted');
    left.ring.remove(oldKey);
    right.ring.remove(oldKey);
    assert.deepEqual(talk(), [plain, plain]);
    assert.equal(right.open(now, replayed), 'unauthentic');
    assert.throws(() => left.ring.remove(newKey), { code: 'invalid-options' });
  });

  it('begins another session, under another key, when one has sealed as much as it may', () => {
    const [left, right] = [armour([oldKey], { sealsMax: 3 }), armour([oldKey])];
    const sessions = new Set<string>();
    for (let count = 0; count < 9; count += 1) {
      const sealed = left.seal(plain).slice();
      sessions.add(Buffer.from(sealed.subarray(6, 13)).toString('hex'));
      assert.deepEqual(right.open(now, sealed), plain);
    }
    assert.equal(sessions.size, 3);
  });

  it('tries so many new sessions a second, and never lets them keep out those it knows', () => {
    let tried = 0;
    const cipher = new NodeCipher();
    const counting = {
      overheadBytes: cipher.overheadBytes,
      seal: cipher.seal.bind(cipher),
      open: (...given: Parameters<NodeCipher['open']>) => {
        tried += 1;
        return cipher.open(...given);
      },
    };
    const right = armour([oldKey], {}, counting);
    const left = armour([oldKey]);
    assert.deepEqual(right.open(now, left.seal(plain).slice()), plain);
    const flood = left.seal(plain).slice();
    tried = 0;
    for (let count = 0; count < 5000; count += 1) {
      flood[10] = count >> 8;
      flood[11] = count;
      right.open(now, flood);
    }
    assert.ok(tried <= 1000, `tried ${tried}`);
    assert.deepEqual(right.open(now, left.seal(plain).slice()), plain);
    assert.equal(right.open(now, armour([oldKey]).seal(plain).slice()), 'busy');
    assert.deepEqual(right.open(toMonotonicMs(1000), armour([oldKey]).seal(plain).slice()), plain);
  });

  it('remembers so many sessions, and no more', () => {
    const right = armour([oldKey], { sessionsMax: 4 });
    const senders = Array.from({ length: 6 }, () => armour([oldKey]));
    for (const sender of senders) assert.deepEqual(right.open(now, sender.seal(plain).slice()), plain);
    for (const sender of senders) assert.deepEqual(right.open(now, sender.seal(plain).slice()), plain);
  });
});

describe('a replay window', () => {
  it('takes each number once, in any order, and none that is older than it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2000 }), { maxLength: 200 }), (numbers) => {
        const window = new ReplayWindow();
        const taken = new Set<number>();
        for (const number of numbers) {
          const highest = Math.max(-1, ...taken);
          const fresh = !taken.has(number) && number > highest - 512;
          assert.equal(window.isFresh(number), fresh, `${number}`);
          if (!fresh) continue;
          window.take(number);
          taken.add(number);
        }
      }),
    );
  });
});

function armour(
  keys: readonly Uint8Array[],
  options: Partial<ArmourOptions> = {},
  cipher: ConstructorParameters<typeof Armour>[0]['cipher'] = new NodeCipher(),
): Armour {
  const ring = new KeyRing(keys);
  return new Armour(
    { cipher, secrets: new NodeSecrets(), ring },
    { label: 'test', sessionsMax: 100, sealsMax: 2 ** 32, ...options },
  );
}
