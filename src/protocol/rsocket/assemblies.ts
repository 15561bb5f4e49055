import type { PayloadView } from '../../core/payload-view.js';
import { Assembly } from './assembly.js';
import type { EngineOptions } from './options.js';
import type { SlabPool } from './send-buffer.js';
import type { RsocketStream } from './stream.js';

/** All unfinished payloads of one connection, within the bounds of one payload, its metadata, and all together. */
export class Assemblies {
  readonly #options: EngineOptions;
  readonly #pool: SlabPool;
  #bytes = 0;

  constructor(options: EngineOptions, pool: SlabPool) {
    this.#options = options;
    this.#pool = pool;
  }

  /** Bytes held, announced ones that are believed among them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The sender says how long a payload will be whose first fragment came. It is only believed later, and only within the bounds. */
  announce(stream: RsocketStream, length: number): boolean {
    if (stream.assembly === undefined || length < 1) return false;
    stream.assembly.announced = length;
    return true;
  }

  /** Adds a fragment. `'too-large'` and `'malformed'` leave the stream's payload as it was: the caller ends the stream. */
  add(stream: RsocketStream, flags: number, fragment: PayloadView): 'added' | 'too-large' | 'malformed' {
    const byteCount = fragment.dataEnd - fragment.metadataStart;
    const before = stream.assembly?.heldBytes ?? 0;
    const length = (stream.assembly?.length ?? 0) + byteCount;
    const metadataBytes = (stream.assembly?.metadataBytes ?? 0) + fragment.metadataLength;
    if (metadataBytes > this.#options.metadataMaxBytes) return 'too-large';
    const more = Math.max(0, length - before);
    if (length > this.#options.payloadMaxBytes || this.#bytes + more > this.#options.assemblyMaxBytes) {
      return 'too-large';
    }
    const assembly = (stream.assembly ??= new Assembly(this.#pool, 0));
    if (assembly.announced > 0 && this.#isBelieved(assembly)) assembly.believe();
    const isAdded = assembly.add(fragment);
    // What was believed is held even when the fragment is not, and `take` gives all of it back.
    this.#bytes += assembly.heldBytes - before;
    if (!isAdded) return 'malformed';
    assembly.flags |= flags;
    return 'added';
  }

  #isBelieved({ announced, length, heldBytes }: Assembly): boolean {
    if (announced > length * believedTimes || announced > this.#options.payloadMaxBytes) return false;
    return this.#bytes + announced - heldBytes <= this.#options.assemblyMaxBytes;
  }

  /** Takes the payload off the stream. */
  take(stream: RsocketStream): Assembly | undefined {
    const assembly = stream.assembly;
    if (assembly === undefined) return undefined;
    stream.assembly = undefined;
    this.#bytes -= assembly.heldBytes;
    return assembly;
  }
}

/** Announced bytes that are allocated for each one that came. */
const believedTimes = 256;
