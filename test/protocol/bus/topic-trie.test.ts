import assert from 'node:assert/strict';
import { matchesSegments, parsePattern, topicToSegments, type TopicPattern } from '../../../src/core/topic.js';
import { SeededRandom, type Random } from '../../../src/core/random.js';
import { patternsOverlap } from '../../../src/protocol/bus/pattern-overlap.js';
import { TopicTrie } from '../../../src/protocol/bus/topic-trie.js';

interface Wanted {
  readonly id: string;
}

describe('protocol/bus/topic-trie', () => {
  it('answers exactly as the textbook matcher on a million random pairs', function () {
    this.timeout(60_000);
    const random = new SeededRandom(11);
    let pairs = 0;
    while (pairs < 1_000_000) {
      const trie = createTrie();
      const patterns = Array.from({ length: 100 }, () => drawPattern(random));
      const values = patterns.map((pattern, index) => ({ id: String(index), pattern }));
      for (const value of values) trie.add(value.pattern, value);
      for (let round = 0; round < 50; round += 1) {
        const topic = drawTopic(random);
        const segments = topicToSegments(topic);
        const expected = values
          .filter((value) => matchesSegments(value.pattern.segments, segments))
          .map(({ id }) => id);
        // Twice, so that the kept match is compared too.
        assert.deepEqual(idsOf(trie, topic), expected.toSorted(), topic);
        assert.deepEqual(idsOf(trie, topic), expected.toSorted(), topic);
        pairs += patterns.length;
      }
    }
  });

  it('stays exact while patterns come and go', function () {
    this.timeout(20_000);
    const random = new SeededRandom(5);
    const trie = createTrie();
    const held = new Map<Wanted, TopicPattern>();
    for (let round = 0; round < 20_000; round += 1) {
      if (held.size > 0 && random.below(2) === 0) {
        const [value, pattern] = [...held][random.below(held.size)] ?? assert.fail();
        assert.equal(trie.remove(pattern, value), true);
        held.delete(value);
      } else if (held.size < 40) {
        const value = { id: String(round) };
        const pattern = drawPattern(random);
        assert.equal(trie.add(pattern, value), true);
        held.set(value, pattern);
      }
      const topic = drawTopic(random);
      const expected = [...held].filter(([, pattern]) => matchesSegments(pattern.segments, topicToSegments(topic)));
      const ids = expected.map(([value]) => value.id).toSorted();
      assert.deepEqual(idsOf(trie, topic), ids);
      // Another spelling of it is kept beside it.
      assert.deepEqual(idsOf(trie, topic.slice(1)), ids);
      assert.equal(trie.size, held.size);
    }
  });

  it('finds patterns with two or more segments after **', () => {
    const trie = createTrie();
    add(trie, '/device/**/message/property/report', 'deep');
    add(trie, '/a/**/x/y', 'short');
    assert.deepEqual(idsOf(trie, '/device/p/d/message/property/report'), ['deep']);
    assert.deepEqual(idsOf(trie, '/device/message/property/report'), ['deep']);
    assert.deepEqual(idsOf(trie, '/a/1/2/x/y'), ['short']);
    assert.deepEqual(idsOf(trie, '/a/x/y'), ['short']);
    assert.deepEqual(idsOf(trie, '/a/x'), []);
  });

  it('holds each value once however many of its patterns match', () => {
    const trie = createTrie();
    const value = { id: 'one' };
    for (const text of ['/a/b', '/a/*', '/**', '/a/**/b']) {
      for (const pattern of parsePattern(text)) trie.add(pattern, value);
    }
    assert.deepEqual(idsOf(trie, '/a/b'), ['one']);
  });

  it('adds the same pair once and removes it once', () => {
    const trie = createTrie();
    const value = { id: 'one' };
    const pattern = parsePattern('/a/*')[0] ?? assert.fail();
    assert.equal(trie.add(pattern, value), true);
    assert.equal(trie.add(pattern, value), false);
    assert.equal(trie.remove(pattern, value), true);
    assert.equal(trie.remove(pattern, value), false);
    assert.deepEqual(idsOf(trie, '/a/b'), []);
  });

  it('gives the normal form of a topic and refuses a malformed one', () => {
    const trie = createTrie();
    assert.equal(trie.find('a/b/').topic, '/a/b');
    assert.throws(() => trie.find('/a//b'), /empty segment/);
    assert.throws(() => trie.find('/a/*'), /wildcard/);
  });

  it('does not give what a topic matched before its last subscription went and another came', () => {
    const trie = createTrie();
    const [pattern] = parsePattern('/a/b');
    assert.ok(pattern);
    const [old, young] = [{ id: 'old' }, { id: 'young' }];
    trie.add(pattern, old);
    assert.deepEqual(idsOf(trie, 'a/b'), ['old']);
    trie.remove(pattern, old);
    assert.deepEqual(idsOf(trie, 'a/b'), []);
    trie.add(pattern, young);
    assert.deepEqual(idsOf(trie, 'a/b'), ['young']);
  });

  it('keeps its cache bounded when every topic is new, and when many repeat', () => {
    const trie = new TopicTrie<Wanted, readonly Wanted[]>((values) => values, { cacheMax: 8 });
    add(trie, '/**', 'all');
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 100; index += 1) assert.equal(trie.find(`/t/${index}`).match.length, 1);
    }
    add(trie, '/t/*', 'more');
    for (let index = 0; index < 100; index += 1) assert.equal(trie.find(`/t/${index}`).match.length, 2);
  });

  it('makes the match of one value alone from it, where that does not depend on the topic', () => {
    const trie = new TopicTrie<Wanted, string>(
      (values, topic) => `${values.map(({ id }) => id).join(' ')} on ${topic ?? 'many'}`,
      { buildOne: ({ id }) => (id === 'narrow' ? undefined : `${id} alone`) },
    );
    const match = (topic: string): string => trie.find(topic).match;
    const same = { id: 'same' };
    const [pattern] = parsePattern('/same/*');
    assert.ok(pattern);
    trie.add(pattern, same);
    trie.add(parsePattern('/narrow/*')[0] ?? pattern, { id: 'narrow' });
    assert.deepEqual([match('/same/1'), match('/same/2')], ['same alone', 'same alone']);
    assert.deepEqual([match('/narrow/1'), match('/narrow/2')], ['narrow on /narrow/1', 'narrow on /narrow/2']);
    trie.add(pattern, { id: 'two' });
    assert.equal(match('/same/3'), 'same two on /same/3');
    trie.remove(pattern, same);
    assert.equal(match('/same/4'), 'two on /same/4');
    trie.add(parsePattern('/same/6')[0] ?? pattern, same);
    assert.equal(match('/same/6'), 'same two on /same/6');
  });

  it('agrees with the textbook matcher while patterns come and go', () => {
    const random = new SeededRandom(11);
    const trie = new TopicTrie<Wanted, readonly Wanted[]>((values) => values, { buildOne: (value) => [value] });
    const held: { readonly pattern: TopicPattern; readonly value: Wanted }[] = [];
    const topics = everyTopic(['a', 'b', 'c'], 4);
    for (let round = 0; round < 600; round += 1) {
      const gone = held.length > 12 || random.below(3) === 0 ? held.splice(random.below(held.length), 1)[0] : undefined;
      if (gone === undefined) {
        const one = { pattern: drawPattern(random), value: { id: String(round) } };
        assert.ok(trie.add(one.pattern, one.value));
        held.push(one);
      } else {
        assert.ok(trie.remove(gone.pattern, gone.value));
      }
      for (let look = 0; look < 10; look += 1) {
        const topic = topics[random.below(topics.length)] ?? [];
        const expected = held.filter(({ pattern }) => matchesSegments(pattern.segments, topic));
        const found = trie.find(`/${topic.join('/')}`).match.map(({ id }) => Number(id));
        const sorted = (ids: readonly number[]): number[] => ids.toSorted((left, right) => left - right);
        assert.deepEqual(sorted(found), sorted(expected.map(({ value }) => Number(value.id))));
      }
    }
  });

  it('finds for a broadcast what some topic of the pattern would reach', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < 300; round += 1) {
      const trie = createTrie();
      const patterns = Array.from({ length: 20 }, () => drawPattern(random));
      patterns.forEach((pattern, index) => trie.add(pattern, { id: String(index) }));
      const asked = drawPattern(random);
      const found = new Set(trie.findOverlap([asked]).map(({ id }) => Number(id)));
      patterns.forEach((pattern, index) =>
        assert.equal(found.has(index), patternsOverlap(asked.segments, pattern.segments), pattern.text),
      );
    }
  });
});

