/** Result lines of the membership bench: JSON, and a table for people. */
import { alignRows } from '../harness/table.js';
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

/** Prints figures as they come, and the table in the end. */
export class Teller {
  readonly #bench: string;
  readonly #json: boolean;
  readonly #figures: Figure[] = [];

  constructor(bench: string, json: boolean) {
    this.#bench = bench;
    this.#json = json;
  }

  figure(figure: Figure): void {
    this.#figures.push(figure);
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
  }

  finish(): void {
    if (this.#json) return;
    const head = ['metric', 'configuration', 'n', 'seeds', 'value', 'target', 'met', 'known', 'note'];
    const rows = this.#figures.map((figure) => [
      figure.metric,
      figure.configuration ?? '',
      text(figure.n),
      text(figure.seeds),
      text(figure.value),
      figure.target === undefined ? '' : `${figure.least === true ? '>=' : '<='} ${text(figure.target)}`,
      { true: 'yes', false: 'NO', undefined: '' }[String(isMet(figure)) as 'true' | 'false' | 'undefined'],
      text(figure.reference),
      figure.note ?? '',
    ]);
    console.log(`membership ${this.#bench}\n${alignRows([head, ...rows])}\n`);
  }
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
