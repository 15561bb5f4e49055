import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ClusterError } from '../../src/core/errors.js';
import { compileRules } from '../../src/rule/rule-compiler.js';
import { faultsToError, faultToText } from '../../src/rule/rule-fault.js';
import { Simulator } from '../../src/testing/simulator.js';

const good = 'name: r\nfrom: /a/{x}\nto: /b\n';

/** What is wrong, the file, and what a person reads. */
const faulty: readonly (readonly [title: string, text: string, ...faults: string[]])[] = [
  ['nothing at all', '', '1:1: expected a rule, found an empty file'],
  ['YAML that ends too early', 'name: "r\n', '2:1: expected well-formed YAML, found Missing closing "quote'],
  ['a name given twice', `${good}name: s\n`, '4:1: expected well-formed YAML, found Map keys must be unique'],
  [
    'a list where a rule should be',
    '- name: r\n',
    '1:1: expected a rule: a map with name, from, and to or command, found a list',
  ],
  [
    'a field that no rule has',
    `${good}when: value.x > 1\n`,
    '4:1: expected one of name, from, where, everyMs, key, select, to, command, placement, found "when"',
  ],
  [
    'everything missing',
    'placement: one\n',
    '1:1: expected a field "name": the name of the rule, unique in the cluster, found none',
    '1:1: expected a field "from": a topic pattern or a list of them, such as /device/boiler/{device}/message/property/report, found none',
    '1:1: expected a field "to" or "command", found neither',
  ],
  [
    'a name with a slash',
    'name: a/b\nfrom: /a\nto: /b\n',
    '1:7: expected a name of up to 63 letters, digits, . _ or -, found "a/b"',
  ],
  [
    'a map where a pattern should be',
    'name: r\nfrom: { a: 1 }\nto: /b\n',
    '2:7: expected a topic pattern or a list of them, such as /device/boiler/{device}/message/property/report, found a map',
  ],
  [
    'a pattern that cannot be',
    'name: r\nfrom:\n  - /a\n  - /a/b*\nto: /b\n',
    '4:5: expected a topic pattern, found pattern "/a/b*": segment 2 (b*) mixes a wildcard with text; a wildcard is a whole segment',
  ],
  [
    'a capture that expressions know as something else',
    'name: r\nfrom: /a/{value}\nto: /b\n',
    '2:7: expected a capture that is not called value, topic, headers, source, nowMs, found {value}',
  ],
  [
    'an expression that ends too early',
    `${good}where: value.x >\n`,
    '4:17: expected an expression, found Unexpected token: EOF',
  ],
  [
    'a name that no expression knows',
    `${good}where: value.x > 1 && valu.y\n`,
    `4:23: expected one of value, topic, headers, source, nowMs, x (a text is written with quotes of its own: '"text"'), found Unknown variable: valu`,
  ],
  [
    'a name that only one of two patterns captures',
    'name: r\nfrom: [ "/a/{x}", "/b/{y}" ]\nwhere: x == "1"\nto: /b\n',
    `3:8: expected one of value, topic, headers, source, nowMs (a text is written with quotes of its own: '"text"'), found Unknown variable: x`,
  ],
  [
    'a condition that is a number',
    `${good}where: 1 + 2\n`,
    '4:8: expected a condition, which is true or false, found an expression that gives int',
  ],
  [
    'types that do not meet',
    `${good}where: 'topic > 3'\n`,
    '4:9: expected an expression, found no such overload: string > int',
  ],
  [
    'a fault on the second line of a block',
    `${good}where: |\n  value.x > 1 &&\n  velue.y\n`,
    `6:3: expected one of value, topic, headers, source, nowMs, x (a text is written with quotes of its own: '"text"'), found Unknown variable: velue`,
  ],
  [
    'a text without quotes of its own, deep in a select',
    `${good}select:\n  deep:\n    - unit: Celsius\n`,
    `6:13: expected one of value, topic, headers, source, nowMs, x (a text is written with quotes of its own: '"text"'), found Unknown variable: Celsius`,
  ],
  [
    'a time that is no number',
    `${good}everyMs: soon\n`,
    '4:10: expected a whole number of milliseconds, 1 or more, found "soon"',
  ],
  [
    'a time of nothing',
    `${good}everyMs: 0\n`,
    '4:10: expected a whole number of milliseconds, 1 or more, found number 0',
  ],
  ['a placement that there is not', `${good}placement: two\n`, '4:12: expected one of one, spread, found "two"'],
  [
    'an alias',
    'name: &n r\nfrom: /a\nto: *n\n',
    '3:5: expected a topic, such as /alarm/{device}, found an alias; rules take none',
  ],
  [
    'a topic with a wildcard',
    'name: r\nfrom: /a\nto: /b/*\n',
    '3:5: expected a topic, found "/b/*": it has the wildcard *; only patterns may',
  ],
  [
    'a lone brace in a topic',
    'name: r\nfrom: /a\nto: /b/{x\n',
    '3:8: expected an expression in braces, such as {device}, found a lone {',
  ],
  [
    'a brace that holds an unknown name',
    'name: r\nfrom: /a/{x}\nto: /b/{x}/{z}\n',
    `3:13: expected one of value, topic, headers, source, nowMs, x (a text is written with quotes of its own: '"text"'), found Unknown variable: z`,
  ],
  [
    'a rule that would listen to itself',
    'name: r\nfrom: /a/**\nto: /a/b\n',
    '3:5: expected a topic that the rule does not listen to itself, found /a/b',
  ],
  [
    'a command without its device',
    'name: r\nfrom: /a\ncommand: { product: p, name: fan }\n',
    `3:10: expected a field "device": the device's id, such as '{device}', found none`,
  ],
  [
    'a command that is a text',
    'name: r\nfrom: /a\ncommand: fan\n',
    '3:10: expected a command: a map with product, device and name, found "fan"',
  ],
  [
    'a second rule of the same name',
    `${good}---\n${good}`,
    '5:7: expected a name of its own, found r, which rule.yaml has',
  ],
  [
    'several things at once, each told',
    'name: r\nfrom: /a/{x}\nwhere: y\neveryMs: -1\nto: /b/{q}\n',
    '4:10: expected a whole number of milliseconds, 1 or more, found number -1',
  ],
];

