import assert from 'node:assert/strict';
import { of } from 'rxjs';
import { headersBytesMax, headersMax, waitMaxMs } from '../../src/core/limits.js';
import type { ConfirmLevel, PublishOptions } from '../../src/spi/bus.js';
import { TestCluster } from './three-nodes.js';

describe('bus/publish-options', () => {
  const refused: Readonly<Record<string, readonly [options: object, code: string]>> = {
    'an endless ttlMs': [{ ttlMs: Infinity }, 'invalid-options'],
    'a ttlMs beyond 2^53': [{ ttlMs: 1e18 }, 'invalid-options'],
    'a ttlMs that is no number': [{ ttlMs: NaN }, 'invalid-options'],
    'a ttlMs that is a text': [{ ttlMs: '5' }, 'invalid-options'],
    'a key of 9000 characters': [{ key: 'k'.repeat(9000) }, 'too-large'],
    'a key of more bytes than characters': [{ key: 'é'.repeat(5000) }, 'too-large'],
    'a key that is no text': [{ key: 5 }, 'invalid-options'],
    '65 headers': [{ headers: entries(headersMax + 1, 'v') }, 'too-large'],
    'a header of 9000 bytes': [{ headers: { name: 'v'.repeat(9000) } }, 'too-large'],
    'headers that are too large together': [{ headers: entries(60, 'v'.repeat(200)) }, 'too-large'],
    'a header that is no text': [{ headers: { name: 1 } }, 'invalid-options'],
    'headers that are no object': [{ headers: null }, 'invalid-options'],
    'headers that are a list': [{ headers: ['a'] }, 'invalid-options'],
    'a header that is undefined': [{ headers: { name: undefined } }, 'invalid-options'],
    'a misspelt option': [{ ttl: 5 }, 'invalid-options'],
  };

  for (const [name, [options, code]] of Object.entries(refused)) {
    it(`refuses ${name} in every way to publish and to ask, and keeps the link`, async () => {
      const cluster = await listening();
      const { bus, got } = cluster;
      assert.throws(() => bus.publish('/t', 1, options), { code });
      assert.throws(() => bus.broadcast('/*', 1, options), { code });
      assert.throws(() => bus.publishMany('/t', [1], options), { code });
      await assert.rejects(bus.publishConfirmed('/t', 1, { ...options, level: 'delivered' }), { code });
      await assert.rejects(bus.publishFrom('/t', oneValue(), options), { code });
      await assert.rejects(bus.request('/q', 1, options), { code });
      await assert.rejects(
        async () => {
          for await (const _ of bus.requestMany('/q', 1, options)) assert.fail('nobody was to be asked');
        },
        { code },
      );
      bus.publish('/t', 'healthy');
      await cluster.pass(500);
      assert.deepEqual(got, ['healthy']);
      await cluster.stop();
    });
  }

  it('refuses waits without an end, and levels that there are not', async () => {
    const cluster = await listening();
    const code = 'invalid-options';
    const { bus } = cluster;
    await assert.rejects(bus.request('/q', 1, { timeoutMs: Infinity }), { code });
    await assert.rejects(bus.request('/q', 1, { timeoutMs: -1 }), { code });
    await assert.rejects(bus.publishConfirmed('/t', 1, { level: 'handled', timeoutMs: NaN }), { code });
    await assert.rejects(bus.publishConfirmed('/t', 1, { level: 'seen' as ConfirmLevel }), { code });
    for (const options of [{ stallMs: Infinity }, { answersMax: 0 }]) {
      await assert.rejects(bus.requestMany('/q', 1, options)[Symbol.asyncIterator]().next(), { code });
    }
    await cluster.stop();
  });

  it('says what was expected where something else than options, a topic or a source is given', async () => {
    const cluster = await listening();
    const { bus } = cluster;
    const given = (value: unknown): never => value as never;
    const throwing: readonly (readonly [() => unknown, RegExp])[] = [
      [() => bus.publish('/t', 1, given(5)), /the options of publish: give an object of key, headers, ttlMs, not 5/],
      [() => bus.publish('/t', 1, given(null)), /the options of publish: .* not null/],
      [() => bus.publish(given(5), 1), /\[invalid-topic\] a topic is a text, not 5/],
      [() => bus.broadcast(given(undefined), 1), /\[invalid-topic\] a pattern is a text, not undefined/],
      [() => bus.publishMany('/t', given('abc')), /values: give an array .* not 'abc'/],
      [() => bus.publishMany('/t', given(5)), /values: give an array/],
      [() => bus.publishMany('/t', [], given({ ttl: 5 })), /publish takes no option ttl; give key, headers, ttlMs/],
      [() => bus.explain(given(5)), /a topic is a text/],
      [() => bus.tap('/t', given({ sampel: 1 })), /tap takes no option sampel/],
      [() => bus.observe(given(5)), /\[invalid-topic\]/],
      [() => bus.observe('/t', given({ foo: 1 })), /a subscription takes no option foo/],
      [() => bus.onFault(given(5)), /the listener: give a function, not 5/],
    ];
    for (const [run, message] of throwing) assert.throws(run, message);
    const rejecting: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [bus.publishConfirmed('/t', 1, given(undefined)), /the options of publishConfirmed: .* not undefined/],
      [bus.publishConfirmed('/t', 1, given({ level: 'delivered', timeout: 1 })), /takes no option timeout/],
      [bus.publishConfirmed(given(5), 1, { level: 'delivered' }), /a topic is a text/],
      [bus.publishFrom('/t', given([1])), /source: give an AsyncIterable or an Observable .* not an array/],
      [bus.publishFrom('/t', given(null)), /source: give .* not null/],
      [bus.publishFrom('/t', oneValue(), given({ over: 1 })), /publishFrom takes no option over/],
      [bus.publishFrom('/t', of(1), given({ overflow: 'x' })), /overflow: give one of .* not 'x'/],
      [bus.request(given(5), 1), /a topic is a text/],
      [bus.request('/q', 1, given({ answersMax: 2 })), /request takes no option answersMax/],
      [bus.request('/q', 1, given({ cancel: new AbortController().signal })), /an AbortSignal as signal/],
      [bus.request('/q', 1, given({ signal: {} })), /signal: give an AbortSignal, not an object/],
    ];
    for (const [promise, message] of rejecting) await assert.rejects(promise, message);
    await cluster.stop();
  });

  it('shows hooks a topic in its normal form, however the caller writes it', async () => {
    const allow = ({ topic }: { topic: string }) => !topic.startsWith('/admin/');
    const cluster = new TestCluster(1, { hooks: { allow } });
    await cluster.add('a');
    const bus = cluster.bus('a');
    const code = 'unauthorized';
    assert.throws(() => bus.publish('admin/reset', 1), { code });
    assert.throws(() => bus.broadcast('open,admin/*', 1), { code });
    await assert.rejects(bus.publishConfirmed('admin/reset/', 1, { level: 'written' }), { code });
    await assert.rejects(bus.request('admin/reset', 1), { code });
    assert.throws(() => bus.subscribe('admin/reset', () => undefined), { code });
    await cluster.stop();
  });

  it('takes options at their bounds, and other nodes read them', async () => {
    const cluster = await listening();
    const { bus, got } = cluster;
    const atBounds: readonly PublishOptions[] = [
      { ttlMs: waitMaxMs },
      { ttlMs: 0.5 },
      { key: 'k'.repeat(headersBytesMax) },
      { key: '😀'.repeat(headersBytesMax / 4) },
      { headers: entries(headersMax, 'v') },
      { headers: { name: 'v'.repeat(headersBytesMax - 4) } },
    ];
    for (const [index, options] of atBounds.entries()) bus.publish('/t', index, options);
    await cluster.pass(500);
    assert.deepEqual(got, [...atBounds.keys()]);
    await cluster.stop();
  });

  it('checks what a hook made of the options', async () => {
    const onPublish = (draft: { topic: string; value: unknown }) => ({ ...draft, options: { ttlMs: Infinity } });
    const cluster = new TestCluster(1, { hooks: { onPublish } });
    await cluster.add('a');
    assert.throws(() => cluster.bus('a').publish('/t', 1), { code: 'invalid-options' });
    await cluster.stop();
  });
});

async function listening(): Promise<{
  bus: ReturnType<TestCluster['bus']>;
  got: unknown[];
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}> {
  const cluster = new TestCluster();
  await cluster.add('a', 'b');
  const got: unknown[] = [];
  const subscription = cluster.bus('b').subscribe('/t', ({ value }) => void got.push(value));
  const responder = cluster.bus('b').respond('/q', () => 1);
  await cluster.sim.settle(Promise.all([subscription, responder].map((one) => one.ready({ scope: 'cluster' }))), 1000);
  return {
    bus: cluster.bus('a'),
    got,
    pass: async (ms) => void (await cluster.sim.runAsync(ms)),
    stop: () => cluster.stop(),
  };
}

function entries(count: number, text: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, text]));
}

async function* oneValue(): AsyncGenerator<number> {
  yield 1;
}
