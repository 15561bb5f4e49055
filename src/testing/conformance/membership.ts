import assert from 'node:assert/strict';
import { memberMetadataBytesMax } from '../../core/limits.js';
import type { MemberEvent, Membership } from '../../spi/membership.js';
import type { TestRunner, Waiter } from './suite.js';

/** A cluster of nodes that know of each other's addresses, made anew for each test; at most three at a time. */
export interface MembershipFixture extends Waiter {
  /** Makes a node named `a`, `b` or `c` and calls nothing on it. A second one of a name, after `kill`, is another life. */
  make(name: string): Promise<Membership>;
  /** Ends a node's process without a word. */
  kill(name: string): Promise<void>;
  /** Whether metadata and digests of other members travel. */
  readonly travels: boolean;
  stop(): Promise<void>;
}

/** What every implementation of `Membership` must do. */
export function checkMembership(runner: TestRunner, name: string, make: () => Promise<MembershipFixture>): void {
  runner.describe(`${name} as a membership`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        try {
          await check(fixture);
        } finally {
          await fixture.stop();
        }
      });
    }
  });
}

const cases: Readonly<Record<string, (fixture: MembershipFixture) => Promise<void>>> = {
  'knows itself, alive, from the start': async (fixture) => {
    const a = await fixture.make('a');
    await fixture.settle(a.start());
    assert.equal(a.self.name, 'a');
    assert.equal(a.self.status, 'alive');
    assert.ok(Number.isSafeInteger(a.self.epoch) && a.self.epoch > 0);
    assert.deepEqual(a.findMember('a'), a.self);
    assert.ok(a.members().some((member) => member.name === 'a'));
    assert.equal(a.findMember('nobody'), undefined);
  },

  'shows every member to every other, with epoch and address': async (fixture) => {
    const all = await startAll(fixture, ['a', 'b', 'c']);
    for (const one of all) {
      for (const other of all) {
        const seen = one.findMember(other.self.name);
        assert.equal(seen?.epoch, other.self.epoch);
        assert.equal(seen.address, other.self.address);
        assert.equal(seen.status, 'alive');
      }
    }
  },

  'tells what happened after the snapshot, so that both together are the present': async (fixture) => {
    const a = await fixture.make('a');
    await fixture.settle(a.start());
    const replay = new Replay(a);
    const [b] = await startAll(fixture, ['b', 'c']);
    await fixture.until(() => isMutual([a, ...(b === undefined ? [] : [b])]));
    await fixture.kill('c');
    await fixture.until(() => a.findMember('c')?.status !== 'alive');
    await fixture.rest();
    assert.deepEqual(replay.alive(), aliveNames(a));
  },

  'shows a dead member as suspect before its life has failed': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    const { epoch } = b.self;
    const told: string[] = [];
    a.listen((event) => told.push(`${event.kind} ${event.member.epoch === epoch}`));
    await fixture.kill('b');
    await fixture.until(() => told.includes('failed true'));
    assert.deepEqual(told.slice(0, 2), ['suspect true', 'failed true']);
    assert.notEqual(a.findMember('b')?.epoch, epoch);
  },

  'knows a restart as another life, and never confuses the two': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    const { epoch } = b.self;
    const replay = new Replay(a);
    await fixture.kill('b');
    const again = await fixture.make('b');
    await fixture.settle(again.start());
    await fixture.until(() => a.findMember('b')?.epoch === again.self.epoch && a.findMember('b')?.status === 'alive');
    await fixture.rest();
    assert.ok(again.self.epoch > epoch);
    const lives = replay.events.filter((event) => event.member.name === 'b' && event.kind !== 'suspect');
    const failedAt = lives.findIndex((event) => event.kind === 'failed' && event.member.epoch === epoch);
    const joinedAt = lives.findIndex((event) => event.kind === 'joined' && event.member.epoch === again.self.epoch);
    assert.ok(failedAt >= 0 && joinedAt > failedAt, `failed at ${failedAt}, joined at ${joinedAt}`);
    assert.equal(lives.filter((event) => event.kind === 'failed').length, 1);
  },

  'does not list a member that left': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    const { epoch } = b.self;
    await fixture.settle(b.leave(2000));
    await fixture.kill('b');
    await fixture.until(() => a.findMember('b')?.epoch !== epoch);
    assert.ok(!a.members().some((member) => member.name === 'b' && member.status === 'alive'));
  },

  'changes its own metadata at once, told in another turn, and refuses what is too large': async (fixture) => {
    const a = await fixture.make('a');
    await fixture.settle(a.start());
    const { incarnation } = a.self;
    const told: MemberEvent[] = [];
    a.listen((event) => told.push(event));
    a.updateMetadata(Uint8Array.of(1, 2, 3));
    assert.equal(told.length, 0);
    assert.deepEqual(a.self.metadata, Uint8Array.of(1, 2, 3));
    assert.ok(a.self.incarnation > incarnation);
    await fixture.until(() => told.length > 0);
    assert.deepEqual([told[0]?.kind, told[0]?.member.name], ['updated', 'a']);
    assert.throws(() => a.updateMetadata(new Uint8Array(memberMetadataBytesMax + 1)), { code: 'too-large' });
    assert.deepEqual(a.self.metadata, Uint8Array.of(1, 2, 3));
  },

  'carries metadata to the others, where it travels': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    if (!fixture.travels) return;
    b.updateMetadata(Uint8Array.of(9));
    await fixture.until(() => a.findMember('b')?.metadata?.[0] === 9);
    b.updateMetadata(new Uint8Array(memberMetadataBytesMax).fill(7));
    await fixture.until(() => a.findMember('b')?.metadata?.length === memberMetadataBytesMax);
    b.updateMetadata(new Uint8Array(0));
    await fixture.until(() => a.findMember('b')?.metadata?.length === 0);
  },

  'lets sixteen digests ride, each name once': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    const heard: string[] = [];
    const source = (name: string, revision: number) => ({
      own: () => ({ revision, hash: 77 }),
      heard: (from: { readonly name: string }, digest: { readonly revision: number; readonly hash: number }) => {
        heard.push(`${name} ${from.name} ${digest.revision} ${digest.hash}`);
      },
    });
    const detach = a.attachDigest('t0', source('t0', 1));
    b.attachDigest('t0', source('t0', 2));
    if (fixture.travels) {
      await fixture.until(() => heard.includes('t0 b 2 77') && heard.includes('t0 a 1 77'));
    }
    assert.throws(() => a.attachDigest('t0', source('t0', 3)), { code: 'invalid-options' });
    for (let index = 1; index < 16; index += 1) a.attachDigest(`t${index}`, source(`t${index}`, 1));
    assert.throws(() => a.attachDigest('t16', source('t16', 1)), { code: 'invalid-options' });
    detach();
    a.attachDigest('t16', source('t16', 1));
  },

  'takes evidence without losing a healthy member': async (fixture) => {
    const [a, b] = await startTwo(fixture);
    let inside = true;
    const told: string[] = [];
    a.listen((event) => {
      assert.ok(!inside, 'an event inside report');
      told.push(event.kind);
    });
    const { name, epoch, address } = b.self;
    a.report({ node: { name, epoch }, address, kind: 'reset' });
    a.report({ node: { name, epoch: epoch - 1 }, address, kind: 'refused' });
    a.report({ node: { name: 'nobody', epoch: 1 }, address, kind: 'refused' });
    a.report({ node: { name, epoch }, address, kind: 'heard' });
    inside = false;
    await fixture.rest();
    assert.equal(a.findMember('b')?.status, 'alive');
    assert.ok(!told.includes('failed'));
  },

  'stops twice, and starts no more': async (fixture) => {
    const [a] = await startTwo(fixture);
    await fixture.settle(a.stop());
    await fixture.settle(a.stop());
    const c = await fixture.make('c');
    await fixture.settle(c.stop());
    await assert.rejects(fixture.settle(c.start()), { code: 'stopped' });
  },
};

