/** Stands in for a native package: swim packs and unpacks its own plain messages. */
exports.pack = (value) => Buffer.from(JSON.stringify(value));
exports.unpack = (bytes) => JSON.parse(bytes.toString());
