import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';
import { Bench, life } from './bench.js';

const others = ['a', 'b', 'c', 'd', 'e'];

describe('the swim machine', function machine() {
  // Simulated time is cheap; a machine that is busy otherwise takes longer for it.
  this.timeout(20_000);

  describe('probing', () => {
    it('pings one member a period, each of them once a round', () => {
      const bench = Bench.up(others, { ringProbes: false });
      bench.run(5500, () => answerPings(bench));
      const pinged = bench.partsOf('ping').map((ping) => ping.name);
      assert.ok(pinged.length === 5 || pinged.length === 6);
      assert.equal(new Set(pinged.slice(0, 5)).size, 5);
      assert.deepEqual(bench.events, []);
    });

    it('pings its follower on the ring every second period, and meanwhile each of the others once a round', () => {
      const bench = Bench.up(others);
      bench.run(20_500, () => answerPings(bench));
      const pinged = bench.partsOf('ping').map((ping) => ping.name);
      const ofTurn = (turn: number): Set<string> =>
        new Set(pinged.filter((_, index) => index % 2 === turn).slice(0, 5));
      assert.equal(Math.min(ofTurn(0).size, ofTurn(1).size), 1);
      assert.equal(Math.max(ofTurn(0).size, ofTurn(1).size), 5);
    });

    it('asks others and a stream after the timeout, and tells them to nack before the deadline', () => {
      const bench = Bench.up(others, { dogpile: false });
      bench.run(1600);
      const asks = bench.partsOf('ask');
      assert.equal(asks.length, 3);
      assert.equal(new Set(asks.map((ask) => ask.to)).size, 3);
      assert.ok(
        asks.every((ask) => ask.to !== `${ask.name}:1` && ask.nackMs <= 400),
        `${asks[0]?.nackMs}`,
      );
      assert.equal(bench.exchanged.length, 1);
      assert.equal(bench.exchanged[0]?.parts[0]?.kind, 'ping');
    });

    it('asks one other only about a member that is suspect already', () => {
      const bench = Bench.up(others);
      bench.receive('b', [suspect('a', 'b')]);
      while (bench.partsOf('ask').length === 0) bench.run(20, () => answerPings(bench, ['a']));
      bench.run(200);
      assert.deepEqual(
        bench.partsOf('ask').map((ask) => ask.name),
        ['a'],
      );
      assert.equal(bench.exchanged.length, 1);
    });

    it('takes an answer by a relay, or after the nack, for an answer', () => {
      const bench = Bench.up(others);
      while (bench.partsOf('ask').length === 0) bench.run(20);
      const ask = bench.partsOf('ask')[0];
      assert.ok(ask !== undefined);
      bench.receive('b', [{ kind: 'nack', seq: ask.seq }]);
      bench.receive('c', [{ kind: 'ack', seq: ask.seq, count: 6, hash: 0, lagMs: 0, tables: [] }]);
      bench.run(600);
      assert.deepEqual(bench.events, []);
      assert.equal(bench.machine.counts['probe-failed'], 0);
    });

    it('suspects a silent member at the deadline, and stays healthy when every nack came', () => {
      const bench = Bench.up(others);
      let seq = -1;
      bench.run(2000, () => {
        for (const ask of bench.partsOf('ask')) {
          if (ask.seq === seq) continue;
          seq = ask.seq;
          for (const relay of bench.partsOf('ask')) {
            bench.receive(relay.to.slice(0, 1), [{ kind: 'nack', seq }]);
          }
        }
      });
      assert.equal(bench.events.filter((event) => event.startsWith('suspect')).length, 1);
      assert.equal(bench.machine.view.healthScore, 0);
      assert.equal(bench.machine.counts['nack-missed'], 0);
    });

    it('doubts itself when nothing comes back at all', () => {
      const bench = Bench.up(others);
      bench.run(4000);
      assert.ok(bench.machine.view.healthScore >= 2);
      assert.ok(bench.machine.view.isDeaf);
    });

    it('pings for others and passes on the answer, or a nack in the time they gave', () => {
      const bench = Bench.up(others);
      const ask = { kind: 'ask', seq: 77, name: 'b', epoch: 100, address: 'b:1', nackMs: 200 } as const;
      bench.receive('a', [ask]);
      const ping = bench.partsOf('ping')[0];
      assert.ok(ping?.to === 'b:1');
      bench.clear();
      bench.run(210, () => undefined);
      assert.deepEqual(
        bench.partsOf('nack').map(({ to, seq }) => [to, seq]),
        [['a:1', 77]],
      );
      bench.receive('b', [{ kind: 'ack', seq: ping.seq, count: 6, hash: 0, lagMs: 0, tables: [] }]);
      assert.deepEqual(
        bench.partsOf('ack').map(({ to, seq }) => [to, seq]),
        [['a:1', 77]],
      );
    });

    it('pings nobody for a stranger', () => {
      const bench = Bench.up(others);
      bench.receive('stranger', [{ kind: 'ask', seq: 1, name: 'b', epoch: 100, address: 'victim:1', nackMs: 200 }]);
      assert.deepEqual(bench.sent, []);
      assert.equal(bench.machine.counts['drop-stranger'], 1);
    });

    it('says who it is when somebody else is looked for here', () => {
      const bench = Bench.up(others);
      bench.receive('a', [{ kind: 'ping', seq: 5, name: 'self', epoch: 4000 }]);
      assert.deepEqual(bench.partsOf('ack'), []);
      assert.equal(bench.partsOf('gone')[0]?.epoch, 5000);
      assert.ok(bench.partsOf('alive').some(({ life: told }) => told.name === 'self' && told.epoch === 5000));
    });
  });

  describe('suspicion', () => {
    it('objects to an accusation with a higher incarnation, and doubts itself a little', () => {
      const bench = Bench.up(others);
      bench.receive('a', [suspect('self', 'a', { epoch: 5000 })]);
      bench.run(300);
      assert.ok(
        bench.partsOf('alive').some(({ life: told, incarnation }) => told.name === 'self' && incarnation === 1),
      );
      assert.equal(bench.machine.view.healthScore, 1);
      assert.deepEqual(bench.events, []);
    });

    it('tells a suspect with whatever it sends to it', () => {
      const bench = Bench.up(others);
      bench.receive('a', [suspect('b', 'a')]);
      bench.clear();
      bench.receive('b', [{ kind: 'ping', seq: 5, name: 'self', epoch: 5000 }]);
      const answer = bench.sent.find((sent) => sent.to === 'b:1');
      assert.ok(answer?.parts.some((part) => part.kind === 'suspect' && part.name === 'b'));
    });

    it('believes nobody who alone says that a member failed, however many names he gives', () => {
      const bench = Bench.up(others, { streamPing: false });
      bench.receive('a', [{ kind: 'failed', ...claim('b'), from: 'a' }]);
      for (const from of ['x', 'y', 'z', 'c', 'd']) bench.receive('a', [suspect('b', from)]);
      for (const from of ['c', 'd', 'a']) bench.receive('a', [{ kind: 'failed', ...claim('b'), from }]);
      assert.deepEqual(bench.events, ['suspect b@100/0']);
      bench.run(3000, () => answerPings(bench, ['b']));
      assert.deepEqual(bench.events, ['suspect b@100/0']);
      bench.receive('c', [{ kind: 'alive', life: life('b'), incarnation: 1 }]);
      assert.deepEqual(bench.events, ['suspect b@100/0', 'alive b@100/1']);
    });

    it('ends a hastened suspicion after its least time', () => {
      const bench = Bench.up(others, { streamPing: false });
      bench.receive('a', [{ kind: 'failed', ...claim('b'), from: 'a' }]);
      bench.run(4100, () => answerPings(bench, ['b']));
      assert.ok(!bench.events.includes('failed b@100/0'));
      bench.run(200, () => answerPings(bench, ['b']));
      assert.ok(bench.events.includes('failed b@100/0'));
    });

    it('believes a failure at once when it is told to take a word for it', () => {
      const bench = Bench.up(others, { confirmDeath: false });
      bench.receive('a', [{ kind: 'failed', ...claim('b'), from: 'a' }]);
      assert.deepEqual(bench.events, ['failed b@100/0']);
    });

    it('takes a good-bye at first hand, or from two', () => {
      const bench = Bench.up(others);
      bench.receive('b', [{ kind: 'left', ...claim('b') }]);
      bench.receive('a', [{ kind: 'left', ...claim('c') }]);
      assert.deepEqual(bench.events, ['left b@100/0']);
      bench.receive('a', [{ kind: 'left', ...claim('c') }]);
      bench.receive('d', [{ kind: 'left', ...claim('c') }]);
      assert.deepEqual(bench.events, ['left b@100/0', 'left c@100/0']);
    });

    it('does not let an old word bring a dead member back', () => {
      const bench = Bench.up(others, { confirmDeath: false });
      bench.receive('a', [{ kind: 'failed', ...claim('b', 1), from: 'a' }]);
      bench.receive('a', [{ kind: 'failed', ...claim('b', 10), from: 'a' }]);
      bench.receive('c', [{ kind: 'alive', life: life('b'), incarnation: 2 }]);
      bench.receive('c', [{ kind: 'alive', life: life('b'), incarnation: 10 }]);
      assert.deepEqual(bench.events, ['failed b@100/1']);
      bench.receive('c', [{ kind: 'alive', life: life('b'), incarnation: 11 }]);
      assert.deepEqual(bench.events, ['failed b@100/1', 'joined b@100/11']);
    });

    it('removes at half a second what two observers saw refused, but not what one did', () => {
      const bench = Bench.up(others, { streamPing: false });
      bench.machine.report(bench.now, { node: { name: 'b', epoch: 100 }, address: 'b:1', kind: 'refused' }, bench.out);
      bench.run(2000, () => answerPings(bench, ['b']));
      assert.deepEqual(bench.events, ['suspect b@100/0']);
      bench.receive('c', [suspect('c', 'd', { refused: true })]);
      bench.receive('d', [suspect('b', 'c', { refused: true })]);
      bench.run(10, () => answerPings(bench, ['b']));
      assert.ok(bench.events.includes('failed b@100/0'));
    });

    it('holds what it cannot know while it hears nothing at all', () => {
      const bench = Bench.up(others, { streamPing: false, suspicionConfirmations: 0 });
      bench.run(11_000);
      assert.ok(bench.machine.counts['suspicion-held'] > 0);
      assert.deepEqual(
        bench.events.filter((event) => event.startsWith('failed')),
        [],
      );
      const suspects = bench.events.filter((event) => event.startsWith('suspect')).length;
      bench.receive('a', [{ kind: 'nack', seq: 0 }]);
      bench.run(4000, () => answerPings(bench, ['b']));
      assert.ok(suspects >= 2);
      assert.deepEqual(
        bench.events.filter((event) => event.startsWith('failed')),
        [],
      );
    });
  });

  it('is patient with a member that came back from a wrong verdict, for ten minutes', () => {
    const bench = Bench.up(others, { confirmDeath: false });
    const all = others.filter((name) => name !== 'b');
    const removedAfterMs = (incarnation: number): number => {
      const from = bench.nowMs;
      for (const accuser of all) bench.receive(accuser, [suspect('b', accuser, { incarnation })]);
      bench.clear();
      while (!bench.events.some((event) => event.startsWith('failed b'))) {
        bench.run(100, () => answerPings(bench, ['b']));
        assert.ok(bench.nowMs - from < 60_000);
      }
      return bench.nowMs - from;
    };
    const back = (incarnation: number): void => bench.receive('b', [{ kind: 'alive', life: life('b'), incarnation }]);
    assert.ok(removedAfterMs(0) < 4500);
    back(1);
    const again = removedAfterMs(1);
    assert.ok(again > 25_000 && again < 26_000, `${again} ms`);
    back(2);
    bench.run(601_000, () => answerPings(bench));
    assert.ok(removedAfterMs(2) < 4500);
  });

  describe('deafness', () => {
    it('tells nobody whom it suspects when it heard nothing at all, and withdraws it with the first datagram', () => {
      const bench = Bench.up(others, { streamPing: false });
      bench.run(2500);
      assert.ok(bench.events.length > 0 && bench.events.every((event) => event.startsWith('suspect')));
      assert.deepEqual(bench.partsOf('suspect'), []);
      const suspected = bench.events.map((event) => event.slice('suspect '.length));
      bench.clear();
      bench.receive('a', [{ kind: 'nack', seq: 0 }]);
      assert.deepEqual(
        bench.events,
        suspected.map((member) => `alive ${member}`),
      );
      assert.equal(bench.machine.counts['suspicion-withdrawn'], suspected.length);
      bench.run(100, () => answerPings(bench));
      assert.deepEqual(bench.partsOf('suspect'), []);
    });

    it('goes by what it sees when it stays cut off', () => {
      const bench = Bench.up(others, { streamPing: false });
      bench.run(33_000);
      assert.ok(!bench.events.some((event) => event.startsWith('failed')));
      bench.run(120_000);
      assert.equal(bench.events.filter((event) => event.startsWith('failed')).length, others.length);
    });

    it('accuses as ever when a relay was heard', () => {
      const bench = Bench.up(others, { streamPing: false, ringProbes: false });
      bench.run(2500, () => answerPings(bench, ['b', 'c', 'd', 'e']));
      bench.receive('a', [{ kind: 'nack', seq: 0 }]);
      bench.run(9000, () => answerPings(bench, ['b']));
      assert.ok(bench.partsOf('suspect').some(({ name }) => name === 'b'));
    });
  });

  describe('identity', () => {
    it('replaces an earlier life: failed, then joined', () => {
      const bench = Bench.up(others);
      bench.receive('a', [{ kind: 'alive', life: life('b', 200), incarnation: 0 }]);
      const seq = bench.partsOf('ping')[0]?.seq ?? -1;
      bench.receive('b', [{ kind: 'ack', seq, count: 0, hash: 0, lagMs: 0, tables: [] }], 200);
      bench.receive('a', [{ kind: 'alive', life: life('b', 100), incarnation: 50 }]);
      bench.receive('a', [suspect('b', 'a', { epoch: 100, incarnation: 50 })]);
      assert.deepEqual(bench.events, ['failed b@100/0', 'joined b@200/0']);
    });

    it('asks what is known of its name before it comes up, with a question as long as any answer', () => {
      const bench = new Bench();
      bench.machine.contact(['seed:1'], bench.out);
      const join = bench.partsOf('join')[0];
      assert.ok(join?.to === 'seed:1');
      assert.ok((bench.sent[0]?.bytes ?? 0) >= 1399);
      assert.deepEqual(bench.phases, ['joining']);
      bench.receive('seed', [{ kind: 'welcome', nonce: 1, count: 1, hash: 0, known: undefined }]);
      assert.deepEqual(bench.phases, ['joining']);
      bench.receive('seed', [{ kind: 'welcome', nonce: join.nonce, count: 1, hash: 0, known: undefined }]);
      assert.deepEqual(bench.phases, ['joining', 'up']);
    });

    it('refuses beside a live life of its name, and takes over from a silent one', () => {
      for (const answers of [true, false]) {
        const bench = new Bench();
        bench.machine.contact(['seed:1'], bench.out);
        const nonce = bench.partsOf('join')[0]?.nonce ?? 0;
        const known = { epoch: 6000, incarnation: 2, status: 'alive', address: 'old:1' } as const;
        bench.receive('seed', [{ kind: 'welcome', nonce, count: 3, hash: 0, known }]);
        const ping = bench.partsOf('ping')[0];
        assert.deepEqual([ping?.to, ping?.name, ping?.epoch], ['old:1', 'self', 6000]);
        const ack: SwimMessage = { kind: 'ack', seq: ping?.seq ?? 0, count: 3, hash: 0, lagMs: 0, tables: [] };
        if (answers) bench.receive('self', [ack], 6000);
        bench.run(1100);
        assert.deepEqual(bench.phases.slice(1), answers ? ['refused name-taken'] : ['up']);
        assert.ok(answers || bench.machine.view.self.epoch > 6000);
      }
    });

    it('gives way to a later life that answers, and rises above one that does not', () => {
      for (const answers of [true, false]) {
        const bench = Bench.up(others);
        bench.receive('a', [{ kind: 'alive', life: life('self', 9000, 'other:1'), incarnation: 0 }]);
        const seq = bench.partsOf('ping').find((ping) => ping.to === 'other:1')?.seq ?? 0;
        const ack: SwimMessage = { kind: 'ack', seq, count: 3, hash: 0, lagMs: 0, tables: [] };
        if (answers) bench.receive('self', [ack], 9000);
        bench.run(1100, () => answerPings(bench));
        if (answers) assert.deepEqual(bench.phases, ['deposed name-taken']);
        else assert.ok(bench.machine.view.self.epoch > 9000 && bench.machine.phase === 'up');
      }
    });
  });

  describe('merging', () => {
    const step: fc.Arbitrary<SwimMessage> = fc
      .tuple(fc.constantFrom('alive', 'suspect', 'failed', 'left'), fc.constantFrom('b', 'c'), fc.nat({ max: 4 }))
      .map(([kind, name, incarnation]): SwimMessage => {
        if (kind === 'alive') return { kind, life: life(name), incarnation };
        if (kind === 'left') return { kind, ...claim(name, incarnation) };
        if (kind === 'failed') return { kind, ...claim(name, incarnation), from: 'a' };
        return { kind: 'suspect', ...claim(name, incarnation), from: 'a', refused: false };
      });

    const merge = (steps: readonly SwimMessage[]): string => {
      const bench = Bench.up(others, { confirmDeath: false });
      for (const message of steps) bench.receive('a', [message]);
      const seen = ['b', 'c'].map((name) => {
        const member = bench.machine.view.findMember(name);
        return `${name} ${member?.status ?? 'gone'} ${member?.incarnation ?? ''}`;
      });
      return `${seen.join(', ')} ${bench.machine.view.tableHash}`;
    };

    it('comes to the same in any order, and when everything comes twice', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (steps, keys) => {
          const keyed = steps.map((message) => ({ message, key: keys.next().value }));
          const shuffled = keyed.toSorted((left, right) => left.key - right.key).map(({ message }) => message);
          assert.equal(merge(shuffled), merge(steps));
          assert.equal(merge([...steps, ...shuffled]), merge(steps));
        }),
      );
    });

    it('never lets an incarnation shrink', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
          const bench = Bench.up(others);
          const last = new Map<string, number>();
          for (const message of steps) {
            bench.receive('a', [message]);
            for (const { name, incarnation } of bench.machine.view.members()) {
              assert.ok(incarnation >= (last.get(name) ?? 0));
              last.set(name, incarnation);
            }
          }
        }),
      );
    });
  });

  describe('the digest', () => {
    it('pulls only what differs, and brings both sides together', () => {
      const left = Bench.up([...others, 'x', 'y'], {}, 1);
      const right = Bench.up([...others, 'z'], {}, 2);
      right.receive('self2', [{ kind: 'alive', life: life('self2'), incarnation: 0 }]);
      left.run(4000, () => answerPings(left));
      left.clear();
      const ping = { kind: 'ping', seq: 1, name: 'self', epoch: 5000 } as const;
      right.receive('a', [ping]);
      const ack = right.partsOf('ack')[0];
      assert.ok(ack !== undefined);
      left.receive('a', [{ kind: 'ack', seq: 999, count: ack.count, hash: ack.hash, lagMs: 0, tables: [] }]);
      const sync = left.partsOf('sync')[0];
      assert.ok(sync !== undefined, 'a pull');
      right.clear();
      right.receive('a', [sync, { kind: 'pad', bytes: 1300 }]);
      const records = right.partsOf('record').map((record) => record.life.name);
      assert.ok(records.includes('z'));
      assert.equal(right.partsOf('sync-end').length, 1);
    });

    it('asks, without a key, in a datagram that pays for the answer, and answers no more than is paid for', () => {
      const names = Array.from({ length: 400 }, (_, index) => `member-${index}`);
      const bench = Bench.up(names);
      const sync = { kind: 'sync', bits: 0, leaves: [1] } as const;
      bench.receive('member-1', [sync]);
      assert.equal(bench.sent.length, 0, 'an answer to a short question');
      assert.equal(bench.machine.counts['drop-amplifying'], 1);
      bench.receive('member-1', [sync, { kind: 'pad', bytes: 1350 }]);
      const answered = bench.sent.reduce((sum, sent) => sum + sent.bytes, 0);
      assert.ok(answered > 1400 && answered <= 4 * 1400, `${answered} bytes`);
      bench.clear();
      bench.receive('member-2', [{ kind: 'ack', seq: 1, count: 900, hash: 1, lagMs: 0, tables: [] }]);
      const asked = bench.sent.find(({ parts }) => parts.some((part) => part.kind === 'sync'));
      assert.equal(asked?.bytes, 1400);
    });

    it('gives no news, without a key, to an address that is not the one of who it says it is', () => {
      const bench = Bench.up(others);
      bench.receive('a', [suspect('b', 'a')]);
      bench.clear();
      const ping = bench.packet('c', [{ kind: 'ping', seq: 5, name: 'self', epoch: 5000 }]);
      bench.machine.receive(bench.now, 'victim:1', ping, bench.out);
      assert.deepEqual(
        bench.sent.map(({ to, parts }) => [to, parts.map((part) => part.kind)]),
        [['victim:1', ['ack']]],
      );
      bench.machine.receive(bench.now, 'c:1', ping, bench.out);
      const kinds = bench.sent[1]?.parts.map((part) => part.kind) ?? [];
      assert.deepEqual(kinds.slice(0, 3), ['ack', 'suspect', 'alive']);
    });

    it('answers no stranger', () => {
      const bench = Bench.up(others);
      bench.receive('stranger', [{ kind: 'sync', bits: 0, leaves: [0] }]);
      assert.deepEqual(bench.sent, []);
      assert.equal(bench.machine.counts['sync-refused'], 1);
    });
  });
});

