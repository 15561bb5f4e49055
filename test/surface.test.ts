/**
 * The public surface is a decision: a name that comes, goes or changes its kind shows here.
 * `UPDATE_SURFACE=1 npx mocha test/surface.test.ts` writes the new one, for review.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { surfaceOf, surfaceText } from '../scripts/api-surface.js';

const snapshot = 'test/surface.txt';

describe('public surface', () => {
  it('is the one that was reviewed', function reviewed() {
    this.timeout(10_000);
    if (!existsSync('src/index.ts')) this.skip();
    const actual = surfaceText();
    if (process.env['UPDATE_SURFACE'] === '1') writeFileSync(snapshot, actual);
    const expected = existsSync(snapshot) ? readFileSync(snapshot, 'utf8') : '';
    assert.equal(actual, expected, 'run with UPDATE_SURFACE=1 and review test/surface.txt');
  });
});

describe('surface reader', () => {
  it('follows names through files to their declaration', () => {
    const lines = surface({
      'src/index.ts': `
        export { createNode, type NodeOptions } from "./runtime/node.js";
        export type { Bus as EventBus } from "./runtime/node.js";
        export { map } from "rxjs";
        const version = "1";
        export { version };
        export type Id = string;`,
      'src/runtime/node.ts': `
        export interface NodeOptions {}
        export function createNode(): void;
        export function createNode(options?: NodeOptions): void {}
        export { Bus } from "../bus/bus.js";`,
      'src/bus/bus.ts': `export class Bus {}\nexport const hidden = 1;`,
    });
    assert.deepEqual(lines, [
      'class EventBus',
      'type Id',
      'interface NodeOptions',
      'function createNode',
      'from rxjs map',
      'const version',
    ]);
  });

  it('sees a name change its kind', () => {
    const kindOf = (text: string): readonly string[] => surface({ 'src/index.ts': text });
    assert.deepEqual(kindOf('export interface A {}'), ['interface A']);
    assert.deepEqual(kindOf('export class A {}'), ['class A']);
    assert.deepEqual(kindOf('export type A = 1; export const A = 1;'), ['type+const A']);
  });

  it('refuses what it cannot follow', () => {
    assert.throws(() => surface({ 'src/index.ts': `export * from "./a.js";` }), /one by one/);
    assert.throws(() => surface({ 'src/index.ts': `export { a } from "./a.js";` }), /not exist/);
    assert.throws(() => surface({ 'src/index.ts': `export { b } from "./a.js";`, 'src/a.ts': '' }), /b is not there/);
  });
});

function surface(files: Readonly<Record<string, string>>): readonly string[] {
  return surfaceOf('src/index.ts', (path) => files[path]);
}
