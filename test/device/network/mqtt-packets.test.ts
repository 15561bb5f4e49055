import assert from 'node:assert/strict';
import { checkPublishOptions } from '../../../src/bus/publish-options.js';
import { headersBytesMax, headersMax } from '../../../src/core/limits.js';
import { propertiesToHeaders } from '../../../src/device/network/mqtt-packets.js';
import { countHop } from '../../../src/rule/rule-hops.js';
import { ruleMessage } from '../../../src/testing/conformance/rule-node.js';

describe('user properties of an MQTT message', () => {
  const ofCount = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, 'x']));

  it('become headers, the last value of a name', () => {
    assert.deepEqual(propertiesToHeaders({ site: 'north', line: ['1', '2'] }), {
      headers: { site: 'north', line: '2' },
      dropped: 0,
    });
  });

  it('that are more than headers may be are left out, and counted', () => {
    const { headers, dropped } = propertiesToHeaders(ofCount(headersMax + 5));
    assert.equal(Object.keys(headers).length + dropped, headersMax + 5);
    assert.ok(dropped > 0);
  });

  it('leave room for the count of a rule, in number and in bytes', () => {
    const long = Array.from({ length: 40 }, (_, index) => [`${index}`, 'y'.repeat(index === 39 ? 20 : 66)]);
    for (const properties of [
      ofCount(headersMax + 5),
      Object.fromEntries(long),
      { one: 'z'.repeat(headersBytesMax / 3 - 24) },
    ]) {
      const { headers } = propertiesToHeaders(properties);
      assert.ok(Object.keys(headers).length > 0);
      checkPublishOptions({ headers: countHop(ruleMessage(1, { headers }), '/out') });
    }
  });
});
