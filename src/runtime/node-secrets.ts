import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../spi/secrets.js';

/** Chance from the operating system and HMAC-SHA-256 of Node's OpenSSL. */
export class NodeSecrets implements Secrets {
  randomBytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }

  hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
    return new Uint8Array(createHmac('sha256', key).update(message).digest());
  }

  isEqual(left: Uint8Array, right: Uint8Array): boolean {
    // The length is no secret: both sides know the algorithm.
    return left.length === right.length && timingSafeEqual(left, right);
  }
}
