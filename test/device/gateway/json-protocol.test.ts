import assert from 'node:assert/strict';
import { bytesToText, textToBytes } from '../../../src/core/text.js';
import { JsonProtocol } from '../../../src/device/gateway/json-protocol.js';
import type { DeviceRef, TransportMessage } from '../../../src/spi/device.js';
import { checkDeviceProtocol } from '../../../src/testing/conformance/device-protocol.js';
import { FakeClient } from '../fake-client.js';

const b1: DeviceRef = { product: 'boiler', id: 'b1' };

checkDeviceProtocol({ describe, it }, 'JSON', () => ({
  protocol: new JsonProtocol(),
  client: new FakeClient('c'),
  readable: [
    [
      message('boiler/b1/report', '{"t":1.5,"deep":{"a":[1]}}'),
      { kind: 'report', device: b1, properties: { t: 1.5, deep: { a: [1] } } },
    ],
    [message('boiler/b1/event/hot', '3'), { kind: 'event', device: b1, event: 'hot', data: 3 }],
    [message('boiler/b1/event/hot', ''), { kind: 'event', device: b1, event: 'hot', data: undefined }],
    [
      message('boiler/b1/reply', '{"id":"k"}'),
      { kind: 'reply', device: b1, commandId: 'k', success: true, output: undefined },
    ],
    [
      message('boiler/b1/reply', '{"id":"k","error":"no"}'),
      { kind: 'reply', device: b1, commandId: 'k', success: false, output: 'no' },
    ],
  ],
  unreadable: [
    message('boiler', '{}'),
    message('/b1/report', '{}'),
    message('boiler//report', '{}'),
    message('boiler/b1/report/more', '{}'),
    message('boiler/b1/event', '{}'),
    message('boiler/b1/command/fan', '{}'),
    message(`boiler/${'b'.repeat(65)}/report`, '{}'),
    message('boiler/b1/report', ''),
    message('boiler/b1/report', '[1]'),
    message('boiler/b1/report', 'null'),
    message('boiler/b1/report', '{'),
    message('boiler/b1/reply', '{"id":7}'),
    message('boiler/b1/report', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`),
    message('boiler/b1/report', '['.repeat(200_000)),
  ],
  filters: [
    ['boiler/b1/command/+', b1],
    ['boiler/b1/command/#', b1],
    ['boiler/b1/#', b1],
    ['boiler/b1/command/fan', b1],
    ['boiler/b1/report', undefined],
    ['boiler/+/command/+', undefined],
    ['#', undefined],
  ],
  reply: (device, sent, output) => {
    const body: unknown = JSON.parse(bytesToText(sent.payload));
    assert.ok(typeof body === 'object' && body !== null && 'id' in body);
    return message(`${device.product}/${device.id}/reply`, JSON.stringify({ id: body.id, output }));
  },
}));

describe('the JSON protocol', () => {
  it('allows brackets in texts, however many', () => {
    const payload = JSON.stringify({ text: `${'[{'.repeat(100)}\\"${'['.repeat(100)}` });
    const decoded = new JsonProtocol().decode(message('boiler/b1/report', payload));
    assert.ok(!('fault' in decoded));
  });

  it('refuses a command whose name is no topic level, or whose input is no JSON', () => {
    const protocol = new JsonProtocol();
    for (const name of ['', 'a/b', '+', 'x#']) {
      assert.ok('fault' in protocol.encode(b1, { id: 'k', name, input: 1 }), name);
    }
    assert.ok('fault' in protocol.encode(b1, { id: 'k', name: 'fan', input: 1n }));
  });
});

function message(topic: string, text: string): TransportMessage {
  return { topic, payload: textToBytes(text), qos: 0, headers: {} };
}
