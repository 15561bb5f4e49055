import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { SharedEvent } from '../../src/bus/event.js';
import { LaneFeed, type FedLane } from '../../src/bus/lane-feed.js';
import { laneBatchMax, resolveSubscribeOptions } from '../../src/bus/subscribe-options.js';
import { Subscriber } from '../../src/bus/subscriber.js';
import { createWanted } from '../../src/bus/wanted.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('bus/lane-feed', () => {
  it('keeps a place for a lane that waits while the others hold what they were allowed', async () => {
    const room = new Room(1, 1);
    const lanes = [room.open(), room.open()];
    const [first] = lanes;
    if (first !== undefined) room.send(first);
    lanes.push(room.open(), room.open());
    await room.handleAll();
    assert.deepEqual(
      lanes.map(({ allowed }) => allowed > 0),
      [true, true, true, true],
    );
  });

  it('never leaves an open lane without credit once everything is handled, and never promises more than there is', async () => {
    const steps = fc.array(fc.tuple(fc.nat(5), fc.nat(9)), { maxLength: 120 });
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 5 }), steps, runSteps);
    await fc.assert(property, { numRuns: 300 });
  });
});

async function runSteps(
  queueMax: number,
  concurrencyMax: number,
  steps: readonly (readonly [number, number])[],
): Promise<void> {
  const room = new Room(queueMax, concurrencyMax);
  const lanes: TestLane[] = [room.open()];
  for (const [step, draw] of steps) {
    const lane = lanes[draw % Math.max(1, lanes.length)];
    if (step === 0 && lanes.length < 6) lanes.push(room.open());
    else if (step === 1 && lane !== undefined) lane.isOpen = false;
    else if (step === 2) room.publishHere(draw);
    else if (step === 3) await room.handleAll();
    else if (lane !== undefined && lane.isOpen && lane.allowed > 0) room.send(lane);
    assert.equal(room.lost, 0);
    // What came on a lane that ended since may still wait; nothing is promised until it is handled.
    const ended = lanes.filter(({ isOpen }) => !isOpen).length;
    assert.ok(room.places >= -ended * room.batchMax, `${room.places} places`);
  }
  await room.handleAll();
  // A lane that ended is noticed with the next that opens.
  lanes.push(room.open());
  for (const lane of lanes) assert.ok(!lane.isOpen || lane.allowed > 0);
}

/** A lane that counts what it is allowed. */
class TestLane implements FedLane {
  isOpen = true;
  allowed = 0;

  request(count: number): void {
    this.allowed += count;
  }
}

/** One lossless subscription whose handlers end when the test says so. */
class Room {
  lost = 0;
  readonly batchMax: number;
  readonly #feed: LaneFeed;
  readonly #subscriber: Subscriber;
  #running: (() => void)[] = [];

  constructor(queueMax: number, concurrencyMax: number) {
    const host = {
      clock: new Simulator({ seed: 1 }),
      onFault: () => undefined,
      onOverflow: () => undefined,
    };
    const options = resolveSubscribeOptions({ overflow: 'block', queueMax, concurrencyMax });
    const handler = (): Promise<void> => new Promise((resolve) => void this.#running.push(resolve));
    this.batchMax = laneBatchMax(options);
    this.#subscriber = new Subscriber(host, handler, { options, order: 0, wanted: createWanted('/**') });
    this.#feed = new LaneFeed(this.#subscriber);
  }

  /** What is neither taken nor promised. */
  get places(): number {
    return this.#subscriber.room;
  }

  open(): TestLane {
    const lane = new TestLane();
    this.#feed.add(lane);
    return lane;
  }

  /** A full item comes on a lane. */
  send(lane: TestLane): void {
    lane.allowed -= 1;
    for (let count = 0; count < this.batchMax; count += 1) this.#offer(true);
    this.#feed.taken(lane);
  }

  /** This node's own programs publish, as long as there is room for them. */
  publishHere(count: number): void {
    for (let index = 0; index < count && this.#subscriber.hasRoom; index += 1) this.#offer(false);
  }

  async handleAll(): Promise<void> {
    while (this.#running.length > 0) {
      const running = this.#running;
      this.#running = [];
      for (const finish of running) finish();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #offer(isPromised: boolean): void {
    const event = new SharedEvent('/a', 1, { headers: {}, source: 'n', expiresAt: undefined, isPromised });
    if (!this.#subscriber.offer(event)) this.lost += 1;
  }
}