describe('a rule file', () => {
  for (const [title, text, ...expected] of faulty) {
    it(`is refused for ${title}, with the place and what was expected`, () => {
      assert.deepEqual(
        faultsOf(text),
        expected.map((line) => `rule.yaml:${line}`),
      );
    });
  }

  it('tells all faults of its expressions together, in one error', () => {
    const text = 'name: r\nfrom: /a/{x}\nwhere: y\nkey: z\nto: /b/{q}\n';
    assert.deepEqual(
      faultsOf(text).map((line) => line.split(':').slice(1, 3).join(':')),
      ['3:8', '4:6', '5:9'],
    );
    const result = compileRules([{ file: 'rule.yaml', text }], new Simulator({ seed: 1 }));
    assert.ok(result.kind === 'faulty');
    const error = faultsToError(result.faults);
    assert.ok(error instanceof ClusterError && error.code === 'invalid-options');
    assert.equal(error.message.split('\n').length, 4);
  });

  it('may hold several rules', () => {
    const text = `${good}---\n${good.replace('name: r', 'name: s')}`;
    const result = compileRules([{ file: 'rule.yaml', text }], new Simulator({ seed: 1 }));
    assert.deepEqual(result.kind === 'rules' ? result.rules.map(({ name }) => name) : result.faults, ['r', 's']);
  });

  it('of the demo is well formed', () => {
    const file = 'examples/demo/rules/climate.yaml';
    const result = compileRules([{ file, text: readFileSync(file, 'utf8') }], new Simulator({ seed: 1 }));
    assert.deepEqual(result.kind === 'faulty' ? result.faults.map((fault) => faultToText(fault)) : [], []);
  });
});

function faultsOf(text: string): string[] {
  const result = compileRules([{ file: 'rule.yaml', text }], new Simulator({ seed: 1 }));
  return result.kind === 'faulty' ? result.faults.map((fault) => faultToText(fault)) : [];
}
