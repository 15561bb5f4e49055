import assert from 'node:assert/strict';
import { Gate } from '../../src/bus/gate.js';
import { InLane } from '../../src/bus/in-lane.js';
import { HandledReports } from '../../src/bus/handled-reports.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { ByteReader, ByteWriter } from '../../src/core/bytes.js';
import type { PayloadView } from '../../src/core/payload-view.js';
import {
  beginFrame,
  handledCode,
  readFrame,
  recordKind,
  writeEventHead,
  writeNumberRecord,
  writeRecord,
} from '../../src/protocol/bus/bus-frame.js';
import { ReceiveWindow } from '../../src/protocol/bus/receive-window.js';
import type { Stream } from '../../src/spi/links.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/in-lane', () => {
  it('tells what came of a frame in one item: results, then the acknowledgement; and all before its own end', () => {
    const sim = new Simulator({ seed: 1 });
    const { sink, items } = openLane(sim);
    const handled = (from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, index) => `handled ${from + index}`);
    sink.onNext(frameOf(20));
    assert.deepEqual(items, [['resume'], [...handled(1, 20), 'ack 20']]);
    sim.run(0);
    assert.equal(items.length, 2);
    sink.onNext(frameOf(2, 21));
    sink.onComplete();
    assert.deepEqual(items.slice(2), [[...handled(21, 22), 'ack 22'], ['end']]);
  });

  it('tells results that come later together at the end of their turn, and those that wait before its end', () => {
    const sim = new Simulator({ seed: 1 });
    const gates = [new Gate(), new Gate(), new Gate()];
    const { sink, items } = openLane(sim, gates);
    sink.onNext(frameOf(3));
    sink.onComplete();
    assert.deepEqual(items, [['resume'], ['ack 3']]);
    gates[0]?.settle(true);
    gates[1]?.settle(false);
    assert.equal(items.length, 2);
    sim.run(0);
    assert.deepEqual(items.slice(2), [['handled 1', 'handled 2']]);
    gates[2]?.settle(true);
    assert.deepEqual(items.slice(3), [['handled 3'], ['end']]);
  });

  it('holds no more results than its bound while the sender takes none, and tells the first of them', () => {
    const sim = new Simulator({ seed: 1 });
    const { sink, items, stream } = openLane(sim);
    stream.credit = 0;
    for (let frame = 0; frame < 1100; frame += 1) {
      sink.onNext(frameOf(1, frame + 1));
      sim.run(0);
    }
    stream.credit = 5000;
    sink.onCredit();
    assert.deepEqual(
      [items.length, items[1], items[1024], items.at(-1)],
      [1026, ['handled 1'], ['handled 1024'], ['ack 1100']],
    );
  });
});

function openLane(
  sim: Simulator,
  gates: Gate[] = [],
): { sink: ReturnType<InLane['sink']>; items: string[][]; stream: { credit: number } } {
  const items: string[][] = [];
  let next = 0;
  const stream = {
    credit: 100,
    link: { peer: { wireVersion: 1 } },
    next: (_: Uint8Array, frame: Uint8Array) => void items.push(recordsOf(frame)),
    request: () => undefined,
    complete: () => void items.push(['end']),
  };
  const lane = new InLane(
    {
      clock: sim,
      onEvent: () => gates[next++] ?? handledCode.done,
      onGap: () => assert.fail('a gap'),
      onMalformed: () => assert.fail('malformed'),
      onSkipped: () => assert.fail('skipped'),
      onUnknownRecord: () => assert.fail('unknown'),
    },
    {
      key: '',
      window: new ReceiveWindow(1),
      reports: new HandledReports(),
      // The parts of a stream that a lane touches.
      stream: stream as unknown as Stream,
      vocabulary: { decoder: createMsgpackCodec().createDecoder(), isBroken: false, topics: new Map() },
    },
  );
  lane.begin(true, 0);
  return { sink: lane.sink(() => undefined), items, stream };
}

/** Events whose sender waits for the handlers. */
function frameOf(count: number, first = 1): PayloadView {
  const frame = new ByteWriter();
  beginFrame(frame, 1);
  writeNumberRecord(frame, recordKind.base, first);
  const head = { topicId: 0, topic: '/n', broadcast: false, headers: undefined, key: undefined, ttlMs: undefined };
  for (let index = 0; index < count; index += 1) {
    const body = new ByteWriter();
    writeEventHead(body, { ...head, confirm: 2 });
    body.bytes(createMsgpackCodec().encode(index));
    writeRecord(frame, recordKind.event, body.view());
  }
  const bytes = frame.take();
  return { bytes, dataStart: 0, dataEnd: bytes.length } as unknown as PayloadView;
}

const kindNames = new Map<number, string>(Object.entries(recordKind).map(([name, kind]) => [kind, name]));

function recordsOf(frame: Uint8Array): string[] {
  const records: string[] = [];
  readFrame(frame, 0, frame.length, {
    wireVersion: 1,
    record: (kind, bytes, start, end) => {
      const name = kindNames.get(kind) ?? '';
      records.push(name === 'resume' ? name : `${name} ${new ByteReader(bytes, start, end).varint()}`);
      return true;
    },
    unknown: () => assert.fail('unknown'),
  });
  return records;
}
