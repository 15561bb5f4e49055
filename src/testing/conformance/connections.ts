import assert from 'node:assert/strict';
import type { Address } from '../../core/address.js';
import { must } from '../../core/assert.js';
import type {
  Connection,
  ConnectionEnd,
  ConnectionHandlers,
  Connections,
  ConnectionServer,
} from '../../spi/connections.js';
import type { TestRunner, Waiter } from './suite.js';

/** Two parties that can reach each other, made anew for each test. */
export interface ConnectionsFixture extends Waiter {
  /** Dials. */
  readonly connections: Connections;
  /** Listens; MAY be the same. */
  readonly other: Connections;
  /** Where `other` may listen: port 0, or a fresh socket path. */
  readonly otherLocal: Address;
  /** Where nobody listens. */
  readonly nobody: Address;
  /** False where a destroyed connection looks like an ended one to the other side, as with Unix sockets. */
  readonly tellsResets: boolean;
  /** More bytes than the operating systems of both sides hold for a reader that does not read. */
  readonly floodBytes: number;
  stop(): Promise<void>;
}

/** What every implementation of `Connections` must do. Its linger should be short (300 ms), because one case waits for it. */
export function checkConnections(runner: TestRunner, name: string, make: () => Promise<ConnectionsFixture>): void {
  runner.describe(`${name} as connections`, () => {
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
  'carries bytes both ways': async (party) => {
    const { left, right } = await party.pair();
    left.connection.write(Uint8Array.of(1, 2, 3));
    await party.until(() => right.length === 3);
    right.connection.write(Uint8Array.of(4, 5));
    await party.until(() => left.length === 2);
    assert.deepEqual([...right.bytes()], [1, 2, 3]);
    assert.deepEqual([...left.bytes()], [4, 5]);
    assert.notEqual(left.connection.remote, '');
    assert.notEqual(right.connection.remote, '');
  },

  'keeps the order of many writes of all sizes': async (party) => {
    const { left, right } = await party.pair();
    const sent = pattern(1_500_000);
    for (let start = 0, size = 1; start < sent.length; size = ((size * 7) % 40_009) + 1) {
      left.connection.write(sent.subarray(start, start + size));
      start += size;
    }
    left.connection.write(new Uint8Array(0));
    await party.until(() => right.length === sent.length);
    assert.ok(sameContent(right.bytes(), sent));
  },

  'keeps bytes that came before somebody listened': async (party) => {
    const { dialed, accepted } = await party.silentPair();
    const left = new Ear(dialed);
    left.connection.write(pattern(1000));
    // An answer from the other side proves that time passed; the bytes are there or on their way.
    accepted.write(Uint8Array.of(1));
    await party.until(() => left.length === 1);
    const right = new Ear(accepted);
    assert.equal(right.length, 0, 'nothing is delivered inside listen');
    await party.until(() => right.length === 1000);
    assert.ok(sameContent(right.bytes(), pattern(1000)));
  },

  'says refused where nobody listens': async (party) => {
    await assert.rejects(party.dial(party.fixture.nobody), { code: 'unavailable', details: 'refused' });
  },

  'refuses a taken address and leaves its owner alone': async (party) => {
    const server = await party.listen();
    await assert.rejects(party.listen(server.local), { code: 'address-in-use' });
    const connection = await party.dial(server.local);
    await party.until(() => party.accepted.length === 1);
    connection.destroy();
  },

  'holds a sender back while the receiver is paused, and tells when all is taken': async (party) => {
    const { left, right } = await party.pair();
    right.connection.pause();
    const flood = pattern(party.fixture.floodBytes);
    for (let start = 0; start < flood.length; start += 65_536) {
      left.connection.write(flood.subarray(start, start + 65_536));
    }
    assert.ok(left.connection.bufferedBytes > 0);
    await party.quiet(() => left.connection.bufferedBytes);
    assert.ok(left.connection.bufferedBytes > 0, 'a stalled receiver shows in bufferedBytes');
    assert.equal(left.drains, 0);
    assert.equal(right.length, 0, 'nothing is delivered while paused');
    right.connection.resume();
    await party.until(() => right.length === flood.length);
    await party.until(() => left.drains === 1);
    assert.equal(left.connection.bufferedBytes, 0);
    assert.ok(sameContent(right.bytes(), flood));
  },

  'can be paused inside a delivery': async (party) => {
    const { left, right } = await party.pair();
    right.onBytes = () => right.connection.pause();
    const sent = pattern(600_000);
    left.connection.write(sent);
    await party.until(() => right.length > 0);
    const first = right.length;
    await party.quiet(() => right.length);
    assert.equal(right.length, first);
    right.onBytes = undefined;
    right.connection.resume();
    await party.until(() => right.length === sent.length);
    assert.ok(sameContent(right.bytes(), sent));
  },

  'ends in order: everything sent arrives, then both sides are told once': async (party) => {
    const { left, right } = await party.pair();
    const sent = pattern(700_000);
    left.connection.write(sent);
    left.connection.end();
    left.connection.end();
    left.connection.write(Uint8Array.of(9));
    await party.until(() => left.ends.length > 0 && right.ends.length > 0);
    assert.ok(sameContent(right.bytes(), sent));
    await party.quiet(() => left.ends.length + right.ends.length);
    assert.deepEqual([left.ends, right.ends], [['ended'], ['ended']]);
    right.connection.write(Uint8Array.of(9));
    right.connection.end();
    right.connection.destroy();
    await party.quiet(() => left.length);
    assert.equal(left.length, 0);
    assert.deepEqual([left.ends, right.ends], [['ended'], ['ended']]);
  },

  'does not cut off what the other side had written before the end came': async (party) => {
    const { left, right } = await party.pair();
    const sent = pattern(700_000);
    right.connection.write(sent);
    left.connection.end();
    await party.until(() => left.ends.length > 0 && right.ends.length > 0);
    assert.ok(sameContent(left.bytes(), sent));
    assert.deepEqual([left.ends, right.ends], [['ended'], ['ended']]);
  },

  'ends when both sides end at once': async (party) => {
    const { left, right } = await party.pair();
    left.connection.end();
    right.connection.end();
    await party.until(() => left.ends.length > 0 && right.ends.length > 0);
    assert.deepEqual([left.ends, right.ends], [['ended'], ['ended']]);
  },

  'tells an end that comes while paused': async (party) => {
    const { left, right } = await party.pair();
    right.connection.pause();
    left.connection.end();
    await party.until(() => left.ends.length > 0 && right.ends.length > 0);
    assert.deepEqual(right.ends, ['ended']);
  },

  'delivers what came before an end after a pause': async (party) => {
    const { left, right } = await party.pair();
    right.connection.pause();
    left.connection.write(pattern(10_000));
    left.connection.end();
    await party.quiet(() => right.length);
    assert.deepEqual([right.length, right.ends], [0, []]);
    right.connection.resume();
    await party.until(() => right.ends.length > 0);
    assert.deepEqual([right.length, right.ends], [10_000, ['ended']]);
  },

  'gives up an end that the other side never takes': async (party) => {
    const { left, right } = await party.pair();
    right.connection.pause();
    left.connection.write(new Uint8Array(party.fixture.floodBytes));
    left.connection.end();
    await party.until(() => left.ends.length > 0);
    assert.deepEqual(left.ends, ['destroyed']);
    right.connection.destroy();
  },

  'destroys at once, and resets the other side': async (party) => {
    const { left, right } = await party.pair();
    left.connection.write(Uint8Array.of(1));
    await party.until(() => right.length === 1);
    left.connection.destroy();
    left.connection.destroy();
    left.connection.write(Uint8Array.of(2));
    assert.equal(left.ends.length, 0, 'nothing is told inside destroy');
    await party.until(() => left.ends.length > 0 && right.ends.length > 0);
    await party.quiet(() => left.ends.length + right.ends.length);
    assert.deepEqual(left.ends, ['destroyed']);
    assert.deepEqual(right.ends, [party.fixture.tellsResets ? 'reset' : 'ended']);
    assert.equal(right.length, 1);
  },

  'tells a reset that comes while paused': async (party) => {
    const { left, right } = await party.pair();
    right.connection.pause();
    left.connection.destroy();
    await party.until(() => right.ends.length > 0);
    assert.equal(right.ends.length, 1);
  },

  'delivers nothing after destroy, not even from inside a delivery': async (party) => {
    const { left, right } = await party.pair();
    right.onBytes = () => right.connection.destroy();
    left.connection.write(new Uint8Array(500_000));
    await party.until(() => right.ends.length > 0 && left.ends.length > 0);
    assert.equal(right.deliveries, 1);
    assert.deepEqual(right.ends, ['destroyed']);
  },

  'stops accepting on close, and lets accepted connections live': async (party) => {
    const { left, right, server } = await party.pair();
    await party.settle(server.close());
    await party.settle(server.close());
    await assert.rejects(party.dial(server.local), { code: 'unavailable', details: 'refused' });
    left.connection.write(Uint8Array.of(1));
    await party.until(() => right.length === 1);
    const heir = await party.listen(server.local);
    assert.deepEqual(heir.local, server.local);
  },

  'keeps many connections apart': async (party) => {
    const server = await party.listen();
    const dialed: Connection[] = [];
    for (let index = 0; index < 20; index += 1) dialed.push(await party.dial(server.local));
    await party.until(() => party.accepted.length === 20);
    const ears = party.accepted.map((connection) => new Ear(connection));
    dialed.forEach((connection, index) => connection.write(new Uint8Array(3).fill(index)));
    await party.until(() => ears.every((ear) => ear.length === 3));
    const heard = ears.map((ear) => ear.bytes().join(',')).toSorted();
    assert.deepEqual(heard, Array.from({ length: 20 }, (_, index) => `${index},${index},${index}`).toSorted());
  },
};

/** What one side heard. */
class Ear {
  readonly connection: Connection;
  readonly ends: ConnectionEnd[] = [];
  readonly #chunks: Uint8Array[] = [];
  drains = 0;
  deliveries = 0;
  length = 0;
  onBytes: (() => void) | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    const handlers: ConnectionHandlers = {
      onBytes: (bytes) => this.#take(bytes),
      onDrain: () => {
        this.drains += 1;
      },
      onClosed: (reason) => this.ends.push(reason),
    };
    connection.listen(handlers);
  }

  /** Everything heard so far. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  #take(bytes: Uint8Array): void {
    assert.equal(this.ends.length, 0, 'bytes after the end');
    this.#chunks.push(bytes.slice());
    this.length += bytes.length;
    this.deliveries += 1;
    this.onBytes?.();
  }
}

/** Both ends of one connection, listened to. */
interface Pair {
  readonly left: Ear;
  readonly right: Ear;
  readonly server: ConnectionServer;
}

/** The fixture with what a case opened, to be closed after it. */
class Party {
  readonly fixture: ConnectionsFixture;
  readonly accepted: Connection[] = [];
  readonly #dialed: Connection[] = [];
  readonly #servers: ConnectionServer[] = [];

  constructor(fixture: ConnectionsFixture) {
    this.fixture = fixture;
  }

  async listen(local: Address = this.fixture.otherLocal): Promise<ConnectionServer> {
    const listening = this.fixture.other.listen(local, (connection) => this.accepted.push(connection));
    const server = await this.fixture.settle(listening);
    this.#servers.push(server);
    return server;
  }

  async dial(to: Address): Promise<Connection> {
    const connection = await this.fixture.settle(this.fixture.connections.dial(to, { timeoutMs: 5000 }));
    this.#dialed.push(connection);
    return connection;
  }

  /** A connection whose two ends nobody listens to yet. */
  async silentPair(): Promise<{ dialed: Connection; accepted: Connection; server: ConnectionServer }> {
    const server = await this.listen();
    const dialed = await this.dial(server.local);
    await this.until(() => this.accepted.length === 1);
    return { dialed, accepted: must(this.accepted[0], 'an accepted connection'), server };
  }

  async pair(): Promise<Pair> {
    const { dialed, accepted, server } = await this.silentPair();
    return { left: new Ear(dialed), right: new Ear(accepted), server };
  }

  until(condition: () => boolean): Promise<void> {
    return this.fixture.until(condition);
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.fixture.settle(promise);
  }

  /** Lets time pass until the value has stopped changing. */
  async quiet(read: () => number): Promise<void> {
    for (let before = Number.NaN; before !== read();) {
      before = read();
      await this.fixture.rest();
    }
  }

  async stop(): Promise<void> {
    for (const connection of [...this.#dialed, ...this.accepted]) connection.destroy();
    for (const server of this.#servers) await this.settle(server.close());
    await this.fixture.stop();
  }
}

/** Bytes whose every window differs, so that a swap, a gap or a repeat shows. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0, state = 1; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

function sameContent(left: Uint8Array, right: Uint8Array): boolean {
  // deepEqual of a megabyte takes seconds to print when it fails.
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
