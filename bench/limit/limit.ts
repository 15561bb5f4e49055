/**
 * What the sockets of a Node process can do with nothing around them: the figure that every ratio divides by. Bytes go as
 * they are; device events are encoded by msgpackr with shared structures that both sides agreed on beforehand.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr, REUSE_BUFFER_MODE } from 'msgpackr';
import type { BusSide, Contender, RpcSide, Setup, StreamSide } from '../contender.js';
import { iotEvent } from '../payload.js';
import { Awake } from './awake.js';
import { besideBytes, dial, listen, type OnFrame, type Place, SlabWriter } from './slab.js';

const batchMax = 64;
/** Items that a stream's consumer asks for at once, and asks again for at half. */
const credit = 256;

/** The part of msgpackr that its types leave out. */
interface RangePackr {
  /** With the reuse mode: the shared buffer, valid until the next call. */
  pack(value: unknown, mode: number): Buffer & { start: number; end: number };
  unpack(bytes: Uint8Array, range: { start: number; end: number }): unknown;
}

function makePackr(): RangePackr {
  const packr = new Packr({ structures: [] });
  // Both processes see the same shapes in the same order first, so their structures have the same numbers.
  packr.unpack(packr.pack([iotEvent(0)]));
  return packr as unknown as RangePackr;
}

function place({ variant, port }: Setup): Place {
  if (variant !== 'unix') return port;
  return join(tmpdir(), `scalebus-bench-${process.pid.toString()}-${port.toString()}.sock`);
}

function makeAwake({ variant }: Setup): Awake | undefined {
  return variant === 'awake' ? new Awake() : undefined;
}

const rpc: RpcSide = {
  async serve(setup) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    const awake = makeAwake(setup);
    return listen(place(setup), (read) => {
      const onFrame: OnFrame = (id, bytes, start, end) => {
        awake?.onReceived();
        if (!objects) {
          if (start === 0 || end - start <= besideBytes) return writer.frame(id, bytes, start, end);
          // It is written without a copy and the receive buffer is about to be used again.
          return writer.frame(id, Buffer.from(bytes.subarray(start, end)), 0, end - start);
        }
        const packed = packr.pack(packr.unpack(bytes, { start, end }), REUSE_BUFFER_MODE);
        writer.frame(id, packed, packed.start, packed.end);
      };
      const writer = new SlabWriter([read(onFrame)], awake);
    });
  },

  async connect(setup) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    const waiting: ((answer: unknown) => void)[] = [];
    const free: number[] = [];
    const none = (): void => undefined;
    const awake = makeAwake(setup);
    const socket = await dial(setup.peers[0] ?? '', (id, bytes, start, end) => {
      awake?.onReceived();
      const done = waiting[id] ?? none;
      free.push(id);
      done(objects ? packr.unpack(bytes, { start, end }) : bytes.subarray(start, end));
    });
    const writer = new SlabWriter([socket], awake);
    return {
      call(value, take) {
        const id = free.pop() ?? waiting.length;
        // A caller has one promise a call whatever carries it, so the limit settles one too.
        const settled = new Promise<unknown>((resolve) => {
          waiting[id] = resolve;
        });
        void settled.then(take);
        if (objects) {
          const packed = packr.pack(value, REUSE_BUFFER_MODE);
          writer.frame(id, packed, packed.start, packed.end);
        } else {
          const bytes = value as Uint8Array;
          writer.frame(id, bytes, 0, bytes.length);
        }
      },
      stop: () => void socket.destroy(),
    };
  },
};

const bus: BusSide = {
  async subscribe(setup, wanted) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    return listen(place(setup), (read) => {
      read((topic, bytes, start, end) => {
        if (!objects) return wanted.onEvent(topic, bytes.subarray(start, end));
        const batch = packr.unpack(bytes, { start, end }) as readonly unknown[];
        for (const event of batch) wanted.onEvent(topic, event);
      });
    });
  },

  async publisher(setup) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    const sockets = await Promise.all(setup.peers.map(async (peer) => dial(peer, () => undefined)));
    const writer = new SlabWriter(sockets);
    const batch: unknown[] = [];
    let topicName = '';
    let topic = 0;
    let scheduled = false;
    const send = (): void => {
      scheduled = false;
      if (batch.length === 0) return;
      const packed = packr.pack(batch, REUSE_BUFFER_MODE);
      writer.frame(topic, packed, packed.start, packed.end);
      batch.length = 0;
    };
    return {
      publish(name, value) {
        if (name !== topicName) {
          send();
          topicName = name;
          topic = Number(name.slice(name.lastIndexOf('/') + 1));
        }
        if (objects) {
          batch.push(value);
          if (batch.length === batchMax) send();
          else if (!scheduled) {
            scheduled = true;
            setImmediate(send);
          }
        } else {
          const bytes = value as Uint8Array;
          writer.frame(topic, bytes, 0, bytes.length);
        }
      },
      flush: send,
      stop: () => {
        for (const socket of sockets) socket.destroy();
      },
    };
  },
};

/** A stream is a frame an item; the consumer's frames carry how many more it takes. */
const stream: StreamSide = {
  async serve(setup, values) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    return listen(place(setup), (read) => {
      let sent = 0;
      const onFrame: OnFrame = (more) => {
        for (let index = 0; index < more; index += 1) {
          const value = values[sent % values.length];
          sent += 1;
          if (objects) {
            const packed = packr.pack(value, REUSE_BUFFER_MODE);
            writer.frame(0, packed, packed.start, packed.end);
          } else {
            const bytes = value as Uint8Array;
            writer.frame(0, bytes, 0, bytes.length);
          }
        }
      };
      const writer = new SlabWriter([read(onFrame)]);
    });
  },

  async connect(setup) {
    const packr = makePackr();
    const objects = setup.payload === 'iot';
    const nothing = new Uint8Array(0);
    let onItem = (_value: unknown): void => undefined;
    let consuming = true;
    let untilMore = credit / 2;
    const socket = await dial(setup.peers[0] ?? '', (_id, bytes, start, end) => {
      onItem(objects ? packr.unpack(bytes, { start, end }) : bytes.subarray(start, end));
      untilMore -= 1;
      if (untilMore > 0 || !consuming) return;
      untilMore = credit / 2;
      writer.frame(credit / 2, nothing, 0, 0);
    });
    const writer = new SlabWriter([socket]);
    return {
      consume(listener) {
        onItem = listener;
        writer.frame(credit, nothing, 0, 0);
        return () => {
          consuming = false;
        };
      },
      stall: async () =>
        new Promise((resolve) => {
          consuming = false;
          onItem = resolve;
          writer.frame(1, nothing, 0, 0);
        }),
      stop: () => void socket.destroy(),
    };
  },
};

/** The bare sockets. */
export const contender: Contender = { rpc, bus, stream };
