/** Every system that the bench knows, in the order in which rounds go. */
import type { Entry, Kind, ServerProgram } from './contender.js';
import type { Payload } from './payload.js';

const natsServer: ServerProgram = {
  program: 'nats-server',
  get: 'apt-get install nats-server',
  args: (port) => ['--addr', '127.0.0.1', '--port', port.toString()],
};
const redisServer: ServerProgram = {
  program: 'redis-server',
  get: 'apt-get install redis-server',
  // No persistence: publish and subscribe never touch the disk.
  args: (port) => ['--bind', '127.0.0.1', '--port', port.toString(), '--save', '', '--appendonly', 'no'],
};
const mosquitto: ServerProgram = {
  program: 'mosquitto',
  get: 'apt-get install mosquitto',
  args: (port) => ['-p', port.toString()],
};

/** scalebus. */
export const itself: Entry = {
  name: 'scalebus',
  family: 'scalebus',
  module: 'bench/ours/node.ts',
  variant: '',
  does: ['rpc', 'bus', 'stream', 'cluster', 'local'],
  settings: 'defaults',
  packages: false,
  groups: true,
  confirms: true,
};
const msgpackrAlone: Entry = {
  ...itself,
  name: 'scalebus-msgpackr',
  family: 'scalebus-msgpackr',
  variant: 'msgpackr',
  does: ['bus'],
  only: 'iot',
  settings: "defaults but compiledShapes: false, so that every object travels in msgpackr's format with shared records",
};
const awakeItself: Entry = {
  ...itself,
  name: 'scalebus-awake',
  family: 'scalebus-awake',
  variant: 'awake',
  does: ['rpc', 'bus'],
  ofLimit: 'limit-awake',
  byName: true,
  settings: 'defaults but awakeMaxUs: 500, so that a process stays awake for the answer to what it sent',
};
const limit: Entry = {
  name: 'limit',
  family: 'limit',
  module: 'bench/limit/limit.ts',
  variant: 'tcp',
  does: ['rpc', 'bus', 'stream'],
  settings: '64 KiB slab, one write a turn, 256 KiB receive buffer; msgpackr shared structures',
  packages: false,
};

/** All contenders: ours, the limits, then the peers. */
export const entries: readonly Entry[] = [
  itself,
  msgpackrAlone,
  awakeItself,
  limit,
  {
    ...limit,
    name: 'limit-awake',
    family: 'limit-awake',
    variant: 'awake',
    does: ['rpc'],
    ofLimit: 'limit-awake',
    byName: true,
    settings: `${limit.settings}; stays awake for up to 500 us after a write, until a frame comes, as scalebus-awake does`,
  },
  {
    ...limit,
    name: 'limit-unix',
    family: 'limit-unix',
    variant: 'unix',
    byName: true,
    settings: `${limit.settings}; Unix socket`,
  },
  {
    name: 'bare-node',
    family: 'bare-node',
    module: 'bench/limit/bare-node.ts',
    variant: '',
    does: ['cluster'],
    settings: 'a process that does nothing',
    packages: false,
  },
  ...moleculer(),
  ...nats(),
  {
    name: 'redis',
    family: 'redis',
    module: 'bench/peers/redis.ts',
    variant: '',
    does: ['bus'],
    settings: 'ioredis, automatic pipelining, JSON for objects',
    packages: true,
    broker: redisServer,
  },
  {
    name: 'mosquitto',
    family: 'mqtt',
    module: 'bench/peers/mqtt.ts',
    variant: '',
    does: ['bus'],
    settings: 'mqtt.js, QoS 0, JSON for objects',
    packages: true,
    broker: mosquitto,
  },
  {
    name: 'aedes',
    family: 'mqtt',
    module: 'bench/peers/mqtt.ts',
    variant: '',
    does: ['bus'],
    settings: 'mqtt.js, QoS 0, JSON for objects',
    packages: true,
    broker: 'own',
  },
  ...zeromq(),
  {
    name: 'grpc',
    family: 'grpc',
    module: 'bench/peers/grpc.ts',
    variant: '',
    does: ['rpc', 'stream'],
    settings: 'grpc-js, one channel, bytes method; msgpackr shared for objects',
    packages: true,
  },
  {
    name: 'cote',
    family: 'cote',
    module: 'bench/peers/cote.ts',
    variant: '',
    does: ['rpc', 'bus'],
    settings: 'own JSON protocol over TCP',
    packages: true,
  },
  ...rsocket(),
  ...local(),
];

