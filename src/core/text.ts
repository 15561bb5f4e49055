/** UTF-8 in and out. The two classes exist in every runtime that this project meets, so they are declared, not imported. */
declare class TextEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Returns the UTF-8 bytes of a text. */
export function textToBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Writes as much of the text as fits whole into `target`; returns the bytes written. */
export function textInto(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}

/** The number of bytes that a text takes as UTF-8, without making them. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += 1;
    // Each half of a surrogate pair has one more than its unit; a lone one becomes U+FFFD, which has two.
    if (unit >= 0x800 && !isPairHalf(text, index, unit)) bytes += 1;
  }
  return bytes;
}

function isPairHalf(text: string, index: number, unit: number): boolean {
  if (unit >= 0xd800 && unit < 0xdc00) return (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
  return unit >= 0xdc00 && unit < 0xe000 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800;
}

/** False for a text with a lone surrogate: UTF-8 makes U+FFFD of each, so that texts which differ become one. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Returns the text of UTF-8 bytes; a broken sequence becomes U+FFFD, it never throws. */
export function bytesToText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Returns the text of ASCII or UTF-8 bytes in a range, fast for the short ASCII names that links carry. */
export function sliceToText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let index = start; index < end; index += 1) {
    const code = bytes[index] ?? 0;
    if (code > 0x7f) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(code);
  }
  return text;
}
