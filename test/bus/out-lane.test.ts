import assert from 'node:assert/strict';
import { EventEncoder } from '../../src/bus/event-encoder.js';
import { OutLane } from '../../src/bus/out-lane.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { ByteReader, ByteWriter, emptyBytes } from '../../src/core/bytes.js';
import { beginFrame, readFrame, recordKind, writeRecord } from '../../src/protocol/bus/bus-frame.js';
import { ReceiveWindow } from '../../src/protocol/bus/receive-window.js';
import type { NumberRange } from '../../src/protocol/bus/send-window.js';
import type { IncomingStream, StreamSink } from '../../src/spi/links.js';
import { streamErrorCodes } from '../../src/spi/links.js';
import { MemoryLinks } from '../../src/testing/memory-links.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/out-lane', () => {
  const refusals: Readonly<Record<string, (incoming: IncomingStream) => void>> = {
    'ends the link': ({ stream }) => stream.link.close('protocol'),
    'fails the lane': ({ stream }) => stream.fail(streamErrorCodes.invalid, emptyBytes),
  };
  for (const [what, refuse] of Object.entries(refusals)) {
    it(`gives up what was on its way, and tells it, when a peer ${what} over it twice`, async () => {
      const world = new World(3, refuse);
      world.publish(5);
      await world.sim.runAsync(3000);
      assert.deepEqual([world.got, world.unknown], [[1, 2], [{ from: 3, to: 5 }]]);
      assert.equal(world.refusals, 2);
      world.publish(2);
      await world.sim.runAsync(3000);
      assert.deepEqual([world.got, world.missing], [[1, 2, 6, 7], [{ from: 3, to: 5 }]]);
      assert.equal(world.lane.inFlight, 0);
      world.stop();
    });
  }

  it('settles the confirmations of what it gave up', async () => {
    const world = new World(1, ({ stream }) => stream.link.close('protocol'));
    const outcomes: string[] = [];
    world.publish(2, (outcome) => void outcomes.push(outcome));
    await world.sim.runAsync(3000);
    assert.deepEqual(outcomes, ['link-lost', 'link-lost']);
    world.stop();
  });

  it('gives nothing up over links that are lost, however often', async () => {
    const world = new World(3, ({ stream }) => stream.link.close('reset'));
    world.publish(5);
    await world.sim.runAsync(3000);
    assert.deepEqual([world.got, world.unknown], [[1, 2], []]);
    assert.ok(world.refusals > 5);
    world.poison = 0;
    await world.sim.runAsync(3000);
    assert.deepEqual(world.got, [1, 2, 3, 4, 5]);
    world.stop();
  });
});

/** A lane to a peer that refuses one event. */
class World {
  readonly sim = new Simulator({ seed: 1 });
  readonly got: number[] = [];
  readonly unknown: NumberRange[] = [];
  readonly missing: NumberRange[] = [];
  readonly lane: OutLane;
  poison: number;
  refusals = 0;
  readonly #hub = new MemoryLinks(this.sim);
  readonly #events = new EventEncoder(createMsgpackCodec());
  readonly #window = new ReceiveWindow(1);
  readonly #refuse: (incoming: IncomingStream) => void;

  constructor(poison: number, refuse: (incoming: IncomingStream) => void) {
    this.poison = poison;
    this.#refuse = refuse;
    this.lane = new OutLane(
      {
        clock: this.sim,
        onUnknown: (_, { from, to }) => void this.unknown.push({ from, to }),
        onUnsent: () => assert.fail('everything was sent'),
        onRefused: () => assert.fail('the peer has no groups'),
        onMalformed: () => assert.fail('the peer sends nothing wrong'),
        onRoom: () => undefined,
      },
      { node: 'b', epoch: 1, key: '', window: { eventsMax: 100, bytesMax: 1e6 }, batchMax: 256, windowId: () => 1 },
    );
    const a = this.#hub.add('a');
    this.#hub.add('b').links.serve('bus', (incoming) => this.#accept(incoming));
    a.links.listen((event) => (event.kind === 'up' ? this.lane.attach(event.link) : this.lane.detach()));
  }

  publish(count: number, settle?: (outcome: string) => void): void {
    const confirm =
      settle === undefined
        ? undefined
        : ({
            level: 'handled',
            settle: (_: unknown, outcome: string) => settle(outcome),
            resent: () => undefined,
            whenOver: () => undefined,
          } as const);
    for (let index = 0; index < count; index += 1) {
      this.lane.accept({ ...this.#events.encodePlain('/t', { number: 0 }, index, false), confirm });
    }
  }

  stop(): void {
    this.#hub.stop();
  }

  #accept(incoming: IncomingStream): StreamSink {
    const { stream } = incoming;
    const answer = (kind: number, write: (body: ByteWriter) => void): void => {
      const frame = new ByteWriter();
      const body = new ByteWriter();
      write(body);
      beginFrame(frame, 1);
      writeRecord(frame, kind, body.view());
      stream.next(emptyBytes, frame.take());
    };
    answer(recordKind.resume, (body) => {
      body.u8(1);
      body.varint(this.#window.last);
    });
    stream.request(100);
    return {
      onNext: ({ bytes, dataStart, dataEnd }) => {
        const record = (kind: number, source: Uint8Array, start: number, end: number) =>
          this.#record(kind, new ByteReader(source, start, end));
        const isRead = readFrame(bytes, dataStart, dataEnd, { wireVersion: 1, record, unknown: () => undefined });
        if (!isRead) {
          this.refusals += 1;
          this.#refuse(incoming);
          return;
        }
        this.#window.takeAck();
        answer(recordKind.ack, (body) => body.varint(this.#window.last));
      },
      onComplete: () => undefined,
      onFail: () => undefined,
      onCredit: () => undefined,
      onCancel: () => undefined,
    };
  }

  #record(kind: number, body: ByteReader): boolean {
    if (kind === recordKind.base) {
      const range = this.#window.base(body.varint());
      if (range !== undefined) this.missing.push(range);
    }
    if (kind !== recordKind.event) return true;
    if (this.#window.last + 1 === this.poison) return false;
    const number = this.#window.event();
    if (number !== undefined) this.got.push(number);
    return true;
  }
}
