import { frameBytesMax, metadataBytesMax, payloadBytesMax } from '../../core/limits.js';

/** Bounds of one connection. */
export interface EngineOptions {
  /** Longest frame accepted. Stock clients may send up to the 24-bit limit. @defaultValue 16777215 */
  readonly frameMaxBytes: number;
  /** Longest frame accepted before SETUP and `trust`. @defaultValue 65536 */
  readonly strangerFrameMaxBytes: number;
  /** Longest payload put together from fragments. @defaultValue 67108864 */
  readonly payloadMaxBytes: number;
  /** Longest metadata of one request or item, in fragments or not. @defaultValue 65536 */
  readonly metadataMaxBytes: number;
  /** Bytes of all unfinished payloads of one connection. @defaultValue 134217728 */
  readonly assemblyMaxBytes: number;
  /** Streams open at once in each direction. @defaultValue 65536 */
  readonly streamsMax: number;
  /** Longer payloads go by reference, in fragments. At most a third of a slab. @defaultValue 16896: 16 KiB and room for metadata */
  readonly longPayloadBytes: number;
  /** Payload bytes of one fragment. Stock peers put fragments together in time that grows with their number squared. @defaultValue 65536 */
  readonly fragmentMaxBytes: number;
  /** Fragment bytes written in one turn of the event loop. @defaultValue 262144 */
  readonly turnMaxBytes: number;
  /** Bytes of long payloads that may be on their way to a peer of ours beside short frames; see pace.ts. @defaultValue 262144 */
  readonly longWindowBytes: number;
  /** Above it every stream's credit reads 0. @defaultValue 1048576 */
  readonly highWaterBytes: number;
  /** Above it nothing is opened, and a peer that makes us answer without reading loses the connection. @defaultValue 67108864 */
  readonly bufferedMaxBytes: number;
  /** Unreadable frames that a connection survives. @defaultValue 64 */
  readonly malformedMax: number;
  /** Where stream ids begin, for tests of the wrap; odd for a client, even for a server. @defaultValue 1 or 2 */
  readonly firstStreamId: number | undefined;
}

/** Fills in the defaults. */
export function resolveEngineOptions(options: Partial<EngineOptions> = {}): EngineOptions {
  return { ...engineDefaults, ...options };
}

const engineDefaults: EngineOptions = {
  frameMaxBytes: frameBytesMax,
  strangerFrameMaxBytes: 65_536,
  payloadMaxBytes: payloadBytesMax,
  metadataMaxBytes: metadataBytesMax,
  assemblyMaxBytes: 134_217_728,
  streamsMax: 65_536,
  longPayloadBytes: 16_896,
  fragmentMaxBytes: 65_536,
  turnMaxBytes: 262_144,
  longWindowBytes: 262_144,
  highWaterBytes: 1_048_576,
  bufferedMaxBytes: 67_108_864,
  malformedMax: 64,
  firstStreamId: undefined,
};
