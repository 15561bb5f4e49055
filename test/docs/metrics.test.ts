import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

describe('the reference of metrics', () => {
  const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`src/${name}`, 'utf8'))
    .join('\n');
  const page = readFileSync('docs/reference/metrics.md', 'utf8');
  const rows = Array.from(page.matchAll(/^\| `(scalebus_[a-z_]+)`/gm), ([, name = '']) => name).toSorted();

  it('has a row for each series of the source, and no other', () => {
    const literal = Array.from(source.matchAll(/'(scalebus_[a-z_]+)'/g), ([, name = '']) => name);
    const ofBus = Array.from(
      source.matchAll(/ = count\('([a-z_]+)',/g),
      ([, name = '']) => `scalebus_bus_${name}_total`,
    );
    assert.ok(ofBus.length > 10, ofBus.join());
    assert.deepEqual(rows, [...new Set([...literal, ...ofBus])].toSorted());
  });

  it('knows every series that is made, by a name with the prefix', () => {
    const made = Array.from(
      source.matchAll(/\.(?:counter|gauge|histogram)\(\s*['`]([^'`]*)/g),
      ([, name = '']) => name,
    );
    assert.ok(made.length > 10, made.join());
    for (const name of made) assert.match(name, /^scalebus_/);
  });

  it('names each event of links', () => {
    const kinds = /export type LinkCount =([^;]*);/.exec(source)?.[1]?.match(/[a-z-]+/g) ?? [];
    assert.ok(kinds.length > 10);
    for (const kind of kinds) assert.ok(page.includes(`\`${kind}\``), kind);
  });
});
