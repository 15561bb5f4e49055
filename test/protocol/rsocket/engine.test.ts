import assert from 'node:assert/strict';
import { array, assert as check, boolean, integer, nat, property, record } from 'fast-check';
import { type Stream, streamErrorCodes } from '../../../src/spi/links.js';
import { bytesToText } from '../../../src/core/text.js';
import { must } from '../../../src/core/assert.js';
import { sameBytes } from '../../../src/core/bytes.js';
import { longCapability } from '../../../src/protocol/rsocket/engine.js';
import { readU24 } from '../../../src/protocol/rsocket/frame.js';
import { EnginePair, lost, now, pattern, Recorder, setup, text } from './engine-pair.js';

function stream(result: Stream | 'down' | 'full'): Stream {
  assert.ok(typeof result !== 'string', 'a stream');
  return result;
}

describe('rsocket engine', () => {
  it('answers a request once', () => {
    const pair = new EnginePair();
    const calls: string[] = [];
    pair.server.accept = (incoming) => {
      calls.push(`${incoming.interaction} ${bytesToText(incoming.payload.metadata())} ${incoming.credit}`);
      incoming.stream.nextAndComplete(text('m'), incoming.payload.data());
      return new Recorder();
    };
    const sink = new Recorder();
    pair.open({ interaction: 'response', metadata: text('who'), data: text('ping') }, sink);
    pair.run();
    assert.deepEqual(sink.heard, ['next m ping', 'complete']);
    assert.deepEqual(calls, ['response \u0001who 1']);
    assert.equal(pair.client.engine.streamCount + pair.server.engine.streamCount, 0);
  });

  it('carries fire-and-forget without leaving a stream', () => {
    const pair = new EnginePair();
    const got: string[] = [];
    pair.server.accept = (incoming) => {
      got.push(bytesToText(incoming.payload.data()));
      incoming.stream.next(text(''), text('nobody hears this'));
      return new Recorder();
    };
    pair.open({ interaction: 'fire-and-forget', data: text('a') });
    pair.open({ interaction: 'fire-and-forget', data: pattern(100_000) });
    pair.run();
    assert.equal(got.length, 2);
    assert.equal(got[0], 'a');
    assert.equal(pair.client.engine.streamCount + pair.server.engine.streamCount, 0);
  });

  it('sends a stream no faster than it is asked', () => {
    const pair = new EnginePair();
    let count = 0;
    pair.server.accept = (incoming) => {
      const sink = new Recorder();
      const fill = (): void => {
        while (incoming.stream.credit > 0 && count < 5) {
          count += 1;
          incoming.stream.next(text(''), text(`${count}`));
        }
        if (count === 5) incoming.stream.complete();
      };
      sink.onMoreCredit = fill;
      fill();
      return sink;
    };
    const sink = new Recorder();
    const opened = stream(pair.open({ interaction: 'stream', credit: 2 }, sink));
    pair.run();
    assert.deepEqual(sink.heard, ['next 1', 'next 2']);
    opened.request(2);
    pair.run();
    assert.deepEqual(sink.heard.slice(2), ['next 3', 'next 4']);
    opened.request(5);
    pair.run();
    assert.deepEqual(sink.heard.slice(4), ['next 5', 'complete']);
    assert.equal(pair.server.engine.streamCount, 0);
  });

  it('runs a channel in both directions until both are done', () => {
    const pair = new EnginePair();
    const serverSink = new Recorder();
    let far: Stream | undefined;
    pair.server.accept = (incoming) => {
      far = incoming.stream;
      serverSink.heard.push(`open ${bytesToText(incoming.payload.data())}`);
      incoming.stream.request(2);
      return serverSink;
    };
    const sink = new Recorder();
    const near = stream(pair.open({ interaction: 'channel', credit: 3, data: text('first') }, sink));
    assert.equal(near.credit, 0);
    pair.run();
    assert.deepEqual(sink.heard, ['credit']);
    assert.equal(near.credit, 2);
    near.next(text(''), text('a'));
    near.nextAndComplete(text(''), text('b'));
    far?.next(text(''), text('x'));
    pair.run();
    assert.deepEqual(serverSink.heard, ['open first', 'next a', 'next b', 'complete']);
    assert.deepEqual(sink.heard, ['credit', 'next x']);
    far?.complete();
    pair.run();
    assert.deepEqual(sink.heard, ['credit', 'next x', 'complete']);
    assert.equal(pair.client.engine.streamCount + pair.server.engine.streamCount, 0);
  });

  it('carries an error with its code and data', () => {
    const pair = new EnginePair();
    pair.server.accept = (incoming) => {
      incoming.stream.fail(0x301, text('no'));
      return new Recorder();
    };
    for (const interaction of ['response', 'stream', 'channel'] as const) {
      const sink = new Recorder();
      pair.open({ interaction }, sink);
      pair.run();
      assert.deepEqual(sink.heard, ['fail 0x301 no']);
    }
    assert.equal(pair.server.engine.streamCount, 0);
  });

  it('cancels from both sides', () => {
    const pair = new EnginePair();
    const serverSink = new Recorder();
    let far: Stream | undefined;
    pair.server.accept = (incoming) => {
      far = incoming.stream;
      return serverSink;
    };
    const sink = new Recorder();
    stream(pair.open({ interaction: 'stream', credit: 9 }, sink));
    pair.run();
    const near = stream(pair.open({ interaction: 'channel', credit: 9 }, sink));
    pair.run();
    near.cancel();
    far?.next(text(''), text('late'));
    pair.run();
    assert.deepEqual(serverSink.heard, ['cancel']);
    assert.deepEqual(sink.heard, []);
    // A responder's cancel ends the requester's direction only.
    const other = stream(pair.open({ interaction: 'channel', credit: 9 }, sink));
    pair.run();
    far?.cancel();
    pair.run();
    assert.deepEqual(sink.heard, ['cancel']);
    assert.equal(other.credit, 0);
    far?.next(text(''), text('still'));
    far?.complete();
    pair.run();
    assert.deepEqual(sink.heard, ['cancel', 'next still', 'complete']);
  });

  it('fragments 15 MiB both ways and lets short calls pass', () => {
    const pair = new EnginePair();
    const long = pattern(15 * 1024 * 1024);
    const order: string[] = [];
    pair.server.accept = (incoming) => {
      order.push(`${incoming.payload.dataLength}`);
      incoming.stream.nextAndComplete(text('meta'), incoming.payload.data().slice());
      return new Recorder();
    };
    const longSink = new Recorder();
    const shortSink = new Recorder();
    pair.open({ interaction: 'response', metadata: text('long'), data: long }, longSink);
    pair.run(1);
    pair.open({ interaction: 'response', data: pattern(100) }, shortSink);
    pair.run(3);
    assert.deepEqual(shortSink.heard, ['next meta 100', 'complete']);
    assert.equal(longSink.heard.length, 0);
    pair.run();
    assert.deepEqual(longSink.heard, [`next meta ${long.length}`, 'complete']);
    assert.ok(sameBytes(longSink.items[0] ?? new Uint8Array(0), long));
    assert.equal(pair.server.engine.assemblyBytes, 0);
    assert.equal(pair.server.engine.streamCount + pair.client.engine.streamCount, 0);
  });

  it('tells a peer that likes to know how long a payload will be, and no other', () => {
    for (const [capabilities, held] of [
      [new Set([longCapability]), 200_000],
      [new Set<string>(), 131_072],
    ] as const) {
      const pair = new EnginePair({ turnMaxBytes: 131_072 });
      for (const side of [pair.client, pair.server]) side.engine.trust(capabilities);
      const long = pattern(199_999);
      const sink = new Recorder();
      pair.server.accept = (incoming) => {
        incoming.stream.nextAndComplete(text(''), incoming.payload.data());
        return new Recorder();
      };
      pair.open({ interaction: 'response', data: long }, sink);
      pair.client.turn();
      pair.move(pair.client, pair.server);
      assert.equal(pair.server.engine.assemblyBytes, held);
      pair.run();
      assert.ok(sameBytes(sink.items[0] ?? new Uint8Array(0), long));
      assert.equal(pair.server.engine.counters.unknown + pair.client.engine.counters.unknown, 0);
      assert.equal(pair.server.engine.assemblyBytes + pair.client.engine.assemblyBytes, 0);
    }
  });

  it('writes no more of a long payload ahead of a peer that does not read than a window beside short calls', () => {
    const pair = new EnginePair();
    for (const side of [pair.client, pair.server]) side.engine.trust(new Set([longCapability]));
    const sink = new Recorder();
    pair.server.accept = (incoming) => {
      incoming.stream.nextAndComplete(text(''), incoming.payload.data().slice());
      return new Recorder();
    };
    pair.open({ interaction: 'response', data: pattern(100) }, sink);
    const long = pattern(2 * 1024 * 1024);
    pair.open({ interaction: 'response', data: long }, sink);
    for (let turn = 0; turn < 100; turn += 1) pair.client.turn();
    const written = pair.client.written.reduce((sum, bytes) => sum + bytes.length, 0);
    assert.ok(written > 200_000 && written < 400_000, `${written}`);
    pair.run();
    assert.deepEqual(sink.heard, ['next 100', 'complete', `next ${long.length}`, 'complete']);
    assert.ok(sameBytes(sink.items[1] ?? new Uint8Array(0), long));
  });

  it('puts at most a few fragments in front of a short call, while others carry 60 MiB', () => {
    const pair = new EnginePair();
    const { client } = pair;
    for (let index = 0; index < 4; index += 1) pair.open({ interaction: 'response', data: pattern(15 * 1024 * 1024) });
    client.turn();
    let carried = client.take().length;
    for (let turn = 0; turn < 50; turn += 1) {
      const size = 100 + turn;
      assert.notEqual(pair.open({ interaction: 'response', data: pattern(size) }), 'full');
      client.turn();
      // What this turn wrote, together with what the system may still hold of the one before, is all that is in front of it.
      const lengths = frameLengths(client.take());
      const at = lengths.findIndex((length) => length > size && length < size + 40);
      assert.ok(at >= 0 && at <= 4, `the short call is frame ${at} of ${lengths.length}`);
      assert.ok(lengths.length <= 6, `${lengths.length} frames in one turn`);
      for (const length of lengths) carried += length;
    }
    assert.ok(carried > 50 * 200_000, 'the long ones go on meanwhile');
  });

  it('carries any payloads over any cuts of the wire', () => {
    check(
      property(
        array(record({ metadata: nat(40_000), data: nat(90_000) }), { minLength: 1, maxLength: 6 }),
        array(integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
        boolean(),
        (payloads, cuts, tiny) => {
          const pair = new EnginePair();
          pair.cut = (bytes) => {
            const chunks: Uint8Array[] = [];
            let next = 0;
            for (let at = 0; at < bytes.length;) {
              const size = tiny && at < 64 ? 1 : (cuts[next++ % cuts.length] ?? 1);
              chunks.push(bytes.subarray(at, at + size));
              at += size;
            }
            return chunks;
          };
          pair.server.accept = (incoming) => {
            const { payload } = incoming;
            incoming.stream.nextAndComplete(payload.metadata().slice(1), payload.data().slice());
            return new Recorder();
          };
          const sinks = payloads.map((size, index) => {
            const sink = new Recorder();
            sink.onItem = (payload) => {
              assert.ok(sameBytes(payload.metadata(), pattern(size.metadata, index)));
              assert.ok(sameBytes(payload.data(), pattern(size.data, index + 7)));
            };
            pair.open(
              {
                interaction: 'response',
                metadata: pattern(size.metadata, index),
                data: pattern(size.data, index + 7),
              },
              sink,
            );
            return sink;
          });
          pair.run();
          for (const sink of sinks) assert.equal(sink.heard.at(-1), 'complete');
          assert.deepEqual([...pair.server.told, ...pair.client.told], []);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('proves what was not written when the link ends', () => {
    const pair = new EnginePair();
    const written = new Recorder();
    const unwritten = new Recorder();
    const long = new Recorder();
    pair.open({ interaction: 'response' }, written);
    pair.run();
    pair.open({ interaction: 'response' }, unwritten);
    pair.open({ interaction: 'response', data: pattern(1_000_000) }, long);
    pair.client.engine.ended('reset');
    assert.deepEqual(written.heard, [lost('reset', true)]);
    assert.deepEqual(unwritten.heard, [lost('reset', false)]);
    assert.deepEqual(long.heard, [lost('reset', false)]);
    assert.equal(pair.open({ interaction: 'response' }), 'down');
  });

  it('counts a long payload as buffered until its last fragment was handed over', () => {
    const pair = new EnginePair();
    pair.run();
    pair.open({ interaction: 'fire-and-forget', data: pattern(1_000_000) });
    pair.client.take();
    while (pair.client.isFlushDue) {
      const handed = pair.client.take().length;
      assert.ok(handed > 1_000_000 || pair.client.engine.bufferedBytes > 0);
      pair.client.turn();
    }
    assert.equal(pair.client.engine.bufferedBytes, 0);
  });

  it('wraps ids and skips those in use', () => {
    const pair = new EnginePair({ firstStreamId: 0x7fff_fffd }, {});
    const ids: number[] = [];
    pair.server.accept = (incoming) => {
      ids.push(incoming.id);
      return new Recorder();
    };
    for (let count = 0; count < 4; count += 1) pair.open({ interaction: 'response' });
    pair.run();
    assert.deepEqual(ids, [0x7fff_fffd, 0x7fff_ffff, 1, 3]);
  });

  it('skips an id that a long-lived stream still has after a whole turn of ids', () => {
    const pair = new EnginePair({ firstStreamId: 0x7fff_fffd }, {});
    stream(pair.open({ interaction: 'stream' }));
    const ids: number[] = [];
    pair.server.accept = (incoming) => {
      ids.push(incoming.id);
      if (incoming.interaction === 'response') incoming.stream.complete();
      return new Recorder();
    };
    // Four more from the front, of which the second is held open.
    pair.open({ interaction: 'response' });
    pair.open({ interaction: 'stream' });
    pair.run();
    assert.deepEqual(ids, [0x7fff_fffd, 0x7fff_ffff, 1]);
    const again = new EnginePair({ firstStreamId: 0x7fff_ffff }, {});
    again.open({ interaction: 'stream' });
    again.open({ interaction: 'stream' });
    assert.equal(again.client.engine.streamCount, 2);
  });

  it('reads credit 0 above the high-water mark and tells when it is below again', () => {
    const pair = new EnginePair({ highWaterBytes: 100_000 });
    let far: Stream | undefined;
    const sink = new Recorder();
    pair.server.accept = (incoming) => {
      far = incoming.stream;
      return sink;
    };
    pair.open({ interaction: 'stream', credit: 0x7fff_ffff });
    pair.run();
    pair.server.isStalled = true;
    let sent = 0;
    const producer = must(far, 'the stream of the request');
    while (producer.credit > 0 && sent < 1_000_000_000) {
      producer.next(text(''), pattern(1000));
      sent += 1000;
      if (sent % 10_000 === 0) pair.server.turn();
    }
    assert.ok(sent < 300_000, `bounded: ${sent}`);
    assert.deepEqual(sink.heard, []);
    pair.server.drain();
    assert.deepEqual(sink.heard, ['credit']);
  });

  it('ends one stream alone when a callback throws', () => {
    const pair = new EnginePair();
    pair.server.accept = (incoming) => {
      if (incoming.payload.dataLength === 1) throw new Error('acceptor');
      incoming.stream.next(text(''), text('1'));
      return new Recorder();
    };
    const bad = new Recorder();
    bad.onItem = () => {
      throw new Error('sink');
    };
    pair.open({ interaction: 'stream', credit: 5 }, bad);
    const good = new Recorder();
    pair.open({ interaction: 'stream', credit: 5 }, good);
    const refused = new Recorder();
    pair.open({ interaction: 'response', data: text('1') }, refused);
    pair.run();
    assert.deepEqual(good.heard, ['next 1']);
    assert.deepEqual(refused.heard, ['fail 0x201 the acceptor failed']);
    assert.deepEqual(pair.client.told, ['caught sink']);
    assert.deepEqual(pair.server.told, ['caught acceptor']);
    assert.equal(pair.client.engine.counters.callbackFailures, 1);
    assert.equal(pair.client.engine.streamCount, 1);
    assert.equal(pair.server.engine.streamCount, 1);
  });

  it('refuses requests as not executed when told to', () => {
    const pair = new EnginePair();
    pair.server.engine.refuseRequests();
    const sink = new Recorder();
    pair.open({ interaction: 'response' }, sink);
    pair.run();
    assert.equal(sink.fault?.kind === 'remote' && sink.fault.code, streamErrorCodes.rejected);
  });

  it('obeys and enforces leases', () => {
    const pair = new EnginePair({}, {}, { ...setup, isLeased: true });
    pair.run();
    assert.equal(pair.open({ interaction: 'response' }), 'full');
    pair.server.engine.grantLease(now, 1000, 2);
    pair.run();
    stream(pair.open({ interaction: 'response' }));
    stream(pair.open({ interaction: 'response' }));
    assert.equal(pair.open({ interaction: 'response' }), 'full');
    // A requester that believes in a larger lease is refused as not executed.
    const greedy = new EnginePair({}, {}, { ...setup, isLeased: true });
    greedy.run();
    greedy.server.engine.grantLease(now, 1000, 5);
    greedy.run();
    greedy.server.engine.grantLease(now, 1000, 0);
    const sink = new Recorder();
    greedy.open({ interaction: 'response' }, sink);
    greedy.run();
    assert.deepEqual(sink.heard, ['fail 0x202 beyond the lease']);
  });

  it('echoes keep-alives and pushes metadata', () => {
    const pair = new EnginePair();
    pair.run();
    pair.client.engine.keepAlive();
    pair.client.engine.pushMetadata(text('news'));
    pair.client.turn();
    pair.move(pair.client, pair.server);
    pair.server.turn();
    const answer = pair.server.take();
    assert.deepEqual([...answer], [0, 0, 14, 0, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(pair.server.told, ['push news']);
  });
});

/** Lengths of whole frames, length fields aside. */
function frameLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 3 <= bytes.length; at += 3 + (lengths.at(-1) ?? 0)) lengths.push(readU24(bytes, at));
  return lengths;
}
