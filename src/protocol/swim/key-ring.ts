import { assert } from '../../core/assert.js';
import { sameBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';

/**
 * The cluster's keys: datagrams are sealed with the first and opened with any. To change the key without downtime, `install` the new
 * one on every node, then `use` it on every node, then `remove` the old one from every node; each step may take as long as it likes.
 */
export class KeyRing {
  #keys: readonly Uint8Array[];
  #version = 0;

  /** Keys of 32 bytes, the one to seal with first; throws `invalid-options`. */
  constructor(keys: readonly Uint8Array[]) {
    if (keys.length === 0 || keys.length > keysMax) {
      throw new ClusterError('invalid-options', `${keys.length} keys; give 1 to ${keysMax}`);
    }
    this.#keys = keys.map(checkKey);
  }

  /** The one to seal with first. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** The key to seal with. */
  get first(): Uint8Array {
    const [first] = this.#keys;
    assert(first !== undefined, 'a ring with a key');
    return first;
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  /** Accepts what is sealed with this key from now on. Throws `overloaded` when the ring is full. */
  install(key: Uint8Array): void {
    if (this.#has(key)) return;
    if (this.#keys.length >= keysMax) {
      throw new ClusterError('overloaded', `the ring holds ${keysMax} keys; remove one that is not used any more`);
    }
    this.#change([...this.#keys, checkKey(key)]);
  }

  /** Seals with this key from now on; those before it are still accepted. Installs it when it is new. */
  use(key: Uint8Array): void {
    this.install(key);
    const isIt = (held: Uint8Array): boolean => sameBytes(held, key);
    this.#change([...this.#keys.filter(isIt), ...this.#keys.filter((held) => !isIt(held))]);
  }

  /** Accepts it no more. Throws `invalid-options` for the key that is being used. */
  remove(key: Uint8Array): void {
    if (sameBytes(this.first, key)) {
      throw new ClusterError('invalid-options', 'the key that is being used cannot be removed; use another one first');
    }
    if (this.#has(key)) this.#change(this.#keys.filter((other) => !sameBytes(other, key)));
  }

  #has(key: Uint8Array): boolean {
    return this.#keys.some((other) => sameBytes(other, key));
  }

  #change(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
    this.#version += 1;
  }
}

/** A rotation needs two; a few more for one that was never finished. Each may have to be tried on a datagram. */
const keysMax = 8;
const keyBytes = 32;

function checkKey(key: Uint8Array): Uint8Array {
  if (key.length === keyBytes) return key.slice();
  throw new ClusterError('invalid-options', `a key of ${key.length} bytes; keys have ${keyBytes}`);
}
