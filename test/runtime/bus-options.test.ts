import assert from 'node:assert/strict';
import { checkBusOptions, type NodeBusOptions } from '../../src/runtime/bus-options.js';

describe('runtime/bus-options', () => {
  it('are taken as they are when they are right', () => {
    const options: NodeBusOptions = {
      checkValues: true,
      codec: 'json',
      windowEventsMax: 64,
      hooks: { allow: () => true },
    };
    assert.equal(checkBusOptions(options), options);
  });

  const wrong: Readonly<Record<string, unknown>> = {
    'there is no option bus.hook;': { hook: {} },
    'option bus.windowBytesMax is 1:': { windowBytesMax: 1 },
    'option bus.exactRowsMax is "9":': { exactRowsMax: '9' },
    'there is no hook onSubscribe;': { hooks: { onSubscribe: () => true } },
    'hook allow is no function': { hooks: { allow: true } },
    'option bus.hooks is no object': { hooks: 1 },
    "option bus.codec: give 'msgpack', 'json' or": { codec: 'cbor' },
    'option bus.codec: give': { codec: { name: 'a b', encode: () => undefined, decode: () => undefined } },
  };
  for (const [told, options] of Object.entries(wrong)) {
    it(`are refused: ${told}`, () => {
      // A program in JavaScript may give anything.
      assert.throws(
        () => checkBusOptions(JSON.parse('{}', () => options) as NodeBusOptions),
        (error: Error) => error.message.includes(told),
      );
    });
  }
});
