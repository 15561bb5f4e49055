/**
 * The rooms of `src`, who may import whom, and what each may use from outside: the tables behind
 * docs/architecture.md. Adding a line here is a decision about the architecture.
 */

/** A package or Node module that a room may use. */
export interface Permit {
  readonly name: RegExp;
  /** Only these files of the room may use it. */
  readonly files?: RegExp;
  /** Must be loaded by `import()`, because a user may not have installed it; types may be imported. */
  readonly dynamic?: boolean;
}

const base = ['core', 'spi'];
const protocols = ['protocol/swim', 'protocol/rsocket', 'protocol/table', 'protocol/rpc', 'protocol/bus'];
const innerRooms = [
  'reactive',
  'codec',
  'cluster/transport',
  'cluster/membership',
  'cluster/link',
  'cluster/table',
  'cluster/rpc',
  'bus',
  'device/network',
  'device/session',
  'device/gateway',
  'rule',
];

/** Room to the rooms that it may import, itself aside. A room not named here may not exist. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  spi: ['core'],
  // One layer. Only the bus stands on another law: its interest is a table.
  'protocol/swim': base,
  'protocol/rsocket': base,
  'protocol/table': base,
  'protocol/rpc': base,
  'protocol/bus': [...base, 'protocol/table'],
  reactive: base,
  codec: base,
  'cluster/transport': base,
  'cluster/membership': [...base, 'protocol/swim'],
  'cluster/link': [...base, 'protocol/rsocket'],
  'cluster/table': [...base, 'protocol/table'],
  'cluster/rpc': [...base, 'reactive', 'protocol/rpc'],
  bus: [...base, 'reactive', 'protocol/bus', 'protocol/table'],
  'device/network': [...base, 'reactive'],
  'device/session': [...base, 'reactive'],
  'device/gateway': [...base, 'reactive'],
  rule: [...base, 'reactive'],
  runtime: [...base, ...protocols, ...innerRooms],
  cli: [...base, ...protocols, ...innerRooms, 'runtime'],
  testing: [...base, ...protocols, ...innerRooms, 'runtime'],
  // src/index.ts
  '.': [...base, ...protocols, ...innerRooms, 'runtime'],
};

/**
 * RxJS by its parts: the main entry loads all of it, 80 ms of CPU that every start of a node would pay. Types may come from there.
 * What only programs of users load may take the main entry.
 */
const rxjs: readonly Permit[] = [
  { name: /^rxjs\/internal\// },
  { name: /^rxjs$/, files: /\/(time-operators|conformance\/[\w-]+)\.ts$/ },
  { name: /^rxjs$/, dynamic: true },
];
const node: Permit = { name: /^node:/ };

/** Room to what it may use from outside the source. A room not named here uses nothing. */
export const mayUse: Readonly<Record<string, readonly Permit[]>> = {
  reactive: [...rxjs],
  codec: [{ name: /^msgpackr$/ }],
  'cluster/transport': [{ name: /^node:(net|tls|dgram)$/ }],
  'cluster/membership': [{ name: /^node:(dns\/promises|fs|fs\/promises)$/ }],
  'cluster/link': [
    {
      name: /^rsocket-(core|tcp-client|tcp-server|flowable)(\/|$)/,
      files: /\/(rsocket-js[\w-]*|[\w-]+-adapter)\.ts$/,
      dynamic: true,
    },
  ],
  'cluster/rpc': [
    ...rxjs,
    { name: /^@opentelemetry\/api$/ },
    { name: /^node:async_hooks$/ },
    // The trace API is required when it is in the process already; see call-scope.
    { name: /^node:module$/ },
    { name: /^@standard-schema\/spec$/ },
  ],
  bus: [...rxjs],
  'device/network': [...rxjs, { name: /^mqtt-packet$/ }],
  'device/session': [...rxjs],
  'device/gateway': [...rxjs],
  rule: [...rxjs, { name: /^@marcbachmann\/cel-js(\/|$)/ }, { name: /^yaml$/ }],
  runtime: [node, ...rxjs],
  cli: [node, { name: /^(commander|yaml|log-update|picocolors)$/ }],
  testing: [node, ...rxjs],
};

/** Rooms that may say `Buffer`; everybody else says `Uint8Array`. */
export const mayNameBuffer: ReadonlySet<string> = new Set([
  'codec',
  'cluster/transport',
  // Its packet parser and generator take and give Buffers.
  'device/network',
]);

/** Files that may read the real clock and real chance. */
export const realTime: RegExp = /^src\/(runtime\/|testing\/(sim-cli|real-[\w-]+)\.ts$)/;

const groups = new Set(['protocol', 'cluster', 'device']);

/**
 * `src/bus/x.ts` is in `bus`, `src/cluster/rpc/x.ts` in `cluster/rpc`, `src/index.ts` in `.`;
 * a file outside `src` is in no room.
 */
export function roomOf(path: string): string | undefined {
  const [top, first, second, third] = path.split('/');
  if (top !== 'src' || first === undefined) return undefined;
  if (second === undefined) return first === 'index.ts' ? '.' : first;
  return groups.has(first) && third !== undefined ? `${first}/${second}` : first;
}
