import { ClusterError } from '../core/errors.js';
import {
  checkFlag,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptionNames,
  checkWord,
  optionError,
} from '../core/options.js';
import { findLaneFault } from '../protocol/bus/interest-row.js';
import type { Gap, GroupStrategy, OverflowPolicy, SubscribeOptions } from '../spi/bus.js';
import type { Wanted } from './wanted.js';

/** `SubscribeOptions` with every default applied. */
export interface ResolvedSubscribeOptions {
  /** `undefined`: it goes by its number. */
  readonly id: string | undefined;
  readonly local: boolean;
  readonly broker: boolean;
  readonly group: { readonly name: string; readonly strategy: GroupStrategy } | undefined;
  readonly priority: number;
  readonly concurrencyMax: number;
  readonly queueMax: number;
  readonly overflow: OverflowPolicy;
  readonly decode: ((value: unknown) => unknown) | undefined;
  /** 0: nothing is measured. */
  readonly measureEvery: number;
  readonly onGap: ((gap: Gap) => void) | undefined;
  readonly onDropped: ((count: number) => void) | undefined;
}

/** Applies defaults and checks; throws `invalid-options` and names the option. */
export function resolveSubscribeOptions(options: SubscribeOptions): ResolvedSubscribeOptions {
  return options === noSubscribeOptions ? defaults : resolve(options);
}

/** Says whether events for a subscription travel on a lane of its own: lossless ones do. */
export function hasOwnLane(options: ResolvedSubscribeOptions): boolean {
  return options.overflow === 'block';
}

/** Says whether the shared lane may bring something for it: a build that knows no lanes of members brings it a group's events there. */
export function usesSharedLane(options: ResolvedSubscribeOptions): boolean {
  return !hasOwnLane(options) || options.group !== undefined;
}

/** Throws `invalid-options` when peers could not learn what a subscription wants: it would get nothing from them, or what it does not want. */
export function assertTravels(options: ResolvedSubscribeOptions, wanted: Wanted): void {
  if (!options.broker) return;
  if (options.group !== undefined && wanted.only !== undefined) {
    fail(
      'only',
      'other nodes choose a member of a group by its patterns alone; use a group with broker: false, or no group',
    );
  }
  if (!hasOwnLane(options)) return;
  const fault = findLaneFault(
    wanted.patterns.map(({ text }) => text),
    options.group?.name,
  );
  if (fault !== undefined) fail('overflow', `a block subscription for other nodes wants ${fault}; make several of it`);
}

/** Events that one item of a lossless lane may carry: a quarter of what its subscription can take, so that items overlap. */
export function laneBatchMax(options: ResolvedSubscribeOptions): number {
  return Math.max(1, Math.min(64, Math.floor((options.queueMax + options.concurrencyMax) / 4)));
}

/** Lossless subscriptions of one node that listen to others: each is a lane from every peer. */
export const lanesOfNodeMax = 1024;

/** No options: all who have none share one resolved object. */
export const noSubscribeOptions: SubscribeOptions = Object.freeze({});

function resolve(options: SubscribeOptions): ResolvedSubscribeOptions {
  checkOptionNames(options, optionNames, 'a subscription');
  const overflow = resolveOverflow(options.overflow);
  const concurrencyMax = options.concurrencyMax ?? 256;
  checkNumber('concurrencyMax', concurrencyMax, 1, Number.POSITIVE_INFINITY);
  const queueMax = overflow === 'latest' ? 1 : (options.queueMax ?? 1024);
  checkNumber('queueMax', queueMax, 1, queueLimit);
  const priority = options.priority ?? 0;
  checkInteger('priority', priority, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const measureEvery = options.measureEvery ?? 0;
  checkInteger('measureEvery', measureEvery, 0, Number.MAX_SAFE_INTEGER);
  const local = options.local ?? true;
  const broker = options.broker ?? true;
  checkFlag('local', local);
  checkFlag('broker', broker);
  for (const name of ['decode', 'onGap', 'onDropped'] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name]);
  }
  if (!local && !broker) fail('local', 'with broker false as well, nothing can ever come');
  return {
    id: options.id === undefined ? undefined : resolveName('id', options.id),
    local,
    broker,
    group: resolveGroup(options.group),
    priority,
    concurrencyMax,
    queueMax,
    overflow,
    decode: options.decode,
    measureEvery,
    onGap: options.onGap,
    onDropped: options.onDropped,
  };
}

function resolveOverflow(overflow: OverflowPolicy = 'drop-oldest'): OverflowPolicy {
  checkWord('overflow', overflow, overflowPolicies);
  return overflow;
}

/** Most events that one subscription may let wait. */
export const queueLimit = 10_000_000;

/** Longest group name and subscription id: they travel to every peer. */
const nameLengthMax = 128;

const optionNames: ReadonlySet<string> = new Set<keyof SubscribeOptions>([
  'id',
  'local',
  'broker',
  'group',
  'priority',
  'concurrencyMax',
  'queueMax',
  'overflow',
  'only',
  'decode',
  'measureEvery',
  'onGap',
  'onDropped',
]);

const groupNames: ReadonlySet<string> = new Set(['name', 'strategy']);

/** What may happen to an event that a full queue has no room for. */
export const overflowPolicies: ReadonlySet<string> = new Set<OverflowPolicy>([
  'block',
  'drop-oldest',
  'drop-newest',
  'latest',
  'error',
]);

const strategies: ReadonlySet<string> = new Set<GroupStrategy>([
  'random',
  'local-first',
  'oldest',
  'hashed',
  'least-in-flight',
]);

const defaults: ResolvedSubscribeOptions = resolve({});

function resolveGroup(group: SubscribeOptions['group']): ResolvedSubscribeOptions['group'] {
  if (group === undefined) return undefined;
  checkOptionNames(group, groupNames, 'group');
  checkWord('group.strategy', group.strategy, strategies);
  return { name: resolveName('group.name', group.name), strategy: group.strategy };
}

function resolveName(option: string, name: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= nameLengthMax) return name;
  throw optionError(option, `give a text of 1 to ${nameLengthMax} characters`, name);
}

function fail(option: string, why: string): never {
  throw new ClusterError('invalid-options', `${option}: ${why}`);
}
