import assert from 'node:assert/strict';
import { ProcessMetrics } from '../../src/runtime/process-metrics.js';
import { noMetrics } from '../../src/spi/no-metrics.js';

describe('process metrics', () => {
  it('give the same series for the same name and labels, whatever their order', () => {
    const metrics = new ProcessMetrics();
    metrics.counter('sent_total', 'Frames sent.', { peer: 'b', kind: 'rpc' }).add();
    metrics.counter('sent_total', 'Frames sent.', { kind: 'rpc', peer: 'b' }).add(4);
    metrics.counter('sent_total', 'Frames sent.').add(2);
    assert.equal(metrics.find('sent_total', { peer: 'b', kind: 'rpc' }), 5);
    assert.equal(metrics.find('sent_total'), 2);
    assert.equal(metrics.find('sent_total', { peer: 'c' }), undefined);
    assert.equal(metrics.find('other_total'), undefined);
  });

  it('forget a series, and begin a new one when asked again', () => {
    const metrics = new ProcessMetrics({ seriesMax: 2 });
    for (const node of ['a', 'b']) metrics.gauge('held_bytes', 'Held.', { node }).set(7);
    metrics.forget('held_bytes', { node: 'a' });
    metrics.forget('held_bytes', { node: 'nobody' });
    metrics.forget('other_bytes', { node: 'a' });
    assert.deepEqual(
      [metrics.find('held_bytes', { node: 'a' }), metrics.find('held_bytes', { node: 'b' })],
      [undefined, 7],
    );
    assert.doesNotMatch(metrics.toPrometheusText(), /node="a"/);
    // Its place is free for another.
    metrics.gauge('held_bytes', 'Held.', { node: 'c' }).set(3);
    assert.equal(metrics.find('held_bytes', { node: 'c' }), 3);
  });

  it('write Prometheus text', () => {
    const metrics = new ProcessMetrics();
    metrics.gauge('members', 'Members "alive".\nNow.').set(3);
    metrics.counter('dropped_total', 'Dropped.', { why: 'a "b"\\\n' }).add();
    const latency = metrics.histogram('batch_items', 'Items a batch.', { lane: '0' });
    for (const value of [1, 2, 2, 3, 20_000]) latency.observe(value);
    assert.equal(
      metrics.toPrometheusText(),
      `# HELP batch_items Items a batch.
# TYPE batch_items histogram
batch_items_bucket{lane="0",le="1"} 1
batch_items_bucket{lane="0",le="2"} 3
batch_items_bucket{lane="0",le="4"} 4
batch_items_bucket{lane="0",le="8"} 4
batch_items_bucket{lane="0",le="16"} 4
batch_items_bucket{lane="0",le="32"} 4
batch_items_bucket{lane="0",le="64"} 4
batch_items_bucket{lane="0",le="128"} 4
batch_items_bucket{lane="0",le="256"} 4
batch_items_bucket{lane="0",le="512"} 4
batch_items_bucket{lane="0",le="1024"} 4
batch_items_bucket{lane="0",le="4096"} 4
batch_items_bucket{lane="0",le="16384"} 4
batch_items_bucket{lane="0",le="+Inf"} 5
batch_items_sum{lane="0"} 20008
batch_items_count{lane="0"} 5
# HELP dropped_total Dropped.
# TYPE dropped_total counter
dropped_total{why="a \\"b\\"\\\\\\n"} 1
# HELP members Members "alive".\\nNow.
# TYPE members gauge
members 3
`,
    );
  });

  it('choose buckets by the unit in the name', () => {
    const metrics = new ProcessMetrics();
    metrics.histogram('call_ms', 'Calls.').observe(3);
    metrics.histogram('frame_bytes', 'Frames.').observe(300);
    const filled = metrics.snapshot().map((family) => {
      assert.ok(family.kind === 'histogram');
      return family.series[0]?.buckets.find(({ count }) => count > 0)?.upTo;
    });
    assert.deepEqual(filled, [5, 1024]);
    assert.equal(metrics.find('call_ms'), 1);
  });

  it('give a snapshot that does not change later', () => {
    const metrics = new ProcessMetrics();
    const counter = metrics.counter('a_total', 'A.');
    counter.add();
    const before = JSON.stringify(metrics.snapshot());
    const held = metrics.snapshot();
    counter.add();
    assert.equal(JSON.stringify(held), before);
  });

  it('put labels beyond the limit into one series', () => {
    const metrics = new ProcessMetrics({ seriesMax: 3 });
    for (let index = 0; index < 10; index += 1) metrics.counter('x_total', 'X.', { id: `${index}` }).add();
    assert.equal(metrics.find('x_total', { id: '2' }), 1);
    assert.equal(metrics.find('x_total', { id: '3' }), undefined);
    assert.equal(metrics.find('x_total', { overflow: 'true' }), 7);
    metrics.counter('x_total', 'X.', { id: '1' }).add();
    assert.equal(metrics.find('x_total', { id: '1' }), 2);
  });

  it('refuse one name of two kinds, and names that Prometheus does not take', () => {
    const metrics = new ProcessMetrics();
    metrics.counter('a_total', 'A.');
    assert.throws(() => metrics.gauge('a_total', 'A.'), /a_total to stay a counter/);
    assert.throws(() => metrics.counter('a-b', 'A.'), /metric name/);
  });
});

describe('no metrics', () => {
  it('take everything and keep nothing', () => {
    noMetrics.counter('a', 'A.').add(1);
    noMetrics.gauge('b', 'B.').set(1);
    noMetrics.histogram('c', 'C.').observe(1);
    assert.equal(noMetrics.counter('a', 'A.'), noMetrics.counter('d', 'D.'));
  });
});
