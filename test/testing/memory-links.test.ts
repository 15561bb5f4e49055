import assert from 'node:assert/strict';
import { bytesToText, textToBytes } from '../../src/core/text.js';
import { emptyBytes } from '../../src/core/bytes.js';
import type { IncomingStream, Link, Stream, StreamRequest, StreamSink } from '../../src/spi/links.js';
import { MemoryLinks, type MemoryNode } from '../../src/testing/memory-links.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('memory links', () => {
  let clock: Simulator;
  let hub: MemoryLinks;
  let one: MemoryNode;
  let two: MemoryNode;

  beforeEach(async () => {
    clock = new Simulator({ seed: 1 });
    hub = new MemoryLinks(clock, { gossipPeriodMs: 0 });
    one = hub.add('one');
    two = hub.add('two');
    await clock.runAsync(5);
  });

  afterEach(() => assert.equal(hub.violations, 0));

  it('gives each pair one link that both ends know', () => {
    assert.equal(link(one, 'two').peer.name, 'two');
    assert.equal(link(two, 'one').peer.epoch, one.id.epoch);
    assert.equal(one.links.links().length, 1);
  });

  it('answers a request once and ends the stream', async () => {
    two.links.serve('rpc', (incoming) => {
      const text = bytesToText(incoming.payload.data());
      incoming.stream.nextAndComplete(emptyBytes, textToBytes(`${text}!`));
      return recorder().sink;
    });
    const { sink, told } = recorder();
    link(one, 'two').open(request('response', 'hi'), sink);
    assert.deepEqual(told, []);
    await clock.runAsync(5);
    assert.deepEqual(told, ['next hi!', 'complete']);
    assert.equal(hub.streamCount(), 0);
  });

  it('refuses an item without credit and tells when there is more', async () => {
    let stream: Stream | undefined;
    const served = recorder();
    two.links.serve('bus', (incoming) => {
      stream = incoming.stream;
      return served.sink;
    });
    const asked = recorder();
    const requester = link(one, 'two').open(request('stream', '', 1), asked.sink);
    await clock.runAsync(5);
    stream?.next(emptyBytes, textToBytes('a'));
    assert.equal(stream?.credit, 0);
    assert.throws(() => stream?.next(emptyBytes, emptyBytes), /credit/);
    await clock.runAsync(5);
    if (typeof requester !== 'string') requester.request(3);
    await clock.runAsync(5);
    assert.deepEqual(served.told, ['credit']);
    assert.equal(stream.credit, 3);
    hub.congest('two', 'one', true);
    assert.equal(stream.credit, 0);
    hub.congest('two', 'one', false);
    assert.deepEqual(asked.told, ['next a']);
  });

  it('proves what was not written when the link is lost', async () => {
    two.links.serve('rpc', () => recorder().sink);
    const early = recorder();
    const late = recorder();
    link(one, 'two').open(request('response', ''), early.sink);
    await clock.runAsync(0);
    link(one, 'two').open(request('response', ''), late.sink);
    hub.drop('one', 'two');
    await clock.runAsync(0);
    assert.deepEqual(early.told, ['link reset written']);
    assert.deepEqual(late.told, ['link reset unwritten']);
    assert.equal(one.links.findLink('two'), undefined);
    await clock.runAsync(100);
    assert.equal(link(one, 'two').up, true);
  });

  it('ends both directions of a channel on their own', async () => {
    let incoming: IncomingStream | undefined;
    const served = recorder();
    two.links.serve('rpc', (stream) => {
      incoming = stream;
      return served.sink;
    });
    const asked = recorder();
    const stream = link(one, 'two').open(request('channel', 'first', 2), asked.sink) as Stream;
    await clock.runAsync(5);
    incoming?.stream.request(2);
    await clock.runAsync(5);
    stream.nextAndComplete(emptyBytes, textToBytes('last'));
    await clock.runAsync(5);
    incoming?.stream.nextAndComplete(emptyBytes, textToBytes('bye'));
    await clock.runAsync(5);
    assert.deepEqual(served.told, ['next last', 'complete']);
    assert.deepEqual(asked.told, ['credit', 'next bye', 'complete']);
    assert.equal(hub.streamCount(), 0);
  });

  it('holds what is sent over a cut and ends the link when it lasts', async () => {
    two.links.serve('rpc', (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, emptyBytes);
      return recorder().sink;
    });
    const { sink, told } = recorder();
    hub.cut('one', 'two');
    link(one, 'two').open(request('response', ''), sink);
    await clock.runAsync(100);
    assert.deepEqual(told, []);
    hub.heal('one', 'two');
    await clock.runAsync(10);
    assert.deepEqual(told, ['next ', 'complete']);
    hub.cut('one', 'two');
    await clock.runAsync(4000);
    assert.equal(one.links.findLink('two'), undefined);
  });

  it('tells of a new life of a name', async () => {
    const events: string[] = [];
    one.membership.listen(({ kind, member }) => events.push(`${kind} ${member.name}@${member.epoch}`));
    hub.restart('two');
    await clock.runAsync(10);
    assert.deepEqual(events, ['failed two@2', 'joined two@3']);
    assert.equal(link(one, 'two').peer.epoch, 3);
  });

  it('exchanges one request with a node by its address', async () => {
    two.links.serve('swim', (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, textToBytes('state'));
      return recorder().sink;
    });
    const answers: (string | undefined)[] = [];
    const done = (answer: Uint8Array | undefined): number => answers.push(answer && bytesToText(answer));
    const base = { kind: 'swim' as const, data: emptyBytes, timeoutMs: 50, name: undefined };
    one.links.exchange({ ...base, address: 'two.memory:1' }, done);
    one.links.exchange({ ...base, address: 'nobody:1' }, done);
    await clock.runAsync(100);
    assert.deepEqual(answers, [undefined, 'state']);
  });
});

function link(node: MemoryNode, name: string): Link {
  const found = node.links.findLink(name);
  assert.ok(found, `${node.id.name} has no link to ${name}`);
  return found;
}

function request(interaction: StreamRequest['interaction'], text: string, credit = 1): StreamRequest {
  const kind = interaction === 'stream' ? 'bus' : 'rpc';
  return { kind, interaction, metadata: emptyBytes, data: textToBytes(text), credit };
}

function recorder(): { sink: StreamSink; told: string[] } {
  const told: string[] = [];
  const sink: StreamSink = {
    onNext: (payload) => told.push(`next ${bytesToText(payload.data())}`),
    onComplete: () => told.push('complete'),
    onFail: (fault) =>
      told.push(
        fault.kind === 'remote' ? `remote ${fault.code}` : `link ${fault.reason} ${fault.written ? '' : 'un'}written`,
      ),
    onCredit: () => told.push('credit'),
    onCancel: () => told.push('cancel'),
  };
  return { sink, told };
}
