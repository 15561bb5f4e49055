import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { textToBytes } from '../../src/core/text.js';
import { NodeCipher } from '../../src/runtime/node-cipher.js';
import { createNodeRandom } from '../../src/runtime/node-random.js';
import { NodeSecrets } from '../../src/runtime/node-secrets.js';

describe("Node's secrets", () => {
  const secrets = new NodeSecrets();

  it('give bytes that nobody gave before', () => {
    const seen = new Set(Array.from({ length: 100 }, () => secrets.randomBytes(16).join(',')));
    assert.equal(seen.size, 100);
    assert.equal(secrets.randomBytes(0).length, 0);
  });

  it('give bytes that are no Buffer, whose slice would share memory', () => {
    const key = Uint8Array.of(1);
    for (const bytes of [secrets.randomBytes(4), secrets.hmac(key, key)]) {
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    }
  });

  it('compute the HMAC of RFC 4231, test case 2', () => {
    const hmac = secrets.hmac(textToBytes('Jefe'), textToBytes('what do ya want for nothing?'));
    assert.equal(Buffer.from(hmac).toString('hex'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('compare bytes of any lengths', () => {
    assert.equal(secrets.isEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
    assert.equal(secrets.isEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
    assert.equal(secrets.isEqual(Uint8Array.of(1, 2), Uint8Array.of(1)), false);
    assert.equal(secrets.isEqual(new Uint8Array(0), new Uint8Array(0)), true);
  });
});

describe("Node's cipher", () => {
  const cipher = new NodeCipher();
  const key = new Uint8Array(32).fill(7);
  const bytes = fc.uint8Array({ maxLength: 1400 });

  it('opens what it sealed, with the same key and associated bytes only', () => {
    fc.assert(
      fc.property(bytes, bytes, (plain, associated) => {
        const sealed = cipher.seal(key, plain, associated);
        assert.equal(sealed.length, plain.length + cipher.overheadBytes);
        const opened = cipher.open(key, sealed, associated);
        assert.deepEqual(opened, plain);
        assert.equal(Object.getPrototypeOf(opened), Uint8Array.prototype);
        assert.equal(cipher.open(new Uint8Array(32), sealed, associated), undefined);
        assert.equal(cipher.open(key, sealed, Uint8Array.of(...associated, 0)), undefined);
      }),
      { numRuns: 100 },
    );
  });

  it('opens nothing that was changed or cut, and never throws', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, place, flip) => {
        const sealed = cipher.seal(key, plain, Uint8Array.of(1));
        const at = place % sealed.length;
        const changed = sealed.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        assert.equal(cipher.open(key, changed, Uint8Array.of(1)), undefined);
        assert.equal(cipher.open(key, sealed.slice(0, at), Uint8Array.of(1)), undefined);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 40 }), (junk, strangeKey) => {
        assert.equal(cipher.open(strangeKey, junk, junk), undefined);
      }),
    );
  });

  it('never uses a nonce twice', () => {
    const nonces = new Set<string>();
    for (let count = 0; count < 1000; count += 1) {
      nonces.add(cipher.seal(key, Uint8Array.of(1), Uint8Array.of()).slice(0, 12).join(','));
    }
    assert.equal(nonces.size, 1000);
  });

  it('is AES-256-GCM as NIST defines it: opens test case 14 of the GCM specification', () => {
    const sealed = new Uint8Array(12 + 32);
    sealed.set(Buffer.from('cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919', 'hex'), 12);
    assert.deepEqual(cipher.open(new Uint8Array(32), sealed, new Uint8Array(0)), new Uint8Array(16));
  });
});

describe("Node's random", () => {
  it('is seeded anew each time', () => {
    const drawn = new Set(Array.from({ length: 20 }, () => createNodeRandom().below(2 ** 32)));
    assert.ok(drawn.size >= 19);
  });
});
