import { Packr } from 'msgpackr';
import { hasMap } from '../core/data.js';
import type { LaneCodec, LaneDecoder, LaneEncoder } from '../spi/codec.js';
import { assertEncodable, malformed } from './data-codec.js';
import { canGenerate } from './generate.js';
import { type ByteRange, common, inlineByte, type MsgpackForms, pack, plainByte, unpack } from './msgpack-forms.js';
import { SelfContainedEncoder, SharedDecoder, SharedEncoder } from './msgpack-lane.js';
import { inlineMode, MsgpackScanner, plainMode, type ScanMode } from './msgpack-scan.js';

/** How MessagePack is used. */
export interface MsgpackOptions {
  /**
   * False: no code is made from text, neither msgpackr's readers nor our compiled shapes. What is sent on lanes is self-contained,
   * larger and slower; what compiled senders send is still read. A process that forbids code from strings has it so by itself.
   * @defaultValue true
   */
  readonly codeGeneration?: boolean;
  /** False: lanes use msgpackr's shared records only, never a codec compiled for a shape. @defaultValue true */
  readonly compiledShapes?: boolean;
}

/** MessagePack as a codec; see `LaneCodec`. */
export function createMsgpackCodec(options: MsgpackOptions = {}): LaneCodec {
  const isGenerating = options.codeGeneration !== false && canGenerate();
  return new MsgpackCodec(isGenerating, options.compiledShapes !== false);
}

/** A peer with it reads values of compiled shapes, whether or not it makes code itself. */
export const shapesCapability = 'shapes-1';

/**
 * MessagePack by msgpackr. A first byte says how the rest is to be read: objects as maps (the usual, when nothing is a `Map`),
 * objects as records defined in place (when something is), records that the lane has defined, or a shape that it has defined. What
 * cannot be data is refused before it is encoded; what arrives is checked before it is decoded.
 */
class MsgpackCodec implements LaneCodec, MsgpackForms {
  readonly name = 'application/msgpack';
  readonly capabilities: readonly string[] = [shapesCapability];
  readonly #isGenerating: boolean;
  readonly #hasShapes: boolean;
  readonly #plain = new Packr({ ...common, useRecords: false, mapsAsObjects: true });
  readonly #inline = new Packr({ ...common, useRecords: true, mapsAsObjects: false });
  readonly #scanner = new MsgpackScanner();

  constructor(isGenerating: boolean, hasShapes: boolean) {
    this.#isGenerating = isGenerating;
    this.#hasShapes = hasShapes;
  }

  encode(value: unknown): Uint8Array {
    assertEncodable(value);
    return this.pack(value);
  }

  pack(value: unknown): Uint8Array {
    return hasMap(value) ? pack(this.#inline, value, inlineByte) : pack(this.#plain, value, plainByte);
  }

  decode(bytes: Uint8Array): unknown {
    return this.decodeRange(bytes, 0, bytes.length);
  }

  decodeRange(bytes: Uint8Array, start: number, end: number): unknown {
    const form = start < end ? bytes[start] : undefined;
    if (form === plainByte) return this.#unpack(this.#plain, plainMode, { bytes, start: start + 1, end });
    if (form === inlineByte) return this.#unpack(this.#inline, inlineMode, { bytes, start: start + 1, end });
    throw malformed(this.name, `it begins with ${String(form)}`);
  }

  createEncoder(capabilities: ReadonlySet<string>): LaneEncoder {
    if (!this.#isGenerating) return new SelfContainedEncoder(this);
    return new SharedEncoder(this, this.#hasShapes && capabilities.has(shapesCapability));
  }

  createDecoder(): LaneDecoder {
    return new SharedDecoder(this, this.#isGenerating);
  }

  #unpack(packr: Packr, mode: ScanMode, range: ByteRange): unknown {
    const fault = this.#scanner.scan(range.bytes, range.start, range.end, mode);
    if (fault !== undefined) throw malformed(this.name, fault);
    return unpack(packr, range);
  }
}
