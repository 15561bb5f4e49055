import assert from 'node:assert/strict';
import { must } from '../../core/assert.js';
import { textToBytes } from '../../core/text.js';
import type {
  ClientEnd,
  DeviceClient,
  DeviceClientHandlers,
  NetworkComponent,
  TransportMessage,
} from '../../spi/device.js';
import type { TestRunner, Waiter } from './suite.js';

/** A component that was not started, and devices that can reach it. */
export interface NetworkComponentFixture extends Waiter {
  readonly component: NetworkComponent;
  /** A second component for the same address. */
  readonly rival: NetworkComponent;
  /** Connects a device of this client id; resolves once it is let in, letting time pass itself. */
  connect(clientId: string): Promise<DeviceSide>;
  stop(): Promise<void>;
}

/** The device's end of a connection. */
export interface DeviceSide {
  say(topic: string, payload: Uint8Array): void;
  /** Asks for a filter; resolves with whether it was granted, letting time pass itself. */
  ask(filter: string): Promise<boolean>;
  /** Messages that it got. */
  readonly got: readonly { readonly topic: string; readonly payload: Uint8Array }[];
  readonly closed: boolean;
  /** Ends in order. */
  leave(): void;
  /** Vanishes. */
  vanish(): void;
  /** Sends bytes that are none of the transport's. */
  garble(): void;
}

/** What every network component must do. */
export function checkNetworkComponent(
  runner: TestRunner,
  name: string,
  make: () => Promise<NetworkComponentFixture>,
): void {
  runner.describe(`${name} as a network component`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        try {
          await check(fixture, new Owner());
        } finally {
          await fixture.stop();
        }
      });
    }
  });
}

type Case = (fixture: NetworkComponentFixture, owner: Owner) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  'hands over a client, and what it says': async (fixture, owner) => {
    await owner.start(fixture);
    const device = await fixture.connect('c1');
    device.say('a/b', textToBytes('hello'));
    await fixture.until(() => owner.messages.length === 1);
    const client = must(owner.clients[0], 'a client');
    assert.equal(client.clientId, 'c1');
    assert.notEqual(client.remote, '');
    const { topic, payload } = must(owner.messages[0], 'a message');
    assert.deepEqual([topic, payload], ['a/b', textToBytes('hello')]);
  },

  'keeps the order of one client': async (fixture, owner) => {
    await owner.start(fixture);
    const device = await fixture.connect('c1');
    for (let number = 0; number < 200; number += 1) device.say('a', Uint8Array.of(number));
    await fixture.until(() => owner.messages.length === 200);
    assert.deepEqual(
      owner.messages.map(({ payload }) => payload[0]),
      Array.from({ length: 200 }, (_, number) => number),
    );
  },

  'sends a client what it asked for and was granted, and nothing else': async (fixture, owner) => {
    await owner.start(fixture);
    const device = await fixture.connect('c1');
    const client = must(owner.clients[0], 'a client');
    const message: TransportMessage = { topic: 'mine/x', payload: textToBytes('go'), qos: 1, headers: {} };
    await assert.rejects(fixture.settle(client.send(message)), { code: 'unavailable' });
    assert.equal(await device.ask('mine/x'), true);
    owner.refuse = true;
    assert.equal(await device.ask('other/x'), false);
    await fixture.settle(client.send(message));
    await fixture.until(() => device.got.length === 1);
    assert.deepEqual({ ...device.got[0] }, { topic: 'mine/x', payload: textToBytes('go') });
    await assert.rejects(fixture.settle(client.send({ ...message, topic: 'other/x' })), { code: 'unavailable' });
  },

  'tells the end of a client once, and whether it said good-bye': async (fixture, owner) => {
    await owner.start(fixture);
    const polite = await fixture.connect('polite');
    polite.leave();
    await fixture.until(() => owner.ends.length === 1);
    const rude = await fixture.connect('rude');
    rude.vanish();
    await fixture.until(() => owner.ends.length === 2);
    await fixture.rest();
    assert.deepEqual(owner.ends, ['left', 'lost']);
    await assert.rejects(
      must(owner.clients[0], 'a client').send({ topic: 'a', payload: textToBytes(''), qos: 0, headers: {} }),
      {
        code: 'unavailable',
      },
    );
  },

  'closes a client when its owner says so': async (fixture, owner) => {
    await owner.start(fixture);
    const device = await fixture.connect('c1');
    const client = must(owner.clients[0], 'a client');
    client.close('not-authorized');
    client.close('stopping');
    await fixture.until(() => device.closed);
    assert.deepEqual(owner.ends, ['not-authorized']);
  },

  'closes the connection that garbage came on, and no other': async (fixture, owner) => {
    await owner.start(fixture);
    const witness = await fixture.connect('witness');
    const rude = await fixture.connect('rude');
    rude.garble();
    await fixture.until(() => rude.closed && owner.ends.length === 1);
    witness.say('a', textToBytes('still here'));
    await fixture.until(() => owner.messages.length === 1);
    assert.equal(witness.closed, false);
  },

  'rejects an address that is taken, and leaves nothing behind': async (fixture, owner) => {
    await owner.start(fixture);
    await assert.rejects(fixture.settle(fixture.rival.start(() => undefined)), { code: 'address-in-use' });
    await fixture.settle(fixture.rival.stop());
    const device = await fixture.connect('c1');
    assert.equal(device.closed, false);
  },

  'ends every client when it stops, and may be stopped twice': async (fixture, owner) => {
    await owner.start(fixture);
    const devices = [await fixture.connect('c1'), await fixture.connect('c2')];
    await fixture.settle(fixture.component.stop());
    await fixture.until(() => devices.every(({ closed }) => closed));
    assert.deepEqual(owner.ends, ['stopping', 'stopping']);
    await fixture.settle(fixture.component.stop());
  },
};

/** Takes every client and writes down what it is told. */
class Owner {
  readonly clients: DeviceClient[] = [];
  readonly messages: TransportMessage[] = [];
  readonly ends: ClientEnd[] = [];
  refuse = false;

  async start(fixture: NetworkComponentFixture): Promise<void> {
    await fixture.settle(fixture.component.start((client) => this.#take(client)));
  }

  #take(client: DeviceClient): void {
    this.clients.push(client);
    const handlers: DeviceClientHandlers = {
      onMessage: (message) => {
        this.messages.push({ ...message, payload: Uint8Array.from(message.payload) });
        return 'taken';
      },
      onSubscribe: () => (this.refuse ? 'not-authorized' : 'granted'),
      onUnsubscribe: () => undefined,
      onClosed: (end) => this.ends.push(end),
    };
    client.listen(handlers);
  }
}
