import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Stage } from './stage.js';

const folder = new URL('.', import.meta.url);

/** `UPDATE_STORIES=1 npx mocha test/stories/*.test.ts` writes what happened into the files; then read the difference. */
describe('stories', function stories() {
  this.timeout(30_000);

  for (const file of readdirSync(folder).filter((one) => one.endsWith('.txt'))) {
    it(`goes as told: ${file.slice(0, -4).replaceAll('-', ' ')}`, async () => {
      const path = new URL(file, folder);
      const told = readFileSync(path, 'utf8');
      const played = await Stage.play(told);
      if (process.env['UPDATE_STORIES'] === '1') writeFileSync(path, played);
      else assert.equal(played, told);
    });
  }
});
