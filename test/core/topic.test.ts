import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ClusterError } from '../../src/core/errors.js';
import {
  findTopicFault,
  matchesSegments,
  normalizeTopic,
  parsePattern,
  readCaptures,
  segmentToText,
  topicSegment,
  topicToSegments,
} from '../../src/core/topic.js';

describe('core/topic', () => {
  it('adds the leading slash and drops one trailing slash', () => {
    assert.equal(normalizeTopic('a/b'), '/a/b');
    assert.equal(normalizeTopic('/a/b/'), '/a/b');
    assert.equal(normalizeTopic('/a'), '/a');
  });

  it('says what is wrong with a topic', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['', /empty segment/],
      ['/', /empty segment/],
      ['//', /empty segment/],
      ['/a//b', /empty segment/],
      ['/a//', /empty segment/],
      ['/a/*', /wildcard \*/],
      ['/a/#', /wildcard #/],
      ['/a/+', /wildcard \+/],
      ['/{x}', /wildcard \{/],
      ['/a,b', /wildcard ,/],
      ['/a\u0000', /control character/],
      [`/${'a'.repeat(2000)}`, /longer than/],
      [`/${Array.from({ length: 40 }, () => 'a').join('/')}`, /more than 32 segments/],
    ];
    for (const [topic, why] of wrong) {
      assert.match(findTopicFault(topic) ?? '', why, topic);
      assert.throws(() => normalizeTopic(topic), isInvalidTopic);
    }
  });

  it('says what is wrong with a pattern and where', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['', /segment 1 is empty/],
      ['/a//b', /segment 2 is empty/],
      ['/id-*/x', /mixes a wildcard with text/],
      ['/{a}-x', /mixes a wildcard with text/],
      ['/#/a', /at the end only/],
      ['/{a}/{a}', /two captures share one name/],
      ['/a,/x', /empty alternative/],
      ['/**/a/**/b/**/c/**', /more than 3 times \*\*/],
      ['/a,b/a,b/a,b/a,b/a,b/a,b/a,b/a,b/a,b', /more than 256 patterns/],
    ];
    for (const [pattern, why] of wrong) {
      assert.throws(
        () => parsePattern(pattern),
        (error) => isInvalidTopic(error) && why.test(error.message),
        pattern,
      );
    }
  });

  it('reads a run of ** as one, and a final # behind it too', () => {
    for (const pattern of ['/a/**', '/a/**/**', '/a/#', '/a/**/#', 'a/**/**/#/']) {
      assert.deepEqual(
        parsePattern(pattern).map(({ text, segments }) => [text, segments]),
        [['/a/**', ['a', '**']]],
        pattern,
      );
    }
    assert.throws(() => parsePattern('/a/**/#/b'), isInvalidTopic);
  });

  it('expands alternatives and keeps captures', () => {
    const patterns = parsePattern('/device/{id}/online,offline');
    assert.deepEqual(
      patterns.map(({ text }) => text),
      ['/device/*/online', '/device/*/offline'],
    );
    assert.deepEqual(readCaptures(patterns[1] ?? assert.fail(), '/device/7/offline'), { id: '7' });
  });

  it('reads captures behind a **', () => {
    const pattern = parsePattern('/a/**/{last}/x')[0] ?? assert.fail();
    assert.deepEqual(readCaptures(pattern, '/a/1/2/3/x'), { last: '3' });
    assert.deepEqual(readCaptures(pattern, '/b/1/x'), {});
  });

  it('takes MQTT wildcards as its own', () => {
    assert.equal(parsePattern('a/+/#')[0]?.text, '/a/*/**');
  });

  it('reads zero segments into **, anywhere', () => {
    for (const [pattern, topic] of [
      ['/a/**', '/a'],
      ['/**/a', '/a'],
      ['/a/**/b', '/a/b'],
    ] as const) {
      assert.ok(matchesSegments(parsePattern(pattern)[0]?.segments ?? [], topicToSegments(topic)), pattern);
    }
  });

  it('makes segments of texts alone', () => {
    for (const name of [5, undefined, null, {}]) {
      assert.throws(() => topicSegment(name as never), { code: 'invalid-topic' });
      assert.throws(() => segmentToText(name as never), { code: 'invalid-topic' });
    }
  });

  it('makes one segment of any name, and the name of the segment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (name) => {
        const segment = topicSegment(name);
        assert.equal(findTopicFault(`/${segment}`), undefined);
        assert.equal(segmentToText(segment), name);
      }),
    );
  });

  it('never throws anything but invalid-topic at a stranger', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        for (const read of [normalizeTopic, parsePattern]) {
          try {
            read(text);
          } catch (error) {
            assert.ok(isInvalidTopic(error));
          }
        }
      }),
    );
  });
});

function isInvalidTopic(error: unknown): error is ClusterError {
  return error instanceof ClusterError && error.code === 'invalid-topic';
}
