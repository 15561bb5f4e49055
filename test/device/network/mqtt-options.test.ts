import assert from 'node:assert/strict';
import { type MqttOptions, resolveMqttOptions } from '../../../src/device/network/mqtt-options.js';

const listen = { host: '127.0.0.1', port: 1883 };

describe('options of an MQTT listener', () => {
  it('that are there and undefined take no bound away', () => {
    const { clientsMax, packetBytesMax } = resolveMqttOptions({ listen, ...absent('clientsMax') });
    assert.deepEqual([clientsMax, packetBytesMax], [20_000, 262_144]);
  });

  it('are whole numbers above 0, and no more in flight than MQTT counts', () => {
    for (const [options, message] of [
      [{ queueMax: 0 }, /option queueMax: give a whole number of at least 1, not 0/],
      [{ idleMs: Number.POSITIVE_INFINITY }, /option idleMs: .*, not Infinity/],
      [{ inFlightMax: 65_536 }, /option inFlightMax: give a whole number from 1 to 65535, not 65536/],
    ] as const) {
      assert.throws(() => resolveMqttOptions({ listen, ...options }), message);
    }
    assert.equal(resolveMqttOptions({ listen, inFlightMax: 65_535 }).inFlightMax, 65_535);
  });
});

/** As a program without types gives it. */
function absent(name: keyof MqttOptions): object {
  return { [name]: undefined };
}
