import {
  sliceToText,
  textInto
} from "./chunk-OQTOUDKD.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/core/address.js
function addressToText(address) {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
function findAddress(text, defaultPort) {
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text.trim());
  if (match === null)
    return void 0;
  const host = match[1] ?? match[2] ?? "";
  const port = match[3] === void 0 ? defaultPort : Number(match[3]);
  return port === void 0 || port > 65535 || host === "" ? void 0 : { host, port };
}
function isLoopbackHost(host) {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

// dist/device/network/mqtt-options.js
function resolveMqttOptions(options) {
  const resolved = {
    ...defaults,
    ...options,
    authenticate: options.authenticate
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === "number" && !(Number.isSafeInteger(value) && value >= 1)) {
      throw new ClusterError("invalid-options", `mqtt.${name} is ${value}; it must be a whole number above 0`);
    }
  }
  if (resolved.inFlightMax > 65535) {
    throw new ClusterError("invalid-options", `mqtt.inFlightMax is ${resolved.inFlightMax}; MQTT allows up to 65535`);
  }
  if (resolved.authenticate === void 0 && !resolved.insecure && !isLoopbackHost(resolved.listen.host)) {
    const where = addressToText(resolved.listen);
    const why = `mqtt.listen is ${where}, which others can reach, and everybody would be let in; give mqtt.authenticate, or insecure: true`;
    throw new ClusterError("insecure-address", why);
  }
  return resolved;
}
var defaults = {
  insecure: false,
  clientsMax: 2e4,
  connectingMax: 1024,
  connectTimeoutMs: 1e4,
  packetBytesMax: 262144,
  connectBytesMax: 16384,
  keepAliveMaxMs: 12e5,
  idleMs: 36e5,
  inFlightMax: 32,
  queueMax: 128,
  bufferedBytesMax: 262144,
  ackTimeoutMs: 3e4,
  filtersMax: 64,
  stopTimeoutMs: 1e3
};

