/** The processes of the event benches: subscribers and publishers, with a window kept by the side channel. */
import type { Actor, Roles } from '../harness/agent.js';
import { sharedNowUs, until } from '../harness/clock.js';
import { closedLoop, type LoopResult } from '../harness/closed-loop.js';
import { CreditSink, CreditSource } from '../harness/credit.js';
import { loadContender } from '../harness/load.js';
import { Samples, type Percentiles } from '../harness/samples.js';
import type { Publisher, Setup } from '../contender.js';
import { type BytesAs, type IotEvent, isSame, makePool, type Payload } from '../payload.js';

/** Options of both roles. */
export interface BusOptions {
  readonly module: string;
  readonly setup: Setup;
  /** One topic for each publisher. */
  readonly topics: readonly string[];
  readonly group: string | undefined;
}

/** More options of a publisher. */
export interface PublisherOptions extends BusOptions {
  /** Index of its topic. */
  readonly topic: number;
  readonly creditPorts: readonly number[];
}

/** What a subscriber tells when it runs. */
export interface SubscriberInfo {
  readonly address: string;
  readonly creditPort: number;
}

/** Runs with a window. */
export interface FloodArgs {
  readonly window: number;
  readonly seconds: number;
}

/** Runs at a fixed rate. */
export interface PacedFloodArgs {
  readonly ratePerSec: number;
  readonly seconds: number;
  readonly settleSeconds: number;
}

/** Runs with confirmations. */
export interface ConfirmArgs {
  readonly concurrency: number;
  readonly seconds: number;
  readonly level: string;
}

/** What a publisher's run gave. */
export interface FloodResult {
  readonly sent: number;
  readonly arrived: number;
  /** Arrived when the time was over; what was in flight then counts for loss and not for the rate. */
  readonly inTime: number;
  readonly seconds: number;
}

/** What a subscriber saw since the last reset. */
export interface Seen {
  readonly count: number;
  readonly wrong: number;
  readonly delays: Percentiles;
}

const sampleEvery = 16;
const checkEvery = 64;
/** Without any arrival for so long, what is missing counts as lost. */
const stallMs = 3_000;
const turnMax = 256;

/** `subscriber` counts and compares, `publisher` floods. */
export const roles: Roles = {
  subscriber: async (options: BusOptions): Promise<Actor> => {
    const { bus, bytesAs } = await loadContender(options.module);
    if (bus === undefined) throw new Error(`${options.module} has no bus`);
    const receiver = new Receiver(options, bytesAs ?? 'bytes');
    const creditPort = await receiver.credit.start();
    const { topics, group } = options;
    const { onEvent } = receiver;
    const started = await bus.subscribe(options.setup, { topics, group, onEvent });
    const info: SubscriberInfo = { address: started.address, creditPort };
    return {
      info,
      verbs: {
        reset: (args: { readonly exact: boolean }) => receiver.reset(args.exact),
        seen: () => receiver.seen(),
      },
      stop: async () => {
        receiver.credit.stop();
        await started.stop();
      },
    };
  },

  publisher: async (options: PublisherOptions): Promise<Actor> => {
    const { bus, bytesAs } = await loadContender(options.module);
    if (bus === undefined) throw new Error(`${options.module} has no bus`);
    const credit = new CreditSink(options.topic, options.group === undefined ? 'all' : 'any');
    await credit.start(options.creditPorts);
    const publisher = await bus.publisher(options.setup);
    const flood = new Flood(publisher, credit, options, bytesAs ?? 'bytes');
    return {
      verbs: {
        probe: async () => flood.probe(),
        reset: () => flood.reset(),
        count: async (args: { readonly events: number }) => flood.count(args.events),
        run: async (args: FloodArgs) => flood.run(args),
        paced: async (args: PacedFloodArgs) => flood.paced(args),
        confirmed: async (args: ConfirmArgs) => flood.confirmed(args),
      },
      stop: async () => {
        credit.stop();
        await publisher.stop();
      },
    };
  },
};

