import assert from 'node:assert/strict';
import { ByteWriter, emptyBytes } from '../../src/core/bytes.js';
import { headersMax } from '../../src/core/limits.js';
import type { Gap } from '../../src/spi/bus.js';
import type { Stream } from '../../src/spi/links.js';
import {
  beginFrame,
  recordKind,
  writeNumberRecord,
  writePlainHead,
  writeRecord,
} from '../../src/protocol/bus/bus-frame.js';
import { TestCluster } from './three-nodes.js';

describe('bus, what receivers cannot read', () => {
  it('carries values whose keys are alike as UTF-8, however often they come', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    const got: unknown[] = [];
    const subscription = cluster.bus('b').subscribe('/t', ({ value }) => void got.push(value));
    await cluster.sim.settle(subscription.ready({ scope: 'cluster' }), 1000);
    for (let count = 0; count < 6; count += 1) {
      cluster.bus('a').publish('/t', JSON.parse(String.raw`{"\ud800":1,"\ud801":2}`));
      cluster.bus('a').publish('/t', { list: [JSON.parse(String.raw`{"\ud800":1,"\ud801":2}`)] });
    }
    cluster.bus('a').publish('/t', 'healthy');
    await cluster.sim.runAsync(200);
    assert.deepEqual([got.length, got.at(-1)], [13, 'healthy']);
    await cluster.stop();
  });

  it('tells a node of more groups that it won than a pattern has alternatives', async () => {
    const cluster = new TestCluster();
    await cluster.add('a', 'b');
    let handled = 0;
    for (let index = 0; index < 300; index += 1) {
      const group = { name: `g${index}`, strategy: 'random' } as const;
      cluster.bus('b').subscribe('/t', () => void (handled += 1), { group });
      cluster.bus('b').respond('/q', () => 1, { group });
    }
    await cluster.sim.runAsync(500);
    assert.equal(cluster.bus('a').publish('/t', 1).groups, 300);
    await cluster.sim.runAsync(500);
    assert.equal(handled, 300);
    const answers: unknown[] = [];
    const asking = (async () => {
      for await (const { value } of cluster.bus('a').requestMany('/q', 1)) answers.push(value);
    })();
    await cluster.sim.settle(asking, 1000);
    assert.equal(answers.length, 300);
    await cluster.stop();
  });

  const unreadable: Readonly<Record<string, (body: ByteWriter) => void>> = {
    'more headers than there may be': (body) => {
      body.u8(1);
      body.varint(0);
      body.text('/t');
      body.varint(headersMax + 1);
      for (let index = 0; index <= headersMax; index += 1) for (const text of ['name', 'v']) body.text(text);
    },
    'a key that is too long': (body) => {
      body.u8(2);
      body.varint(0);
      body.text('/t');
      body.text('k'.repeat(9000));
    },
    'a time to live beyond 2^53': (body) => {
      body.u8(4);
      body.varint(0);
      body.text('/t');
      body.bytes(new Uint8Array(9).fill(0xff));
    },
    'a topic that was never named': (body) => writePlainHead(body, 77, ''),
    'a topic with a wildcard': (body) => writePlainHead(body, 0, '/t/*'),
    nothing: () => undefined,
  };
  for (const [name, write] of Object.entries(unreadable)) {
    it(`passes over an event with ${name}, tells the gap and keeps the link`, async () => {
      const { cluster, got, gaps, lane } = await fedByHand();
      const body = new ByteWriter();
      write(body);
      send(lane, (frame) => {
        writeNumberRecord(frame, recordKind.base, 1);
        writeEvent(frame, 'before');
        writeRecord(frame, recordKind.event, body.view());
        writeEvent(frame, 'after');
      });
      await cluster.sim.runAsync(500);
      assert.deepEqual(got, ['before', 'after']);
      assert.deepEqual(gaps, [{ node: 'x', epoch: gaps[0]?.epoch, from: 2, to: 2 }]);
      assert.equal(lane.link.up, true);
      await cluster.stop();
    });
  }

  it('passes over a definition and a topic that cannot be read, and takes the events that need neither', async () => {
    const { cluster, got, gaps, lane } = await fedByHand();
    const definition = (index: number) => {
      const body = new ByteWriter();
      body.varint(index);
      // Two keys that are the same.
      body.varint(2);
      for (const key of ['k', 'k']) body.text(key);
      return body.take();
    };
    const topic = new ByteWriter();
    topic.varint(1);
    topic.text('/*');
    send(lane, (frame) => {
      writeRecord(frame, recordKind.definition, definition(0));
      writeRecord(frame, recordKind.definition, definition(1));
      writeRecord(frame, recordKind.topic, topic.view());
      writeNumberRecord(frame, recordKind.base, 1);
      writeEvent(frame, 'healthy');
    });
    await cluster.sim.runAsync(500);
    assert.deepEqual([got, gaps, lane.link.up], [['healthy'], [], true]);
    await cluster.stop();
  });
});

/** A node `b` that listens, and a lane to it that the test writes itself. */
async function fedByHand(): Promise<{ cluster: TestCluster; got: unknown[]; gaps: Gap[]; lane: Stream }> {
  const cluster = new TestCluster();
  await cluster.add('b');
  const { links } = cluster.hub.add('x');
  await cluster.sim.runAsync(100);
  const got: unknown[] = [];
  const gaps: Gap[] = [];
  cluster.bus('b').subscribe('/t', ({ value }) => void got.push(value), { onGap: (gap) => void gaps.push(gap) });
  const hello = new ByteWriter();
  hello.u8(1);
  hello.varint(1);
  hello.text('');
  const request = {
    kind: 'bus',
    interaction: 'channel',
    metadata: hello.take(),
    data: emptyBytes,
    credit: 100,
  } as const;
  const lane = links.findLink('b')?.open(request, {
    onNext: () => undefined,
    onComplete: () => undefined,
    onFail: () => undefined,
    onCredit: () => undefined,
    onCancel: () => undefined,
  });
  assert.ok(typeof lane === 'object');
  await cluster.sim.runAsync(100);
  return { cluster, got, gaps, lane };
}

function send(lane: Stream, write: (frame: ByteWriter) => void): void {
  const frame = new ByteWriter();
  beginFrame(frame, 1);
  write(frame);
  lane.next(emptyBytes, frame.take());
}

function writeEvent(frame: ByteWriter, text: string): void {
  const body = new ByteWriter();
  writePlainHead(body, 0, '/t');
  // The self-contained form, and a short text.
  body.u8(0);
  body.u8(0xa0 + text.length);
  for (const character of text) body.u8(character.charCodeAt(0));
  writeRecord(frame, recordKind.event, body.view());
}
