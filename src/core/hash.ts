/** 32-bit hashes for tables, digests and rendezvous. Not for secrets, and not against an adversary who chooses keys. */

/** FNV-1a over UTF-16 units, finished with murmur3's mixer so that low bits are good too. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mixHash(hash);
}

/** FNV-1a over bytes, finished with murmur3's mixer. */
export function hashBytes(bytes: Uint8Array, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let index = 0; index < bytes.length; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return mixHash(hash);
}

/** murmur3's 32-bit finalizer: every input bit reaches every output bit. */
export function mixHash(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Combines a hash with one more number. */
export function addHash(hash: number, value: number): number {
  return mixHash(Math.imul(hash, 31) + (value >>> 0) + Math.floor(value / 0x1_0000_0000));
}
