import assert from 'node:assert/strict';
import type { Stream } from '../../../src/spi/links.js';
import { must } from '../../../src/core/assert.js';
import { EnginePair, pattern, Recorder, text } from './engine-pair.js';

const tag = 1;

function ask(pair: EnginePair, sink: Recorder): Stream {
  const asked = pair.open({ interaction: 'response', data: text('ping') }, sink);
  assert.ok(typeof asked !== 'string', 'a stream');
  pair.run();
  return asked;
}

/** A pair whose server keeps the streams that it gets, with what their ends tell. */
function holdingPair(): { pair: EnginePair; far: Stream[]; served: Recorder } {
  const pair = new EnginePair();
  const far: Stream[] = [];
  const served = new Recorder();
  pair.server.accept = (incoming) => {
    far.push(incoming.stream);
    return served;
  };
  return { pair, far, served };
}

describe('rsocket question', () => {
  it('is counted like a stream until it is answered', () => {
    const { pair, far } = holdingPair();
    const sink = new Recorder();
    ask(pair, sink);
    const { engine } = pair.client;
    assert.deepEqual([engine.streamCount, engine.countOf(tag)], [1, 1]);
    must(far[0], 'a stream').next(text('m'), text('pong'));
    pair.run();
    assert.deepEqual(sink.heard, ['next m pong', 'complete']);
    assert.deepEqual([engine.streamCount, engine.countOf(tag)], [0, 0]);
  });

  it('counts against the limit of streams', () => {
    const pair = new EnginePair({ streamsMax: 2 });
    pair.server.accept = () => new Recorder();
    ask(pair, new Recorder());
    ask(pair, new Recorder());
    assert.equal(pair.open({ interaction: 'response' }), 'full');
    assert.equal(pair.open({ interaction: 'stream' }), 'full');
  });

  it('is cancelled once, and hears nothing of an answer on its way', () => {
    const { pair, far, served } = holdingPair();
    const sink = new Recorder();
    const asked = ask(pair, sink);
    must(far[0], 'a stream').next(text(''), text('late'));
    pair.server.turn();
    asked.cancel();
    assert.equal(pair.client.engine.countOf(tag), 0);
    pair.run();
    asked.cancel();
    assert.ok(!pair.client.isFlushDue, 'nothing is said twice');
    assert.deepEqual([sink.heard, served.heard], [[], []]);
    assert.equal(pair.client.engine.counters.late, 1);
  });

  it('tells the peer when it is cancelled before the answer', () => {
    const { pair, served } = holdingPair();
    ask(pair, new Recorder()).cancel();
    pair.run();
    assert.deepEqual(served.heard, ['cancel']);
    assert.equal(pair.client.engine.streamCount + pair.server.engine.streamCount, 0);
  });

  it('cancels nothing after its answer, whoever has its place', () => {
    const { pair, far, served } = holdingPair();
    const asked = ask(pair, new Recorder());
    must(far[0], 'a stream').next(text(''), text('pong'));
    pair.run();
    ask(pair, new Recorder());
    asked.cancel();
    pair.run();
    assert.deepEqual(served.heard, []);
    assert.equal(pair.client.engine.streamCount, 1);
  });

  it('takes an error, an end without an answer, and an answer in fragments', () => {
    const { pair, far } = holdingPair();
    const sinks = [new Recorder(), new Recorder(), new Recorder()];
    for (const sink of sinks) ask(pair, sink);
    must(far[0], 'a stream').fail(0x301, text('no'));
    must(far[1], 'a stream').complete();
    must(far[2], 'a stream').next(text(''), pattern(200_000));
    pair.run();
    assert.deepEqual(
      sinks.map((sink) => sink.heard),
      [['fail 0x301 no'], ['complete'], ['next 200000', 'complete']],
    );
    assert.deepEqual(must(sinks[2]?.items[0], 'an answer'), pattern(200_000));
    assert.equal(pair.client.engine.streamCount, 0);
  });

  it('is cancelled between two fragments of its answer', () => {
    const { pair, far } = holdingPair();
    const sink = new Recorder();
    const asked = ask(pair, sink);
    must(far[0], 'a stream').next(text(''), pattern(200_000));
    pair.server.turn();
    pair.client.engine.receive(pair.client.engine.now, pair.server.take().subarray(0, 100_000));
    assert.ok(pair.client.engine.assemblyBytes > 0, 'a part has come');
    assert.equal(pair.client.engine.countOf(tag), 1);
    asked.cancel();
    assert.deepEqual([pair.client.engine.assemblyBytes, pair.client.engine.countOf(tag)], [0, 0]);
    assert.deepEqual(sink.heard, []);
  });

  it('ends alone when its owner throws', () => {
    const { pair, far } = holdingPair();
    const [bad, good] = [new Recorder(), new Recorder()];
    bad.onItem = () => {
      throw new Error('of its owner');
    };
    ask(pair, bad);
    ask(pair, good);
    for (const one of far) one.next(text(''), text('pong'));
    pair.run();
    assert.deepEqual(pair.client.told, ['caught of its owner']);
    assert.deepEqual(good.heard, ['next pong', 'complete']);
    assert.equal(pair.client.engine.counters.callbackFailures, 1);
  });
});
