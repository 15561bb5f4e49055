import assert from 'node:assert/strict';
import { SeededRandom } from '../../core/random.js';
import type {
  DeviceClient,
  DeviceCommand,
  DeviceMessage,
  DeviceProtocol,
  DeviceRef,
  TransportMessage,
} from '../../spi/device.js';
import type { TestRunner } from './suite.js';

/** A protocol, and what devices that speak it say. */
export interface DeviceProtocolFixture {
  readonly protocol: DeviceProtocol;
  /** The client that says it. */
  readonly client: DeviceClient;
  /** Messages and what they mean; at least one of each kind that the protocol knows. */
  readonly readable: readonly (readonly [TransportMessage, DeviceMessage])[];
  /** Messages that mean nothing. */
  readonly unreadable: readonly TransportMessage[];
  /** Filters by which a device asks for its commands, and the device; `undefined` for filters of another use. */
  readonly filters: readonly (readonly [string, DeviceRef | undefined])[];
  /** The device's answer to a command that was encoded, as that device would write it. */
  reply(device: DeviceRef, sent: TransportMessage, output: unknown): TransportMessage;
}

/** What every device protocol must do. */
export function checkDeviceProtocol(runner: TestRunner, name: string, make: () => DeviceProtocolFixture): void {
  runner.describe(`${name} as a device protocol`, () => {
    for (const [title, check] of Object.entries(cases)) runner.it(title, async () => check(make()));
  });
}

const cases: Readonly<Record<string, (fixture: DeviceProtocolFixture) => void>> = {
  'reads what devices say': ({ protocol, client, readable }) => {
    for (const [message, expected] of readable) assert.deepEqual(protocol.decode(message, client), expected);
  },

  'gives a fault with its reason for what means nothing': ({ protocol, client, unreadable }) => {
    for (const message of unreadable) {
      const decoded = protocol.decode(message, client);
      assert.ok('fault' in decoded && decoded.why !== '', `${message.topic} was read`);
    }
  },

  'keeps no state: the same message means the same again': ({ protocol, client, readable }) => {
    for (const [message] of readable) {
      assert.deepEqual(protocol.decode(message, client), protocol.decode(message, client));
    }
  },

  'keeps nothing of the bytes that it was lent': ({ protocol, client, readable }) => {
    for (const [message, expected] of readable) {
      const payload = Uint8Array.from(message.payload);
      const decoded = protocol.decode({ ...message, payload }, client);
      payload.fill(0x20);
      assert.deepEqual(decoded, expected);
    }
  },

  'knows whose commands a filter asks for': ({ protocol, client, filters }) => {
    for (const [filter, device] of filters) {
      assert.deepEqual(protocol.findCommandTarget(filter, client), device, filter);
    }
  },

  'encodes a command so that the device that asked for it gets it and its reply comes back': (fixture) => {
    const { protocol, client, filters } = fixture;
    for (const [filter, device] of filters) {
      if (device === undefined || !filter.includes('+')) continue;
      const command: DeviceCommand = { id: 'k-1', name: 'fan', input: { on: true } };
      const sent = protocol.encode(device, command);
      assert.ok(!('fault' in sent));
      const decoded = protocol.decode(fixture.reply(device, sent, { speed: 2 }), client);
      assert.deepEqual(decoded, { kind: 'reply', device, commandId: 'k-1', success: true, output: { speed: 2 } });
    }
  },

  'throws nothing and names no empty device, whatever it is given': ({ protocol, client, readable }) => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 5000; round += 1) {
      const [sample] = readable[random.below(readable.length)] ?? [];
      assert.ok(sample !== undefined);
      const payload = Uint8Array.from(sample.payload);
      if (payload.length > 0) payload[random.below(payload.length)] = random.below(256);
      const at = random.below(sample.topic.length + 1);
      const topic = sample.topic.slice(0, at) + String.fromCharCode(random.below(0x250)) + sample.topic.slice(at + 1);
      const decoded = protocol.decode({ ...sample, topic: round % 2 === 0 ? topic : sample.topic, payload }, client);
      if ('fault' in decoded) continue;
      assert.ok(decoded.device.id !== '' && decoded.device.product !== '');
    }
  },
};
