import assert from 'node:assert/strict';
import { entries } from '../../bench/contenders.js';
import type { FloodResult, Seen } from '../../bench/child/bus.js';
import { Crew } from '../../bench/harness/agents.js';
import { compile } from '../../bench/harness/compile.js';
import { Run } from '../../bench/harness/run.js';
import { parseOptions } from '../../bench/options.js';
import { assembleBus, resetBus } from '../../bench/suite/bus.js';

describe('events at a fixed rate', function paced() {
  this.timeout(60_000);

  it('are all counted, and those before the settling is over give no delay', async () => {
    await compile();
    const parsed = parseOptions(['--smoke'], ['bus']);
    assert.ok(parsed.kind === 'run');
    const run = new Run('bus', parsed.options);
    const entry = entries.find(({ name }) => name === 'limit');
    assert.ok(entry !== undefined);
    const crew = new Crew();
    try {
      const one = { name: '1:1 iot', payload: 'iot', publishers: 1, subscribers: 1, grouped: false } as const;
      const broker = await run.broker(crew, entry);
      const ready = await assembleBus(run, entry, { ...one, confirm: undefined, concurrency: 64 }, { crew, broker });
      const [publisher] = ready.publishers;
      const [subscriber] = ready.subscribers;
      assert.ok(publisher !== undefined && subscriber !== undefined);
      await resetBus(ready);
      const rate = { ratePerSec: 1600, settleSeconds: 0.1, seconds: 0.3 };
      const { sent, arrived } = await publisher.ask<FloodResult>('paced', rate, 30_000);
      assert.deepEqual([sent, arrived], [640, 640]);
      const { count, wrong, delays } = await subscriber.ask<Seen>('seen');
      // One in 16 is sampled: 10 of the 160 that settle, 30 of the rest.
      assert.deepEqual([count, wrong, delays.count], [640, 0, 30]);
    } finally {
      await crew.stop();
    }
  });
});
