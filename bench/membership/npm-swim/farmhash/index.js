/** Stands in for a native package: swim only compares the hash of one membership list with another's. FNV-1a, 32 bits. */
exports.hash64 = (text) => {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return String(hash);
};
exports.hash32 = (text) => Number(exports.hash64(text));
