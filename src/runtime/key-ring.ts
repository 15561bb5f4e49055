import type { KeyRing as ByteKeyRing } from '../protocol/swim/key-ring.js';

/**
 * The cluster's keys: what is sent is sealed with the first, what comes is opened with any. To change the key without downtime,
 * `install` the new one on every node, then `use` it on every node, then `remove` the old one from every node; each step may take as
 * long as it likes. A key is 32 bytes, or a text of at least 16 characters, as in `createNode({ key })`; anything else throws
 * `invalid-options`.
 */
export interface KeyRing {
  /** The one to seal with first. */
  readonly keys: readonly Uint8Array[];
  /** Accepts what is sealed with this key from now on. Throws `overloaded` when the ring is full. */
  install(key: string | Uint8Array): void;
  /** Seals with this key from now on; those before it are still accepted. Installs it when it is new. */
  use(key: string | Uint8Array): void;
  /** Accepts it no more. Throws `invalid-options` for the key that is being used. */
  remove(key: string | Uint8Array): void;
}

/** Puts texts in front of a ring; `toKey` makes of a text what the option of a node makes of it. */
export function acceptTexts(ring: ByteKeyRing, toKey: (key: string | Uint8Array) => Uint8Array): KeyRing {
  return {
    get keys() {
      return ring.keys;
    },
    install: (key) => ring.install(toKey(key)),
    use: (key) => ring.use(toKey(key)),
    remove: (key) => ring.remove(toKey(key)),
  };
}
