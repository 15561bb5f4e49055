import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { digestText, findDigest, withDigest } from '../../bench/harness/digest.js';
import { figureLine, type FigureLine } from '../../bench/harness/lines.js';

const machine = {
  commit: 'abc',
  node: 'v20',
  cpu: 'a processor',
  cores: 2,
  platform: 'linux x64',
  at: '2026-01-01T00:00:00.000Z',
};

describe('figures in the README', () => {
  it('are those that the report wrote into the page of the bench', () => {
    const digest = findDigest(readFileSync('README.md', 'utf8'));
    assert.ok(digest !== undefined, 'README.md has lost the marks of the figures');
    const page = readFileSync('bench/README.md', 'utf8');
    assert.ok(page.includes(digest), 'run `npm run bench -- report`: README.md and bench/README.md differ');
  });

  it('stand nowhere else in README and guide', () => {
    const guide = readdirSync('docs/guide', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/guide/${file}`);
    for (const path of ['README.md', ...guide]) {
      const text = readFileSync(path, 'utf8');
      const outside = text.replace(findDigest(text) ?? '', '');
      const rate =
        /\d[\d,.]*\s?(k|M|million|thousand)?\s?(events|messages|calls|publishes|ops|requests)\s?(\/\s?s\b|a second|per second)/i.exec(
          outside,
        );
      assert.equal(rate, null, `${path}: a figure that no bench printed: ${rate?.[0] ?? ''}`);
    }
  });
});

describe('bench digest', () => {
  it('shows ours, the bare sockets and the best of the others, with the bench named', () => {
    const lines = [line('scalebus', 300_000), line('limit', 400_000), line('nats', 20_000), line('cote', 30_000)];
    const text = digestText(lines);
    assert.match(text, /\| 300k\/s \| 400k\/s \| 30k\/s \(cote\) \| `rpc --case '100 B x64'` \|/);
    assert.match(text, /a processor, 2 cores, Node v20/);
  });

  it('leaves out what was not measured, and says so when nothing was', () => {
    assert.equal(digestText([]), 'Nothing was measured yet.');
    assert.equal(digestText([line('nats', 20_000)]), 'Nothing was measured yet.');
  });

  it('replaces what stands between the marks, and nothing else', () => {
    const before = withDigest(readFileSync('README.md', 'utf8'), 'one');
    const after = withDigest(before, 'two');
    assert.equal(findDigest(after), 'two');
    assert.equal(after.replace('two', 'one'), before);
    assert.equal(withDigest('no marks', 'two'), 'no marks');
  });
});

function line(peer: string, opsPerSec: number): FigureLine {
  return figureLine(machine, { bench: 'rpc', case: '100 B x64', peer, payload: '100 B', concurrency: 64 }, [
    { opsPerSec },
  ]);
}
