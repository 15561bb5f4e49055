import assert from 'node:assert/strict';
import { array, assert as check, constantFrom, property } from 'fast-check';
import { topicLengthMax, topicSegmentsMax } from '../../../src/core/limits.js';
import { findTopicFault, normalizeTopic, topicToSegments } from '../../../src/core/topic.js';
import { TopicScan } from '../../../src/protocol/bus/topic-scan.js';

describe('protocol/bus/topic-scan', () => {
  const scan = new TopicScan();

  it('refuses what the topic rules refuse, and reads the segments of everything else', () => {
    const parts = [
      'a',
      'bc',
      '/',
      '//',
      '',
      '*',
      '+',
      '#',
      '{',
      '}',
      ',',
      '\u0000',
      '\u001f',
      '\u007f',
      ' ',
      '!',
      '~',
      'é',
      '日',
    ];
    check(
      property(array(constantFrom(...parts), { maxLength: 12 }), (pieces) => {
        assertReads(pieces.join(''));
      }),
      { numRuns: 20_000 },
    );
  });

  it('has the same limits', () => {
    for (const count of [topicSegmentsMax - 1, topicSegmentsMax, topicSegmentsMax + 1]) {
      const text = Array.from({ length: count }, () => 'a').join('/');
      for (const topic of [text, `/${text}`, `${text}/`, `/${text}/`]) assertReads(topic);
    }
    for (const length of [topicLengthMax - 1, topicLengthMax, topicLengthMax + 1]) assertReads('a'.repeat(length));
  });

  it('gives every spelling of a topic one hash', () => {
    const hashes = ['a/bc', '/a/bc', 'a/bc/', '/a/bc/'].map((topic) => {
      assert.ok(scan.read(topic));
      return scan.hash;
    });
    assert.equal(new Set(hashes).size, 1);
    assert.ok(scan.read('a/bd'));
    assert.notEqual(scan.hash, hashes[0]);
  });

  function assertReads(topic: string): void {
    const isRead = scan.read(topic);
    assert.equal(isRead, findTopicFault(topic) === undefined, JSON.stringify(topic));
    if (!isRead) return;
    const normal = normalizeTopic(topic);
    assert.equal(scan.normal, normal);
    const segments = topicToSegments(normal);
    assert.deepEqual(
      Array.from({ length: scan.count }, (_, index) => scan.segment(index)),
      segments,
    );
    segments.forEach((segment, index) => {
      assert.equal(scan.isSegment(index, segment), true);
      assert.equal(scan.isSegment(index, `${segment}x`), false);
    });
  }
});
