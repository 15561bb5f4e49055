/** Plots as SVG text: horizontal bars in groups, on a linear or a logarithmic axis. No library, no script, no font. */

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What is written at its end. */
  readonly text: string;
}

/** Bars under one heading. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** A plot. */
export interface Plot {
  readonly title: string;
  readonly groups: readonly BarGroup[];
  readonly scale: 'linear' | 'log';
}

const width = 860;
const labelWidth = 180;
const valueWidth = 90;
const barHeight = 16;
const gap = 4;
const groupGap = 30;
const top = 40;
const colours = { scalebus: '#1f6feb', limit: '#57606a', other: '#a5b4c4' };

/** Draws the plot. Bars of one group share their scale; a value that is not positive has no bar. */
export function plotSvg(plot: Plot): string {
  const parts: string[] = [];
  let y = top;
  for (const group of plot.groups) {
    y += groupGap - gap;
    parts.push(text({ x: 8, y: y - 8, size: 13, weight: 'bold' }, group.title));
    const axis = axisOf(group, plot.scale);
    for (const { label, value, text: end } of group.bars) {
      const length = axis(value);
      const middle = y + barHeight - 4;
      parts.push(text({ x: labelWidth - 8, y: middle, size: 12, anchor: 'end' }, label));
      parts.push(
        `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colourOf(label)}"/>`,
      );
      parts.push(text({ x: labelWidth + length + 6, y: middle, size: 12 }, end));
      y += barHeight + gap;
    }
  }
  const height = y + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" role="img">`,
    `<title>${escapeXml(plot.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text({ x: 8, y: 24, size: 16, weight: 'bold' }, plot.title),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** Text that is safe between tags and in attributes. */
export function escapeXml(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

interface TextStyle {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly weight?: 'bold';
  readonly anchor?: 'end';
}

function text({ x, y, size, weight, anchor }: TextStyle, content: string): string {
  const style = `${weight === undefined ? '' : ' font-weight="bold"'}${anchor === undefined ? '' : ' text-anchor="end"'}`;
  return `<text x="${x.toFixed(1)}" y="${y}" font-size="${size}" fill="#1f2328"${style}>${escapeXml(content)}</text>`;
}

function axisOf({ bars }: BarGroup, scale: Plot['scale']): (value: number) => number {
  const room = width - labelWidth - valueWidth;
  const values = bars.map(({ value }) => value).filter((value) => value > 0);
  const largest = Math.max(...values);
  if (scale === 'linear') return (value) => (value > 0 ? (value / largest) * room : 0);
  // The axis begins a decade below the smallest value, so that the smallest has a bar too.
  const low = Math.log10(Math.min(...values)) - 1;
  const span = Math.log10(largest) - low;
  return (value) => (value > 0 ? ((Math.log10(value) - low) / span) * room : 0);
}

function colourOf(label: string): string {
  if (label === 'scalebus') return colours.scalebus;
  return label.startsWith('limit') || label.startsWith('bare') ? colours.limit : colours.other;
}
