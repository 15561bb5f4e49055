import assert from 'node:assert/strict';
import { figureLine, type Line, type Machine } from '../../bench/harness/lines.js';
import { makeReport, newestLines } from '../../bench/harness/report.js';
import { escapeXml, plotSvg } from '../../bench/harness/svg.js';

const early: Machine = {
  commit: 'abc1234',
  node: 'v20.20.2',
  cpu: 'some processor',
  cores: 2,
  platform: 'linux x64',
  at: '2026-01-01T00:00:00.000Z',
};
const late: Machine = { ...early, at: '2026-01-02T00:00:00.000Z' };
const benches = [{ name: 'rpc', summary: 'request and response' }];

describe('bench report', () => {
  it('keeps the newest run of each case, whole', () => {
    const lines = [figure(early, 'limit', 1), figure(early, 'nats', 2), figure(late, 'limit', 3)];
    assert.deepEqual(newestLines(lines), [lines[2]]);
  });

  it('leaves out a run that measured scalebus in fewer rounds than make a median, whole', () => {
    const quick = [figure(late, 'scalebus', 9, 2), figure(late, 'limit', 8, 5)];
    const whole = [figure(early, 'scalebus', 1, 3), figure(early, 'limit', 2, 1)];
    assert.deepEqual(newestLines([...quick, ...whole]), whole);
  });

  it('says in how many rounds each line was measured', () => {
    const files = makeReport({ lines: [figure(late, 'scalebus', 9, 4)], benches, entries: [], versions: {} });
    const readme = files.find(({ path }) => path === 'README.md');
    assert.match(readme?.text ?? '', /\| case \| peer \| rounds \|[^]+\| 100 B x64 \| scalebus \| 4 \|/);
  });

  it('names machine, versions and settings, and links each plot that it makes', () => {
    const entry = {
      name: 'limit',
      family: 'limit',
      module: '',
      variant: '',
      does: ['rpc' as const],
      settings: 'one slab',
      packages: false,
    };
    const files = makeReport({
      lines: [figure(late, 'limit', 1000)],
      benches,
      entries: [entry],
      versions: { moleculer: '0.15.2' },
    });
    const readme = files.find(({ path }) => path === 'README.md')?.text ?? '';
    for (const text of ['some processor', 'v20.20.2', 'abc1234', 'moleculer 0.15.2', 'limit: one slab', '2026-01-02']) {
      assert.ok(readme.includes(text), text);
    }
    const linked = [...readme.matchAll(/!\[\w+\]\((.+?)\)/g)].map((match) => match[1]);
    assert.deepEqual(linked, ['plots/rpc.svg']);
    assert.ok(files.some(({ path }) => path === 'plots/rpc.svg'));
  });

  it('says so when nothing was measured', () => {
    const [readme] = makeReport({ lines: [], benches, entries: [], versions: {} });
    assert.ok(readme?.text.includes('Nothing was measured yet'));
  });
});

describe('bench plots', () => {
  it('draw longer bars for larger values, on both scales', () => {
    for (const scale of ['linear', 'log'] as const) {
      const [small = 0, large = 0] = widths(
        plotSvg({ title: 'a plot', scale, groups: [{ title: 'group', bars: [bar('a', 10), bar('b', 1000)] }] }),
      );
      assert.ok(small > 0 && small < large, scale);
    }
  });

  it('draw no bar for a value that is not positive', () => {
    const svg = plotSvg({
      title: 'a plot',
      scale: 'log',
      groups: [{ title: 'group', bars: [bar('a', 0), bar('b', 5)] }],
    });
    assert.equal(widths(svg)[0], 0);
    assert.ok(!svg.includes('NaN') && !svg.includes('Infinity'));
  });

  it('escape what is not text in XML', () => {
    assert.equal(escapeXml('<a & "b">'), '&lt;a &amp; &quot;b&quot;&gt;');
    const svg = plotSvg({ title: '<script>', scale: 'linear', groups: [] });
    assert.ok(!svg.includes('<script>'));
  });
});

function figure(machine: Machine, peer: string, opsPerSec: number, rounds = 5): Line {
  const subject = { bench: 'rpc', case: '100 B x64', peer, payload: '100 B', concurrency: 64 };
  return figureLine(
    machine,
    subject,
    Array.from({ length: rounds }, () => ({ opsPerSec })),
  );
}

function bar(label: string, value: number) {
  return { label, value, text: value.toString() };
}

function widths(svg: string): number[] {
  return [...svg.matchAll(/<rect x="180"[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]));
}
