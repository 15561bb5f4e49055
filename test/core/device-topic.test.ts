import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { commandPattern, commandTopic, eventTopic, onlinePattern, onlineTopic } from '../../src/core/device-topic.js';
import { matchesSegments, parsePattern, readCaptures, segmentToText, topicToSegments } from '../../src/core/topic.js';

const name = fc.string({ minLength: 1, maxLength: 64, unit: 'binary' });

describe('device topics', () => {
  it('lead every command to its device and to no other, whatever the names are', () => {
    fc.assert(
      fc.property(name, name, name, name, (product, id, command, other) => {
        const [pattern] = parsePattern(commandPattern({ product, id }));
        assert.ok(pattern !== undefined);
        const topic = commandTopic({ product, id }, command);
        assert.equal(segmentToText(readCaptures(pattern, topic)['name'] ?? ''), command);
        const stranger = topicToSegments(commandTopic({ product, id: other }, command));
        assert.equal(matchesSegments(pattern.segments, stranger), other === id);
      }),
    );
  });

  it('tell the names that they were made of', () => {
    fc.assert(
      fc.property(name, name, (product, id) => {
        const [pattern] = parsePattern(onlinePattern);
        assert.ok(pattern !== undefined);
        const captures = readCaptures(pattern, onlineTopic({ product, id }));
        assert.deepEqual(
          [captures['product'], captures['device']].map((text) => segmentToText(text ?? '')),
          [product, id],
        );
      }),
    );
  });

  it('are the paths that the guides show', () => {
    const device = { product: 'boiler', id: 'b1' };
    assert.equal(eventTopic(device, 'hot'), '/device/boiler/b1/message/event/hot');
    assert.equal(commandTopic(device, 'fan'), '/device/boiler/b1/command/fan');
  });
});
