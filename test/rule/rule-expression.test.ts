import assert from 'node:assert/strict';
import { ExpressionCompiler } from '../../src/rule/rule-expression.js';
import { TemplateCompiler } from '../../src/rule/rule-template.js';
import type { RuleMessage } from '../../src/spi/rule.js';
import { ruleMessage } from '../../src/testing/conformance/rule-node.js';
import { Simulator } from '../../src/testing/simulator.js';

const message = ruleMessage(
  { t: 31.5, n: 3, text: 'x', list: [1, 2, 3], deep: { a: null }, ['__proto__']: 1 },
  { topic: '/room/r1', headers: { trace: 't1' }, captures: { device: 'r1' } },
);

describe('an expression', () => {
  it('reads the message, and gives plain data', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['value.t > 30', true],
      ['value.t > 30.0 && value.n == 3', true],
      ['value.t * 2 + 1', 64],
      ['2 * value.n - 1', 5],
      ['value.n / 2', 1.5],
      ['10 / 4', 2],
      ['1 + 2', 3],
      ['[1, value.t]', [1, 31.5]],
      ['{"a": 1, "b": {"c": 2}}', { a: 1, b: { c: 2 } }],
      ['value.list.filter(x, x > 1)', [2, 3]],
      ['value.list.size()', 3],
      ['has(value.nothing)', false],
      ['device + "!"', 'r1!'],
      ['headers.trace', 't1'],
      ['topic.startsWith("/room/")', true],
      ['source', 'n1'],
      ['nowMs', 1_767_225_600_000],
      ['nowMs - 1000', 1_767_225_599_000],
      ['value.deep', { a: null }],
      ['value.t > 30 ? "hot" : "cold"', 'hot'],
      ['uint(7)', 7],
      ['double(int(value.t))', 31],
    ];
    for (const [text, expected] of cases) assert.deepEqual(evaluate(text), expected, text);
  });

  it('fails for a message that lacks what it asks for, and says so', () => {
    assert.throws(() => evaluate('value.nothing > 3'), /\[handler-failed\] value.nothing > 3: No such key: nothing/);
    assert.throws(() => evaluate('value.text * 2'), /no such overload/);
    assert.throws(() => evaluate('headers.other'), /No such key: other/);
  });

  it('reaches nothing behind the data', () => {
    for (const text of ['value.constructor', 'value.toString', 'headers.constructor', 'value.list.constructor']) {
      assert.throws(() => evaluate(text), text);
    }
  });

  it('gives what it passes on without a copy', () => {
    assert.equal(evaluate('value'), message.value);
  });
});

describe('a template', () => {
  it('makes one segment of whatever an expression gives', () => {
    const topics: readonly (readonly [string, string])[] = [
      ['/alarm/{device}', '/alarm/r1'],
      ['/alarm/{topic}', '/alarm/%2Froom%2Fr1'],
      ['/n/{value.n}/{value.t > 30}', '/n/3/true'],
      ['/a/pre-{device}-post', '/a/pre-r1-post'],
    ];
    for (const [text, expected] of topics) assert.equal(topicOf(text), expected);
  });

  it('fails when an expression gives no text', () => {
    assert.throws(() => topicOf('/a/{value.deep}'), /\{value.deep\} gives object, not a text or number/);
    assert.throws(() => topicOf('/a/{value.deep.a}'), /gives null/);
  });
});

function evaluate(text: string, about: RuleMessage = message): unknown {
  const expression = compiler().compile(placed(text));
  assert.ok(expression !== undefined, text);
  return expression(about);
}

function topicOf(text: string): string {
  const template = new TemplateCompiler(compiler(), fail).compileTopic(placed(text));
  assert.ok(template !== undefined);
  return template(message);
}

function compiler(): ExpressionCompiler {
  return new ExpressionCompiler(['device'], new Simulator({ seed: 1 }), fail);
}

function placed(text: string): { text: string; place: () => { line: number; column: number } } {
  return { text, place: () => ({ line: 1, column: 1 }) };
}

function fail(_: object, expected: string, found: string): never {
  throw new Error(`expected ${expected}, found ${found}`);
}
