import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { after } from '../../src/core/clock.js';
import { topLines, type TopSample } from '../../src/cli/top-command.js';
import { Simulator } from '../../src/testing/simulator.js';
import { makeCommandLine } from './cli-fixture.js';

describe('top', () => {
  it('shows rates since the sample before, and none in the first', () => {
    const first = makeSample(0, 10, 0);
    const second = makeSample(2000, 30, 4);
    assert.deepEqual(lines(first, undefined), [
      'members of n1',
      '  n1 127.0.0.1:7700 alive',
      'links',
      '  n2 peer 12 B buffered',
      'events to nodes',
      '         -/s n2 5 unacknowledged 640 B held 1 sent again',
      'subscriptions',
      '         -/s s1 /a/** /b',
      'topics',
      '         -/s /a',
    ]);
    const shown = lines(second, first);
    assert.ok(shown.includes('      10.0/s s1 /a/** /b 4 dropped'), shown.join('\n'));
    assert.ok(shown.includes('      10.0/s /a'), shown.join('\n'));
    const toNode = '      10.0/s n2 5 unacknowledged 640 B held 1 sent again 4 dropped';
    assert.ok(shown.includes(toNode), shown.join('\n'));
  });

  it('--once prints one sample with rates and ends; --json prints what the node said', async () => {
    const { run, terminal } = makeCommandLine();
    const once = async (...args: readonly string[]): Promise<number> => {
      const running = run('top', '--once', ...args);
      await terminal.clock.runUntil(() => terminal.lines.length > 0, 5000);
      return running;
    };
    assert.equal(await once(), 0);
    assert.equal(terminal.lines[0], 'members of n1');
    terminal.lines.length = 0;
    assert.equal(await once('--json'), 0);
    assert.equal((terminal.json[0] as { name: string }).name, 'n1');
    assert.deepEqual(terminal.shown, []);
  });

  it('counts a topic that is new since the sample before from zero', () => {
    const second = makeSample(2000, 30, 0);
    const first = { ...second, at: after(start, 0), stats: { ...second.stats, topics: [] } };
    assert.ok(lines(second, first).includes('      15.0/s /a'));
  });

  it('asks again every second until Ctrl-C, and never after', async () => {
    const { run, terminal, guest } = makeCommandLine();
    const running = run('top');
    assert.equal(await terminal.clock.runUntil(() => terminal.shown.length === 3, 10_000), true);
    assert.equal(terminal.clock.now(), 2000);
    terminal.abort.abort();
    assert.equal(await running, 0);
    await terminal.clock.runAsync(5000);
    assert.equal(guest.asked.length, 3);
  });
});

const start = new Simulator({ seed: 1 }).now();

function makeSample(atMs: number, count: number, dropped: number): TopSample {
  return {
    at: after(start, atMs),
    stats: {
      name: 'n1',
      members: [{ name: 'n1', status: 'alive', address: '127.0.0.1:7700' }],
      links: [{ peer: 'n2', role: 'peer', bufferedBytes: 12 }],
      lanes: [
        {
          node: 'n2',
          epoch: 1,
          linked: true,
          suspect: false,
          sent: count,
          dropped,
          resent: 1,
          inFlight: 5,
          heldBytes: 640,
          received: 0,
          duplicates: 0,
          ownLanes: 0,
        },
      ],
      subscriptions: [
        { id: 's1', patterns: ['/a/**', '/b'], received: count, handled: 0, dropped, failed: 0, queued: 0 },
      ],
      topics: [{ topic: '/a', count }],
    },
  };
}

function lines(sample: TopSample, before: TopSample | undefined): string[] {
  return topLines(sample, before).map(stripVTControlCharacters);
}
