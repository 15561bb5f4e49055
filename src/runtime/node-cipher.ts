import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { assert } from '../core/assert.js';
import type { Cipher } from '../spi/secrets.js';

/**
 * AES-256-GCM (NIST SP 800-38D) of Node's OpenSSL. Sealed bytes are nonce (12), cipher text, tag (16). The nonce is random, so one
 * key should seal fewer than 2^32 messages (section 8.3); the owner of the key counts.
 */
export class NodeCipher implements Cipher {
  readonly overheadBytes: number = nonceBytes + tagBytes;
  readonly #nonces = new Uint8Array(nonceBytes * 256);
  #nonceAt: number = this.#nonces.length;

  seal(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array {
    assert(key.length === keyBytes, `a key of ${keyBytes} bytes`);
    const nonce = this.#nextNonce();
    const cipher = createCipheriv(algorithm, key, nonce);
    cipher.setAAD(associated);
    const sealed = new Uint8Array(plain.length + this.overheadBytes);
    sealed.set(nonce);
    sealed.set(cipher.update(plain), nonceBytes);
    cipher.final();
    sealed.set(cipher.getAuthTag(), nonceBytes + plain.length);
    return sealed;
  }

  open(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
    const plainLength = sealed.length - this.overheadBytes;
    if (plainLength < 0 || key.length !== keyBytes) return undefined;
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(nonceBytes + plainLength));
    const plain = new Uint8Array(plainLength);
    plain.set(decipher.update(sealed.subarray(nonceBytes, nonceBytes + plainLength)));
    try {
      decipher.final();
    } catch {
      // The only way that OpenSSL says "not authentic"; the plain bytes so far are dropped unseen.
      return undefined;
    }
    return plain;
  }

  /** Nonces are drawn 256 at a time: a call into the system's generator costs as much as sealing a datagram. */
  #nextNonce(): Uint8Array {
    if (this.#nonceAt === this.#nonces.length) {
      randomFillSync(this.#nonces);
      this.#nonceAt = 0;
    }
    this.#nonceAt += nonceBytes;
    return this.#nonces.subarray(this.#nonceAt - nonceBytes, this.#nonceAt);
  }
}

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
