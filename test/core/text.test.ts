import * as fc from 'fast-check';
import { textToBytes, utf8Length } from '../../src/core/text.js';

describe('core/text', () => {
  it('counts the bytes that a text takes, lone surrogates among them', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00'), { maxLength: 12 });
    fc.assert(fc.property(text, (parts) => utf8Length(parts.join('')) === textToBytes(parts.join('')).length));
  });
});
