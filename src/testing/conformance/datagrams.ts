import assert from 'node:assert/strict';
import { type Address, addressToText } from '../../core/address.js';
import { datagramBytesMax } from '../../core/limits.js';
import type { Datagrams, DatagramSocket } from '../../spi/datagrams.js';
import type { TestRunner, Waiter } from './suite.js';

/** Two parties that can reach each other, made anew for each test. */
export interface DatagramsFixture extends Waiter {
  readonly datagrams: Datagrams;
  readonly host: string;
  /** The second party; MAY be the first. */
  readonly other: Datagrams;
  readonly otherHost: string;
  stop(): Promise<void>;
}

/** What every implementation of `Datagrams` must do. Sending must not lose anything here: run it without faults. */
export function checkDatagrams(runner: TestRunner, name: string, make: () => Promise<DatagramsFixture>): void {
  runner.describe(`${name} as datagrams`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const party = new Party(await make());
        try {
          await check(party);
        } finally {
          await party.stop();
        }
      });
    }
  });
}

type Case = (party: Party) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  'binds a free port and says which': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    assert.ok(left.local.port > 0);
    assert.ok(right.local.port > 0);
    const third = await party.bind();
    assert.notEqual(third.local.port, left.local.port);
  },

  'delivers bytes, and says from where, so that an answer finds back': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const [leftEar, rightEar] = [new Ear(left), new Ear(right)];
    left.send(party.otherText(right), Uint8Array.of(1, 2, 3));
    await party.until(() => rightEar.got.length === 1);
    assert.deepEqual(rightEar.got, ['1,2,3']);
    assert.equal(rightEar.from[0], party.text(left));
    right.send(party.text(left), Uint8Array.of(4));
    await party.until(() => leftEar.got.length === 1);
    assert.deepEqual(leftEar.got, ['4']);
    assert.equal(leftEar.from[0], party.otherText(right));
  },

  'lets the sender reuse its bytes at once': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const ear = new Ear(right);
    const bytes = Uint8Array.of(7, 7);
    for (let round = 0; round < 10; round += 1) {
      bytes[1] = round;
      left.send(party.otherText(right), bytes);
    }
    bytes.fill(255);
    await party.until(() => ear.got.length === 10);
    assert.deepEqual(
      ear.got.toSorted(),
      ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'].map((n) => `7,${n}`),
    );
  },

  'carries the smallest and the largest': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const lengths: number[] = [];
    right.listen((_, bytes) => lengths.push(bytes.length));
    left.send(party.otherText(right), new Uint8Array(1));
    left.send(party.otherText(right), new Uint8Array(datagramBytesMax));
    await party.until(() => lengths.length === 2);
    assert.deepEqual(
      lengths.toSorted((a, b) => a - b),
      [1, datagramBytesMax],
    );
    assert.throws(() => left.send(party.otherText(right), new Uint8Array(datagramBytesMax + 1)), TypeError);
  },

  'refuses a taken port and leaves its owner alone': async (party) => {
    const left = await party.bind();
    await assert.rejects(party.bind(left.local.port), { code: 'address-in-use' });
    const [right, ear] = [await party.bindOther(), new Ear(left)];
    right.send(party.text(left), Uint8Array.of(1));
    await party.until(() => ear.got.length === 1);
  },

  'does not throw for addresses that nobody can reach': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const ear = new Ear(right);
    const gone = await party.bindOther();
    await party.settle(gone.close());
    const strange = [
      '',
      ':',
      'x',
      'no.such.host.invalid:1',
      '[::1',
      `${party.otherHost}:0`,
      `${party.otherHost}:99999`,
    ];
    for (const to of [party.otherText(gone), ...strange]) left.send(to, Uint8Array.of(1));
    left.send(party.otherText(right), Uint8Array.of(2));
    await party.until(() => ear.got.length === 1);
    assert.deepEqual(ear.got, ['2']);
  },

  'tells only the last listener': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const [first, second] = [new Ear(right), new Ear(right)];
    left.send(party.otherText(right), Uint8Array.of(1));
    await party.until(() => second.got.length === 1);
    assert.deepEqual(first.got, []);
  },

  'delivers nothing after close, which may be called twice, and frees the port': async (party) => {
    const [left, right] = [await party.bind(), await party.bindOther()];
    const ear = new Ear(right);
    left.send(party.otherText(right), Uint8Array.of(1));
    const closed = right.close();
    const again = right.close();
    await party.settle(closed);
    await party.settle(again);
    right.send(party.text(left), Uint8Array.of(9));
    const heir = await party.bindOther(right.local.port);
    const heirEar = new Ear(heir);
    left.send(party.otherText(heir), Uint8Array.of(2));
    await party.until(() => heirEar.got.includes('2'));
    assert.deepEqual(ear.got, []);
  },
};

/** What one socket heard, as text. */
class Ear {
  readonly got: string[] = [];
  readonly from: string[] = [];

  constructor(socket: DatagramSocket) {
    socket.listen((from, bytes) => {
      this.from.push(from);
      this.got.push(bytes.join(','));
    });
  }
}

/** The fixture with the sockets that a case opened, to be closed after it. */
class Party {
  readonly otherHost: string;
  readonly #fixture: DatagramsFixture;
  readonly #sockets: DatagramSocket[] = [];

  constructor(fixture: DatagramsFixture) {
    this.#fixture = fixture;
    this.otherHost = fixture.otherHost;
  }

  bind(port = 0): Promise<DatagramSocket> {
    return this.#open(this.#fixture.datagrams, { host: this.#fixture.host, port });
  }

  bindOther(port = 0): Promise<DatagramSocket> {
    return this.#open(this.#fixture.other, { host: this.otherHost, port });
  }

  text(socket: DatagramSocket): string {
    return addressToText({ host: this.#fixture.host, port: socket.local.port });
  }

  otherText(socket: DatagramSocket): string {
    return addressToText({ host: this.otherHost, port: socket.local.port });
  }

  until(condition: () => boolean): Promise<void> {
    return this.#fixture.until(condition);
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.#fixture.settle(promise);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) await this.settle(socket.close());
    await this.#fixture.stop();
  }

  async #open(datagrams: Datagrams, local: Address): Promise<DatagramSocket> {
    const socket = await this.settle(datagrams.bind(local));
    this.#sockets.push(socket);
    return socket;
  }
}
