import assert from 'node:assert/strict';
import { readErrorBody } from '../../../src/core/error-body.js';
import { mayHaveRun } from '../../../src/core/errors.js';
import { textToBytes } from '../../../src/core/text.js';
import { streamErrorCodes } from '../../../src/spi/links.js';
import * as frame from '../../../src/protocol/rsocket/frame.js';
import type { EngineOptions } from '../../../src/protocol/rsocket/options.js';
import { encodeSetup } from '../../../src/protocol/rsocket/setup.js';
import type { RsocketCounters } from '../../../src/protocol/rsocket/stream.js';
import { concat, now, Recorder, setup, Side } from './engine-pair.js';

/** One frame with its length field. */
function rawFrame(
  streamId: number,
  type: number,
  flags: number,
  body: readonly number[] | Uint8Array = [],
): Uint8Array {
  const bytes = new Uint8Array(frame.prefixBytes + body.length);
  frame.writePrefix(bytes, 0, frame.headerBytes + body.length, streamId, (type << 10) | flags);
  bytes.set(body, frame.prefixBytes);
  return bytes;
}

function u32(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** KEEPALIVE with so many bytes behind its position. */
function keepAlive(byteCount: number, flags: number = frame.flagRespond): Uint8Array {
  return rawFrame(0, frame.typeKeepAlive, flags, new Uint8Array(8 + byteCount));
}

/** What a side answered: `type streamId code` of each frame. */
function answers(side: Side): string[] {
  side.turn();
  const bytes = side.take();
  const list: string[] = [];
  for (let at = 0; at < bytes.length; at += 3 + frame.readU24(bytes, at)) {
    const type = (bytes[at + 7] ?? 0) >>> 2;
    const code = type === frame.typeError ? ` 0x${frame.readI32(bytes, at + 9).toString(16)}` : '';
    list.push(`${type} ${frame.readI32(bytes, at + 3)}${code}`);
  }
  return list;
}

function openServer(options: Partial<EngineOptions> = {}): Side {
  const bounds = { malformedMax: 3, payloadMaxBytes: 1000, assemblyMaxBytes: 1500, streamsMax: 4 };
  const side = new Side(false, { ...bounds, ...options });
  side.engine.receive(now, encodeSetup(setup));
  side.engine.trust();
  return side;
}

const { typeError } = frame;

describe('illegal input to an rsocket connection', () => {
  const first: Readonly<Record<string, { bytes: Uint8Array; answer: string; end: RegExp }>> = {
    'a request before SETUP': {
      bytes: rawFrame(1, frame.typeRequestResponse, 0),
      answer: `${typeError} 0 0x1`,
      end: /SETUP must come first/,
    },
    'an unknown first frame type': { bytes: rawFrame(0, 0x30, 0), answer: `${typeError} 0 0x1`, end: /first/ },
    'SETUP on a stream': { bytes: rawFrame(5, frame.typeSetup, 0), answer: `${typeError} 0 0x1`, end: /first/ },
    'a short first frame': { bytes: Uint8Array.of(0, 0, 2, 1, 2), answer: `${typeError} 0 0x1`, end: /first/ },
    RESUME: { bytes: rawFrame(0, frame.typeResume, 0), answer: `${typeError} 0 0x4`, end: /resume/ },
    'SETUP of another major version': {
      bytes: patched(encodeSetup(setup), 9, [0, 2]),
      answer: `${typeError} 0 0x2`,
      end: /1\.x/,
    },
    'SETUP with resume': {
      bytes: patched(encodeSetup(setup), 8, [frame.flagResume]),
      answer: `${typeError} 0 0x2`,
      end: /resume/,
    },
    'SETUP with a keep-alive of 0': {
      bytes: encodeSetup({ ...setup, keepAliveMs: 0 }),
      answer: `${typeError} 0 0x1`,
      end: /malformed/,
    },
    'SETUP that ends early': {
      bytes: rawFrame(0, frame.typeSetup, 0, [0, 1, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 200, 1]),
      answer: `${typeError} 0 0x1`,
      end: /malformed/,
    },
    'a first frame beyond the limit for strangers': {
      bytes: Uint8Array.of(0xff, 0xff, 0xff, 0),
      answer: `${typeError} 0 0x101`,
      end: /too long/,
    },
  };
  for (const [what, { bytes, answer, end }] of Object.entries(first)) {
    it(`refuses ${what} and closes`, () => {
      const side = new Side(false);
      side.engine.receive(now, bytes);
      assert.deepEqual(answers(side), [answer]);
      assert.match(side.end?.text ?? '', end);
      side.engine.receive(now, encodeSetup(setup));
      assert.equal(side.setup, undefined, 'nothing is read after the end');
    });
  }

  it('refuses a SETUP that its owner refuses', () => {
    const side = new Side(false);
    side.setupAnswer = { code: 0x3, text: 'not you' };
    side.engine.receive(now, encodeSetup(setup));
    assert.deepEqual(answers(side), [`${typeError} 0 0x3`]);
  });

  const later: Readonly<Record<string, { bytes: Uint8Array; counts: keyof RsocketCounters; answer?: string }>> = {
    'a second SETUP': { bytes: encodeSetup(setup), counts: 'ignored' },
    'RESUME after SETUP': { bytes: rawFrame(0, frame.typeResume, 0), counts: 'ignored' },
    'a SETUP_ERROR to a server': { bytes: rawFrame(0, typeError, 0, [0, 0, 0, 3]), counts: 'ignored' },
    'PAYLOAD on stream 0': { bytes: rawFrame(0, frame.typePayload, frame.flagNext), counts: 'ignored' },
    'CANCEL on stream 0': { bytes: rawFrame(0, frame.typeCancel, 0), counts: 'ignored' },
    'METADATA_PUSH on a stream': { bytes: rawFrame(3, frame.typeMetadataPush, frame.flagMetadata), counts: 'ignored' },
    'KEEPALIVE on a stream': {
      bytes: rawFrame(3, frame.typeKeepAlive, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
      counts: 'ignored',
    },
    'LEASE on a stream': { bytes: rawFrame(3, frame.typeLease, 0, [0, 0, 0, 1, 0, 0, 0, 1]), counts: 'ignored' },
    'PAYLOAD on an unknown stream': { bytes: rawFrame(9, frame.typePayload, frame.flagNext), counts: 'late' },
    'CANCEL on an unknown stream': { bytes: rawFrame(9, frame.typeCancel, 0), counts: 'late' },
    'ERROR on an unknown stream': { bytes: rawFrame(9, typeError, 0, [0, 0, 2, 1]), counts: 'late' },
    'REQUEST_N on an unknown stream': { bytes: rawFrame(9, frame.typeRequestN, 0, [0, 0, 0, 1]), counts: 'late' },
    'REQUEST_N of 0': { bytes: rawFrame(9, frame.typeRequestN, 0, [0, 0, 0, 0]), counts: 'ignored' },
    'REQUEST_N below 0': { bytes: rawFrame(9, frame.typeRequestN, 0, [255, 0, 0, 0]), counts: 'ignored' },
    'a request with an id of our own parity': { bytes: rawFrame(2, frame.typeRequestResponse, 0), counts: 'ignored' },
    'a request with metadata longer than its frame': {
      bytes: rawFrame(9, frame.typeRequestResponse, frame.flagMetadata, [0, 1, 0, 1]),
      counts: 'malformed',
    },
    'a request without room for the metadata length': {
      bytes: rawFrame(9, frame.typeRequestResponse, frame.flagMetadata, [0, 1]),
      counts: 'malformed',
    },
    'REQUEST_STREAM without request-n': { bytes: rawFrame(9, frame.typeRequestStream, 0, [0, 0]), counts: 'malformed' },
    'KEEPALIVE without a position': { bytes: rawFrame(0, frame.typeKeepAlive, 0x80, [0]), counts: 'malformed' },
    'a frame without a header': { bytes: Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 0), counts: 'malformed' },
    'an empty frame': { bytes: Uint8Array.of(0, 0, 0), counts: 'malformed' },
    'a stream id with the reserved bit': { bytes: rawFrame(-1, frame.typePayload, 0), counts: 'malformed' },
    'an unknown type that may be ignored': { bytes: rawFrame(0, 0x20, frame.flagIgnore), counts: 'unknown' },
    'EXT that may be ignored': { bytes: rawFrame(3, frame.typeExt, frame.flagIgnore, [0, 0, 0, 1]), counts: 'unknown' },
    'a stream with a request-n of 0': {
      bytes: rawFrame(9, frame.typeRequestStream, 0, [0, 0, 0, 0]),
      counts: 'refused',
      answer: `${typeError} 9 0x204`,
    },
    'a channel with a request-n below 0': {
      bytes: rawFrame(9, frame.typeRequestChannel, 0, [128, 0, 0, 0]),
      counts: 'refused',
      answer: `${typeError} 9 0x204`,
    },
  };
  for (const [what, { bytes, counts, answer }] of Object.entries(later)) {
    it(`counts ${what} as ${counts}`, () => {
      const side = openServer();
      side.engine.receive(now, bytes);
      assert.equal(side.engine.counters[counts], 1);
      assert.deepEqual(answers(side), answer === undefined ? [] : [answer]);
      assert.equal(side.end, undefined);
      assert.equal(side.engine.streamCount, 0);
    });
  }

  for (const [what, bytes] of [
    ['an unknown type that may not be ignored', rawFrame(0, 0x20, 0)],
    ['EXT that may not be ignored', rawFrame(3, frame.typeExt, 0, [0, 0, 0, 1])],
    ['a KEEPALIVE with more to echo than 1 KiB', keepAlive(1025)],
    ['a KEEPALIVE with more to echo than a slab', keepAlive(70_000)],
    ['a frame beyond the limit', Uint8Array.of(0xff, 0xff, 0xff)],
  ] as const) {
    it(`closes for ${what}`, () => {
      const side = openServer();
      const strict = new Side(false, { frameMaxBytes: 1000 });
      const taker = bytes.length === 3 ? strict : side;
      if (taker === strict) {
        strict.engine.receive(now, encodeSetup(setup));
        strict.engine.trust();
      }
      taker.engine.receive(now, bytes);
      assert.deepEqual(answers(taker), [`${typeError} 0 0x101`]);
      assert.equal(taker.end?.by, 'self');
    });
  }

  it('echoes a KEEPALIVE of 1 KiB, and takes any length that wants no answer', () => {
    const side = openServer();
    side.engine.receive(now, keepAlive(70_000, 0));
    side.engine.receive(now, keepAlive(1024));
    side.turn();
    assert.equal(concat(side.written).length, keepAlive(1024).length);
    assert.equal(side.end, undefined);
  });

  it('closes after too many malformed frames', () => {
    const side = openServer();
    for (let count = 0; count < 4; count += 1) side.engine.receive(now, Uint8Array.of(0, 0, 0));
    assert.equal(side.end?.code, 0x101);
  });

  it('ignores a request on an id in use, and refuses more streams than the limit', () => {
    const side = openServer();
    const opened: number[] = [];
    side.accept = (stream) => {
      opened.push(stream.id);
      return new Recorder();
    };
    for (const id of [1, 1, 3, 5, 7, 9]) side.engine.receive(now, rawFrame(id, frame.typeRequestResponse, 0));
    assert.deepEqual(opened, [1, 3, 5, 7]);
    assert.deepEqual(answers(side), [`${typeError} 9 0x202`]);
    assert.equal(side.engine.counters.ignored, 1);
  });

  it('ends a stream that gets more than it asked for, on both sides', () => {
    const side = openServer();
    const sink = new Recorder();
    side.accept = () => sink;
    side.engine.receive(now, rawFrame(1, frame.typeRequestChannel, 0, [0, 0, 0, 5]));
    side.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext, [1]));
    // Not INVALID: the request was handed over, so something may have run.
    assert.deepEqual(sink.heard, ['fail 0x201 {"code":"protocol","message":"more items than were requested"}']);
    assert.deepEqual(answers(side), [`${typeError} 1 0x201`]);
    assert.equal(side.engine.counters.overCredit, 1);
  });

  it('ends a stream whose fragments are too long, or whose metadata comes after data', () => {
    const body = new Uint8Array(600);
    for (const [second, why] of [
      [rawFrame(1, frame.typePayload, frame.flagNext | frame.flagFollows, body), /too long/],
      [rawFrame(1, frame.typePayload, frame.flagNext | frame.flagMetadata, [0, 0, 1, 7]), /metadata/],
    ] as const) {
      const side = openServer();
      side.engine.receive(now, rawFrame(1, frame.typeRequestResponse, frame.flagFollows, body));
      assert.equal(side.engine.assemblyBytes, 600);
      side.engine.receive(now, second);
      const text = new TextDecoder().decode(side.take());
      side.turn();
      const sent = new TextDecoder().decode(side.take());
      assert.match(text + sent, why);
      assert.equal(side.engine.assemblyBytes, 0);
      assert.equal(side.engine.streamCount, 0);
    }
  });

  it('takes metadata up to its limit and no longer, whole or in fragments, and goes on serving', () => {
    const limit = 65_536;
    const withMetadata = (metadataBytes: number, dataBytes: number): number[] => {
      const length = [metadataBytes >>> 16, (metadataBytes >>> 8) & 0xff, metadataBytes & 0xff];
      return [...length, ...new Uint8Array(metadataBytes + dataBytes)];
    };
    const side = openServer({ payloadMaxBytes: 1_000_000, assemblyMaxBytes: 1_000_000 });
    const begun: number[] = [];
    const sink = new Recorder();
    side.accept = (stream) => {
      begun.push(stream.payload.metadataLength);
      return sink;
    };
    const { flagMetadata, flagFollows, flagNext, typeRequestResponse, typeRequestFnf, typePayload } = frame;
    const begin = (id: number, bytes: number, flags = flagMetadata, type: number = typeRequestResponse): void =>
      side.engine.receive(now, rawFrame(id, type, flags, withMetadata(bytes, 1)));

    begin(1, limit);
    begin(3, limit + 1);
    begin(5, limit + 1, flagMetadata | flagFollows);
    begin(7, limit + 1, flagMetadata, typeRequestFnf);
    assert.deepEqual(begun, [limit]);
    assert.deepEqual(answers(side), [`${typeError} 3 0x204`, `${typeError} 5 0x204`]);
    assert.equal(side.engine.counters.oversize, 3);

    const part = (id: number, type: number, bytes: number): void =>
      side.engine.receive(now, rawFrame(id, type, flagMetadata | flagFollows | flagNext, withMetadata(bytes, 0)));
    for (const [id, rest] of [
      [9, limit - 40_000],
      [11, limit - 39_999],
    ] as const) {
      part(id, typeRequestResponse, 40_000);
      part(id, typePayload, rest);
      side.engine.receive(now, rawFrame(id, typePayload, flagNext, [1]));
    }
    assert.deepEqual(begun, [limit, limit]);
    assert.deepEqual(answers(side), [`${typeError} 11 0x204`]);
    assert.deepEqual([side.engine.counters.oversize, side.engine.assemblyBytes], [4, 0]);

    side.engine.receive(now, rawFrame(13, frame.typeRequestChannel, 0, u32(5)));
    side.engine.receive(now, rawFrame(13, typePayload, flagNext | flagMetadata, withMetadata(limit + 1, 1)));
    assert.match(sink.heard.join(), /fail 0x201 .*too-large.*metadata is too long/);
    assert.equal(side.engine.counters.oversize, 5);
  });

  const announce = (id: number, byteCount: number): Uint8Array =>
    rawFrame(id, frame.typeExt, frame.flagIgnore, [...u32(frame.extendedTypeLength), ...u32(byteCount)]);

  it('makes room for an announced length only within the bounds, and counts it as held', () => {
    const begun = rawFrame(1, frame.typeRequestResponse, frame.flagFollows, new Uint8Array(10));
    const more = rawFrame(1, frame.typePayload, frame.flagNext | frame.flagFollows, new Uint8Array(10));
    for (const [announced, held] of [
      [900, 900],
      [1001, 20],
      [0xffff_ffff, 20],
      [0, 20],
      [5, 20],
    ] as const) {
      const side = openServer();
      side.engine.receive(now, begun);
      side.engine.receive(now, announce(1, announced));
      assert.equal(side.engine.assemblyBytes, 10);
      side.engine.receive(now, more);
      assert.equal(side.engine.assemblyBytes, held, `${announced} announced`);
      side.engine.ended('reset');
      assert.equal(side.engine.assemblyBytes, 0);
    }
  });

  it('takes nothing for an announcement but an EXT frame of its type that is whole, for a payload that has begun', () => {
    const whole = [...u32(frame.extendedTypeLength), ...u32(900)];
    for (const [what, bytes] of Object.entries({
      'another type of frame': rawFrame(1, 0x20, frame.flagIgnore, whole),
      'another extended type': rawFrame(1, frame.typeExt, frame.flagIgnore, [...u32(1), ...u32(900)]),
      'a cut one': rawFrame(1, frame.typeExt, frame.flagIgnore, whole.slice(0, 7)),
      'another stream': announce(3, 900),
    })) {
      const side = openServer();
      side.engine.receive(now, rawFrame(1, frame.typeRequestResponse, frame.flagFollows, new Uint8Array(10)));
      side.engine.receive(now, bytes);
      assert.equal(side.engine.counters.unknown, 1, what);
      side.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext | frame.flagFollows, new Uint8Array(10)));
      assert.equal(side.engine.assemblyBytes, 20, what);
    }
  });

  it('believes no more announcements than all streams together may hold', () => {
    const side = openServer();
    for (const id of [1, 3]) {
      side.engine.receive(now, rawFrame(id, frame.typeRequestResponse, frame.flagFollows, new Uint8Array(10)));
      side.engine.receive(now, announce(id, 1000));
      side.engine.receive(now, rawFrame(id, frame.typePayload, frame.flagNext | frame.flagFollows, new Uint8Array(10)));
    }
    assert.equal(side.engine.assemblyBytes, 1020);
  });

  it('ends a stream with more bytes than were announced, and hands out no room that was not filled', () => {
    for (const [last, expected] of [
      [new Uint8Array(91), 'refused'],
      [new Uint8Array(40).fill(7), '60'],
    ] as const) {
      const side = openServer();
      const seen: string[] = [];
      side.accept = (incoming) => {
        const data = incoming.payload.data();
        seen.push(`${data.length}`);
        assert.equal(data.buffer.byteLength, data.length);
        return new Recorder();
      };
      side.engine.receive(now, rawFrame(1, frame.typeRequestResponse, frame.flagFollows, new Uint8Array(10)));
      side.engine.receive(now, announce(1, 100));
      side.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext | frame.flagFollows, new Uint8Array(10)));
      side.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext, last));
      if (expected === 'refused') assert.deepEqual(answers(side), [`${typeError} 1 0x204`]);
      else assert.deepEqual(seen, [expected]);
      assert.equal(side.engine.assemblyBytes, 0);
    }
  });

  it('tells a requester of an answer that it does not take that it ran, and why', () => {
    const body = new Uint8Array(600);
    const follows = rawFrame(1, frame.typePayload, frame.flagNext | frame.flagFollows, body);
    const metadata = rawFrame(1, frame.typePayload, frame.flagNext | frame.flagMetadata, [0, 0, 1, 7]);
    for (const [second, code] of [
      [follows, 'too-large'],
      [metadata, 'protocol'],
    ] as const) {
      const client = new Side(true, { payloadMaxBytes: 1000 });
      client.engine.start(setup);
      const sink = new Recorder();
      const empty = new Uint8Array(0);
      const request = { kind: 'rpc', interaction: 'response', metadata: empty, data: empty, credit: 1 } as const;
      client.engine.open(now, 1, request, sink);
      client.take();
      client.engine.receive(now, follows);
      client.engine.receive(now, second);
      assert.deepEqual(answers(client).slice(-1), [`${frame.typeCancel} 1`]);
      const { fault } = sink;
      assert.ok(fault?.kind === 'remote');
      assert.equal(fault.code, streamErrorCodes.applicationError);
      const error = readErrorBody({ data: fault.data, node: 'b', ran: true, code: 'remote' });
      assert.deepEqual([error.code, mayHaveRun(error), error.node], [code, true, 'b']);
      assert.equal(client.engine.streamCount + client.engine.assemblyBytes, 0);
    }
  });

  it('counts nothing below zero when more comes than was announced a moment ago', () => {
    const side = openServer();
    side.engine.receive(now, rawFrame(1, frame.typeRequestResponse, frame.flagFollows, new Uint8Array(10)));
    side.engine.receive(now, announce(1, 500));
    side.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext, new Uint8Array(600)));
    assert.deepEqual(answers(side), [`${typeError} 1 0x204`]);
    assert.equal(side.engine.assemblyBytes, 0);
  });

  it('ignores an announcement for a stream that has no payload on its way', () => {
    const side = openServer();
    side.engine.receive(now, announce(1, 100));
    side.engine.receive(now, rawFrame(1, frame.typeRequestStream, 0, [0, 0, 0, 5]));
    side.engine.receive(now, announce(1, 100));
    assert.equal(side.engine.counters.unknown, 2);
    assert.equal(side.end, undefined);
  });

  it('bounds the fragments of all streams together', () => {
    const side = openServer();
    for (const id of [1, 3, 5]) {
      side.engine.receive(now, rawFrame(id, frame.typeRequestFnf, frame.flagFollows, new Uint8Array(700)));
    }
    assert.equal(side.engine.assemblyBytes, 1400);
    assert.equal(side.engine.counters.oversize, 1);
    side.engine.ended('reset');
    assert.equal(side.engine.assemblyBytes, 0);
  });

  it('treats a response without COMPLETE as complete, and C with F as the end', () => {
    const client = new Side(true);
    client.engine.start(setup);
    const sinks = [new Recorder(), new Recorder()];
    for (const sink of sinks) {
      const request = {
        kind: 'rpc',
        interaction: 'response',
        metadata: new Uint8Array(0),
        data: new Uint8Array(0),
        credit: 1,
      } as const;
      client.engine.open(now, 1, request, sink);
    }
    client.engine.receive(now, rawFrame(1, frame.typePayload, frame.flagNext, textToBytes('a')));
    const both = frame.flagNext | frame.flagComplete | frame.flagFollows;
    client.engine.receive(now, rawFrame(3, frame.typePayload, both, textToBytes('b')));
    assert.deepEqual(
      sinks.map((sink) => sink.heard),
      [
        ['next a', 'complete'],
        ['next b', 'complete'],
      ],
    );
  });

  it('closes for a peer that makes it answer and does not read', () => {
    const side = openServer();
    const strict = new Side(false, { highWaterBytes: 1000, bufferedMaxBytes: 20_000 });
    strict.engine.receive(now, encodeSetup(setup));
    strict.isStalled = true;
    const ask = rawFrame(0, frame.typeKeepAlive, frame.flagRespond, new Uint8Array(8 + 1000));
    for (let count = 0; count < 1000 && strict.end === undefined; count += 1) {
      strict.engine.receive(now, ask);
      strict.turn();
    }
    assert.match(strict.end?.text ?? '', /not read/);
    assert.ok(concat(strict.written).length < 30_000);
    assert.equal(side.end, undefined);
  });
});

function patched(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}