describe('protocol/bus/pattern-overlap', () => {
  it('agrees with trying every short topic', function () {
    this.timeout(20_000);
    const random = new SeededRandom(7);
    const topics = everyTopic(['a', 'b', 'c'], 6);
    for (let round = 0; round < 1500; round += 1) {
      const left = drawSegments(random, 4);
      const right = drawSegments(random, 4);
      const expected = topics.some((topic) => matchesSegments(left, topic) && matchesSegments(right, topic));
      assert.equal(patternsOverlap(left, right), expected, `${left.join('/')} and ${right.join('/')}`);
    }
  });
});

function createTrie(): TopicTrie<Wanted, readonly Wanted[]> {
  return new TopicTrie<Wanted, readonly Wanted[]>((values) => values);
}

function add(trie: TopicTrie<Wanted, readonly Wanted[]>, text: string, id: string): void {
  const value = { id };
  for (const pattern of parsePattern(text)) trie.add(pattern, value);
}

function idsOf(trie: TopicTrie<Wanted, readonly Wanted[]>, topic: string): string[] {
  return trie
    .find(topic)
    .match.map(({ id }) => id)
    .toSorted();
}

const words = ['a', 'b', '*', '**'];

function drawSegments(random: Random, max: number): string[] {
  const count = 1 + random.below(max);
  let doubles = 0;
  return Array.from({ length: count }, () => {
    const word = words[random.below(words.length)] ?? 'a';
    if (word !== '**') return word;
    doubles += 1;
    return doubles > 3 ? '*' : word;
  });
}

function drawPattern(random: Random): TopicPattern {
  return parsePattern(`/${drawSegments(random, 6).join('/')}`)[0] ?? assert.fail();
}

function drawTopic(random: Random): string {
  return `/${Array.from({ length: 1 + random.below(7) }, () => (random.below(2) === 0 ? 'a' : 'b')).join('/')}`;
}

function everyTopic(alphabet: readonly string[], lengthMax: number): string[][] {
  let last: string[][] = [[]];
  const all: string[][] = [];
  for (let length = 1; length <= lengthMax; length += 1) {
    last = last.flatMap((topic) => alphabet.map((word) => [...topic, word]));
    all.push(...last);
  }
  return all;
}
