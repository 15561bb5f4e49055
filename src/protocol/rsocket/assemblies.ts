import type { PayloadView } from '../../core/payload-view.js';
import { Assembly } from './assembly.js';
import type { EngineOptions } from './options.js';
import type { SlabPool } from './send-buffer.js';
import type { RsocketStream } from './stream.js';

/** All unfinished payloads of one connection, within the bounds of one payload and of all together. */
export class Assemblies {
  readonly #options: EngineOptions;
  readonly #pool: SlabPool;
  #bytes = 0;

  constructor(options: EngineOptions, pool: SlabPool) {
    this.#options = options;
    this.#pool = pool;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a fragment. `'too-large'` and `'malformed'` leave the stream's payload as it was: the caller ends the stream. */
  add(stream: RsocketStream, flags: number, fragment: PayloadView): 'added' | 'too-large' | 'malformed' {
    const byteCount = fragment.dataEnd - fragment.metadataStart;
    const length = (stream.assembly?.length ?? 0) + byteCount;
    if (length > this.#options.payloadMaxBytes || this.#bytes + byteCount > this.#options.assemblyMaxBytes) {
      return 'too-large';
    }
    stream.assembly ??= new Assembly(this.#pool, 0);
    if (!stream.assembly.add(fragment)) return 'malformed';
    stream.assembly.flags |= flags;
    this.#bytes += byteCount;
    return 'added';
  }

  /** Takes the payload off the stream. */
  take(stream: RsocketStream): Assembly | undefined {
    const assembly = stream.assembly;
    if (assembly === undefined) return undefined;
    stream.assembly = undefined;
    this.#bytes -= assembly.length;
    return assembly;
  }
}
