import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { commandTopic, eventTopic, offlineTopic, onlineTopic, reportTopic } from '../../src/core/device-topic.js';
import { resolveMqttOptions } from '../../src/device/network/mqtt-options.js';
import { compileRules } from '../../src/rule/rule-compiler.js';
import { faultToText } from '../../src/rule/rule-fault.js';
import { Simulator } from '../../src/testing/simulator.js';

const guide = readFileSync('docs/guide/device-to-rule.md', 'utf8');

describe('the guide from a device to a rule', () => {
  it('shows a rule that compiles', () => {
    const rules = blocks('yaml');
    assert.equal(rules.length, 1);
    for (const text of rules) assert.deepEqual(faultsOf(text), []);
  });

  it('shows the very line that its rule is refused with', () => {
    const [rule = ''] = blocks('yaml');
    const [expected = ''] = blocks('text');
    assert.deepEqual(faultsOf(rule.replace('where: value.', 'where: velue.')), [expected.trim()]);
  });

  it('names the topics that gateways use', () => {
    const device = { product: '{product}', id: '{device}' };
    const topics = [
      onlineTopic(device),
      offlineTopic(device).replace(/.*\//, '/'),
      reportTopic(device),
      eventTopic(device, '{event}'),
      commandTopic(device, '{name}'),
    ];
    for (const topic of topics) {
      const readable = topic.replaceAll('%7B', '{').replaceAll('%7D', '}');
      assert.ok(guide.includes(`\`${readable}\``), readable);
    }
  });

  it('names the limits that hold', () => {
    const options = resolveMqttOptions({ listen: { host: '127.0.0.1', port: 1883 } });
    assert.ok(guide.includes(`packet size (${options.packetBytesMax / 1024} KiB`));
    assert.ok(guide.includes(`CONNECT (${options.connectBytesMax / 1024} KiB)`));
  });
});

function blocks(language: string): string[] {
  const fence = '```';
  return [...guide.matchAll(new RegExp(`${fence}${language}\n([\\s\\S]*?)${fence}`, 'g'))].map(([, body = '']) => body);
}

function faultsOf(text: string): string[] {
  const result = compileRules([{ file: 'cool.yaml', text }], new Simulator({ seed: 1 }));
  return result.kind === 'faulty' ? result.faults.map((fault) => faultToText(fault)) : [];
}
