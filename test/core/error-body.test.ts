import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readErrorBody, writeErrorBody } from '../../src/core/error-body.js';
import { ClusterError, mayHaveRun } from '../../src/core/errors.js';
import { textToBytes } from '../../src/core/text.js';

const quiet = { node: 'here', exposeStacks: false };

describe('error body', () => {
  it('carries code, message, details, node and the chain of causes', () => {
    const inner = new RangeError('too far', { cause: new TypeError('no number') });
    const error = new ClusterError('not-found', 'no such device', { details: { device: 7 }, cause: inner });
    const read = readErrorBody({ data: writeErrorBody(error, quiet), node: 'x', ran: true, code: 'remote' });
    assert.deepEqual([read.code, read.details, read.node, read.ran], ['not-found', { device: 7 }, 'here', true]);
    assert.equal(read.message, '[not-found] no such device (at here)');
    assert.deepEqual(chain(read), ['RangeError: too far', 'TypeError: no number']);
  });

  it('names the node where it happened first, over any number of hops', () => {
    const first = new ClusterError('not-found', 'no such device', { node: 'far' });
    const read = readErrorBody({ data: writeErrorBody(first, quiet), node: 'x', ran: true, code: 'remote' });
    assert.equal(read.node, 'far');
  });

  it('carries stacks where they are asked for, and nowhere else', () => {
    const error = new ClusterError('internal', 'broken', { cause: new Error('inside') });
    const loud = writeErrorBody(error, { node: 'here', exposeStacks: true });
    const read = readErrorBody({ data: loud, node: 'x', ran: true, code: 'remote' });
    const stacks = [];
    for (let cause = read.cause; cause instanceof Error; cause = cause.cause) stacks.push(cause.stack ?? '');
    assert.equal(stacks.length, 2);
    assert.ok(stacks.every((stack) => stack.includes('error-body.test')));
    assert.ok(!new TextDecoder().decode(writeErrorBody(error, quiet)).includes('error-body.test'));
  });

  it('says whether it ran as the other side knows it, whatever the code', () => {
    const data = writeErrorBody(new ClusterError('not-executed', 'elsewhere'), quiet);
    const codes = [true, false].map((ran) => mayHaveRun(readErrorBody({ data, node: 'x', ran, code: 'remote' })));
    assert.deepEqual(codes, [true, false]);
    assert.deepEqual([mayHaveRun('link-lost'), mayHaveRun('not-executed')], [true, false]);
    assert.equal(mayHaveRun(new ClusterError('link-lost', 'x')), true);
  });

  it('can always be written, and is bounded', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    let deep = new Error('x'.repeat(100_000));
    for (let index = 0; index < 100; index += 1) deep = new Error('y'.repeat(100_000), { cause: deep });
    for (const details of [cycle, 1n, 'z'.repeat(1_000_000), () => 1]) {
      const error = new ClusterError('remote', 'm'.repeat(1_000_000), { details, cause: deep });
      const data = writeErrorBody(error, { node: 'here', exposeStacks: true });
      assert.ok(data.length < 131_072, `${data.length} bytes`);
      assert.equal(readErrorBody({ data, node: 'x', ran: true, code: 'internal' }).code, 'remote');
    }
  });

  it('can be written of whatever was thrown', () => {
    const odd = Object.assign(new Error('x'), { message: { no: 'text' }, stack: 7, name: undefined });
    const bare: unknown = Object.create(null);
    for (const thrown of [odd, bare, Symbol('s'), undefined, { toString: 1 }, new Proxy({}, { get: () => bare })]) {
      const error = ClusterError.from(thrown, 'remote');
      const outer = new ClusterError('remote', 'outer', { cause: odd });
      for (const each of [error, outer]) {
        const data = writeErrorBody(each, { node: 'here', exposeStacks: true });
        assert.equal(readErrorBody({ data, node: 'x', ran: true, code: 'internal' }).code, 'remote');
      }
    }
  });

  it('reads any bytes as an error of the code that the frame stands for', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(textToBytes)), (data) => {
        const read = readErrorBody({ data, node: 'peer', ran: false, code: 'not-executed' });
        assert.ok(read instanceof ClusterError);
        assert.equal(mayHaveRun(read), false);
      }),
    );
    const told = (data: Uint8Array): string => readErrorBody({ data, node: 'n', ran: true, code: 'remote' }).message;
    assert.equal(told(textToBytes('plain words')), '[remote] plain words (at n)');
    assert.equal(told(new Uint8Array(0)), '[remote] the other side failed (at n)');
    assert.equal(told(new Uint8Array(200_000)), '[remote] the other side failed (at n)');
  });
});

function chain(error: Error): string[] {
  const names: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    names.push(`${cause.name}: ${cause.message}`);
  }
  return names;
}
