import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.js';
import {
  beginFrame,
  readEventHead,
  readFrame,
  recordKind,
  writeEventHead,
  writeNumberRecord,
  writeRecord,
} from '../../../src/protocol/bus/bus-frame.js';
import {
  findInterestKey,
  findLaneFault,
  interestKeyToText,
  readHashes,
  readLaneInterest,
  readPatternInterest,
  writeHashes,
  writeLaneInterest,
  writePatternInterest,
} from '../../../src/protocol/bus/interest-row.js';
import { ReceiveWindow } from '../../../src/protocol/bus/receive-window.js';
import { SendWindow } from '../../../src/protocol/bus/send-window.js';
import { TopicNumbers } from '../../../src/protocol/bus/topic-numbers.js';

describe('protocol/bus windows', () => {
  it('lose nothing silently and repeat nothing, whatever breaks when', () => {
    const step = fc.constantFrom('accept', 'accept', 'accept', 'send', 'send', 'ack', 'reconnect', 'lose');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const sender = new SendWindow<number>({ eventsMax: 8, bytesMax: 1000 });
        const receiver = new ReceiveWindow(1);
        const got: number[] = [];
        const told = new Set<number>();
        let dropped = 0;
        const send = (): void => {
          const item = sender.peek();
          if (item === undefined) return;
          const number = sender.nextNumber;
          sender.advance();
          tell(receiver.base(number));
          if (receiver.event() !== undefined) got.push(item);
        };
        const tell = (range: { from: number; to: number } | undefined): void => {
          for (let number = range?.from ?? 1; number <= (range?.to ?? 0); number += 1) told.add(number);
        };
        let next = 0;
        for (const one of steps) {
          if (one === 'accept') {
            next += 1;
            if (sender.accept(next, 1) === undefined) dropped += 1;
          } else if (one === 'send') send();
          else if (one === 'ack') sender.acknowledge(receiver.takeAck() ?? 0);
          else if (one === 'lose') sender.advance();
          else tell(sender.resume(receiver.last));
        }
        tell(sender.resume(receiver.last));
        while (sender.peek() !== undefined) send();
        tell(receiver.final(sender.last));
        assert.deepEqual(
          got,
          [...new Set(got)].toSorted((left, right) => left - right),
        );
        // Numbers and items grow together here, so a number that was told is the item that is missing.
        const missing = Array.from({ length: next }, (_, index) => index + 1).filter((item) => !got.includes(item));
        assert.ok(
          missing.every((item) => told.has(item)),
          `${missing.join(' ')} of ${[...told].join(' ')}`,
        );
        assert.ok(dropped <= missing.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('keep their order when they grow', () => {
    const sender = new SendWindow<number>({ eventsMax: 1000, bytesMax: 10_000 });
    const accept = (from: number, to: number): void => {
      for (let item = from; item <= to; item += 1) assert.equal(sender.accept(item, 1), item);
    };
    accept(1, 60);
    for (let sent = 0; sent < 50; sent += 1) sender.advance();
    assert.equal(sender.acknowledge(40), true);
    accept(61, 400);
    assert.deepEqual([sender.peek(), sender.nextNumber, sender.unsentCount, sender.heldBytes], [51, 51, 350, 360]);
    assert.equal(sender.resume(45), undefined);
    assert.deepEqual([sender.peek(), sender.unsentCount], [46, 355]);
    for (let item = 46; item <= 400; item += 1, sender.advance()) assert.equal(sender.peek(), item);
    assert.equal(sender.peek(), undefined);
  });

  it('tell no number twice as unknown, however often they resume before they end', () => {
    const step = fc.constantFrom('accept', 'accept', 'accept', 'send', 'send', 'ack', 'reconnect');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.nat(20), (steps, received) => {
        const sender = new SendWindow<number>({ eventsMax: 4, bytesMax: 1000 });
        const told = new Set<number>();
        const tell = (range: { from: number; to: number } | undefined): void => {
          for (let number = range?.from ?? 1; number <= (range?.to ?? 0); number += 1) {
            assert.equal(told.has(number), false, `${number} of ${steps.join(' ')}`);
            told.add(number);
          }
        };
        for (const one of steps) {
          if (one === 'accept') sender.accept(1, 1);
          else if (one === 'send') sender.advance();
          else if (one === 'ack') sender.acknowledge(Math.min(received, sender.sent));
          else tell(sender.resume(Math.min(received, sender.acked)));
        }
        const { sent } = sender;
        tell(sender.abandon().unknown);
        for (const number of told) assert.ok(number <= sent);
      }),
      { numRuns: 2000 },
    );
  });

  it('ignore acknowledgements beyond what was accepted, and old ones', () => {
    const sender = new SendWindow<string>({ eventsMax: 4, bytesMax: 100 });
    sender.accept('a', 1);
    sender.advance();
    assert.equal(sender.acknowledge(5), false);
    assert.equal(sender.acknowledge(1), true);
    assert.equal(sender.acknowledge(1), false);
    assert.equal(sender.inFlight, 0);
    assert.equal(sender.heldBytes, 0);
  });

  it('take a resume for the dropped numbers at the end as well, and for nothing that waits', () => {
    const sender = new SendWindow<string>({ eventsMax: 2, bytesMax: 100 });
    for (const item of ['a', 'b', 'dropped', 'dropped']) sender.accept(item, 1);
    sender.advance();
    // The second was never sent, whatever the peer says.
    sender.resume(4);
    assert.deepEqual([sender.acked, sender.inFlight, sender.peek()], [1, 3, 'b']);
    sender.advance();
    sender.resume(4);
    assert.deepEqual([sender.acked, sender.inFlight, sender.peek()], [4, 0, undefined]);
  });

  it('say apart what was sent and what never left, at the end', () => {
    const sender = new SendWindow<string>({ eventsMax: 4, bytesMax: 100 });
    for (const item of ['a', 'b', 'c']) sender.accept(item, 1);
    sender.advance();
    assert.deepEqual(sender.abandon(), { unknown: { from: 1, to: 1 }, unsent: ['b', 'c'] });
  });
});

describe('protocol/bus frames', () => {
  it('give back events as they were written', () => {
    const text = fc.string({ maxLength: 30 });
    const head = fc.record({
      topicId: fc.nat(100_000),
      broadcast: fc.boolean(),
      key: fc.option(text, { nil: undefined }),
      ttlMs: fc.option(fc.nat(), { nil: undefined }),
      confirm: fc.nat(2),
      value: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(head, ({ value, ...rest }) => {
        const writer = new ByteWriter();
        const headers = { trace: 'x' };
        writeEventHead(writer, { ...rest, topic: '/a/b', headers });
        writer.bytes(value);
        const reader = new ByteReader(writer.view());
        const read = readEventHead(reader);
        assert.deepEqual(read, { ...rest, topic: rest.topicId === 0 ? '/a/b' : '', headers });
        assert.deepEqual(reader.rest(), value);
      }),
    );
  });

  it('skip and count records of a later build, and stop at malformed ones', () => {
    const writer = new ByteWriter();
    beginFrame(writer, 2);
    writeRecord(writer, 99, Uint8Array.of(1, 2, 3));
    writeNumberRecord(writer, recordKind.base, 300);
    const kinds: number[] = [];
    let unknown = 0;
    const out = {
      wireVersion: 2,
      record: (kind: number) => kinds.push(kind) > 0,
      unknown: () => void (unknown += 1),
    };
    const frame = writer.take();
    assert.equal(readFrame(frame, 0, frame.length, out), true);
    assert.deepEqual([kinds, unknown], [[recordKind.base], 1]);
    assert.equal(readFrame(frame, 0, frame.length - 1, out), false);
    assert.equal(readFrame(frame, 0, frame.length, { ...out, wireVersion: 1 }), false, 'above the link');
    assert.equal(readFrame(Uint8Array.of(0, 1, 0), 0, 3, out), false);
  });

  it('never throw at junk', () => {
    const out = {
      wireVersion: 1,
      record: (_: number, bytes: Uint8Array, start: number, end: number) => {
        readEventHead(new ByteReader(bytes, start, end));
        return true;
      },
      unknown: () => undefined,
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        readFrame(bytes, 0, bytes.length, out);
        readPatternInterest(bytes);
        readLaneInterest(bytes);
        readHashes(bytes);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('protocol/bus interest rows', () => {
  it('give back what was written', () => {
    const groups = [
      { name: 'g', strategy: 'oldest', order: 7, members: 2 },
      { name: 'h', strategy: 'least-in-flight', order: 0, members: 1 },
    ] as const;
    assert.deepEqual(readPatternInterest(writePatternInterest({ plain: 1, groups })), { plain: 1, groups });
    const lane = { patterns: ['/a/*', '/b'], batchMax: 64 };
    assert.deepEqual(readLaneInterest(writeLaneInterest(lane)), lane);
    const member = { ...lane, group: 'g' };
    assert.deepEqual(readLaneInterest(writeLaneInterest(member)), member);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(0xffff_ffff)), (hashes) => {
        const sorted = hashes.toSorted((left, right) => left - right);
        assert.deepEqual(readHashes(writeHashes(hashes)), sorted);
      }),
    );
  });

  it('can say of each set of patterns whether one row takes it', () => {
    const many = (count: number, length: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `/${String(index).padEnd(length, 'x')}`);
    assert.equal(findLaneFault(many(256, 20)), undefined);
    assert.match(findLaneFault(many(257, 20)) ?? '', /257 patterns, and 256 is the most/);
    assert.match(findLaneFault(many(200, 200)) ?? '', /\d+ bytes of patterns, and 16384 is the most/);
    for (const patterns of [many(256, 20), many(100, 150)]) {
      assert.equal(findLaneFault(patterns), undefined);
      assert.deepEqual(readLaneInterest(writeLaneInterest({ patterns, batchMax: 64 }))?.patterns, patterns);
    }
  });

  it('have keys that read back, and unknown ones that do not', () => {
    for (const key of [
      { kind: 'events', pattern: '/a/**' },
      { kind: 'requests', pattern: '/q' },
      { kind: 'lane', lane: '12' },
      { kind: 'member', lane: '12' },
      { kind: 'hashed', bucket: 7 },
      { kind: 'indexed', bucket: 1023, index: 2, pattern: '/d/*/x' },
    ] as const) {
      assert.deepEqual(findInterestKey(interestKeyToText(key)), key);
    }
    for (const text of ['', 'z /a', 'e', 'x 1 /a', 'x a b /c']) assert.equal(findInterestKey(text), undefined, text);
  });
});

describe('protocol/bus topic numbers', () => {
  it('number a topic when it comes again, up to a bound', () => {
    const numbers = new TopicNumbers(2);
    assert.deepEqual(
      ['/a', '/a', '/a'].map((topic) => numbers.number(topic)),
      [0, 1, 1],
    );
    for (const topic of ['/b', '/b', '/c', '/c']) numbers.number(topic);
    assert.equal(numbers.number('/b'), 2);
    assert.equal(numbers.number('/c'), 0);
  });
});
