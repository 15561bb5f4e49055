import assert from 'node:assert/strict';
import { context, type Context, propagation, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import { CallScope } from '../../../src/cluster/rpc/call-scope.js';
import type { CallContext } from '../../../src/cluster/rpc/service-types.js';

describe('call scope', () => {
  const traceKey = Symbol('trace');

  afterEach(() => {
    context.disable();
    propagation.disable();
    // What stays of a registration would be taken for an SDK.
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'));
  });

  it('adds nothing where no SDK has registered', () => {
    const scope = scopeOf();
    const headers = { tenant: 'a' };
    assert.equal(scope.inject(headers), headers);
  });

  it('carries the active trace out, and into the handler on the other side', () => {
    register();
    const scope = scopeOf();
    const headers = context.with(ROOT_CONTEXT.setValue(traceKey, '00-abc-def-01'), () => scope.inject({ tenant: 'a' }));
    assert.deepEqual(headers, { tenant: 'a', traceparent: '00-abc-def-01' });
    const seen = scope.run(callOf(headers), () => context.active().getValue(traceKey), undefined);
    assert.equal(seen, '00-abc-def-01');
  });

  it('traces from the first call on when an SDK registers later', () => {
    const scope = scopeOf();
    assert.equal(scope.inject(undefined), undefined);
    register();
    const sent = context.with(ROOT_CONTEXT.setValue(traceKey, '00-abc-def-01'), () => scope.inject(undefined));
    assert.deepEqual(sent, { traceparent: '00-abc-def-01' });
  });

  it('looks for an SDK once in each reading of the clock', () => {
    const turn = { reading: 7 };
    const scope = new CallScope({ tracing: true, inheritance: 'lazy' }, turn);
    const inject = (): unknown => context.with(ROOT_CONTEXT.setValue(traceKey, 'x'), () => scope.inject(undefined));
    assert.equal(inject(), undefined);
    register();
    assert.equal(inject(), undefined, 'the same reading');
    turn.reading = 8;
    assert.deepEqual(inject(), { traceparent: 'x' });
    turn.reading = 7;
    assert.deepEqual(inject(), { traceparent: 'x' }, 'found once, it stays');
  });

  it('leaves headers alone when tracing is off', () => {
    register();
    const scope = scopeOf(false);
    const sent = context.with(ROOT_CONTEXT.setValue(traceKey, '00-abc-def-01'), () => scope.inject(undefined));
    assert.equal(sent, undefined);
  });

  /** What an SDK does: it registers how a context is kept, and how it is written into headers. */
  function register(): void {
    let active = ROOT_CONTEXT;
    context.setGlobalContextManager({
      active: () => active,
      with(given, work, self, ...args) {
        const outer = active;
        active = given;
        try {
          return work.call(self as never, ...args);
        } finally {
          active = outer;
        }
      },
      bind: (_given, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    const propagator: TextMapPropagator = {
      inject: (given, carrier, setter) => setter.set(carrier, 'traceparent', String(given.getValue(traceKey))),
      extract: (given: Context, carrier, getter) => given.setValue(traceKey, getter.get(carrier, 'traceparent')),
      fields: () => ['traceparent'],
    };
    propagation.setGlobalPropagator(propagator);
  }
});

function scopeOf(tracing = true): CallScope {
  return new CallScope({ tracing, inheritance: 'lazy' }, { reading: 0 });
}

function callOf(headers: Readonly<Record<string, string>>): CallContext {
  return { headers } as CallContext;
}
