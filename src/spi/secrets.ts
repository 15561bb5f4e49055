/** Chance that nobody can guess, and keyed hashes. The simulator gives a seeded one; `runtime/` gives the real one. */
export interface Secrets {
  randomBytes(length: number): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104), 32 bytes. */
  hmac(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** Compares without telling by its time where the difference is. */
  isEqual(left: Uint8Array, right: Uint8Array): boolean;
}

/** Authenticated encryption: AES-256-GCM (NIST SP 800-38D) in production. */
export interface Cipher {
  /** Bytes that `seal` adds: nonce and tag. */
  readonly overheadBytes: number;
  /** Encrypts under a 32-byte key; `associated` is bound but not carried. */
  seal(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array;
  /** Returns the plain bytes, or `undefined` when key, bytes or `associated` are wrong. MUST NOT throw. */
  open(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined;
}