// dist/core/bounded-queue.js
var BoundedQueue = class {
  max;
  #items;
  #head = 0;
  #size = 0;
  constructor(max) {
    this.max = max;
    this.#items = Array.from({ length: Math.min(16, max) });
  }
  get size() {
    return this.#size;
  }
  push(item) {
    if (this.#size >= this.max)
      return false;
    if (this.#size === this.#items.length)
      this.#grow();
    this.#items[(this.#head + this.#size) % this.#items.length] = item;
    this.#size += 1;
    return true;
  }
  /** Removes and returns the oldest. */
  shift() {
    if (this.#size === 0)
      return void 0;
    const item = this.#items[this.#head];
    this.#items[this.#head] = void 0;
    this.#head = (this.#head + 1) % this.#items.length;
    this.#size -= 1;
    return item;
  }
  peek() {
    return this.#size === 0 ? void 0 : this.#items[this.#head];
  }
  clear() {
    this.#items = Array.from({ length: Math.min(16, this.max) });
    this.#head = 0;
    this.#size = 0;
  }
  #grow() {
    const grown = Array.from({
      length: Math.min(this.max, this.#items.length * 2)
    });
    for (let index = 0; index < this.#size; index += 1) {
      grown[index] = this.#items[(this.#head + index) % this.#items.length];
    }
    this.#items = grown;
    this.#head = 0;
  }
};

// dist/core/bytes.js
var ByteWriter = class {
  #bytes;
  #length = 0;
  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
  }
  get length() {
    return this.#length;
  }
  reset() {
    this.#length = 0;
  }
  u8(value) {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }
  u16(value) {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }
  u24(value) {
    this.#reserve(3);
    this.#bytes[this.#length++] = value >>> 16;
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }
  u32(value) {
    this.#reserve(4);
    this.#bytes[this.#length++] = value >>> 24;
    this.#bytes[this.#length++] = value >>> 16;
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }
  /** A whole number up to 2^53 - 1 in eight bytes. */
  u64(value) {
    this.u32(Math.floor(value / 4294967296));
    this.u32(value >>> 0);
  }
  /** LEB128 of a whole number up to 2^53 - 1. */
  varint(value) {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = rest % 128 | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }
  bytes(source) {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }
  /** Varint length, then UTF-8. */
  text(value) {
    this.#reserve(value.length * 3 + 8);
    const lengthAt = this.#length;
    const written = textInto(value, this.#bytes.subarray(lengthAt + 1));
    if (written < 128) {
      this.#bytes[lengthAt] = written;
      this.#length = lengthAt + 1 + written;
      return;
    }
    const head = written < 16384 ? 2 : written < 2097152 ? 3 : 4;
    this.#bytes.copyWithin(lengthAt + head, lengthAt + 1, lengthAt + 1 + written);
    this.varint(written);
    this.#length = lengthAt + head + written;
  }
  /** Varint length, then the bytes. */
  block(source) {
    this.varint(source.length);
    this.bytes(source);
  }
  /**
   * Makes room for at most `maxBytes` and returns where they begin in `buffer`, for callers that store bytes themselves; they MUST
   * say with `close` where they ended.
   */
  open(maxBytes) {
    this.#reserve(maxBytes);
    return this.#length;
  }
  /** Everything in `buffer` before `end` is written. */
  close(end) {
    this.#length = end;
  }
  /** The memory itself; growing replaces it, so read it after `open`, and again after every other write. */
  get buffer() {
    return this.#bytes;
  }
  /** Begins a block whose length is not known yet: returns where its bytes begin, for `endBlock`. */
  beginBlock() {
    this.#reserve(2);
    this.#length += 2;
    return this.#length;
  }
  /** Fills in the length of a block: two bytes of LEB128, which may be padded; a block that needs more is moved. */
  endBlock(start) {
    const length = this.#length - start;
    if (length < 16384) {
      this.#bytes[start - 2] = length & 127 | 128;
      this.#bytes[start - 1] = length >>> 7;
      return;
    }
    const more = length < 2097152 ? 1 : length < 268435456 ? 2 : 6;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length = start - 2;
    this.varint(length);
    this.#bytes.copyWithin(this.#length, start + more, start + more + length);
    this.#length += length;
  }
  /** Copies a part of other bytes. */
  range(source, start, end) {
    this.#reserve(end - start);
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#length);
    this.#length += end - start;
  }
  /** Overwrites two bytes written before. */
  patchU16(at, value) {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }
  /** Lends what was written; valid until the next write or reset. */
  view() {
    return this.#bytes.subarray(0, this.#length);
  }
  /** Copies out what was written. */
  take() {
    return this.#bytes.slice(0, this.#length);
  }
  #reserve(moreBytes) {
    const needed = this.#length + moreBytes;
    if (needed <= this.#bytes.length)
      return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
};
var ByteReader = class {
  #bytes;
  #end;
  #at;
  #ok = true;
  constructor(bytes, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }
  /** False once any read ran past the end or found a malformed number. */
  get ok() {
    return this.#ok;
  }
  get remaining() {
    return this.#end - this.#at;
  }
  get offset() {
    return this.#at;
  }
  u8() {
    if (!this.#has(1))
      return 0;
    return this.#bytes[this.#at++] ?? 0;
  }
  u16() {
    if (!this.#has(2))
      return 0;
    return this.#next() * 256 + this.#next();
  }
  u24() {
    if (!this.#has(3))
      return 0;
    return this.#next() * 65536 + this.#next() * 256 + this.#next();
  }
  u32() {
    if (!this.#has(4))
      return 0;
    return this.#next() * 16777216 + this.#next() * 65536 + this.#next() * 256 + this.#next();
  }
  /** A whole number; one above 2^53 - 1 is malformed. */
  u64() {
    const high = this.u32();
    const low = this.u32();
    if (high > 2097151)
      this.#ok = false;
    return this.#ok ? high * 4294967296 + low : 0;
  }
  varint() {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.u8();
      if (!this.#ok)
        return 0;
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER)
          break;
        return value;
      }
      scale *= 128;
    }
    this.#ok = false;
    return 0;
  }
  /** Passes over bytes. */
  skip(length) {
    if (this.#has(length))
      this.#at += length;
  }
  /** Makes `ok` false: the caller found what it read to be malformed. */
  fail() {
    this.#ok = false;
  }
  /** A view of the next bytes; the caller copies what it keeps. */
  bytes(length) {
    if (!this.#has(length))
      return emptyBytes;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
  /** Varint length, then UTF-8; longer than `maxBytes` is malformed. */
  text(maxBytes) {
    const length = this.varint();
    if (length > maxBytes)
      this.#ok = false;
    if (!this.#has(length))
      return "";
    const start = this.#at;
    this.#at += length;
    return sliceToText(this.#bytes, start, this.#at);
  }
  /** Varint length, then a view of the bytes; longer than `maxBytes` is malformed. */
  block(maxBytes) {
    const length = this.varint();
    if (length > maxBytes)
      this.#ok = false;
    return this.bytes(length);
  }
  /** Everything that is left, as a view. */
  rest() {
    return this.bytes(this.remaining);
  }
  #next() {
    return this.#bytes[this.#at++] ?? 0;
  }
  #has(length) {
    if (this.#ok && length <= this.#end - this.#at)
      return true;
    this.#ok = false;
    return false;
  }
};
var emptyBytes = new Uint8Array(0);
function sameBytes(left, right) {
  if (left.length !== right.length)
    return false;
  for (let index = 0; index < left.length; index += 1)
    if (left[index] !== right[index])
      return false;
  return true;
}

export {
  BoundedQueue,
  ByteWriter,
  ByteReader,
  emptyBytes,
  sameBytes,
  addressToText,
  findAddress,
  isLoopbackHost,
  resolveMqttOptions
};
