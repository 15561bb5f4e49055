/**
 * The codecs of lanes on the device event: encoded into a writer as the bus does it, and decoded where it lies. msgpackr with shared
 * structures stands beside ours, alone; "shared records" are its format as lanes write and read it.
 */
import assert from 'node:assert/strict';
import { Packr } from 'msgpackr';
import { jsonCodec } from '../../src/codec/json-codec.js';
import { layerCodec } from '../../src/codec/layered-codec.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { ByteWriter } from '../../src/core/bytes.js';
import type { LaneCodec, LaneDecoder, LaneEncoder } from '../../src/spi/codec.js';
import { iotEvent } from '../payload.js';
import type { MicroCase } from './case.js';

/** Events that a run cycles through. */
const eventsMax = 1024;
/** Events in one writer, as in one frame of the bus. */
const batchMax = 64;
const events = Array.from({ length: eventsMax }, (_, index) => iotEvent(index * 13));

const settings: readonly (readonly [string, LaneCodec])[] = [
  ['compiled shapes', createMsgpackCodec()],
  ['shared records', createMsgpackCodec({ compiledShapes: false })],
  ['self-contained', createMsgpackCodec({ codeGeneration: false })],
  ['json', layerCodec(createMsgpackCodec(), jsonCodec)],
];

/** Encode and decode of one device event. */
export const cases: readonly MicroCase[] = [
  { name: 'encode, msgpackr alone', make: () => bareEncode(createPackr()) },
  { name: 'decode, msgpackr alone', make: () => bareDecode(createPackr()) },
  ...settings.flatMap(([name, codec]): MicroCase[] => [
    { name: `encode, ${name}`, make: () => encodeBy(openLane(codec).encoder) },
    { name: `decode, ${name}`, make: () => decodeBy(openLane(codec)) },
  ]),
  {
    name: 'decode, compiled shapes read step by step',
    make: () => decodeBy(openLane(createMsgpackCodec(), createMsgpackCodec({ codeGeneration: false }))),
  },
];

function createPackr(): Packr {
  const packr = new Packr({ structures: [] });
  packr.unpack(packr.pack([iotEvent(0)]));
  return packr;
}

function bareEncode(packr: Packr): (count: number) => void {
  assert.deepEqual(packr.unpack(packr.pack(events[5])), events[5]);
  return (count) => {
    for (let index = 0; index < count; index += 1) packr.pack(events[index % eventsMax]);
  };
}

function bareDecode(packr: Packr): (count: number) => void {
  const packed = events.map((event) => packr.pack(event));
  assert.deepEqual(packr.unpack(packed[5] ?? new Uint8Array(0)), events[5]);
  return (count) => {
    for (let index = 0; index < count; index += 1) packr.unpack(packed[index % eventsMax] ?? new Uint8Array(0));
  };
}

interface LaneEnds {
  readonly encoder: LaneEncoder;
  readonly decoder: LaneDecoder;
}

/** Both ends of a lane that has learnt the event's shape. */
function openLane(sending: LaneCodec, receiving: LaneCodec = sending): LaneEnds {
  const encoder = sending.createEncoder(new Set(sending.capabilities));
  const decoder = receiving.createDecoder();
  for (const event of events) encoder.encode(event);
  for (let index = 0; index < encoder.definitionCount; index += 1) {
    assert.ok(decoder.define(encoder.definition(index)));
  }
  for (const event of events) {
    const bytes = encoder.encode(event);
    assert.deepEqual(decoder.decode(bytes, 0, bytes.length), event);
  }
  return { encoder, decoder };
}

function encodeBy(encoder: LaneEncoder): (count: number) => void {
  const writer = new ByteWriter(65_536);
  return (count) => {
    for (let index = 0; index < count; index += 1) {
      if (index % batchMax === 0) writer.reset();
      if (encoder.encodeInto === undefined) writer.bytes(encoder.encode(events[index % eventsMax]));
      else encoder.encodeInto(events[index % eventsMax], writer);
    }
  };
}

function decodeBy({ encoder, decoder }: LaneEnds): (count: number) => void {
  const writer = new ByteWriter(eventsMax * 512);
  const ends: number[] = [];
  for (const event of events) {
    writer.bytes(encoder.encode(event));
    ends.push(writer.length);
  }
  const bytes = writer.take();
  return (count) => {
    for (let index = 0; index < count; index += 1) {
      const place = index % eventsMax;
      decoder.decode(bytes, place === 0 ? 0 : (ends[place - 1] ?? 0), ends[place] ?? 0);
    }
  };
}
