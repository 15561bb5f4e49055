import assert from 'node:assert/strict';
import { emptyBytes, sameBytes } from '../../core/bytes.js';
import { bytesToText } from '../../core/text.js';
import { streamErrorCodes } from '../../spi/links.js';
import { type LinksFixture, LinkPair, pattern, RecordingSink, request, text, textOf } from './link-pair.js';
import type { TestRunner } from './suite.js';

/** What every implementation of `Links` must do. */
export function checkLinks(runner: TestRunner, name: string, make: () => Promise<LinksFixture>): void {
  runner.describe(`${name} as links`, () => {
    for (const [title, check] of Object.entries(cases)) {
      runner.it(title, async () => {
        const fixture = await make();
        const pair = new LinkPair(fixture);
        try {
          if (fixture.cannot?.[title] === undefined) await check(pair);
        } finally {
          await fixture.stop();
        }
      });
    }
  });
}

type Case = (pair: LinkPair) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  'tells both sides that the link is up, and who is there': async (pair) => {
    const { left, right } = await pair.links();
    assert.equal(left.peer.name, pair.fixture.right.self.name);
    assert.equal(left.peer.epoch, pair.fixture.right.self.epoch);
    assert.equal(right.peer.name, pair.fixture.left.self.name);
    assert.equal(left.peer.role, 'peer');
    assert.ok(left.up && right.up);
    assert.deepEqual(pair.fixture.left.links(), [left]);
  },

  'answers a request once, with metadata and data': async (pair) => {
    const { left } = await pair.links();
    const seen: string[] = [];
    pair.serve('rpc', (incoming) => {
      seen.push(
        `${incoming.interaction} ${incoming.metadataForm} ${textOf(incoming.payload)} ${incoming.stream.credit}`,
      );
      incoming.stream.nextAndComplete(text('answer'), text('pong'));
      return new RecordingSink();
    });
    const ear = new RecordingSink();
    pair.open(left, { interaction: 'response', metadata: text('who'), data: text('ping') }, ear);
    await pair.until(() => ear.isOver);
    assert.deepEqual(ear.heard, ['next answer|pong', 'complete']);
    assert.deepEqual(seen, ['response scalebus who|ping 1']);
  },

  'answers from both sides at once': async (pair) => {
    const { left, right } = await pair.links();
    for (const side of ['left', 'right'] as const) {
      pair.fixture[side].serve('rpc', (incoming) => {
        incoming.stream.nextAndComplete(emptyBytes, incoming.payload.data().slice());
        return new RecordingSink();
      });
    }
    const ears = [left, right].flatMap((link) => [1, 2, 3].map((count) => pair.ask(link, text(`${link.id} ${count}`))));
    await pair.until(() => ears.every((ear) => ear.isOver));
    for (const ear of ears) assert.equal(ear.heard[1], 'complete');
  },

  'carries empty payloads and answers without an item': async (pair) => {
    const { left } = await pair.links();
    pair.serve('rpc', (incoming) => {
      if (incoming.interaction === 'response') incoming.stream.nextAndComplete(emptyBytes, emptyBytes);
      else incoming.stream.complete();
      return new RecordingSink();
    });
    const response = pair.ask(left, emptyBytes);
    const none = new RecordingSink();
    pair.open(left, { interaction: 'stream', credit: 5 }, none);
    await pair.until(() => response.isOver && none.isOver);
    assert.deepEqual(response.heard, ['next |', 'complete']);
    assert.deepEqual(none.heard, ['complete']);
  },

  'delivers fire-and-forget in order': async (pair) => {
    const { left } = await pair.links();
    const seen: string[] = [];
    pair.serve('rpc', (incoming) => {
      seen.push(textOf(incoming.payload));
      return new RecordingSink();
    });
    for (let count = 0; count < 100; count += 1) {
      pair.open(left, { interaction: 'fire-and-forget', data: text(`${count}`) }, new RecordingSink());
    }
    await pair.until(() => seen.length === 100);
    assert.equal(seen[99], '|99');
  },

  'sends no more of a stream than was asked for': async (pair) => {
    const { left } = await pair.links();
    let count = 0;
    pair.serve('rpc', (incoming) => pair.produce(incoming, () => (count < 10 ? text(`${(count += 1)}`) : undefined)));
    const ear = new RecordingSink();
    const stream = pair.open(left, { interaction: 'stream', credit: 3 }, ear);
    await pair.until(() => ear.items === 3);
    await pair.rest();
    assert.equal(ear.items, 3);
    assert.equal(count, 3);
    stream.request(4);
    await pair.until(() => ear.items === 7);
    await pair.rest();
    assert.equal(ear.items, 7);
    stream.request(100);
    await pair.until(() => ear.isOver);
    assert.deepEqual(ear.heard.slice(-2), ['next |10', 'complete']);
  },

  'runs a channel both ways, each with its own credit': async (pair) => {
    const { left } = await pair.links();
    const far = new RecordingSink();
    const opened = pair.incoming('rpc', far);
    const near = new RecordingSink();
    const stream = pair.open(left, { interaction: 'channel', credit: 2, data: text('first') }, near);
    assert.equal(stream.credit, 0);
    await pair.until(() => opened.stream !== undefined);
    const other = opened.stream ?? stream;
    assert.equal(opened.first, '|first');
    other.request(2);
    await pair.until(() => near.heard.includes('credit'));
    assert.equal(stream.credit, 2);
    stream.next(emptyBytes, text('a'));
    stream.nextAndComplete(emptyBytes, text('b'));
    await pair.until(() => far.heard.includes('complete'));
    other.next(emptyBytes, text('x'));
    await pair.until(() => near.items === 1);
    other.complete();
    await pair.until(() => near.isOver);
    assert.deepEqual(far.heard, ['next |a', 'next |b', 'complete']);
    assert.deepEqual(near.heard, ['credit', 'next |x', 'complete']);
  },

  'carries a failure with its code and data': async (pair) => {
    const { left } = await pair.links();
    pair.serve('rpc', (incoming) => {
      incoming.stream.fail(0x301, text('no'));
      return new RecordingSink();
    });
    for (const interaction of ['response', 'stream', 'channel'] as const) {
      const ear = new RecordingSink();
      pair.open(left, { interaction }, ear);
      await pair.until(() => ear.isOver);
      assert.deepEqual(ear.heard, ['fail 0x301 no']);
    }
  },

  'refuses what nobody takes as not executed': async (pair) => {
    const { left } = await pair.links();
    const ear = pair.ask(left, text('?'));
    await pair.until(() => ear.isOver);
    assert.equal(ear.fault?.kind === 'remote' ? ear.fault.code : 0, streamErrorCodes.rejected);
  },

  'takes a cancel to the other side and hears nothing after it': async (pair) => {
    const { left } = await pair.links();
    const far = new RecordingSink();
    const opened = pair.incoming('rpc', far);
    const near = new RecordingSink();
    const stream = pair.open(left, { interaction: 'stream', credit: 10 }, near);
    await pair.until(() => opened.stream !== undefined);
    stream.cancel();
    opened.stream?.next(emptyBytes, text('late'));
    await pair.until(() => far.heard.includes('cancel'));
    opened.stream?.next(emptyBytes, text('later'));
    await pair.rest();
    assert.deepEqual(near.heard, []);
    assert.deepEqual(far.heard, ['cancel']);
  },

  'lets a responder end the requester of a channel and go on itself': async (pair) => {
    const { left } = await pair.links();
    const opened = pair.incoming('rpc', new RecordingSink());
    const near = new RecordingSink();
    const stream = pair.open(left, { interaction: 'channel', credit: 10 }, near);
    await pair.until(() => opened.stream !== undefined);
    opened.stream?.cancel();
    await pair.until(() => near.heard.includes('cancel'));
    assert.equal(stream.credit, 0);
    opened.stream?.nextAndComplete(emptyBytes, text('still'));
    await pair.until(() => near.isOver);
    assert.deepEqual(near.heard, ['cancel', 'next |still', 'complete']);
  },

  'carries 15 MiB both ways': async (pair) => {
    const { left } = await pair.links();
    pair.echo('rpc');
    const long = pattern(15 * 1024 * 1024);
    const ear = pair.ask(left, long);
    await pair.until(() => ear.isOver);
    assert.equal(ear.heard.at(-1), 'complete');
    assert.ok(sameBytes(ear.last, long));
  },

  'carries more than a frame can hold': async (pair) => {
    const { left } = await pair.links();
    pair.serve('rpc', (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, pattern(17 * 1024 * 1024));
      return new RecordingSink();
    });
    const ear = pair.ask(left, text('more than 16 MiB, please'));
    await pair.until(() => ear.isOver);
    assert.equal(ear.last.length, 17 * 1024 * 1024);
  },

  'lets a short call pass a long one': async (pair) => {
    const { left } = await pair.links();
    const order: number[] = [];
    pair.serve('rpc', (incoming) => {
      order.push(incoming.payload.dataLength);
      incoming.stream.nextAndComplete(emptyBytes, emptyBytes);
      return new RecordingSink();
    });
    const long = pair.ask(left, pattern(15 * 1024 * 1024));
    const short = pair.ask(left, pattern(100));
    await pair.until(() => short.isOver && long.isOver);
    assert.deepEqual(order, [100, 15 * 1024 * 1024]);
  },

  'keeps the order of short and long items of one stream': async (pair) => {
    const { left } = await pair.links();
    const lengths = [10, 100_000, 5, 300_000, 0, 20_000];
    let next = 0;
    pair.serve('rpc', (incoming) =>
      pair.produce(incoming, () => (next < lengths.length ? pattern(lengths[next++] ?? 0) : undefined)),
    );
    const ear = new RecordingSink();
    pair.open(left, { interaction: 'stream', credit: 1000 }, ear);
    await pair.until(() => ear.isOver);
    assert.deepEqual(ear.lengths, lengths);
  },

  'shows credit 0 to a producer that is faster than the link, and tells when there is more': async (pair) => {
    const { left } = await pair.links();
    const offered = 64 * 1024 * 1024;
    const block = pattern(8192);
    let sent = 0;
    let sentInOneGo = 0;
    pair.serve('rpc', (incoming) => {
      const sink = pair.produce(incoming, () => {
        sent += block.length;
        return sent > offered ? undefined : block;
      });
      sentInOneGo = sent;
      return sink;
    });
    const ear = new RecordingSink();
    ear.keepsText = false;
    pair.open(left, { interaction: 'stream', credit: 0x7fff_ffff }, ear);
    await pair.until(() => ear.isOver);
    assert.ok(sentInOneGo < offered / 2, `${sentInOneGo} bytes were offered at once`);
    assert.equal(ear.bytes, offered);
  },

  'fails every open stream once when the link is lost, and then tells that it is down': async (pair) => {
    const { left, right } = await pair.links();
    const told: string[] = [];
    const far = new RecordingSink();
    pair.incoming('rpc', far);
    const near = new RecordingSink();
    near.onEnd = () => told.push('stream');
    pair.fixture.left.listen((event) => told.push(event.kind));
    pair.open(left, { interaction: 'stream', credit: 10 }, near);
    await pair.until(() => pair.seenCount === 1);
    pair.fixture.breakLink();
    await pair.until(() => near.isOver && far.isOver && !left.up && !right.up);
    await pair.until(() => told.includes('down'));
    assert.deepEqual(told.slice(0, 2), ['stream', 'down']);
    assert.equal(near.heard.length, 1);
    assert.ok(near.fault?.kind === 'link' && near.fault.written);
    assert.equal(left.open(request({ interaction: 'response' }), new RecordingSink()), 'down');
  },

  'proves that a request was never written': async (pair) => {
    const { left } = await pair.links();
    const ear = pair.ask(left, text('not yet flushed'));
    const long = pair.ask(left, pattern(1_000_000));
    left.close('reset');
    assert.deepEqual(ear.heard, [], 'nothing is told inside close');
    await pair.until(() => ear.isOver && long.isOver);
    for (const one of [ear, long]) assert.ok(one.fault?.kind === 'link' && !one.fault.written);
  },

  'opens no more streams than its limit, and says so': async (pair) => {
    const { left } = await pair.links();
    const { streamsMax } = pair.fixture;
    if (streamsMax === 0) return;
    pair.incoming('rpc', new RecordingSink());
    const first = pair.open(left, { interaction: 'stream' }, new RecordingSink());
    for (let count = 1; count < streamsMax; count += 1) pair.open(left, { interaction: 'stream' }, new RecordingSink());
    assert.equal(left.open(request({ interaction: 'stream' }), new RecordingSink()), 'full');
    first.cancel();
    assert.equal(typeof left.open(request({ interaction: 'stream' }), new RecordingSink()), 'object');
  },

  'ends one stream alone when a callback throws': async (pair) => {
    const { left } = await pair.links();
    pair.echo('rpc');
    const bad = new RecordingSink();
    bad.onItem = () => {
      throw new Error('on purpose');
    };
    pair.open(left, { interaction: 'response', data: text('bad') }, bad);
    const good = pair.ask(left, text('good'));
    await pair.until(() => good.isOver);
    assert.deepEqual(good.heard, ['next |good', 'complete']);
    assert.ok(left.up);
  },

  'does nothing with a stream that is over': async (pair) => {
    const { left } = await pair.links();
    pair.echo('rpc');
    const ear = new RecordingSink();
    const stream = pair.open(left, { interaction: 'response', data: text('x') }, ear);
    await pair.until(() => ear.isOver);
    stream.request(5);
    stream.cancel();
    stream.complete();
    stream.fail(0x201, emptyBytes);
    stream.next(emptyBytes, emptyBytes);
    await pair.rest();
    assert.deepEqual(ear.heard, ['next |x', 'complete']);
  },

  'refuses a second acceptor of one kind, and takes one after the first is gone': async (pair) => {
    const { right } = pair.fixture;
    const unlisten = right.serve('bus', () => new RecordingSink());
    assert.throws(() => right.serve('bus', () => new RecordingSink()));
    unlisten();
    right.serve('bus', () => new RecordingSink())();
  },

  'exchanges one request and answer': async (pair) => {
    await pair.links();
    pair.echo('swim');
    const { right, left } = pair.fixture;
    let isInside = true;
    const answers: (Uint8Array | undefined)[] = [];
    for (const name of [right.self.name, undefined]) {
      const exchange = {
        address: pair.fixture.rightAddress,
        name,
        kind: 'swim',
        data: text('hi'),
        timeoutMs: 5000,
      } as const;
      left.exchange(exchange, (answer) => {
        assert.ok(!isInside);
        answers.push(answer);
      });
    }
    isInside = false;
    await pair.until(() => answers.length === 2);
    assert.deepEqual(
      answers.map((answer) => bytesToText(answer ?? emptyBytes)),
      ['hi', 'hi'],
    );
  },

  'ends an exchange that nobody answers': async (pair) => {
    await pair.links();
    const far = new RecordingSink();
    pair.incoming('swim', far);
    const { left, right } = pair.fixture;
    let calls = 0;
    let isAnswered = true;
    const exchange = {
      address: pair.fixture.rightAddress,
      name: right.self.name,
      kind: 'swim',
      data: text('hi'),
      timeoutMs: 200,
    } as const;
    left.exchange(exchange, (answer) => {
      calls += 1;
      isAnswered = answer !== undefined;
    });
    await pair.until(() => calls > 0);
    await pair.rest();
    assert.equal(calls, 1);
    assert.ok(!isAnswered);
  },
};
