/** Result lines of the membership bench, each as it comes: JSON, or columns for people. */
import { describeMachine } from '../harness/lines.js';

/** One figure, with its target where it has one. */
export interface Figure {
  readonly metric: string;
  readonly value: number;
  readonly target?: number;
  /** How the value must lie to the target; at most by default. */
  readonly least?: boolean;
  readonly n?: number;
  readonly seeds?: number;
  readonly configuration?: string;
  /** What the paper or the best known has. */
  readonly reference?: number;
  readonly note?: string;
}

/** Prints figures as they come: an experiment may take an hour, and what it has found must not wait for its end. */
export class Teller {
  readonly #bench: string;
  readonly #json: boolean;
  #hasHead = false;

  constructor(bench: string, json: boolean) {
    this.#bench = bench;
    this.#json = json;
  }

  figure(figure: Figure): void {
    const { least: _least, ...rest } = figure;
    const met = isMet(figure);
    const line = {
      kind: figure.target === undefined ? 'figure' : 'goal',
      bench: `membership/${this.#bench}`,
      ...rest,
      value: tidy(figure.value),
      ...(met === undefined ? {} : { met }),
      ...describeMachine(),
    };
    if (this.#json) console.log(JSON.stringify(line));
    else this.#row(figure, met);
  }

  /** Says how far a long experiment is; no figure, so nothing is to be met. */
  progress(about: Readonly<Record<string, string | number>>): void {
    const line = { kind: 'progress', bench: `membership/${this.#bench}`, ...about };
    if (this.#json) console.log(JSON.stringify(line));
    else console.error(Object.entries(about).flat().join(' '));
  }

  #row(figure: Figure, met: boolean | undefined): void {
    if (!this.#hasHead) {
      this.#hasHead = true;
      console.log(`\nmembership ${this.#bench}\n${align(columns.map(([name]) => name))}`);
    }
    const goal = figure.target === undefined ? '' : `${figure.least === true ? '>=' : '<='} ${text(figure.target)}`;
    const { metric, configuration = '', n, seeds, value, reference, note = '' } = figure;
    const verdict = met === undefined ? '' : met ? 'yes' : 'NO';
    console.log(
      align([metric, configuration, text(n), text(seeds), text(value), goal, verdict, text(reference), note]),
    );
  }
}

const columns: readonly (readonly [string, number])[] = [
  ['metric', 34],
  ['configuration', 16],
  ['n', 5],
  ['seeds', 5],
  ['value', 8],
  ['target', 8],
  ['met', 3],
  ['known', 7],
  ['note', 0],
];

function align(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0))
    .join('  ')
    .trimEnd();
}

function isMet({ value, target, least }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return least === true ? value >= target : value <= target;
}

function text(value: number | undefined): string {
  return value === undefined ? '' : tidy(value).toString();
}

function tidy(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** The value below which this share of the values lies; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
