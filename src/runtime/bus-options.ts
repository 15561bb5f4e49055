import type { ClusterBusOptions } from '../bus/cluster-options.js';
import type { EventBusOptions } from '../bus/event-bus.js';
import { ClusterError } from '../core/errors.js';
import { checkFlag } from '../core/options.js';
import type { Codec } from '../spi/codec.js';

/** How the bus of a node behaves: middleware and access, checks of values, bounds for each peer. */
export interface NodeBusOptions extends EventBusOptions, ClusterBusOptions {
  /**
   * How values of events travel to nodes that have the same one; to others, and in requests, they travel in MessagePack. `'json'` carries
   * what JSON can and refuses the rest. A `Codec` of one's own MUST pass `checkCodec` of `scalebus/testing` and has a name of its
   * own. Raising nothing, it costs the shapes and records that make MessagePack fast here. @defaultValue 'msgpack'
   */
  readonly codec?: 'msgpack' | 'json' | Codec;
}

const bounds: Readonly<Record<keyof ClusterBusOptions, readonly [least: number, most: number]>> = {
  windowEventsMax: [64, 1_048_576],
  windowBytesMax: [65_536, 1_073_741_824],
  ownLaneEventsMax: [1, 1_048_576],
  exactRowsMax: [0, 65_536],
};
const hookNames: ReadonlySet<string> = new Set(['onPublish', 'onDeliver', 'allow']);

/** Checks; throws `invalid-options` naming the option. */
export function checkBusOptions(options: NodeBusOptions): NodeBusOptions {
  for (const [name, value] of Object.entries(options)) {
    const range = Object.entries(bounds).find(([bound]) => bound === name)?.[1];
    if (range !== undefined) checkBound(name, value, range);
    else if (name === 'hooks') checkHooks(value);
    else if (name === 'codec') checkCodecOption(value);
    else if (name === 'checkValues') checkFlag('option bus.checkValues', value ?? false);
    else {
      throw invalid(
        `there is no option bus.${name}; give hooks, checkValues, codec, ${Object.keys(bounds).join(', ')}`,
      );
    }
  }
  return options;
}

function checkBound(name: string, value: unknown, [least, most]: readonly [number, number]): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`option bus.${name} is ${JSON.stringify(value)}: give a whole number from ${least} to ${most}`);
}

function checkHooks(hooks: unknown): void {
  if (hooks === undefined) return;
  if (typeof hooks !== 'object' || hooks === null) throw invalid('option bus.hooks is no object of functions');
  for (const [name, hook] of Object.entries(hooks)) {
    if (!hookNames.has(name)) throw invalid(`there is no hook ${name}; give ${[...hookNames].join(', ')}`);
    if (hook !== undefined && typeof hook !== 'function') throw invalid(`hook ${name} is no function`);
  }
}

function checkCodecOption(codec: unknown): void {
  if (codec === undefined || codec === 'msgpack' || codec === 'json' || isCodec(codec)) return;
  throw invalid("option bus.codec: give 'msgpack', 'json' or an object of name, encode and decode");
}

function isCodec(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, encode, decode }: { name?: unknown; encode?: unknown; decode?: unknown } = value;
  const isNamed = typeof name === 'string' && /^[\x21-\x7e]{1,64}$/.test(name);
  return isNamed && typeof encode === 'function' && typeof decode === 'function';
}

function invalid(message: string): ClusterError {
  return new ClusterError('invalid-options', message);
}