function moleculer(): Entry[] {
  const base: Entry = {
    name: 'moleculer',
    family: 'moleculer',
    module: 'bench/peers/moleculer.ts',
    variant: 'JSON',
    does: ['rpc', 'bus', 'stream', 'cluster', 'local'],
    settings: 'TCP transporter, JSON, no metrics, no validator, no context tracking; broadcast',
    packages: true,
    groups: true,
  };
  const settings = (serializer: string): string => base.settings.replace('JSON', serializer);
  return [
    base,
    {
      ...base,
      name: 'moleculer-notepack',
      variant: 'Notepack',
      does: ['rpc', 'bus'],
      settings: settings('Notepack'),
    },
    {
      ...base,
      name: 'moleculer-cbor',
      variant: 'CBOR',
      does: ['rpc', 'bus'],
      settings: settings('CBOR'),
    },
  ];
}

function nats(): Entry[] {
  const base: Entry = {
    name: 'nats',
    family: 'nats',
    module: 'bench/peers/nats.ts',
    variant: 'JSON',
    does: ['rpc', 'bus', 'cluster'],
    settings: 'transport-node, callbacks, no traces of requests, one message an event, JSON for objects',
    packages: true,
    groups: true,
    broker: natsServer,
  };
  return [
    base,
    {
      ...base,
      name: 'nats-msgpackr',
      variant: 'msgpackr',
      does: ['rpc', 'bus'],
      only: 'iot',
      settings: 'transport-node, callbacks, no traces of requests, one message an event, msgpackr',
    },
    {
      ...base,
      name: 'nats-batched',
      variant: 'batched',
      does: ['bus'],
      only: 'iot',
      settings: 'transport-node, callbacks, batches of 64 by the application, msgpackr shared',
    },
  ];
}

function zeromq(): Entry[] {
  const base: Entry = {
    name: 'zeromq',
    family: 'zeromq',
    module: 'bench/peers/zeromq.ts',
    variant: 'single',
    does: ['rpc', 'bus'],
    settings: 'publish/subscribe and dealer/router, water marks off, msgpackr shared for objects',
    packages: true,
  };
  const settings = 'as zeromq, batches of 64 by the application, msgpackr shared';
  return [base, { ...base, name: 'zeromq-batched', variant: 'batched', does: ['bus'], only: 'iot', settings }];
}

function rsocket(): Entry[] {
  return [
    {
      name: 'rsocket-0.0.27',
      family: 'rsocket',
      module: 'bench/peers/rsocket-old.ts',
      variant: '',
      does: ['rpc', 'bus', 'stream'],
      settings: 'BufferEncoders and no delay on both transports; msgpackr shared for objects; fire-and-forget',
      packages: true,
    },
    {
      name: 'rsocket-alpha.3',
      family: 'rsocket',
      module: 'bench/peers/rsocket-alpha.ts',
      variant: '',
      does: ['rpc', 'bus', 'stream'],
      settings: 'no delay on both transports; msgpackr shared for objects; fire-and-forget',
      packages: true,
    },
  ];
}

function local(): Entry[] {
  const base = { module: 'bench/peers/local.ts', does: ['local' as const], packages: true };
  return [
    { ...base, name: 'rxjs', family: 'rxjs', variant: 'rxjs', settings: 'a Subject for each topic', packages: false },
    { ...base, name: 'events', family: 'events', variant: 'events', settings: 'EventEmitter of Node', packages: false },
    {
      ...base,
      name: 'eventemitter2',
      family: 'eventemitter2',
      variant: 'eventemitter2',
      settings: 'delimiter /, and wildcard only in the cases with wildcards',
    },
    { ...base, name: 'mqemitter', family: 'mqemitter', variant: 'mqemitter', settings: 'concurrency 0 (no limit)' },
  ];
}

/** Which contenders a run takes. */
export interface Choice {
  readonly kind: Kind;
  readonly ours: boolean;
  readonly peers: readonly string[];
  readonly payload?: Payload | undefined;
}

/** The contenders of a run, in order. Throws RangeError for a name that nobody has. */
export function chooseEntries({ kind, ours: withOurs, peers, payload }: Choice): Entry[] {
  for (const peer of peers) {
    const known = peer === 'all' || entries.some(({ name, family }) => name === peer || family === peer);
    if (!known) throw new RangeError(`no contender is called ${peer}; see --list`);
  }
  return entries.filter(({ name, family, does, only, byName = false }) => {
    if (!does.includes(kind)) return false;
    if (only !== undefined && payload !== undefined && (only === 'iot') !== (payload === 'iot')) return false;
    if (family.startsWith('scalebus') && !withOurs) return false;
    return name === 'scalebus' || peers.includes(name) || peers.includes(family) || (!byName && peers.includes('all'));
  });
}

/** The family of a contender's name. */
export function familyOf(peer: string): string {
  return entries.find(({ name }) => name === peer)?.family ?? peer;
}
