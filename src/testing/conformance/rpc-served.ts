import { of, Subject } from 'rxjs';
import {
  call,
  channel,
  defineService,
  type MethodDefinition,
  type MethodOptions,
  oneWay,
  type ServiceContract,
  stream,
} from '../../cluster/rpc/contract.js';
import type { ServiceClient, ServiceHandlers } from '../../cluster/rpc/service-types.js';
import { fromCredit, withOverflow } from '../../cluster/rpc/sources.js';
import { ClusterError } from '../../core/errors.js';
import type { RpcFixture } from './rpc-fixture.js';

const positive: NonNullable<MethodOptions<number, number>['input']> = {
  '~standard': {
    version: 1,
    vendor: 'conformance',
    validate: (value) =>
      typeof value === 'number' && value > 0
        ? { value }
        : { issues: [{ message: 'must be positive', path: ['celsius'] }] },
  },
};

type SampleMethods = {
  readonly echo: MethodDefinition<'call', unknown, unknown>;
  readonly once: MethodDefinition<'call', string, string>;
  readonly bytes: MethodDefinition<'call', Uint8Array, Uint8Array>;
  readonly checked: MethodDefinition<'call', number, number>;
  readonly fail: MethodDefinition<'call', string, string>;
  readonly hang: MethodDefinition<'call', string, string>;
  readonly where: MethodDefinition<'call', void, Where>;
  readonly observed: MethodDefinition<'call', number, number>;
  readonly count: MethodDefinition<'stream', number, number>;
  readonly endless: MethodDefinition<'stream', string, number>;
  readonly credited: MethodDefinition<'stream', number, number>;
  readonly lossy: MethodDefinition<'stream', void, number>;
  readonly failing: MethodDefinition<'stream', number, number>;
  readonly upper: MethodDefinition<'channel', string, string>;
  readonly early: MethodDefinition<'channel', string, string>;
  readonly note: MethodDefinition<'one-way', string, void>;
};

/** The contract that the suite of calls uses. */
export const sample: ServiceContract<SampleMethods> = defineService('conformance.sample', {
  version: '1.0.0',
  methods: {
    echo: call<unknown, unknown>({ idempotent: true }),
    once: call<string, string>(),
    bytes: call<Uint8Array, Uint8Array>({ raw: true }),
    checked: call({ input: positive, output: positive }),
    fail: call<string, string>(),
    hang: call<string, string>(),
    where: call<void, Where>(),
    observed: call<number, number>(),
    count: stream<number, number>(),
    endless: stream<string, number>(),
    credited: stream<number, number>(),
    lossy: stream<void, number>(),
    failing: stream<number, number>(),
    upper: channel<string, string>(),
    early: channel<string, string>(),
    note: oneWay<string>(),
  },
});

interface Where {
  readonly caller: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly depth: number;
  readonly hasDeadline: boolean;
}

/** The handlers of `sample` at the second node, and what they saw. */
export class Served {
  readonly notes: string[] = [];
  readonly aborted: string[] = [];
  readonly runs: string[] = [];
  readonly source: Subject<number> = new Subject();
  produced = 0;
  asked = 0;
  readonly client: ServiceClient<SampleMethods>;
  readonly #waiting: (() => void)[] = [];

  constructor({ one, two }: RpcFixture) {
    two.register(sample, this.handlers());
    this.client = one.client(sample);
  }

  /** Lets every handler that hangs end. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** What it serves; another node may serve the same. */
  handlers(): ServiceHandlers<SampleMethods> {
    return {
      echo: (input) => input,
      once: (input) => {
        this.runs.push(input);
        return input;
      },
      bytes: (input) => input.toReversed(),
      checked: (input) => (input === 13 ? -1 : input + 1),
      fail: (input) => {
        if (input === 'plain') throw new TypeError('the handler broke', { cause: new RangeError('too far') });
        throw new ClusterError('not-found', 'no such device', { details: { device: input } });
      },
      hang: (input, context) => {
        context.signal.addEventListener('abort', () => this.aborted.push(input));
        return new Promise((resolve) => {
          this.#waiting.push(() => resolve('late'));
        });
      },
      where: (_input, context) => {
        const { caller, headers, depth } = context;
        const leftMs = context.remainingMs();
        // A sum of fractions of a millisecond may come out a little above what was asked for.
        return { caller, headers: { ...headers }, depth, hasDeadline: leftMs > 0 && leftMs < 10_001 };
      },
      observed: (input) => of(input * 2),
      count: (input) => countTo(input),
      endless: (input, context) => this.#endless(input, context.signal),
      credited: (input) =>
        fromCredit((request) => {
          let sent = 0;
          request.onCredit((count) => {
            this.asked += count;
            for (let index = 0; index < count && sent < input; index += 1) request.next((sent += 1));
            if (sent === input) request.complete();
          });
        }),
      lossy: () => withOverflow(this.source, 'drop-oldest', 4),
      failing: (input) => failAfter(input),
      upper: (input) => upper(input),
      early: () => ['only'],
      note: (input) => {
        this.notes.push(input);
      },
    };
  }

  async *#endless(name: string, signal: AbortSignal): AsyncGenerator<number, void, undefined> {
    signal.addEventListener('abort', () => this.aborted.push(name));
    for (;;) {
      this.produced += 1;
      yield this.produced;
    }
  }
}

function* countTo(end: number): Generator<number, void, undefined> {
  for (let value = 1; value <= end; value += 1) yield value;
}

async function* failAfter(count: number): AsyncGenerator<number, void, undefined> {
  yield* countTo(count);
  throw new Error('the source broke');
}

async function* upper(input: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const word of input) yield word.toUpperCase();
}