async function startAll(fixture: MembershipFixture, names: readonly string[]): Promise<readonly Membership[]> {
  const all: Membership[] = [];
  for (const name of names) all.push(await fixture.make(name));
  await fixture.settle(Promise.all(all.map((one) => one.start())));
  await fixture.until(() => isMutual(all));
  return all;
}

async function startTwo(fixture: MembershipFixture): Promise<readonly [Membership, Membership]> {
  const [a, b] = await startAll(fixture, ['a', 'b']);
  assert.ok(a !== undefined && b !== undefined);
  return [a, b];
}

function isMutual(all: readonly Membership[]): boolean {
  return all.every((one) =>
    all.every((other) => {
      const seen = one.findMember(other.self.name);
      return seen?.status === 'alive' && seen.epoch === other.self.epoch;
    }),
  );
}

function aliveNames(membership: Membership): readonly string[] {
  const alive = membership.members().filter((member) => member.status === 'alive');
  return alive.map((member) => member.name).toSorted();
}

/** What a listener that took the snapshot and follows the events believes. */
class Replay {
  readonly events: MemberEvent[] = [];
  readonly #members = new Map<string, string>();

  constructor(membership: Membership) {
    for (const member of membership.members()) this.#members.set(member.name, member.status);
    membership.listen((event) => {
      this.events.push(event);
      if (event.kind === 'left' || event.kind === 'failed') this.#members.delete(event.member.name);
      else this.#members.set(event.member.name, event.member.status);
    });
  }

  alive(): readonly string[] {
    const alive = [...this.#members].filter(([, status]) => status === 'alive');
    return alive.map(([name]) => name).toSorted();
  }
}
