// dist/core/text.js
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { ignoreBOM: true });
function textToBytes(text) {
  return encoder.encode(text);
}
function textInto(text, target) {
  return encoder.encodeInto(text, target).written;
}
function bytesToText(bytes) {
  return decoder.decode(bytes);
}
function sliceToText(bytes, start, end) {
  if (end - start > 24)
    return decoder.decode(bytes.subarray(start, end));
  let text = "";
  for (let index = start; index < end; index += 1) {
    const code = bytes[index] ?? 0;
    if (code > 127)
      return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(code);
  }
  return text;
}

export {
  textToBytes,
  textInto,
  bytesToText,
  sliceToText
};
