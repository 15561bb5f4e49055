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