/** Lets every member answer the pings that were sent since the last look, except those that are down. */
function answerPings(bench: Bench, down: readonly string[] = []): void {
  const sent = bench.sent.splice(0);
  for (const { to, parts } of sent) {
    const name = to.slice(0, -2);
    if (down.includes(name)) continue;
    for (const part of parts) {
      if (part.kind === 'ping' && part.name === name) {
        bench.receive(name, [{ kind: 'ack', seq: part.seq, count: 0, hash: 0, lagMs: 0, tables: [] }]);
      } else if (part.kind === 'ask') {
        bench.receive(name, [{ kind: 'nack', seq: part.seq }]);
      }
    }
  }
  const kept = bench.sent.splice(0);
  bench.sent.push(...kept.filter(({ parts }) => !parts.some((part) => part.kind === 'sync')));
  bench.answered.push(...sent);
}

function claim(name: string, incarnation = 0, epoch = 100): { name: string; epoch: number; incarnation: number } {
  return { name, epoch, incarnation };
}

function suspect(
  name: string,
  from: string,
  more: { readonly epoch?: number; readonly incarnation?: number; readonly refused?: boolean } = {},
): SwimMessage {
  const { epoch = 100, incarnation = 0, refused = false } = more;
  return { kind: 'suspect', name, epoch, incarnation, from, refused };
}