/** Counts what arrives, compares one event in 64 (all in a check) and samples delays. */
class Receiver {
  readonly credit: CreditSource;
  readonly #pool: readonly unknown[];
  readonly #next: number[];
  readonly #ordered: boolean;
  readonly #payload: Payload;
  readonly #samples = new Samples(1);
  #exact = false;
  #wrong = 0;
  #sinceSample = 0;

  constructor({ setup, topics, group }: BusOptions, bytesAs: BytesAs) {
    this.credit = new CreditSource(topics.length);
    this.#pool = makePool(setup.payload, bytesAs);
    this.#next = topics.map(() => 0);
    // A member of a group gets some of the events: which ones cannot be foreseen.
    this.#ordered = group === undefined;
    this.#payload = setup.payload;
  }

  readonly onEvent = (topic: number, value: unknown): void => {
    const index = this.#next[topic] ?? 0;
    this.#next[topic] = index + 1;
    if (this.#ordered && (this.#exact || index % checkEvery === 0)) this.#compare(index, value);
    this.#sinceSample += 1;
    if (this.#sinceSample >= sampleEvery) {
      this.#sinceSample = 0;
      const sentUs = stampOf(this.#payload, value);
      if (sentUs > 0) this.#samples.add(sharedNowUs() - sentUs);
    }
    this.credit.count(topic);
  };

  reset(exact: boolean): void {
    this.#exact = exact;
    this.#wrong = 0;
    this.#next.fill(0);
    this.#samples.reset();
    this.credit.reset();
  }

  seen(): Seen {
    const { total: count } = this.credit;
    return { count, wrong: this.#wrong, delays: this.#samples.percentiles() };
  }

  #compare(index: number, value: unknown): void {
    const expected = this.#pool[index % this.#pool.length];
    if (!isSame(withoutStamp(expected), withoutStamp(value), true)) this.#wrong += 1;
  }
}

/** Sends the pool in turn, no more ahead of the arrivals than the window. */
class Flood {
  readonly #publisher: Publisher;
  readonly #credit: CreditSink;
  readonly #topic: string;
  readonly #pool: readonly unknown[];
  readonly #payload: Payload;
  readonly #samples = new Samples();
  #sent = 0;

  constructor(publisher: Publisher, credit: CreditSink, options: PublisherOptions, bytesAs: BytesAs) {
    this.#publisher = publisher;
    this.#credit = credit;
    this.#topic = options.topics[options.topic] ?? '';
    this.#payload = options.setup.payload;
    this.#pool = makePool(this.#payload, bytesAs);
  }

  /** Publishes single events until one arrived everywhere, then waits until none is under way. */
  async probe(): Promise<void> {
    const again = setInterval(() => {
      this.#publishOne(0);
      this.#publisher.flush?.();
    }, 20);
    try {
      await until('the first event to arrive', () => this.#credit.arrived > 0, 30_000);
    } finally {
      clearInterval(again);
    }
    let last = -1;
    await until('the probes to settle', async () => {
      const still = last === this.#credit.arrived;
      last = this.#credit.arrived;
      await new Promise((next) => setTimeout(next, 100));
      return still;
    });
  }

  reset(): void {
    this.#sent = 0;
    this.#credit.reset();
  }

  /** Sends exactly so many and waits for them. */
  async count(events: number): Promise<FloodResult> {
    const startedAt = performance.now();
    while (this.#sent < events) {
      this.#burst(Math.min(64, events - this.#sent));
      await until('credit', () => this.#credit.arrived >= this.#sent, stallMs).catch(() => undefined);
    }
    return this.#result(startedAt);
  }

  /** Floods for a time; ends when all arrived, or nothing more does. */
  run({ window, seconds }: FloodArgs): Promise<FloodResult> {
    const startedAt = performance.now();
    let running = true;
    let scheduled = false;
    return new Promise((resolve) => {
      let lastArrival = performance.now();
      let measured: FloodResult | undefined;
      const fill = (): void => {
        scheduled = false;
        if (!running) return;
        const room = window - (this.#sent - this.#credit.arrived);
        if (room > 0) this.#burst(Math.min(room, turnMax));
        if (room > turnMax) later();
      };
      const later = (): void => {
        if (scheduled) return;
        scheduled = true;
        setImmediate(fill);
      };
      this.#credit.listen(() => {
        lastArrival = performance.now();
        if (running) fill();
      });
      const watch = setInterval(() => {
        const whole = this.#credit.arrived >= this.#sent;
        const stalled = performance.now() - lastArrival > stallMs;
        if ((running || !whole) && !stalled) return;
        running = false;
        clearInterval(watch);
        clearTimeout(end);
        this.#credit.listen(() => undefined);
        const final = this.#result(startedAt);
        const { inTime, seconds: spent } = measured ?? final;
        resolve({ ...final, inTime, seconds: spent });
      }, 20);
      const end = setTimeout(() => {
        running = false;
        measured = this.#result(startedAt);
      }, seconds * 1000);
      fill();
    });
  }

  /** Publishes at a fixed rate; each event carries the moment at which it was due. */
  async paced({ ratePerSec, seconds, settleSeconds }: PacedFloodArgs): Promise<FloodResult> {
    const startedUs = sharedNowUs();
    const startedAt = performance.now();
    const total = Math.floor(ratePerSec * (settleSeconds + seconds));
    // A negative time says that no delay is to be taken of it; in JSON it is one byte longer.
    const unmeasured = Math.floor(ratePerSec * settleSeconds);
    const periodUs = 1_000_000 / ratePerSec;
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        const due = Math.min(total, Math.floor((sharedNowUs() - startedUs) / periodUs) + 1);
        const last = Math.min(due, this.#sent + turnMax * 8);
        while (this.#sent < last) {
          const dueUs = startedUs + this.#sent * periodUs;
          this.#publishOne(this.#sent < unmeasured ? -dueUs : dueUs);
        }
        this.#publisher.flush?.();
        if (this.#sent < total) setImmediate(turn);
        else resolve();
      };
      turn();
    });
    const { arrived } = this.#credit;
    let previous = arrived;
    let lastMove = performance.now();
    await until(
      'the last events',
      () => {
        if (this.#credit.arrived !== previous) lastMove = performance.now();
        previous = this.#credit.arrived;
        return previous >= this.#sent || performance.now() - lastMove > stallMs;
      },
      60_000,
    );
    return this.#result(startedAt);
  }

  /** Keeps so many confirmed publishes in flight. */
  async confirmed({ concurrency, seconds, level }: ConfirmArgs): Promise<LoopResult> {
    const confirm = this.#publisher.confirmed;
    if (confirm === undefined) throw new Error('this system confirms nothing');
    return closedLoop(
      (value, answered, failed) => {
        confirm(this.#topic, value, level).then(answered, failed);
      },
      { concurrency, seconds, pool: this.#pool, isRight: () => true, samples: this.#samples },
    );
  }

  #burst(count: number): void {
    const nowUs = sharedNowUs();
    for (let index = 0; index < count; index += 1) this.#publishOne(nowUs);
    this.#publisher.flush?.();
  }

  #publishOne(stampUs: number): void {
    const value = this.#pool[this.#sent % this.#pool.length];
    this.#sent += 1;
    setStamp(this.#payload, value, stampUs);
    this.#publisher.publish(this.#topic, value);
  }

  #result(startedAt: number): FloodResult {
    const seconds = (performance.now() - startedAt) / 1000;
    const { arrived } = this.#credit;
    return { sent: this.#sent, arrived, inTime: arrived, seconds };
  }
}

/** Device events carry the stamp as their time; bytes of 16 or more in the last eight; text carries none. */
function setStamp(payload: Payload, value: unknown, stampUs: number): void {
  if (payload === 'iot') (value as IotEvent).time = stampUs;
  else if (value instanceof Buffer && payload >= 16) value.writeDoubleLE(stampUs, payload - 8);
}

function stampOf(payload: Payload, value: unknown): number {
  if (payload === 'iot') return (value as IotEvent).time;
  if (!(value instanceof Uint8Array) || value.length < 16) return 0;
  const { buffer, byteOffset, length } = value;
  return new DataView(buffer, byteOffset, length).getFloat64(length - 8, true);
}

/** Bytes are compared without the stamp. */
function withoutStamp(value: unknown): unknown {
  return value instanceof Uint8Array && value.length >= 16 ? value.subarray(0, -8) : value;
}
