import type { ByteWriter } from '../core/bytes.js';
import {
  describeShape,
  isPlainObject,
  joinShapes,
  type ObjectShape,
  shapesMax,
  shapeToBytes,
  signatureOf,
} from './shape.js';
import { generateWriter, roomOf, type ShapeWriter, TailWriter } from './shape-encoder.js';
import { Tries } from './tries.js';

/** What the shapes of a sender need around them. */
export interface ShapeBookHost {
  /** Takes the bytes of a definition, which every lane will carry; returns how many definitions there are now. */
  define(bytes: Uint8Array): number;
  /** Throws `invalid-value` for what is no data: no shape is learnt from it. */
  check(value: unknown): void;
  /** Makes self-contained bytes of what is known to be data. */
  pack(value: unknown): Uint8Array;
}

/**
 * The shapes that one life of this node has numbered. A value is tried with the writer that took the one before, then with those
 * whose first key it has; what none takes is looked at closely: a shape that comes again gets a writer, and one whose leaves turn out
 * to have other kinds gets a wider one under another number. When the numbers are used up, what has none goes another way.
 */
export class ShapeBook {
  readonly #host: ShapeBookHost;
  readonly #tail: TailWriter;
  readonly #sightings = new Map<string, Sighting>();
  readonly #shapes = new Map<string, KnownShape>();
  readonly #byFirstKey = new Map<string, KnownShape[]>();
  #last: KnownShape | undefined;
  #count = 0;
  readonly #looks = new Tries(inVainMax);
  #isGenerating = true;

  constructor(host: ShapeBookHost) {
    this.#host = host;
    this.#tail = new TailWriter((value) => host.pack(value));
  }

  /** Definitions that the value written last needs. */
  get needed(): number {
    return this.#last?.definitions ?? 0;
  }

  /**
   * Writes a value at the end of `writer`; false when no shape takes it, and nothing is written. MUST NOT be called from a getter of a
   * value that is being written: there is one tail.
   */
  write(value: unknown, writer: ByteWriter): boolean {
    const last = this.#last;
    if (last !== undefined && this.#writeAs(last, value, writer)) return true;
    // Nothing else has a shape, and the keys of bytes are all their indices.
    return isPlainObject(value) && this.#search(value, writer);
  }

  #search(value: object, writer: ByteWriter): boolean {
    const near = this.#byFirstKey.get(firstKeyOf(value)) ?? noShapes;
    for (let index = 0; index < near.length && index < triesMax; index += 1) {
      const shape = near[index];
      if (shape === undefined || shape === this.#last || !this.#writeAs(shape, value, writer)) continue;
      near.splice(index, 1);
      near.unshift(shape);
      this.#last = shape;
      return true;
    }
    // Objects that are used as maps have a new shape each time.
    const found = this.#isGenerating && this.#looks.isWorthOne() ? this.#learn(value) : undefined;
    if (found === undefined || !this.#writeAs(found, value, writer)) return false;
    this.#last = found;
    this.#looks.succeed();
    return true;
  }

  #writeAs(shape: KnownShape, value: unknown, writer: ByteWriter): boolean {
    const tail = this.#tail;
    const at = writer.open(shape.room);
    const { buffer } = writer;
    tail.begin(buffer);
    const end = shape.write(value, buffer, at, tail);
    if (end < 0) return false;
    writer.close(end);
    if (tail.length > 0) writer.bytes(tail.written());
    return true;
  }

  #learn(value: object): KnownShape | undefined {
    this.#host.check(value);
    const seen = describeShape(value);
    if (seen === undefined) return undefined;
    const signature = signatureOf(seen);
    const known = this.#shapes.get(signature);
    if (known !== undefined) return this.#widen(known, seen, signature);
    const sighting = this.#sightings.get(signature) ?? { shape: seen, count: 0 };
    sighting.count += 1;
    sighting.shape = joinShapes(sighting.shape, seen);
    if (sighting.count >= sightingsNeeded) {
      this.#sightings.delete(signature);
      return this.#define(sighting.shape, signature);
    }
    if (this.#sightings.size >= sightingsMax) this.#sightings.clear();
    this.#sightings.set(signature, sighting);
    return undefined;
  }

  #widen(known: KnownShape, seen: ObjectShape, signature: string): KnownShape | undefined {
    const shape = joinShapes(known.shape, seen);
    // The same: it was not among the first tries.
    return shape === known.shape ? known : this.#define(shape, signature);
  }

  #define(shape: ObjectShape, signature: string): KnownShape | undefined {
    if (this.#count >= shapesMax) return undefined;
    const write = this.#generate(shape, this.#count);
    if (write === undefined) return undefined;
    const known = { shape, write, room: roomOf(shape), definitions: this.#host.define(shapeToBytes(shape)) };
    this.#count += 1;
    const firstKey = shape.keys[0] ?? '';
    const narrower = this.#shapes.get(signature);
    const near = (this.#byFirstKey.get(firstKey) ?? []).filter((other) => other !== narrower);
    this.#byFirstKey.set(firstKey, [known, ...near]);
    this.#shapes.set(signature, known);
    return known;
  }

  #generate(shape: ObjectShape, number: number): ShapeWriter | undefined {
    try {
      return generateWriter(shape, number);
    } catch {
      // Forbidden by a policy that came after the codec was made: no shape will be learnt any more.
      this.#isGenerating = false;
      return undefined;
    }
  }
}

interface KnownShape {
  readonly shape: ObjectShape;
  readonly write: ShapeWriter;
  readonly room: number;
  readonly definitions: number;
}

interface Sighting {
  shape: ObjectShape;
  count: number;
}

/** Times that a shape must come before it gets a number: enough to see the kinds of most leaves. */
const sightingsNeeded = 4;
/** Shapes whose sightings are remembered. */
const sightingsMax = 256;
/** Writers that are tried before a value is looked at closely. */
const triesMax = 8;
/** Values without a shape, one after the other, before looking becomes rare. */
const inVainMax = 1024;

const noShapes: KnownShape[] = [];

function firstKeyOf(value: object): string {
  for (const key in value) return key;
  return '';
}
