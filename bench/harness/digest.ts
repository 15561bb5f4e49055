/**
 * The short table at the head of bench/README.md, and the same one in the README of the package between two marks: so that no figure
 * stands there which a bench did not print. A test holds both files against each other.
 */
import type { FigureLine, Line } from './lines.js';
import { amount } from './table.js';

/** The marks in README.md between which the report writes. */
export const digestMarks = {
  begin: '<!-- figures: written by `npm run bench -- report`; a change by hand is refused by a test -->',
  end: '<!-- /figures -->',
} as const;

interface Headline {
  readonly bench: string;
  readonly case: string;
  readonly text: string;
  /** The figure that is shown; the rate when absent. */
  readonly figure?: string;
  readonly unit: string;
  /** The best of the others is the smallest. */
  readonly isCost?: boolean;
}

const headlines: readonly Headline[] = [
  { bench: 'rpc', case: '100 B x64', text: 'calls, 100 B, 64 in flight', unit: '/s' },
  { bench: 'rpc', case: 'iot x64', text: 'calls, a device event both ways, 64 in flight', unit: '/s' },
  { bench: 'bus', case: '1:1 iot', text: 'device events from one node to another', unit: '/s' },
  { bench: 'bus', case: '1:10 iot', text: 'device events from one node to ten', unit: '/s' },
  { bench: 'local', case: 'exact 10', text: 'publishes inside one node', unit: '/s' },
  {
    bench: 'startup',
    case: 'third node',
    text: 'process start to joined',
    figure: 'joined ms',
    unit: ' ms',
    isCost: true,
  },
  {
    bench: 'failure',
    case: 'kill -9',
    text: 'events lost and told by nobody',
    figure: 'untold',
    unit: '',
    isCost: true,
  },
];

/** The table as Markdown, from the newest lines; a sentence when none of its cases was measured. */
export function digestText(lines: readonly Line[]): string {
  const figures = lines.filter((line) => line.kind === 'figure');
  const rows = headlines.flatMap((headline) => rowOf(headline, figures));
  if (rows.length === 0) return 'Nothing was measured yet.';
  const [first] = figures;
  const where = first === undefined ? '' : `${first.cpu}, ${first.cores.toString()} cores, Node ${first.node}`;
  return [
    '| | scalebus | bare sockets | best other system | bench |',
    '| --- | ---: | ---: | ---: | --- |',
    ...rows,
    '',
    `Medians of one run on one machine (${where}); compare inside a row.`,
  ].join('\n');
}

/** Puts the table between the marks; returns the text as it is when it has none. */
export function withDigest(readme: string, digest: string): string {
  const begin = readme.indexOf(digestMarks.begin);
  const end = readme.indexOf(digestMarks.end);
  if (begin < 0 || end < begin) return readme;
  return `${readme.slice(0, begin + digestMarks.begin.length)}\n\n${digest}\n\n${readme.slice(end)}`;
}

/** What stands between the marks, without blank edges; `undefined` when there are none. */
export function findDigest(readme: string): string | undefined {
  const begin = readme.indexOf(digestMarks.begin);
  const end = readme.indexOf(digestMarks.end);
  return begin < 0 || end < begin ? undefined : readme.slice(begin + digestMarks.begin.length, end).trim();
}

function rowOf(headline: Headline, figures: readonly FigureLine[]): string[] {
  const mine = figures.filter((line) => line.bench === headline.bench && line.case === headline.case);
  const valueOf = (line: FigureLine | undefined): number | undefined =>
    headline.figure === undefined ? line?.opsPerSec : line?.figures?.[headline.figure];
  const text = (value: number | undefined, note = ''): string =>
    value === undefined ? '' : `${amount(value)}${headline.unit}${note}`;
  const ours = valueOf(mine.find(({ peer }) => peer === 'scalebus'));
  if (ours === undefined) return [];
  const limit = valueOf(mine.find(({ peer }) => peer === 'limit'));
  const others = mine
    .filter(({ peer }) => !/^(scalebus|limit|bare-node)/.test(peer))
    .flatMap((line) => {
      const value = valueOf(line);
      return value === undefined ? [] : [{ peer: line.peer, value }];
    })
    .toSorted((left, right) => (headline.isCost === true ? left.value - right.value : right.value - left.value));
  const [best] = others;
  const cells = [
    headline.text,
    text(ours),
    text(limit),
    best === undefined ? '' : text(best.value, ` (${best.peer})`),
    `\`${headline.bench} --case '${headline.case}'\``,
  ];
  return [`| ${cells.join(' | ')} |`];
}
