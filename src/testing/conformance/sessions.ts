import assert from 'node:assert/strict';
import { must } from '../../core/assert.js';
import type { DeviceClient, DeviceRef, Sessions } from '../../spi/device.js';
import type { TestRunner } from './suite.js';

/** What every table of sessions must do. Each case gets an empty table with room for 5,000 sessions and 100 for each client. */
export function checkSessions(runner: TestRunner, name: string, make: () => Sessions): void {
  runner.describe(`${name} as a table of sessions`, () => {
    for (const [title, check] of Object.entries(cases)) runner.it(title, async () => check(make()));
  });
}

const cases: Readonly<Record<string, (sessions: Sessions) => void>> = {
  'finds what was opened, by product and id': (sessions) => {
    const client = silentClient();
    const session = open(sessions, device(1), client);
    assert.deepEqual(session.device, device(1));
    assert.equal(session.client, client);
    assert.equal(sessions.find(device(1)), session);
    assert.equal(sessions.find(device(2)), undefined);
    assert.equal(sessions.size, 1);
  },

  'keeps devices apart whose names meet when joined': (sessions) => {
    const refs = ['a/b c', 'a b/c', 'a/ bc', '1:a/b', '/', ':/:'].map((text) => {
      const [product = '', id = ''] = text.split('/');
      return { product, id };
    });
    for (const ref of refs) open(sessions, ref, silentClient());
    assert.equal(sessions.size, refs.length);
    for (const ref of refs) assert.deepEqual(sessions.find(ref)?.device, ref);
  },

  'gives the same session to the same client again, and says nothing': (sessions) => {
    const client = silentClient();
    const session = open(sessions, device(1), client);
    const told = listen(sessions);
    assert.equal(sessions.open(device(1), client), session);
    assert.deepEqual(told, []);
  },

  'replaces the session of another client, and a late end does not close the newer one': (sessions) => {
    const old = open(sessions, device(1), silentClient());
    const told = listen(sessions);
    const fresh = open(sessions, device(1), silentClient());
    assert.ok(fresh.epoch > old.epoch);
    assert.deepEqual(told, [`replaced ${fresh.epoch} for ${old.epoch}`]);
    assert.equal(sessions.close(old), false);
    assert.equal(sessions.find(device(1)), fresh);
    assert.deepEqual(sessions.of(old.client), []);
    assert.equal(sessions.close(fresh), true);
    assert.equal(sessions.close(fresh), false);
    assert.deepEqual(told.slice(1), [`closed ${fresh.epoch}`]);
  },

  'never gives an epoch twice': (sessions) => {
    const epochs = new Set<number>();
    for (let round = 0; round < 50; round += 1) {
      const session = open(sessions, device(1), silentClient());
      epochs.add(session.epoch);
      if (round % 2 === 0) sessions.close(session);
    }
    assert.equal(epochs.size, 50);
  },

  'knows the sessions of each client': (sessions) => {
    const hub = silentClient();
    const mine = [1, 2, 3].map((number) => open(sessions, device(number), hub));
    open(sessions, device(4), silentClient());
    assert.deepEqual(new Set(sessions.of(hub)), new Set(mine));
    open(sessions, device(2), silentClient());
    assert.equal(sessions.of(hub).length, 2);
    assert.equal(sessions.all().length, 4);
  },

  'refuses one more than it has room for, and changes nothing': (sessions) => {
    const hub = silentClient();
    for (let number = 0; number < 100; number += 1) open(sessions, device(number), hub);
    const told = listen(sessions);
    assert.equal(sessions.open(device(100), hub), undefined);
    assert.equal(sessions.size, 100);
    assert.deepEqual(told, []);
    // What it has is still its own.
    assert.notEqual(sessions.open(device(99), hub), undefined);
  },

  'holds 2,000 devices whose clients come, go and take over': (sessions) => {
    const clients = Array.from({ length: 2000 }, () => silentClient());
    let opened = 0;
    sessions.listen((event) => {
      if (event.kind === 'opened') opened += 1;
      if (event.kind === 'closed') opened -= 1;
    });
    for (const [number, client] of clients.entries()) open(sessions, device(number), client);
    assert.equal(sessions.size, 2000);
    for (const [number, client] of clients.entries()) open(sessions, device((number + 1) % 2000), client);
    // Each device was taken over by its neighbour's client; each client carries that one and nothing else.
    for (const client of clients) for (const session of sessions.of(client)) sessions.close(session);
    assert.equal(sessions.size, 0);
    assert.equal(opened, 0);
  },

  'tells in order, and not who left': (sessions) => {
    const told: string[] = [];
    const unlisten = sessions.listen(({ kind, session }) => told.push(`${kind} ${session.device.id}`));
    sessions.close(open(sessions, device(1), silentClient()));
    unlisten();
    open(sessions, device(2), silentClient());
    assert.deepEqual(told, ['opened d1', 'closed d1']);
  },
};

function open(sessions: Sessions, ref: DeviceRef, client: DeviceClient): NonNullable<ReturnType<Sessions['open']>> {
  return must(sessions.open(ref, client), 'room for a session');
}

function listen(sessions: Sessions): string[] {
  const told: string[] = [];
  sessions.listen((event) => {
    const previous = event.kind === 'replaced' ? ` for ${event.previous.epoch}` : '';
    told.push(`${event.kind} ${event.session.epoch}${previous}`);
  });
  return told;
}

function device(number: number): DeviceRef {
  return { product: 'boiler', id: `d${number}` };
}

/** A client that a table may hold and must not touch. */
function silentClient(): DeviceClient {
  return {
    clientId: 'c',
    remote: '10.0.0.1:1',
    user: undefined,
    allows: () => true,
    listen: () => undefined,
    send: () => Promise.resolve(),
    close: () => undefined,
  };
}
