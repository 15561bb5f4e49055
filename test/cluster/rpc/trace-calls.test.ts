import assert from 'node:assert/strict';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { call, defineService, stream } from '../../../src/cluster/rpc/contract.js';
import type { RpcRoom } from '../../../src/cluster/rpc/rpc-room.js';
import { traceCalls } from '../../../src/cluster/rpc/trace-calls.js';
import { ClusterError } from '../../../src/core/errors.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const chain = defineService('chain', {
  version: '1.0.0',
  methods: {
    first: call<void, Seen>(),
    second: call<void, Seen>(),
    fail: call(),
    items: stream<void, Seen>(),
    broken: stream<void, Seen>(),
  },
});

interface Seen {
  readonly traceId: string | undefined;
  readonly tenant: string | undefined;
}

describe('a trace with the OpenTelemetry SDK', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let simulator: Simulator;
  let cluster: MemoryRpc;
  let caller: RpcRoom;

  before(() => provider.register());
  after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
  });
  beforeEach(async () => {
    exporter.reset();
    simulator = new Simulator({ seed: 3 });
    cluster = new MemoryRpc(simulator, simulator.random);
    for (const name of ['a', 'b']) serve((await cluster.add(name, traceCalls())).rpc);
    caller = (await cluster.add('caller', traceCalls())).rpc;
    await simulator.runAsync(100);
  });
  afterEach(() => cluster.stop());

  it('reaches handlers over two hops, with baggage, and its spans are exported as one tree', async () => {
    const seen = await inTrace(() => caller.client(chain).first(undefined, { node: 'a' }));
    const spans = exporter.getFinishedSpans();
    const root = spans.find((span) => span.name === 'root');
    const traceId = root?.spanContext().traceId;
    assert.deepEqual(seen, { traceId, tenant: 'north' });
    const parentOf = (name: string, kind: string): string | undefined => {
      const span = spans.find((one) => one.name === name && kindOf(one) === kind);
      const parent = spans.find((one) => one.spanContext().spanId === span?.parentSpanContext?.spanId);
      return parent && `${parent.name} ${kindOf(parent)}`;
    };
    assert.equal(parentOf('chain/first', 'CLIENT'), 'root INTERNAL');
    assert.equal(parentOf('chain/first', 'SERVER'), 'chain/first CLIENT');
    assert.equal(parentOf('chain/second', 'CLIENT'), 'chain/first SERVER');
    assert.equal(parentOf('chain/second', 'SERVER'), 'chain/second CLIENT');
    assert.ok(spans.every((span) => span.spanContext().traceId === traceId));
    assert.deepEqual(spans.find((span) => kindOf(span) === 'SERVER')?.attributes, {
      'rpc.system': 'scalebus',
      'rpc.service': 'chain',
      'rpc.method': 'second',
    });
  });

  it('reaches the handler of a stream', async () => {
    const [first] = await inTrace(async () => {
      const all: Seen[] = [];
      for await (const item of caller.client(chain).items()) all.push(item);
      return all;
    });
    const spans = exporter.getFinishedSpans();
    assert.deepEqual(first, { traceId: spans[0]?.spanContext().traceId, tenant: 'north' });
    assert.ok(spans.some((span) => span.name === 'chain/items' && kindOf(span) === 'SERVER'));
  });

  it('has a span at the caller of a stream, the parent of the handler’s, for each taking in each of the three forms', async () => {
    const items = caller.client(chain).items();
    await inTrace(async () => {
      const taken: Seen[] = [];
      for await (const item of items) taken.push(item);
      await items.drain(1, (item) => taken.push(item));
      await new Promise<void>((resolve, reject) => {
        items.toObservable().subscribe({ next: (item) => taken.push(item), complete: resolve, error: reject });
      });
      assert.equal(taken.length, 6);
    });
    const spans = exporter.getFinishedSpans().filter((span) => span.name === 'chain/items');
    const callers = spans.filter((span) => kindOf(span) === 'CLIENT');
    const handlers = spans.filter((span) => kindOf(span) === 'SERVER');
    assert.equal(callers.length, 3);
    assert.deepEqual(
      handlers.map((span) => span.parentSpanContext?.spanId),
      callers.map((span) => span.spanContext().spanId),
    );
    assert.ok(callers.every((span) => span.status.code === SpanStatusCode.UNSET));
  });

  it('ends the span of a stream when its consumer leaves', async () => {
    const items = caller.client(chain).items();
    const finished = (): number => exporter.getFinishedSpans().filter((span) => kindOf(span) === 'CLIENT').length;
    await inTrace(async () => {
      for await (const item of items) {
        assert.equal(finished(), 0);
        assert.ok(item.traceId !== undefined);
        break;
      }
    });
    assert.equal(finished(), 1);
    items.toObservable().subscribe().unsubscribe();
    assert.equal(finished(), 2);
  });

  it('says in the span of a stream why it failed', async () => {
    const client = caller.client(chain);
    const take = async (): Promise<void> => {
      for await (const item of client.broken()) assert.ok(item);
    };
    const observe = (): Promise<void> =>
      new Promise((resolve, reject) => {
        client.broken().toObservable().subscribe({ complete: resolve, error: reject });
      });
    for (const work of [take, async () => client.broken().drain(1, () => undefined), observe]) {
      await assert.rejects(inTrace(work), { code: 'not-found' });
    }
    const failed = exporter.getFinishedSpans().filter((span) => kindOf(span) === 'CLIENT');
    assert.deepEqual(
      failed.map((span) => [span.status.code, span.attributes['error.type']]),
      Array.from({ length: 3 }, () => [SpanStatusCode.ERROR, 'not-found']),
    );
  });

  it('says on both sides why a call failed', async () => {
    await assert.rejects(inTrace(() => caller.client(chain).fail()));
    const failed = exporter.getFinishedSpans().filter((span) => span.name === 'chain/fail');
    const shown = failed.map((span) => [kindOf(span), span.status.code, span.attributes['error.type']]);
    assert.deepEqual(shown, [
      ['SERVER', SpanStatusCode.ERROR, 'not-found'],
      ['CLIENT', SpanStatusCode.ERROR, 'not-found'],
    ]);
  });

  it('adds no header to a call outside of any trace', async () => {
    const headers: unknown[] = [];
    const plain = await cluster.add('plain', {
      serverInterceptors: [(input, given, next) => [headers.push({ ...given.headers }), next(input)][1]],
    });
    serve(plain.rpc);
    await simulator.runAsync(100);
    const { rpc } = await cluster.add('quiet');
    await simulator.runAsync(100);
    await simulator.settle(
      context.with(ROOT_CONTEXT, () => rpc.client(chain).second(undefined, { node: 'plain' })),
      1000,
    );
    assert.deepEqual(headers, [{}]);
  });

  function inTrace<T>(work: () => Promise<T>): Promise<T> {
    const tenant = propagation.createBaggage({ tenant: { value: 'north' } });
    const traced = context.with(propagation.setBaggage(ROOT_CONTEXT, tenant), () =>
      trace.getTracer('test').startActiveSpan('root', async (root) => {
        try {
          return await work();
        } finally {
          root.end();
        }
      }),
    );
    return simulator.settle(traced, 5000);
  }
});

function kindOf(span: { readonly kind: number }): string {
  return SpanKind[span.kind] ?? '';
}

function serve(rpc: RpcRoom): void {
  const client = rpc.client(chain);
  const look = (): Seen => ({
    traceId: trace.getActiveSpan()?.spanContext().traceId,
    tenant: propagation.getActiveBaggage()?.getEntry('tenant')?.value,
  });
  rpc.register(chain, {
    first: async () => {
      await Promise.resolve();
      return client.second(undefined, { node: 'b' });
    },
    second: look,
    fail: () => {
      throw new ClusterError('not-found', 'nothing here');
    },
    items: () => [look(), look()],
    broken: async function* broken() {
      yield look();
      await Promise.resolve();
      throw new ClusterError('not-found', 'no more');
    },
  });
}
